"""The clocks of a target's pipelines: each due time asks once for a run, whichever daemon sees it first."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from syncer.daemon.timetable import Passed, Timetable
from syncer.pipeline import Pipeline, Project, Schedule
from syncer.state import schedules
from syncer.state.asked import RECONCILE, SCHEDULE
from syncer.state.daemons import served
from syncer.state.pauses import pauses
from syncer.state.schedules import ASLEEP, PAUSED, Due, Missed
from syncer.state.scope import Scope
from syncer.state.store import Store

AHEAD = timedelta(minutes=10)
"""A clock of a pipeline that stands further ahead was set by a wrong clock of a machine: it would ring no more."""
LEFT_FOR = timedelta(days=1)
"""So long after it was due a clock that a daemon did not know goes on where it stood; then it was taken out, and begins anew."""
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
    """Asks for runs that are due. Where they stand is in the state; here is what that was made of. Mutable."""

    def __init__(self, store: Store, project: Project) -> None:
        self._store, self._target = store, project.target
        self.timetables: dict[Name, Timetable] = {}
        self._first: dict[tuple[Name, str, datetime], datetime | None] = {}
        self._stood: dict[Name, Due] = {}
        """Where they stood when they were seen last: a daemon with other files may have forgotten them since."""
        self._paused: set[Name] = set()
        """Clocks that were due while their pipelines were paused."""
        self.follow(project)

    def follow(self, project: Project) -> None:
        """Go by the schedules of `project` from now on; clocks that it lost are forgotten, those of others are left to them.

        A state file takes one daemon, so a clock that its files have not was taken out, also before it started.
        """
        before, self.timetables, self._first = self.timetables, timetables(project), {}
        self._stood = {name: due for name, due in self._stood.items() if name in self.timetables}
        self._destinations = {name: pipeline.destinations for name, pipeline in project.pipelines.items()}
        found = schedules.stored(self._store, self._target)
        others = [found[name] for name in sorted(found.keys() - self.timetables.keys())]
        is_only = self._store.database.kind == "sqlite"
        gone = [due for due in others if is_only or _name(due) in before]
        if gone:
            schedules.forget(self._store, self._target, gone)
        if unknown := [due for due in others if due not in gone and due.next_at is not None]:
            schedules.leave(self._store, self._target, unknown)
        self._begin(found)

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
        """Return where a clock begins: as it stood, where another daemon forgot or left it."""
        timetable, now = self.timetables[name], self._store.clock.now()
        if before is not None and self._was_taken_out(name, before, now):
            before = None
        stood = before or self._stood.get(name)
        if stood is not None and stood.schedule == str(timetable) and stood.due_at <= now + AHEAD:
            return self._due(name, stood.due_at)
        return self._due(name, timetable.begin(now, before=_before(before), at_once=name[1] == SCHEDULE))

    def _was_taken_out(self, name: Name, left: Due, now: datetime) -> bool:
        """Return whether nobody rang a clock for long after it was due; who slept meanwhile knows better."""
        if left.next_at is not None or name in self._stood:
            return False
        first = self.timetables[name].next_start(left.due_at, left.due_at)
        return first is not None and first < now - LEFT_FOR

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
        self._stood |= self._own(found)
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
        number = sum(
            self._ask(stored, passed, now, free[stored.pipeline]) for stored, passed in due if free[stored.pipeline]
        )
        self._stood |= self._own(schedules.stored(self._store, self._target))
        return number

    def _own(self, found: Mapping[Name, Due]) -> dict[Name, Due]:
        return {name: found[name] for name in self.timetables if name in found}

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
        self._stood[name] = after  # another daemon may forget it before it is looked at again
        self._paused.discard(name)
        facts = {"pipeline": stored.pipeline, "by": stored.kind, "due": _text(passed.newest)}
        log.info("run.due", extra=facts | ({"missed": passed.before} if missed else {}))
        return True

    def next_starts(self) -> dict[Name, datetime | None]:
        """Return when each clock rings next."""
        found = schedules.stored(self._store, self._target)
        return {name: found[name].next_at for name in self.timetables if name in found}


def _name(due: Due) -> Name:
    return due.pipeline, due.kind


def _goes_on(due: Due | None, timetable: Timetable, ahead: datetime) -> bool:
    return due is not None and not _is_lost(due, ahead) and due.schedule == str(timetable)


def _is_lost(due: Due | None, ahead: datetime) -> bool:
    """Return whether a clock was forgotten or left by another daemon, or set by a clock that was wrong."""
    return due is None or due.next_at is None or due.due_at > ahead


def _before(due: Due | None) -> datetime | None:
    return None if due is None else due.due_at


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
