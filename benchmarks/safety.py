"""What the promises cost: CPU of all threads within the ledger, intents, outcomes and counters."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from inspect import isfunction, isgeneratorfunction
from types import TracebackType
from typing import Any


class _Spent(threading.local):
    """CPU seconds of this thread within what is timed, what one part calls of another not twice; mutable."""

    def __init__(self, of_all: "list[_Seconds]") -> None:
        self._so_far = _Seconds()
        of_all.append(self._so_far)
        self._is_timing = False

    def timing(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call `method` and count what it takes; within another that is counted nothing is done, since it would count too."""
        if self._is_timing:
            return method(*args, **kwargs)
        self._is_timing, began = True, time.thread_time()
        try:
            return method(*args, **kwargs)
        finally:
            self._so_far.seconds += time.thread_time() - began
            self._is_timing = False


@dataclass(slots=True)
class _Seconds:
    """Of one thread; grows."""

    seconds: float = 0.0


class _TimedBlock:
    """A block whose beginning and end are timed, and not what is within: a commit is at the end of one."""

    def __init__(self, block: AbstractContextManager[Any], spent: _Spent) -> None:
        self._block, self._spent = block, spent

    def __enter__(self) -> Any:
        return self._spent.timing(self._block.__enter__)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        is_handled: bool | None = self._spent.timing(self._block.__exit__, kind, error, trace)
        return is_handled


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
            given = spent.timing(method, *args, **kwargs)
            return _TimedBlock(given, spent) if gives_a_block else given

        return within

    for each in classes:
        for name, method in list(vars(each).items()):
            if not name.startswith("_") and isfunction(method):
                setattr(each, name, timed(method))
    return lambda: sum(each.seconds for each in of_all)
