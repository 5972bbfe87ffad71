"""Where requests run: threads in production, the caller's own thread in tests that need one order."""

from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from syncer.ports import HEARING_S
from syncer.spec.outcomes import Outcome

T = TypeVar("T")


class Executor(Protocol):
    """Runs sends, several at a time, and beside them what makes further ones."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def submit(self, send: Callable[[], Outcome]) -> Future[Outcome]:
        """Start `send`."""
        ...

    def beside(self, work: Callable[[], T]) -> Future[T]:
        """Start `work`, which keeps no send waiting; one at a time, always on one thread."""
        ...

    def finished(self, futures: Collection[Future[Any]], *, timeout_s: float | None) -> set[Future[Any]]:
        """Wait until one of `futures` is done, at most `timeout_s`; return those that are done, perhaps none."""
        ...

    def all_finished(self, futures: Collection[Future[Any]], *, timeout_s: float) -> set[Future[Any]]:
        """Wait until all of `futures` are done, at most `timeout_s`; return those that are."""
        ...


class Threads:
    """A pool of threads, each of which blocks on one request, and one more for other work.

    That is always the same one: polars compiles patterns for each thread anew.
    """

    def __init__(self, requests_in_flight: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=requests_in_flight, thread_name_prefix="syncer-send")
        self._other = ThreadPoolExecutor(max_workers=1, thread_name_prefix="syncer-make")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in (self._pool, self._other):
            pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, send: Callable[[], Outcome]) -> Future[Outcome]:
        """Start `send` on a free thread, in the context of this one."""
        return self._pool.submit(copy_context().run, send)

    def beside(self, work: Callable[[], T]) -> Future[T]:
        """Start `work` on the other thread, in the context of this one."""
        return self._other.submit(copy_context().run, work)

    def finished(self, futures: Collection[Future[Any]], *, timeout_s: float | None) -> set[Future[Any]]:
        """Wait until one of `futures` is done or `timeout_s` has passed; return those that are done.

        Returns none of them every `HEARING_S`.
        """
        patience = HEARING_S if timeout_s is None else min(timeout_s, HEARING_S)
        return wait(futures, timeout=patience, return_when=FIRST_COMPLETED).done

    def all_finished(self, futures: Collection[Future[Any]], *, timeout_s: float) -> set[Future[Any]]:
        """Wait until all of `futures` are done, at most `timeout_s`, a moment; return those that are."""
        return wait(futures, timeout=timeout_s).done


class Inline:
    """Runs each send at once, in the caller's thread."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, send: Callable[[], Outcome]) -> Future[Outcome]:
        """Run `send` now."""
        return self.beside(send)

    def beside(self, work: Callable[[], T]) -> Future[T]:
        """Run `work` now."""
        future: Future[T] = Future()
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001  a pool keeps any error in its future, so does this
            future.set_exception(error)
        return future

    def finished(self, futures: Collection[Future[Any]], *, timeout_s: float | None) -> set[Future[Any]]:
        """Return all of them: each was done when it was submitted."""
        del timeout_s
        return set(futures)

    def all_finished(self, futures: Collection[Future[Any]], *, timeout_s: float) -> set[Future[Any]]:
        """Return those that are done, which are all but where a test has it otherwise."""
        del timeout_s
        return {future for future in futures if future.done()}
