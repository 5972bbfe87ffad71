"""Ctrl-C in calls of drivers that do not hear it on the thread that waits in them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Thread
from typing import Final, TypeVar

LOOK_S: Final = 0.1
"""Seconds between two looks for Ctrl-C, which the system may bring to another thread and so end no waiting."""
AGAIN_S: Final = 1.0
"""Seconds until a call that did not end is told again."""

Value = TypeVar("Value")


def interruptible(start: Callable[[], Value], cancel: Callable[[], object]) -> Value:
    """Return what `start` gives, run on another thread; where Ctrl-C comes, `cancel` makes it end.

    It is called until that happens: a driver forgets a `cancel` that comes before its query has begun.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="syncer-warehouse") as other:
        started = other.submit(start)
        try:
            while not wait((started,), LOOK_S).done:
                pass
        except KeyboardInterrupt:
            cancel()
            while not wait((started,), AGAIN_S).done:
                cancel()
            raise
        return started.result()


def abandonable(start: Callable[[], Value]) -> Value:
    """Return what `start` gives, run on another thread; Ctrl-C leaves it there, where nothing can make it end.

    What it works with must be closed then without waiting for it.
    """
    ended: Future[Value] = Future()

    def run() -> None:
        try:
            ended.set_result(start())
        except BaseException as error:  # noqa: BLE001  # raised on the thread that waits
            ended.set_exception(error)

    thread = Thread(target=run, name="syncer-warehouse", daemon=True)
    thread.start()
    while not wait((ended,), LOOK_S).done:
        pass
    thread.join()  # what a native driver keeps for the thread is gone before the next call
    return ended.result()
