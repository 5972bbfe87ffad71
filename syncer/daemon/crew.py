"""Who of the pipelines runs now: each once, at most so many at a time, none waiting for another that cannot run."""

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncer.actor import actor
from syncer.daemon.slots import Slots
from syncer.daemon.worker import Ended, Worker
from syncer.ports import Clock
from syncer.session import Session
from syncer.state import asked, crashes
from syncer.state.asked import CLOCKS, Asked, AskedState
from syncer.state.daemons import serving
from syncer.state.pauses import pauses

log = logging.getLogger(__name__)

MOST_CRASHES = 3
CRASHES_WITHIN = timedelta(minutes=10)
OTHERS_HAVE = timedelta(minutes=1)
"""Time for another daemon to begin what this one does not know."""
FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
MOST_THREADS = 1_024
"""More than one a running pipeline there never are; those that wait for a dataset lend their place to others."""


@dataclass
class Crew:
    """The runs of this process. Mutable."""

    slots: Slots
    clock: Clock
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(MOST_THREADS, "syncer-run"))
    _running: dict[str, tuple[Worker, Future[Ended]]] = field(default_factory=dict)
    _not_before: dict[str, float] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)
    _held: set[str] = field(default_factory=set)
    """Pipelines that another process was found to hold."""
    _crashed: dict[str, int] | None = None

    @property
    def running(self) -> tuple[str, ...]:
        """Return the names of the pipelines that run here."""
        return tuple(self._running)

    def gather(self) -> bool:
        """Take note of the runs that ended; return whether there were any."""
        ended = [name for name, (_, future) in self._running.items() if future.done()]
        for name in ended:
            _, future = self._running.pop(name)
            self._note(name, future.result())
        return bool(ended)

    def _note(self, name: str, ended: Ended) -> None:
        if ended is not Ended.FAILED:
            self._failures.pop(name, None)
        if ended is Ended.LOCKED:
            self._held.add(name)
            self._not_before[name] = self.clock.monotonic() + FIRST_RETRY_S
        if ended is Ended.FAILED:
            self._put_off(name)
        if ended is Ended.FAILED or name in (self._crashed or ()):
            self._crashed = None

    def _put_off(self, name: str) -> None:
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        wait_s = min(FIRST_RETRY_S * 2.0 ** min(failures - 1, 10), LONGEST_RETRY_S)
        self._not_before[name] = self.clock.monotonic() + wait_s

    def dispatch(self, session: Session, wishes: Iterable[Asked]) -> int:
        """Begin a run for each pipeline of which one is wished, oldest wish first, as places allow; return how many."""
        by_name: dict[str, list[Asked]] = {}
        for wish in wishes:
            by_name.setdefault(wish.pipeline, []).append(wish)
        waiting = {name: its for name, its in by_name.items() if self._may_run(session, name, its)}
        if not waiting:
            return 0
        paused = pauses(session.store, session.project.target)
        return sum(self._begin(session, name, its, paused) for name, its in waiting.items())

    def _may_run(self, session: Session, name: str, wishes: list[Asked]) -> bool:
        """Return whether a run may begin now; looks at what another daemon took, but has not ended, now and then."""
        now = self.clock.monotonic()
        if name in self._running or now < self._not_before.get(name, 0.0):
            return False
        pipeline = session.project.pipelines.get(name)
        is_taken = any(wish.state is AskedState.RUNNING for wish in wishes)
        if pipeline is None or not (is_taken or name in self._held):
            return True
        if session.store.is_running(session.scope(pipeline)):
            self._not_before[name] = now + FIRST_RETRY_S
            return False
        self._held.discard(name)
        if is_taken:
            crashes.find_dead(session.store, session.project.target)
            self._crashed = None  # another daemon may have found it before
        return True

    def _begin(self, session: Session, name: str, wishes: list[Asked], paused: Mapping[str, str]) -> bool:
        target = session.project.target
        pipeline = session.project.pipelines.get(name)
        if pipeline is None:
            self._refuse_unknown(session, name, wishes)
            return False
        if name in paused and all(wish.by in CLOCKS for wish in wishes):
            asked.refuse(session.store, target, wishes, message=f"paused: {paused[name]}")
            return False
        crashed = self._crashes(session).get(name, 0)
        if crashed >= MOST_CRASHES:
            self._crashed = None  # it may have been resumed since
            crashed = self._crashes(session).get(name, 0)
        if crashed >= MOST_CRASHES and name not in paused:
            crashes.pause(session.store, session.scope(pipeline), actor=actor())
            log.error("pipeline.paused", extra={"pipeline": name, "reason": crashes.CRASH_LOOP, "crashes": crashed})
            asked.refuse(session.store, target, wishes, message=_crash_loop(name, crashed))
            return False
        if self._waits_for_others(session, name) or not self.slots.take():
            return False
        worker = Worker(session, pipeline, wishes, is_suspect=crashed > 0)
        self._running[name] = (worker, self._pool.submit(self._in_place, worker))
        return True

    def _refuse_unknown(self, session: Session, name: str, wishes: list[Asked]) -> None:
        """Answer wishes for a pipeline that no file here names; where others serve the target, their files may."""
        store, target = session.store, session.project.target
        self._not_before[name] = self.clock.monotonic() + FIRST_RETRY_S
        if len(serving(store, target)) > 1:
            since = store.clock.now() - OTHERS_HAVE
            wishes = [wish for wish in wishes if _is_left_over(wish, since)]
        if wishes:
            message = f"the daemon that serves target {target} knows no pipeline {name!r}; are its files the same?"
            asked.refuse(store, target, wishes, message=message)

    def _in_place(self, worker: Worker) -> Ended:
        with self.slots.held():
            return worker.run()

    def _waits_for_others(self, session: Session, name: str) -> bool:
        """Return whether another pipeline finds out already whether the dataset of this one is back."""
        pipelines = session.project.pipelines
        destination = session.destination(pipelines[name]).name
        others = (pipelines[other].destinations for other in self._running if other in pipelines)
        return session.is_down(destination) and any(destination in each for each in others)

    def _crashes(self, session: Session) -> Mapping[str, int]:
        if self._crashed is None:
            since = session.store.clock.now() - CRASHES_WITHIN
            self._crashed = crashes.recent(session.store, session.project.target, since=since)
        return self._crashed

    def drain(self, within_s: float) -> bool:
        """Wait for what runs, which was asked to stop; return whether all of it ended in time."""
        for worker, _ in self._running.values():
            worker.stop()
        until = self.clock.monotonic() + within_s
        for _, future in self._running.values():
            left = until - self.clock.monotonic()
            try:
                future.result(timeout=max(0.0, left))
            except TimeoutError:
                return False
        self._pool.shutdown(wait=False)
        return True


def _is_left_over(wish: Asked, since: datetime) -> bool:
    """Return whether a person has waited since then for a run that nobody began."""
    return wish.state is AskedState.ASKED and wish.by not in CLOCKS and wish.at <= since


def _crash_loop(name: str, crashed: int) -> str:
    return (
        f"paused: {crashed} runs in a row crashed within ten minutes; the log says where. "
        f"`syncer resume {name}` lets it run again"
    )
