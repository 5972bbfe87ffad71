"""What operators asked for that takes a while: one thing a pipeline at a time, with what came of it."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from connectors.errors import SourceError
from syncer.errors import SyncerError
from syncer.logs import unexpected
from syncer.ports import Clock
from syncer.web.places import BusyError, Places

AT_ONCE = 2
BESIDE = 8
"""Callers that wait at once for what takes long: each has a thread of those that answer everybody."""
KEPT = 200
"""Pipelines whose last errand is remembered."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One thing that was asked for, and how far it is."""

    what: str
    """Such as `Retry rejects`."""
    by: str
    began_at: datetime
    ended_at: datetime | None = None
    answer: str = ""
    """In words, once it has ended."""
    is_well: bool = True


class Errands:
    """Does what takes longer than a page may wait for. Mutable."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._mutex = clock, threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, "syncer-errand")
        self._beside = Places(BESIDE, f"{BESIDE} calls that take long are under way")
        self._last: dict[str, Errand] = {}
        self._under_way: set[Future[None]] = set()

    def begin(self, pipeline: str, what: str, work: Callable[[], str], *, by: str) -> None:
        """Do `work`, which returns what came of it in words; raises `BusyError` where the last errand goes on."""
        errand = Errand(what=what, by=by, began_at=self._clock.now())
        with self._mutex:
            last = self._last.get(pipeline)
            if last is not None and last.ended_at is None:
                raise BusyError(f"{pipeline}: {last.what} is under way; wait until it has ended")
            self._last.pop(pipeline, None)
            self._last[pipeline] = errand
            for name in list(self._last)[:-KEPT]:
                del self._last[name]
            future = self._pool.submit(self._do, pipeline, errand, work)
            self._under_way = {each for each in self._under_way if not each.done()} | {future}

    def looking(self) -> AbstractContextManager[None]:
        """Let a caller look at something for long on a thread of its own; raises `BusyError` where too many do."""
        return self._beside.one()

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Let `end` wait for what a caller does on a thread of its own; raises `BusyError` where too many do."""
        done: Future[None] = Future()
        with self._beside.one():
            with self._mutex:
                self._under_way = {each for each in self._under_way if not each.done()} | {done}
            try:
                yield
            finally:
                done.set_result(None)

    def last(self, pipeline: str) -> Errand | None:
        """Return what was asked for last; None: nothing since the daemon began."""
        with self._mutex:
            return self._last.get(pipeline)

    def _do(self, pipeline: str, errand: Errand, work: Callable[[], str]) -> None:
        is_well = False
        try:
            answer, is_well = work(), True
        except (SyncerError, SourceError) as error:
            answer = str(error)
        except BaseException as error:  # noqa: BLE001  # whatever a driver throws, the page tells that it ended
            answer = unexpected(error)
            facts = {"pipeline": pipeline, "what": errand.what, "error": answer}
            log.log(logging.ERROR, "errand.crashed", extra=facts)  # without a trace: that of a driver may hold data
        ended = Errand(
            what=errand.what, by=errand.by, began_at=errand.began_at, ended_at=self._clock.now(), answer=answer,
            is_well=is_well,
        )  # fmt: skip
        with self._mutex, suppress(KeyError):
            self._last[pipeline] = ended

    def end(self, within_s: float) -> bool:
        """Begin nothing any more and wait for what is under way; return whether all of it ended in time."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        return not wait(self._under_way, timeout=within_s).not_done
