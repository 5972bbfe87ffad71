"""Words to a service manager, as sd_notify(3) has them."""

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from syncer.daemon.notify import notify, watchdog_s


def test_words_arrive_at_the_socket_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify("READY=1", "STATUS=serving")
        assert manager.recv(100) == b"READY=1\nSTATUS=serving"


def test_an_abstract_socket_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(f"\0syncer-test-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@syncer-test-{os.getpid()}")
        notify("STOPPING=1")
        assert manager.recv(100) == b"STOPPING=1"


def test_nobody_listening_is_no_failure_and_a_manager_that_does_not_read_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "missing"))
    notify("READY=1")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        for _ in range(2_000):
            notify("WATCHDOG=1")


@pytest.mark.parametrize(
    ("given", "of", "expected"),
    [("60000000", None, 30.0), ("", None, None), ("soon", None, None), ("60000000", "1", None)],
)
def test_the_watchdog_is_told_twice_in_its_time(
    given: str, of: str | None, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", given)
    monkeypatch.setenv("WATCHDOG_PID", of or str(os.getpid()))
    assert watchdog_s() == expected
