"""How many pipelines work at a time; one that only waits lends its place to another."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from syncer.ports import SystemClock

LEND_S = 1.0
"""A shorter wait keeps its place."""


class Slots:
    """Places for runs, `number` of them. Threads share it; mutable."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._taken = 0
        self._free = threading.Condition()
        self._here = threading.local()

    def take(self) -> bool:
        """Take a place, if one is free, for a thread that is yet to begin."""
        with self._free:
            if self._taken >= self.number:
                return False
            self._taken += 1
            return True

    def give(self) -> None:
        """Give a place back."""
        with self._free:
            self._taken -= 1
            self._free.notify()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the place that was taken for this thread; it is given back at the end."""
        self._here.holds = True
        try:
            yield
        finally:
            self._here.holds = False
            self.give()

    @contextmanager
    def lent(self, stopping: threading.Event) -> Iterator[None]:
        """Lend this thread's place to others, if it holds one; wait for a place again at the end."""
        if not getattr(self._here, "holds", False):
            yield
            return
        self.give()
        try:
            yield
        finally:
            with self._free:
                # whoever drains needs no place: nothing new begins
                while self._taken >= self.number and not stopping.is_set():
                    self._free.wait(0.5)
                self._taken += 1


class WorkingClock(SystemClock):
    """The machine's clock for runs in threads: a stop ends a wait, and a long wait lends its place. Mutable."""

    def __init__(self, slots: Slots) -> None:
        self.stopping = threading.Event()
        self._slots = slots

    def sleep(self, seconds: float) -> None:
        """Wait, no longer than until a stop."""
        if seconds < LEND_S:
            self.stopping.wait(seconds)
            return
        with self._slots.lent(self.stopping):
            self.stopping.wait(seconds)
