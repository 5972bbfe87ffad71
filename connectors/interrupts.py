"""Ctrl-C in calls of drivers that do not hear it on the thread that waits in them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Value = TypeVar("Value")


def interruptible(start: Callable[[], Value], cancel: Callable[[], object]) -> Value:
    """Return what `start` gives, run on another thread; where Ctrl-C comes, `cancel` makes it end."""
    with ThreadPoolExecutor(1, thread_name_prefix="syncer-warehouse") as other:
        started = other.submit(start)
        try:
            return started.result()
        except KeyboardInterrupt:
            cancel()
            raise
