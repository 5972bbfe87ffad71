"""Where the sandbox listens, how it begins and ends."""

import signal
import subprocess
import sys

import httpx
import pytest

from syncer.sandbox.server import BindError, start


def test_it_may_stop_before_it_began() -> None:
    with start() as running:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.url)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "::", ""])
def test_it_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(BindError, match="this machine only"):
        start(host=host)


def test_a_port_in_use_is_said() -> None:
    with start() as running, pytest.raises(BindError, match=f"port {running.port}"):
        start(port=running.port)


def test_in_the_foreground_it_serves_until_interrupted() -> None:
    code = "from syncer.sandbox.server import serve; serve(port=0, started=lambda url: print(url, flush=True))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        assert httpx.get(url).status_code == 200
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=10)
    assert (process.returncode, error) == (0, b"")
