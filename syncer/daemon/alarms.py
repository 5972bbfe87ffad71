"""Tells the daemon when a pipeline is due: APScheduler, whose jobs only call for a look."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.base import BaseTrigger

from syncer.daemon.clocks import Name
from syncer.daemon.timetable import Timetable


class TimetableTrigger(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """Rings at the starts of a timetable, counted from `since`."""

    def __init__(self, timetable: Timetable, since: datetime) -> None:
        self._timetable, self._since = timetable, since

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the first start behind both the one before and `now`; None: it rings no more.

        After a jump of the clock, to count the starts in between one by one could take hours.
        """
        return self._timetable.next_start(self._since, max(previous_fire_time or now, now).astimezone(UTC))


class Alarms(BaseScheduler):  # type: ignore[misc]  # the same
    """A scheduler without a thread of its own: whoever waits for it lets it ring. Mutable."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": DebugExecutor()},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._call = call
        self.start()

    def follow(self, timetables: Mapping[Name, Timetable], since: Mapping[Name, datetime]) -> None:
        """Ring by these timetables from now on, each counted from its time in `since`."""
        self.remove_all_jobs()
        for name, timetable in timetables.items():
            trigger = TimetableTrigger(timetable, since[name])
            self.add_job(self._call, trigger, id="/".join(name), name="/".join(name))

    def wakeup(self) -> None:
        """Do nothing: nobody sleeps here."""

    def shutdown(self, *args: Any, **options: Any) -> None:
        """Ring no more."""
        super().shutdown(*args, **options)

    def ring(self) -> float | None:
        """Ring what is due; return in how many seconds the next one is, None where there is none."""
        wait_s: float | None = self._process_jobs()
        return wait_s
