"""The thread of the alerts: it looks when it is told to, goes on after a failure, and ends when it is told to."""

import threading
from typing import Any, cast

import pytest

from syncer.alerts.rounds import Rounds
from syncer.daemon.watch import ROUND_S, Watch
from syncer.errors import StateError
from syncer.session import Session


class Looks(Rounds):
    """Counts the rounds; some fail. Mutable."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__()
        self.failures, self.looked = list(failures), threading.Semaphore(0)

    def go(self, session: Session) -> None:
        self.looked.release()
        if self.failures:
            raise self.failures.pop(0)


def watch(rounds: Rounds) -> Watch:
    return Watch(lambda: cast("Any", None), rounds)


def test_it_looks_at_the_start_and_whenever_a_run_has_ended() -> None:
    looks = Looks()
    watching = watch(looks)
    watching.start()
    assert looks.looked.acquire(timeout=ROUND_S / 2)
    watching.poke()
    assert looks.looked.acquire(timeout=ROUND_S / 2)
    watching.stop()
    watching.poke()
    assert not looks.looked.acquire(timeout=0.05)


def test_it_goes_on_after_failures_which_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    looks = Looks(StateError("state: away"), ValueError("canary"))
    watching = watch(looks)
    watching.start()
    for _ in range(3):
        assert looks.looked.acquire(timeout=ROUND_S / 2)
        watching.poke()
    watching.stop()
    assert [record.getMessage() for record in caplog.records] == ["alerts.failed"]
    assert "canary" not in caplog.text
