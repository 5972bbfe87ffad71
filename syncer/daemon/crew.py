"""Who of the pipelines runs now: each way once, at most so many at a time, none waiting for another that cannot run."""

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from syncer.actor import actor
from syncer.config.chosen import way_to
from syncer.daemon.clocks import LEFT_FOR, has_clock
from syncer.daemon.slots import Slots
from syncer.daemon.worker import Ended, Worker
from syncer.pipeline import Pipeline
from syncer.ports import Clock
from syncer.session import Session
from syncer.state import asked, crashes, schedules
from syncer.state.asked import CLOCKS, Asked, AskedState
from syncer.state.daemons import serving
from syncer.state.history import find_runs
from syncer.state.pauses import pauses
from syncer.state.scope import Scope

log = logging.getLogger(__name__)

MOST_CRASHES = 3
CRASHES_WITHIN = timedelta(minutes=10)
ANSWERED_WITHIN = timedelta(minutes=1)
"""So long a person waits where no daemon that lives has what was asked for: one may just be started again."""
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
    _running: dict[Scope, tuple[Worker, Future[Ended]]] = field(default_factory=dict)
    _not_before: dict[Scope, float] = field(default_factory=dict)
    _failures: dict[Scope, int] = field(default_factory=dict)
    _held: set[Scope] = field(default_factory=set)
    """Those that another process was found to hold."""
    _crashed: dict[Scope, int] | None = None
    _said: dict[Scope, str] = field(default_factory=dict)
    """Why the last run failed without a word in the state; replaced and never changed, since others read it."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """Return what kept runs from writing down how they ended, of each whose last one did; from any thread."""
        return tuple(self._said.values())

    @property
    def running(self) -> tuple[str, ...]:
        """Return the names of the pipelines that run here, one for each destination."""
        return tuple(scope.pipeline for scope in self._running)

    def gather(self) -> bool:
        """Take note of the runs that ended; return whether there were any."""
        ended = [scope for scope, (_, future) in self._running.items() if future.done()]
        for scope in ended:
            worker, future = self._running.pop(scope)
            self._note(scope, future.result())
            said = {scope: worker.said} if scope in self._failures and worker.said else {}
            self._said = {other: text for other, text in self._said.items() if other != scope} | said
        return bool(ended)

    def _note(self, scope: Scope, ended: Ended) -> None:
        if ended is not Ended.FAILED:
            self._failures.pop(scope, None)
        if ended is Ended.LOCKED:
            self._held.add(scope)
            self._not_before[scope] = self.clock.monotonic() + FIRST_RETRY_S
        if ended is Ended.FAILED:
            self._put_off(scope)
        if ended is Ended.FAILED or scope in (self._crashed or ()):
            self._crashed = None

    def _put_off(self, scope: Scope) -> None:
        failures = self._failures[scope] = self._failures.get(scope, 0) + 1
        wait_s = min(FIRST_RETRY_S * 2.0 ** min(failures - 1, 10), LONGEST_RETRY_S)
        self._not_before[scope] = self.clock.monotonic() + wait_s

    def dispatch(self, session: Session, wishes: Iterable[Asked]) -> int:
        """Begin a run for each way of which one is wished, oldest wish first, as places allow; return how many."""
        by_scope: dict[Scope, list[Asked]] = {}
        for wish in wishes:
            by_scope.setdefault(_scope(session, wish), []).append(wish)
        waiting = {scope: its for scope, its in by_scope.items() if self._may_run(session, scope, its)}
        if not waiting:
            return 0
        paused = pauses(session.store, session.project.target)
        return sum(self._begin(session, scope, its, paused) for scope, its in waiting.items())

    def _may_run(self, session: Session, scope: Scope, wishes: list[Asked]) -> bool:
        """Return whether a run may begin now; looks at what another daemon took, but has not ended, now and then."""
        now = self.clock.monotonic()
        if scope in self._running or now < self._not_before.get(scope, 0.0):
            return False
        is_taken = any(wish.state is AskedState.RUNNING for wish in wishes)
        if not scope.destination or not (is_taken or scope in self._held):
            return True
        if session.store.is_running(scope):
            self._not_before[scope] = now + FIRST_RETRY_S
            return False
        self._held.discard(scope)
        if is_taken:
            crashes.find_dead(session.store, session.project.target)
            asked.take_back(session.store, scope, wishes)
            self._crashed = None  # another daemon may have found it before
        return True

    def _begin(self, session: Session, scope: Scope, wishes: list[Asked], paused: Mapping[Scope, str]) -> bool:
        target, name = session.project.target, scope.pipeline
        way, is_by_clocks = _way(session, scope), all(wish.by in CLOCKS for wish in wishes)
        rings = way is not None and any(has_clock(session.project, way, kind=wish.by) for wish in wishes)
        if way is None or (is_by_clocks and not rings):
            self._leave(session, scope, wishes, is_paused=scope in paused)
            return False
        if scope in paused and is_by_clocks:
            self._not_before[scope] = self.clock.monotonic() + FIRST_RETRY_S  # it waits until it is resumed
            return False
        crashed = self._crashes(session).get(scope, 0)
        if crashed >= MOST_CRASHES:
            self._crashed = None  # it may have been resumed since
            crashed = self._crashes(session).get(scope, 0)
        if crashed >= MOST_CRASHES and scope not in paused:
            crashes.pause(session.store, scope, actor=actor())
            log.error("pipeline.paused", extra={"pipeline": name, "reason": crashes.CRASH_LOOP, "crashes": crashed})
            if people := [wish for wish in wishes if wish.by not in CLOCKS]:
                asked.refuse(session.store, target, people, message=_crash_loop(name, crashed))
            return False
        if self._waits_for_others(session, scope) or not self.slots.take():
            return False
        worker = Worker(session, way, wishes, is_suspect=crashed > 0)
        self._running[scope] = (worker, self._pool.submit(self._in_place, worker))
        return True

    def _leave(self, session: Session, scope: Scope, wishes: list[Asked], *, is_paused: bool) -> None:
        """Leave wishes that the files here do not know to other daemons, and answer those that none may begin."""
        over = _left_over(session, scope, wishes, is_paused=is_paused)
        if len(over) < len(wishes):
            self._not_before[scope] = self.clock.monotonic() + FIRST_RETRY_S
        if over:
            asked.refuse(session.store, session.project.target, over, message=_unknown(session, scope))

    def _in_place(self, worker: Worker) -> Ended:
        with self.slots.held():
            return worker.run()

    def _waits_for_others(self, session: Session, scope: Scope) -> bool:
        """Return whether another run finds out already whether the destination of this one is back."""
        return session.is_down(scope.destination) and any(
            other.destination == scope.destination for other in self._running
        )

    def _crashes(self, session: Session) -> Mapping[Scope, int]:
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


def _scope(session: Session, wish: Asked) -> Scope:
    """Return whose run is wished; where no destination is named, that of the run that covers it, or of the only one."""
    pipeline, target = session.project.pipelines.get(wish.pipeline), session.project.target
    known = wish.destination
    if known is None and wish.run_id is not None:  # the files may name another one since
        runs = find_runs(session.store, wish.run_id, target=target, limit=1)
        known = next((run.report.destination for run in runs), None)
    return Scope(target, wish.pipeline, known or (pipeline.destinations[0] if pipeline else ""))


def _left_over(session: Session, scope: Scope, wishes: list[Asked], *, is_paused: bool) -> list[Asked]:
    """Return those of `wishes`, unknown here, that no daemon begins: none has them that lives, or may come back.

    A person is told so after a minute; what a clock asked for goes with the clock, at the latest after a day. A state
    file takes one daemon, so nobody comes back to it.
    """
    store, target = session.store, session.project.target
    if store.database.kind == "sqlite":
        return wishes
    living, clocks, now = serving(store, target), schedules.stored(store, target), store.clock.now()

    def is_over(wish: Asked) -> bool:
        by = wish.by if wish.by in CLOCKS else ""
        may_begin = any(each.may_begin(scope.pipeline, destination=scope.destination, by=by) for each in living)
        if may_begin or wish.state is not AskedState.ASKED:
            return False
        if not by:
            return wish.at <= now - ANSWERED_WITHIN
        return (wish.pipeline, by) not in clocks or (wish.at <= now - LEFT_FOR and not is_paused)

    return [wish for wish in wishes if is_over(wish)]


def _way(session: Session, scope: Scope) -> Pipeline | None:
    """Return what runs for a scope; None where the files have it not."""
    pipeline = session.project.pipelines.get(scope.pipeline)
    is_known = pipeline is not None and scope.destination in pipeline.destinations
    return way_to(pipeline, scope.destination) if pipeline is not None and is_known else None


def _unknown(session: Session, scope: Scope) -> str:
    is_known = scope.pipeline in session.project.pipelines
    what = (
        f"sends {scope.pipeline} to no {scope.destination!r}" if is_known else f"knows no pipeline {scope.pipeline!r}"
    )
    return f"the daemon that serves target {scope.target} {what}; are its files the same?"


def _crash_loop(name: str, crashed: int) -> str:
    return (
        f"paused: {crashed} runs in a row crashed within ten minutes; the log says where. "
        f"`syncer resume {name}` lets it run again"
    )
