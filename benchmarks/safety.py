"""What the promises cost: CPU of all threads within the ledger, intents, outcomes and counters."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import wraps
from inspect import isfunction, isgeneratorfunction
from types import TracebackType
from typing import Any


class _Spent(threading.local):
    """CPU seconds of this thread within what is timed, what one part calls of another not twice; mutable."""

    def __init__(self, of_all: "list[_Seconds]") -> None:
        self.so_far = _Seconds()
        of_all.append(self.so_far)
        self._depth, self._began = 0, 0.0

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Count the block."""
        if not self._depth:
            self._began = time.thread_time()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self.so_far.seconds += time.thread_time() - self._began


@dataclass(slots=True)
class _Seconds:
    """Of one thread; grows."""

    seconds: float = 0.0


class _TimedBlock:
    """A block whose beginning and end are timed, and not what is within: a commit is at the end of one."""

    def __init__(self, block: AbstractContextManager[Any], spent: _Spent) -> None:
        self._block, self._spent = block, spent

    def __enter__(self) -> Any:
        with self._spent.timing():
            return self._block.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        with self._spent.timing():
            return self._block.__exit__(kind, error, trace)


def watch(*classes: type) -> Callable[[], float]:
    """Let all public methods of `classes` be timed; return what gives the CPU seconds within them so far.

    What one of them calls of another is not counted twice; polars' own threads are not counted.
    """
    of_all: list[_Seconds] = []
    spent = _Spent(of_all)

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        gives_a_block = isgeneratorfunction(getattr(method, "__wrapped__", method))

        @wraps(method)
        def within(*args: Any, **kwargs: Any) -> Any:
            with spent.timing():
                given = method(*args, **kwargs)
            return _TimedBlock(given, spent) if gives_a_block else given

        return within

    for each in classes:
        for name, method in list(vars(each).items()):
            if not name.startswith("_") and isfunction(method):
                setattr(each, name, timed(method))
    return lambda: sum(each.seconds for each in of_all)
