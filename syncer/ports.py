"""The seams to the world: time, crash points, the wish to stop, spans, what a thread is at. Tests pass their own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias, TypeVar

T = TypeVar("T")

_SECONDS: int | None = getattr(time, "CLOCK_BOOTTIME", None)
HEARING_S = 0.2
"""No longer than this may the main thread wait outside Python: a signal that came to another thread, it hears then."""


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
        """Return seconds that never run backwards; where the system tells, those that the machine slept count too."""
        return time.clock_gettime(_SECONDS) if _SECONDS is not None else time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, in steps of `HEARING_S`."""
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            time.sleep(min(left, HEARING_S))


class SteadyClock:
    """A clock that goes on from where another one stood: what is done to that one's wall time meanwhile does not matter.

    A run goes by one, so that its events are all judged by one time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._began, self._at_first = clock, clock.monotonic(), clock.now()

    def now(self) -> datetime:
        """Return the wall time of the beginning, and what has passed since."""
        return self._at_first + timedelta(seconds=self.monotonic() - self._began)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._clock.sleep(seconds)


class Points:
    """Named places on the way of an event, where a test may crash the process or look around."""

    def hit(self, name: str, /) -> None:
        """Do nothing; a test's subclass acts on `name`, such as `arm.before`, `arm.in`, `arm.after`."""


NO_POINTS = Points()


Note: TypeAlias = Callable[..., None]
"""Adds facts to the span that is open, by name."""


class Spans:
    """What takes time in a run, by name, for whoever watches."""

    def span(self, name: str, /, **facts: object) -> AbstractContextManager[Note]:
        """Do nothing; a subclass tells `facts`, and those that the note adds: ids, names and counts, nothing of a row."""
        del name, facts
        return nullcontext(_unheard)


def _unheard(**facts: object) -> None:
    del facts


NO_SPANS = Spans()


class Stop:
    """The wish that a run may end early. Mutable: once wanted, it stays so.

    A run looks at it between two steps and ends in order. Only what the run merely waits for is cut short, so that an
    interrupt never comes between an effect and its bookkeeping.
    """

    def __init__(self) -> None:
        self.is_wanted = False
        self._is_waiting = False

    def interrupt(self) -> None:
        """Want it, from a signal handler on the thread of the run; raises `KeyboardInterrupt` out of a wait."""
        self.is_wanted = True
        if self._is_waiting:
            raise KeyboardInterrupt

    def wait_for(self, what: Callable[[], T]) -> T | None:
        """Return what `what` returns, which changes nothing; None where the wish came before its end."""
        try:
            self._is_waiting = True
            return None if self.is_wanted else what()
        except KeyboardInterrupt:
            self.is_wanted = True
            return None
        finally:
            self._is_waiting = False


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
    try:  # an interrupt behind the mark must not leave it
        _doing.name = name
        yield
    finally:
        _doing.name = ""
