"""APScheduler rings at the starts of timetables, and many due times at once are one call."""

from datetime import UTC, datetime, timedelta
from itertools import islice

from syncer.daemon.alarms import Alarms, TimetableTrigger
from syncer.daemon.timetable import Timetable
from syncer.duration import Duration
from syncer.pipeline import Schedule

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def every(seconds: int, jitter: int = 0) -> Timetable:
    return Timetable(Schedule(every=Duration(seconds), jitter=Duration(jitter)), "prod/orders")


def test_a_trigger_rings_at_each_start_in_turn() -> None:
    timetable = every(600, 60)
    trigger, rung = TimetableTrigger(timetable, NOON), [NOON]
    while len(rung) < 20:
        following = trigger.get_next_fire_time(rung[-1], NOON)
        assert following is not None
        rung.append(following)
    assert rung[1:] == [timetable.start(due) for due in islice(timetable.due(NOON), 19)]


def test_a_trigger_that_begins_late_rings_next_at_the_following_start() -> None:
    trigger = TimetableTrigger(every(600), NOON)
    assert trigger.get_next_fire_time(None, NOON + timedelta(minutes=95)) == NOON + timedelta(minutes=100)


def test_R31_a_clock_that_jumps_by_ten_years_rings_once_and_not_for_each_start_between() -> None:
    later = NOON + timedelta(days=3_653)
    assert TimetableTrigger(every(1), NOON).get_next_fire_time(NOON, later) == later + timedelta(seconds=1)


def test_R27_due_times_that_passed_together_are_one_call() -> None:
    calls: list[int] = []
    alarms = Alarms(lambda: calls.append(1))
    name = ("orders", "schedule")
    alarms.follow({name: every(1)}, {name: datetime.now(UTC) - timedelta(hours=1)})
    (job,) = alarms.get_jobs()
    job.modify(next_run_time=datetime.now(UTC) - timedelta(seconds=30))
    wait_s = alarms.ring()
    assert calls == [1]
    assert wait_s is not None
    assert 0 <= wait_s <= 1


def test_without_clocks_nothing_rings() -> None:
    alarms = Alarms(lambda: None)
    name = ("orders", "schedule")
    assert alarms.ring() is None
    alarms.follow({name: every(60)}, {name: datetime.now(UTC)})
    alarms.follow({}, {})
    assert alarms.ring() is None
