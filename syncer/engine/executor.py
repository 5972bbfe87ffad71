"""Where requests run: threads in production, the caller's own thread in tests that need one order."""

from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from types import TracebackType
from typing import Protocol, Self

from syncer.ports import HEARING_S
from syncer.spec.outcomes import Outcome


class Executor(Protocol):
    """Runs sends, several at a time."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def submit(self, send: Callable[[], Outcome]) -> Future[Outcome]:
        """Start `send`."""
        ...

    def finished(self, futures: Collection[Future[Outcome]], *, timeout_s: float | None) -> set[Future[Outcome]]:
        """Wait until one of `futures` is done, at most `timeout_s`; return those that are done, perhaps none."""
        ...


class Threads:
    """A pool of threads: each blocks on one request."""

    def __init__(self, requests_in_flight: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=requests_in_flight, thread_name_prefix="syncer-send")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, send: Callable[[], Outcome]) -> Future[Outcome]:
        """Start `send` on a free thread, in the context of this one."""
        return self._pool.submit(copy_context().run, send)

    def finished(self, futures: Collection[Future[Outcome]], *, timeout_s: float | None) -> set[Future[Outcome]]:
        """Wait until one of `futures` is done or `timeout_s` has passed; return those that are done.

        Returns none of them every `HEARING_S`.
        """
        patience = HEARING_S if timeout_s is None else min(timeout_s, HEARING_S)
        return wait(futures, timeout=patience, return_when=FIRST_COMPLETED).done


class Inline:
    """Runs each send at once, in the caller's thread."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, send: Callable[[], Outcome]) -> Future[Outcome]:
        """Run `send` now."""
        future: Future[Outcome] = Future()
        try:
            future.set_result(send())
        except Exception as error:  # noqa: BLE001  a pool keeps any error in its future, so does this
            future.set_exception(error)
        return future

    def finished(self, futures: Collection[Future[Outcome]], *, timeout_s: float | None) -> set[Future[Outcome]]:
        """Return all of them: each was done when it was submitted."""
        del timeout_s
        return set(futures)
