"""Daemons for tests: in a thread of this process, where that is enough, or as a user starts them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from syncer.config.load import load_project
from syncer.daemon.serve import Daemon
from syncer.session import Session
from syncer.state import asked
from syncer.state.asked import Asked, AskedState
from tests.acceptance.shop import Shop
from tests.acceptance.warm import warm

EVERY = "destination: meta\nschedule: {{every: {}}}"


def environ(shop: Shop) -> dict[str, str]:
    return shop.environ


def wait_until(is_so: Callable[[], object], *, within_s: float = 30) -> None:
    """Ask until it is so; what takes long to ask, such as pages, is asked less often: others need the cores."""
    deadline = time.monotonic() + within_s
    asked_at = time.monotonic()
    while not is_so():
        now = time.monotonic()
        assert now < deadline, "it took too long"
        time.sleep(min(0.2, max(0.02, 4 * (now - asked_at))))
        asked_at = time.monotonic()


@contextmanager
def session_of(shop: Shop) -> Iterator[Session]:
    """The project as a command has it."""
    with Session(load_project(shop.folder, environ=environ(shop))) as session:
        yield session


@contextmanager
def running(shop: Shop) -> Iterator[Daemon]:
    """A daemon in a thread of this process."""
    daemon = Daemon(load_project(shop.folder, environ=environ(shop)), environ=environ(shop))
    failed: list[BaseException] = []

    def serve() -> None:
        try:
            assert daemon.serve(), "a run did not end in time"
        except BaseException as error:  # noqa: BLE001  # told by the thread that waits
            failed.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        wait_until(lambda: failed or hasattr(daemon, "session"))
        yield daemon
    finally:
        daemon.ask_to_stop()
        thread.join(30)
        assert not thread.is_alive()
        assert failed == []


@contextmanager
def serving(shop: Shop) -> Iterator[Session]:
    """The same, and its session."""
    with running(shop) as daemon:
        yield daemon.session


class Process:
    """A daemon that was started; mutable: it knows its exit code once it has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        if self._code is None:
            self._code = warm().ended(self.pid)
        return self._code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def wait(self, timeout: float = 30) -> int:
        wait_until(lambda: self.poll() is not None, within_s=timeout)
        assert self._code is not None
        return self._code

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)
        self.wait()


@contextmanager
def process_of(shop: Shop, *arguments: str, log: str = "daemon.log", **more: str) -> Iterator[Process]:
    """A daemon as a process, killed at the end where it still is; what it says is added to a file of the folder."""
    words, env = ("daemon", "--port", "0", *arguments), {**environ(shop), **more}
    running = Process(warm().start(words, folder=shop.folder, environ=env, log=shop.folder / log))
    try:
        yield running
    finally:
        running.kill()


@contextmanager
def fresh_process_of(shop: Shop, *, log: str = "daemon.log", **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The same, but not forked from a warm process: its environment counts from the first import on."""
    with (shop.folder / log).open("ab") as err:
        running = subprocess.Popen(
            [sys.executable, "-m", "syncer", "daemon", "--port", "0"],
            cwd=shop.folder, env={**environ(shop), **more}, stdout=subprocess.DEVNULL, stderr=err,
        )  # fmt: skip
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def add_orders(shop: Shop, first: int, last: int) -> None:
    """Insert orders as soon as nobody reads the file: DuckDB takes a writer or readers."""

    def is_done() -> bool:
        try:
            shop.add_orders(first, last)
        except (duckdb.IOException, duckdb.BinderException, duckdb.ConnectionException):
            return False
        except duckdb.Error as error:
            if "in use" not in str(error).lower():
                raise
            return False
        return True

    wait_until(is_done, within_s=60)


def said(shop: Shop, log: str = "daemon.log") -> str:
    path = Path(shop.folder / log)
    return path.read_text(encoding="utf-8") if path.exists() else ""


def ask(session: Session, *names: str) -> list[int]:
    return [asked.ask(session.store, session.project.target, name, by="ada") for name in names]


def answered(session: Session, wishes: Sequence[int], *, within_s: float = 30) -> list[Asked]:
    """Wait for the answers to all wishes."""

    def found() -> list[Asked]:
        each = [asked.find(session.store, wish) for wish in wishes]
        return [one for one in each if one is not None and one.state is AskedState.DONE]

    wait_until(lambda: len(found()) == len(wishes), within_s=within_s)
    return found()
