"""The seams to the world: time, crash points, what a thread is at. Production values here, others in tests."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time and waiting."""

    def now(self) -> datetime:
        """Return the wall clock's time in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall clock's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Points:
    """Named places on the way of an event, where a test may crash the process or look around."""

    def hit(self, name: str, /) -> None:
        """Do nothing; a test's subclass acts on `name`, such as `arm.before`, `arm.in`, `arm.after`."""


NO_POINTS = Points()


class _Doing(threading.local):
    name = ""


_doing = _Doing()


@contextmanager
def doing(name: str) -> Iterator[None]:
    """Mark this thread as busy with `name`: `state` for a transaction, `post` or `read` for a call outside.

    A thread does one of them at a time, so that no transaction stays open while a network or a warehouse is slow.
    """
    if _doing.name:
        raise RuntimeError(f"{name} was begun inside {_doing.name} on one thread")
    _doing.name = name
    try:
        yield
    finally:
        _doing.name = ""
