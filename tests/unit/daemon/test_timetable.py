"""When a pipeline is due, when its run begins, and which due times passed."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from syncer.daemon.timetable import MOST_COUNTED, Timetable
from syncer.duration import Duration
from syncer.pipeline import Schedule

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def every(text: str, jitter: str = "0s") -> Timetable:
    return Timetable(Schedule(every=Duration.parse(text), jitter=Duration.parse(jitter)), "prod/orders")


def cron(line: str, jitter: str = "0s", *, zone: str = "UTC") -> Timetable:
    return Timetable(Schedule(cron=line, timezone=zone, jitter=Duration.parse(jitter)), "prod/orders")


def test_every_is_due_at_once_and_then_at_equal_steps() -> None:
    timetable = every("15m")
    since = timetable.begin(NOON)
    assert list(islice(timetable.due(since), 3)) == [NOON, NOON + 15 * MINUTE, NOON + 30 * MINUTE]
    assert timetable.passed(since, NOON) is not None


def test_a_clock_that_need_not_ring_at_once_is_due_one_step_later() -> None:
    assert next(every("24h").due(every("24h").begin(NOON, at_once=False))) == NOON + timedelta(days=1)


def test_a_cron_line_is_due_at_its_next_time_and_not_at_once() -> None:
    timetable = cron("*/15 * * * *")
    assert timetable.passed(timetable.begin(NOON + MINUTE), NOON + 14 * MINUTE) is None
    assert next(timetable.due(timetable.begin(NOON + MINUTE))) == NOON + 15 * MINUTE


@pytest.mark.parametrize(
    ("edited", "before", "following"),
    [
        (every("1h"), NOON - 10 * MINUTE, NOON + 50 * MINUTE),
        (every("5m"), NOON - 10 * MINUTE, NOON),
        (every("1h"), NOON - timedelta(days=3), NOON),
        (cron("30 * * * *"), NOON - timedelta(days=3), NOON + 30 * MINUTE),
    ],
)
def test_an_edited_schedule_goes_on_from_now_and_makes_no_time_missed(
    edited: Timetable, before: datetime, following: datetime
) -> None:
    since = edited.begin(NOON, before=before)
    assert next(edited.due(since)) == following
    passed = edited.passed(since, NOON)
    assert passed is None or passed.before == 0


def test_R27_of_due_times_that_passed_the_newest_is_told_and_how_many_came_before() -> None:
    passed = every("15m").passed(NOON, NOON + 61 * MINUTE)
    assert passed is not None
    assert (passed.newest, passed.first, passed.last_before, passed.before) == (
        NOON + 60 * MINUTE, NOON + 15 * MINUTE, NOON + 45 * MINUTE, 3,
    )  # fmt: skip


@pytest.mark.parametrize("timetable", [every("1m"), cron("* * * * *")])
def test_after_a_very_long_sleep_the_newest_due_time_is_found_all_the_same(timetable: Timetable) -> None:
    now = NOON + timedelta(days=90, seconds=30)
    passed = timetable.passed(NOON, now)
    assert passed is not None
    assert (passed.newest, passed.last_before) == (NOON + timedelta(days=90), NOON + timedelta(days=90) - MINUTE)
    assert (passed.first, passed.before) == (NOON + MINUTE, MOST_COUNTED)


def test_jitter_is_within_bounds_spread_and_the_same_for_every_daemon() -> None:
    timetable = cron("*/10 * * * *", "60s")
    dues = list(islice(timetable.due(NOON), 200))
    late_s = [(timetable.start(due) - due).total_seconds() for due in dues]
    assert min(late_s) >= 0
    assert max(late_s) < 60
    assert 25 < sum(late_s) / len(late_s) < 35
    assert [cron("*/10 * * * *", "60s").start(due) for due in dues] == [timetable.start(due) for due in dues]
    other = Timetable(timetable.schedule, "prod/customers")
    assert [other.start(due) for due in dues] != [timetable.start(due) for due in dues]


@pytest.mark.parametrize("timetable", [every("10m", "2m"), cron("*/10 * * * *", "2m"), cron("0 * * * *", "2h")])
def test_a_due_time_has_passed_when_its_start_has_come(timetable: Timetable) -> None:
    since = NOON
    for minutes in range(1, 300):
        now = NOON + minutes * MINUTE
        begun = [due for due in islice(timetable.due(since), 100) if due <= now and timetable.start(due) <= now]
        passed = timetable.passed(since, now)
        assert (passed and passed.newest) == (max(begun) if begun else None)


@pytest.mark.parametrize("timetable", [every("10m", "2m"), cron("*/10 * * * *", "2m"), cron("0 * * * *", "20m")])
def test_the_next_start_is_the_first_one_behind_a_time(timetable: Timetable) -> None:
    starts = [timetable.start(due) for due in islice(timetable.due(NOON), 50)]
    for minutes in range(1, 200):
        after = NOON + minutes * MINUTE
        assert timetable.next_start(NOON, after) == min(start for start in starts if start > after)


def test_a_timetable_is_told_in_one_line() -> None:
    assert str(every("15m", "30s")) == "every 15m jitter 30s"
    assert str(cron("*/15 * * * *", zone="Europe/Paris")) == "cron */15 * * * * Europe/Paris"
