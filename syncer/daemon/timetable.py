"""When a pipeline is due, as a pure function of its schedule and the time before."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice

from syncer.daemon.cron import times
from syncer.pipeline import Schedule

MOST_COUNTED = 10_000
"""Due times that are looked at one by one after a long sleep."""
STEPS = tuple(timedelta(days=days) for days in (1, 32, 366, 3_660))


@dataclass(frozen=True, slots=True)
class Passed:
    """Due times that are over."""

    newest: datetime
    first: datetime
    """The oldest of them; `newest` where it is the only one."""
    last_before: datetime | None
    """The one before the newest; None where it is the only one."""
    before: int
    """How many came before the newest, at most `MOST_COUNTED`."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """The due times of one pipeline. All times are in UTC."""

    schedule: Schedule
    name: str
    """Moves its starts by the jitter: those of another name move otherwise, and every daemon moves them alike."""

    def __str__(self) -> str:
        schedule = self.schedule
        what = f"every {schedule.every}" if schedule.cron is None else f"cron {schedule.cron} {schedule.timezone}"
        return f"{what} jitter {schedule.jitter}" if schedule.jitter else what

    def begin(self, now: datetime, *, before: datetime | None = None, at_once: bool = True) -> datetime:
        """Return the time from which due times are counted, where a schedule is new or was edited at `now`.

        `every` is due at once the first time, unless `at_once` is false, and goes on from the due time `before`.
        """
        if self.schedule.every is None or (before is None and not at_once):
            return now
        earliest = now - timedelta(seconds=self.schedule.every)
        return earliest if before is None else min(max(before, earliest), now)

    def due(self, since: datetime) -> Iterator[datetime]:
        """Yield the due times later than `since`, which for `every` is one of them."""
        if self.schedule.cron is not None:
            return times(self.schedule.cron, self.schedule.timezone, after=since)
        every = timedelta(seconds=self.schedule.every or 0)
        return (since + number * every for number in count(1))

    def start(self, due: datetime) -> datetime:
        """Return when the run of a due time begins: up to `jitter` later, always by as much for the same one."""
        digest = hashlib.sha256(f"{self.name}\0{due.isoformat()}".encode()).digest()
        return due + timedelta(seconds=int.from_bytes(digest[:6], "big") / 2**48 * self.schedule.jitter)

    def next_start(self, since: datetime, after: datetime) -> datetime | None:
        """Return the first start later than `after`, of the due times later than `since`; None: there is none."""
        jitter = timedelta(seconds=self.schedule.jitter)
        from_here = max(since, self._on_grid(since, after - jitter))
        starts = (self.start(due) for due in islice(self.due(from_here), MOST_COUNTED))
        return next((start for start in starts if start > after), None)

    def passed(self, since: datetime, now: datetime) -> Passed | None:
        """Return the due times later than `since` whose start has come; None where none has."""
        found: list[datetime] = []
        for due in islice(self.due(since), MOST_COUNTED + 1):
            if due > now:
                break
            found.append(due)
        begun = [index for index, due in enumerate(found) if self.start(due) <= now]
        if not begun:
            return None
        over = found[: begun[-1] + 1]
        before = len(over) - 1
        if len(over) > MOST_COUNTED:
            over[-2:] = self._newest(since, now)
        return Passed(over[-1], over[0], over[-2] if before else None, before)

    def _newest(self, since: datetime, now: datetime) -> list[datetime]:
        """Return the two newest due times whose starts have come, of very many."""
        for step in STEPS:
            near = self.due(self._on_grid(since, now - step))
            over = [due for due in _until(near, now) if self.start(due) <= now]
            if len(over) > 1:
                return over[-2:]
        return [now, now]

    def _on_grid(self, since: datetime, at: datetime) -> datetime:
        """Return a time not after `at` from which due times may be counted as from `since`."""
        if self.schedule.every is None:
            return at
        every = timedelta(seconds=self.schedule.every)
        return since + (at - since) // every * every


def _until(dues: Iterator[datetime], now: datetime) -> Iterator[datetime]:
    for due in dues:
        if due > now:
            return
        yield due
