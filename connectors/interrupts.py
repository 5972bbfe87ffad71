"""Ctrl-C in calls of drivers that do not hear it on the thread that waits in them."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

LOOK_S: Final = 0.1
"""Seconds between two looks for Ctrl-C, which the system may bring to another thread and so end no waiting."""
IDLE_S: Final = 0.05
"""Seconds in which a thread that has nothing to do says so."""
AGAIN_S: Final = 1.0
"""Seconds until a call that did not end is told again."""

Value = TypeVar("Value")


def interruptible(start: Callable[[], Value], cancel: Callable[[], object]) -> Value:
    """Return what `start` gives, run on another thread; where Ctrl-C or another signal raises here, `cancel` makes it end.

    It is called until that happens: a driver forgets a `cancel` that comes before its query has begun.
    """
    with _other_thread() as other:
        try:
            started = other.submit(start)
            _wait_for(started)
        except BaseException:
            _end_all(other, cancel)
            raise
        return started.result()


def _other_thread() -> ThreadPoolExecutor:
    """Return one that has begun: Ctrl-C while a thread begins would leave what it does to nobody, neither told to end nor waited for."""
    other = ThreadPoolExecutor(1, thread_name_prefix="syncer-warehouse")
    other.submit(bool)
    return other


def _wait_for(started: Future[Any]) -> None:
    while not wait((started,), LOOK_S).done:
        pass


def _end_all(other: ThreadPoolExecutor, cancel: Callable[[], object]) -> None:
    """Tell what `other` does to end until it does nothing, also a call whose `submit` was interrupted, which nobody knows.

    A `cancel` that fails, as without a network, hides nothing that went wrong before.
    """
    last, patience_s = other.submit(bool), IDLE_S
    while not wait((last,), patience_s).done:
        patience_s = AGAIN_S
        with suppress(Exception):
            cancel()


class Ahead(Generic[Value]):
    """What `fetch` gives until it gives None, fetched on another thread before it is asked for. Holds a thread; mutable.

    So the warehouse works while what it gave is worked on. Nothing is fetched before the first is asked for. Where
    Ctrl-C comes while one is waited for, or the `with` block ends, `cancel` makes the call under way end.
    """

    def __init__(self, fetch: Callable[[], Value | None], cancel: Callable[[], object], *, most: int) -> None:
        """At most `most` are fetched and not asked for."""
        self._fetch, self._cancel, self._most = fetch, cancel, most
        self._other = _other_thread()
        self._coming: deque[Future[Value | None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        for started in reversed(self._coming):  # or the next one would begin
            started.cancel()
        self._coming.clear()
        _end_all(self._other, self._cancel)
        self._other.shutdown()

    def __iter__(self) -> Iterator[Value]:
        self._begin(self._most)
        while (value := self._first()) is not None:
            self._coming.popleft()
            self._begin(1)
            yield value

    def _first(self) -> Value | None:
        started = self._coming[0]
        _wait_for(started)
        return started.result()

    def _begin(self, count: int) -> None:
        self._coming.extend(self._other.submit(self._fetch) for _ in range(count))


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
