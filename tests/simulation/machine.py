"""What stands in for the machine: time, the order in which sends end, and the place where the process dies."""

import random
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from syncer.ports import Points, Stop
from syncer.spec.outcomes import Outcome

OF_SENDERS = ("post.connect", "post.received")
"""Passed on threads of their own, where no interrupt by hand ever arrives."""
DEADLINE_S = 30.0
"""No request is under way for longer."""
T = TypeVar("T")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class FakeClock:
    """Stands still unless somebody waits. Mutable."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds


class WallClock:
    """What the machine takes for the time: the true one, and `off_s` seconds more. Mutable."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock, self.off_s = clock, 0.0

    def now(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self.off_s)

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


class Crash(BaseException):
    """The process ends here."""


class Trouble(Points):
    """Ends the process, or interrupts it by hand, at the hit of one number; once dead it stays dead. Mutable."""

    def __init__(self, look: Callable[[], None] = lambda: None) -> None:
        self.names: list[str] = []
        self.passed: Counter[str] = Counter()
        self.is_dead = False
        self._look = look
        self.stop = Stop()
        self.meanwhile: Callable[[str], None] | None = None
        """Called at each hit, before anything else: what others do while this process stands still."""
        self._at: int | None = None
        self._raises: type[BaseException] | None = Crash

    def arm(self, at: int | None, raises: type[BaseException] | None = Crash) -> None:
        """A new process begins, which meets `raises` at hit number `at` (1 is the first); None: it never does.

        With `raises` None it is asked to stop there.
        """
        self._at, self._raises, self.is_dead = at, raises, False
        self.stop = Stop()
        self.names.clear()

    def hit(self, name: str, /) -> None:
        if self.is_dead:
            raise Crash(name)
        self.names.append(name)
        self.passed[name] += 1
        if self.meanwhile is not None:
            self.meanwhile(name)
        if name.endswith(".after"):
            self._look()
        if len(self.names) == self._at and self._raises is KeyboardInterrupt and name in OF_SENDERS:
            self._at += 1
        if len(self.names) != self._at:
            return
        if self._raises is None:
            self.stop.interrupt()
            return
        self.is_dead = self._raises is Crash
        raise self._raises(name)


class Shuffled:
    """Lets sends begin and end in a seeded order. Mutable."""

    def __init__(self, rng: random.Random, clock: FakeClock, trouble: Trouble) -> None:
        self._rng, self._clock, self._trouble = rng, clock, trouble
        self._begun: dict[Future[Outcome], Callable[[], Outcome]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What was under way when the process died may still arrive."""
        is_dead, self._trouble.is_dead = self._trouble.is_dead, False
        for future in list(self._begun):
            if not is_dead or self._rng.random() < 0.5:
                self._end(future)
        self._trouble.is_dead = is_dead

    def submit(self, send: Callable[[], Outcome]) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        self._begun[future] = send
        if self._rng.random() < 0.5:
            self._end(future)
        return future

    def beside(self, work: Callable[[], T]) -> Future[T]:
        """A page may be made before or after any of the sends ends."""
        return cast("Future[T]", self.submit(cast("Callable[[], Outcome]", work)))

    def finished(self, futures: Collection[Future[Any]], *, timeout_s: float | None) -> set[Future[Any]]:
        if timeout_s is not None and self._rng.random() < 0.3:
            self._clock.sleep(min(timeout_s, DEADLINE_S))
            return set()
        waiting = list(futures)
        chosen = self._rng.sample(waiting, self._rng.randint(1, len(waiting)))
        for future in chosen:
            self._end(future)
        return set(chosen)

    def all_finished(self, futures: Collection[Future[Any]], *, timeout_s: float) -> set[Future[Any]]:
        self._clock.sleep(timeout_s)
        return self.finished(futures, timeout_s=None)

    def _end(self, future: Future[Outcome]) -> None:
        send = self._begun.pop(future, None)
        if send is None:
            return
        try:
            future.set_result(send())
        except BaseException as error:
            future.set_exception(error)
            raise
