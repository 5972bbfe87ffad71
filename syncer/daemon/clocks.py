"""The clocks of a target's pipelines: each due time asks once for a run, whichever daemon sees it first."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from syncer.daemon.timetable import Passed, Timetable
from syncer.pipeline import Pipeline, Project, Schedule
from syncer.state import schedules
from syncer.state.asked import RECONCILE, SCHEDULE
from syncer.state.daemons import served, serving
from syncer.state.pauses import pauses
from syncer.state.schedules import ASLEEP, PAUSED, Due, Missed
from syncer.state.scope import Scope
from syncer.state.store import Store

AHEAD = timedelta(minutes=10)
"""A clock of a pipeline that stands further ahead was set by a wrong clock of a machine: it would ring no more."""
LEFT_FOR = timedelta(days=1)
"""So long after it was due a clock is left to a daemon that may come back; then it counts as taken out."""
log = logging.getLogger(__name__)

Name = tuple[str, str]
"""A pipeline, and who asks for its runs: `schedule` or `reconcile`."""


def timetables(project: Project) -> dict[Name, Timetable]:
    """Return the clocks of a project; a target without schedules has none."""
    return {
        (pipeline.name, kind): Timetable(schedule, f"{project.target}/{pipeline.name}/{kind}")
        for pipeline in project.pipelines.values()
        for kind, schedule in _schedules(project, pipeline)
    }


def serves(project: Project) -> frozenset[str]:
    """Return which runs a daemon with these files begins, as it says them: people may ask for any, clocks for theirs."""
    return frozenset(
        served(pipeline.name, destination=destination, by=by)
        for pipeline in project.pipelines.values()
        for destination in ("", *pipeline.destinations)
        for by in ("", *(kind for kind, _ in _schedules(project, pipeline)))
    )


def has_clock(project: Project, pipeline: Pipeline, *, kind: str) -> bool:
    """Return whether a clock of `pipeline` asks for runs as `kind`."""
    return any(kind == its for its, _ in _schedules(project, pipeline))


def _schedules(project: Project, pipeline: Pipeline) -> Iterable[tuple[str, Schedule]]:
    if not (project.runs_schedules and pipeline.enabled):
        return
    if pipeline.schedule is not None:
        yield SCHEDULE, pipeline.schedule
    if pipeline.reconcile.every is not None and pipeline.cursor is not None:
        yield RECONCILE, Schedule(every=pipeline.reconcile.every)


class Clocks:
    """Asks for runs that are due. Where they stand is in the state, for all daemons; here are those of one. Mutable.

    A clock begins where a file has it and none stands, goes on where it stands, and is forgotten once it is taken out.
    """

    def __init__(self, store: Store, project: Project) -> None:
        self._store, self._target = store, project.target
        self.timetables: dict[Name, Timetable] = {}
        self._first: dict[tuple[Name, str, datetime], datetime | None] = {}
        self._paused: set[Name] = set()
        """Clocks that were due while their pipelines were paused."""
        self.follow(project)

    def follow(self, project: Project) -> None:
        """Go by the schedules of `project` from now on; this daemon has said already what it serves by them.

        A clock was taken out where these files lost it, or have its pipeline without it, and where the state is a file,
        which takes one daemon. Else another may have it that is down.
        """
        found, is_only = schedules.stored(self._store, self._target), self._store.database.kind == "sqlite"
        before, after = self.timetables, timetables(project)
        others = [(name, due) for name, due in found.items() if name not in after]
        self._forget([due for name, due in others if is_only or name in before or name[0] in project.pipelines])
        self.timetables, self._first = after, {}  # only now: where the state failed before, this is tried again
        self._destinations = {name: pipeline.destinations for name, pipeline in project.pipelines.items()}
        self._begin(found)

    def _forget(self, taken_out: Sequence[Due]) -> None:
        """Forget those clocks of `taken_out` that no daemon has that lives."""
        living = serving(self._store, self._target) if taken_out else []
        gone = [due for due in taken_out if not any(each.may_begin(due.pipeline, by=due.kind) for each in living)]
        if gone:
            schedules.forget(self._store, self._target, gone)

    def _begin(self, found: Mapping[Name, Due]) -> None:
        ahead = self._store.clock.now() + AHEAD
        new = [
            self._anew(name, found.get(name))
            for name, timetable in self.timetables.items()
            if not _goes_on(found.get(name), timetable, ahead)
        ]
        if new:
            schedules.begin(self._store, self._target, new, ahead=ahead)

    def _anew(self, name: Name, before: Due | None) -> Due:
        timetable, now = self.timetables[name], self._store.clock.now()
        since = None if before is None else before.due_at
        return self._due(name, timetable.begin(now, before=since, at_once=name[1] == SCHEDULE))

    def _due(self, name: Name, due_at: datetime) -> Due:
        timetable = self.timetables[name]
        following = timetable.next_start(due_at, due_at)
        return Due(pipeline=name[0], kind=name[1], schedule=str(timetable), due_at=due_at, next_at=following)

    def look(self) -> int:
        """Ask for a run of each way of a pipeline that is due and not paused; return how many pipelines that was."""
        found, now = schedules.stored(self._store, self._target), self._store.clock.now()
        if any(_is_lost(found.get(name), now + AHEAD) for name in self.timetables):
            self._begin(found)
            found = schedules.stored(self._store, self._target)
        self._forget(self._long_over(found, now))
        due = [
            (stored, passed)
            for name, stored in found.items()
            if name in self.timetables and (passed := self._passed(name, stored, now)) is not None
        ]
        if not due:
            return 0
        paused = pauses(self._store, self._target)
        free = {stored.pipeline: self._free(stored.pipeline, paused) for stored, _ in due}
        self._paused |= {(stored.pipeline, stored.kind) for stored, _ in due if not free[stored.pipeline]}
        return sum(
            self._ask(stored, passed, now, free[stored.pipeline]) for stored, passed in due if free[stored.pipeline]
        )

    def _long_over(self, found: Mapping[Name, Due], now: datetime) -> list[Due]:
        """Return clocks of others that were due for long; where their pipelines are paused, they wait for the resume."""
        before = now - LEFT_FOR
        others = [due for name, due in found.items() if name not in self.timetables]
        over = [due for due in others if (due.next_at or due.due_at) < before]
        paused = {scope.pipeline for scope in pauses(self._store, self._target)} if over else set()
        return [due for due in over if due.pipeline not in paused]

    def _free(self, name: str, paused: Collection[Scope]) -> list[str]:
        """Return the destinations of a pipeline to which it is not paused."""
        return [each for each in self._destinations[name] if Scope(self._target, name, each) not in paused]

    def _passed(self, name: Name, stored: Due, now: datetime) -> Passed | None:
        timetable = self.timetables[name]
        key = (name, str(timetable), stored.due_at)
        if key not in self._first:
            self._first[key] = timetable.next_start(stored.due_at, stored.due_at)
        first = self._first[key]
        return timetable.passed(stored.due_at, now) if first is not None and first <= now else None

    def _ask(self, stored: Due, passed: Passed, now: datetime, to: Sequence[str]) -> bool:
        name = (stored.pipeline, stored.kind)
        self._first = {key: first for key, first in self._first.items() if key[0] != name}
        missed = _missed(stored, passed, now, reason=PAUSED if name in self._paused else ASLEEP)
        after = self._due(name, passed.newest)
        if not schedules.pass_due(self._store, self._target, stored, after, missed, to=to):
            return False
        self._paused.discard(name)
        facts = {"pipeline": stored.pipeline, "by": stored.kind, "due": _text(passed.newest)}
        log.info("run.due", extra=facts | ({"missed": passed.before} if missed else {}))
        return True

    def next_starts(self) -> dict[Name, datetime | None]:
        """Return when each clock rings next."""
        found = schedules.stored(self._store, self._target)
        return {name: found[name].next_at for name in self.timetables if name in found}


def _goes_on(due: Due | None, timetable: Timetable, ahead: datetime) -> bool:
    return due is not None and not _is_lost(due, ahead) and due.schedule == str(timetable)


def _is_lost(due: Due | None, ahead: datetime) -> bool:
    """Return whether a clock was forgotten by another daemon, or set by a clock that was wrong."""
    return due is None or due.due_at > ahead


def _missed(stored: Due, passed: Passed, now: datetime, *, reason: str) -> Missed | None:
    if passed.last_before is None:
        return None
    return Missed(
        pipeline=stored.pipeline,
        kind=stored.kind,
        first_at=passed.first,
        last_at=passed.last_before,
        times=passed.before,
        reason=reason,
        noticed_at=now,
    )


def _text(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
