"""Cron lines against a second reading of them, minute by minute, over nights when clocks change (R27)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncer.config.times import cron_mistake
from syncer.daemon.cron import NICKNAMES, times

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Pacific/Chatham")
"""Among them clocks that change at midnight, by half an hour, and south of the equator."""
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
FIXED = ("30 2 * * *", "0,15,30,45 2,3 * * *", "30 0 * * *", "5 1-3 * * 0", "0 0 * * *", "59 23 28-31 * *")
PASSING = ("*/15 * * * *", "0 * * * *", "*/20 2 * * *", "*/30 0-3 * * 7", "7 */2 * * *")


def first(line: str, zone: str, after: datetime, number: int = 1) -> list[datetime]:
    return list(islice(times(line, zone, after=after), number))


def numbers(field: str, low: int, high: int) -> set[int]:
    """Return what a field of digits means."""
    found: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        begin, _, end = (f"{low}-{high}" if span == "*" else span).partition("-")
        found |= set(range(int(begin), int(end or begin) + 1, int(step or 1)))
    return found


class Line:
    """A line of digits, read a second time."""

    def __init__(self, line: str) -> None:
        minute, hour, day, month, weekday = self.fields = line.split()
        self.minutes, self.hours = numbers(minute, 0, 59), numbers(hour, 0, 23)
        self.days, self.months = numbers(day, 1, 31), numbers(month, 1, 12)
        self.weekdays = {number % 7 for number in numbers(weekday, 0, 7)}
        self.needs_both = day.startswith("*") or weekday.startswith("*")

    def has_day(self, at: date) -> bool:
        rules = (at.day in self.days, at.isoweekday() % 7 in self.weekdays)
        return at.month in self.months and (all(rules) if self.needs_both else any(rules))

    def has(self, at: datetime) -> bool:
        return at.minute in self.minutes and at.hour in self.hours and self.has_day(at)


def passing(line: Line, zone: str, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the minutes that pass whose local time fits."""
    minutes = int((end - begin).total_seconds() // 60)
    for at in (begin + timedelta(minutes=number) for number in range(1, minutes)):
        if line.has(at.astimezone(ZoneInfo(zone))):
            yield at


def fixed(line: Line, zone: str, begin: datetime, end: datetime) -> list[datetime]:
    """Return each local time that fits once: the first of two, or the first that there is."""
    found = set()
    day = begin.astimezone(ZoneInfo(zone)).date()
    while day <= end.astimezone(ZoneInfo(zone)).date():
        if line.has_day(day):
            local = (time(hour, minute) for hour in line.hours for minute in line.minutes)
            found |= {existing(datetime.combine(day, each), zone) for each in local}
        day += timedelta(days=1)
    return sorted(at for at in found if begin < at < end)


def existing(local: datetime, zone: str) -> datetime:
    while True:
        at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local:
            return at
        local += timedelta(minutes=1)


def changes(zone: str) -> list[datetime]:
    """Return the hours of 2026 in which the zone's clocks change."""
    hours = [FIRST + timedelta(hours=number) for number in range(365 * 24)]
    offsets = [hour.astimezone(ZoneInfo(zone)).utcoffset() for hour in hours]
    return [hour for hour, before, after in zip(hours, offsets, offsets[1:], strict=False) if before != after]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("line", FIXED)
def test_R27_a_fixed_time_comes_once_each_day_of_a_year_also_when_clocks_change(line: str, zone: str) -> None:
    found = list(takewhile(lambda at: at < LAST, times(line, zone, after=FIRST)))
    assert found == fixed(Line(line), zone, FIRST, LAST)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("line", PASSING)
def test_R27_a_line_with_a_star_goes_by_the_time_that_passes_when_clocks_change(line: str, zone: str) -> None:
    assert len(changes(zone)) == 2
    for change in changes(zone):
        begin, end = change - timedelta(days=1), change + timedelta(days=1)
        found = list(takewhile(lambda at, end=end: at < end, times(line, zone, after=begin)))  # type: ignore[misc]  # bound now
        assert found == list(passing(Line(line), zone, begin, end))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("line", FIXED + PASSING)
def test_R27_counting_may_begin_at_any_minute_of_the_night(line: str, zone: str) -> None:
    for change in changes(zone):
        begin, end = change - timedelta(hours=4), change + timedelta(hours=30)
        whole = list(takewhile(lambda at, end=end: at < end, times(line, zone, after=begin)))  # type: ignore[misc]  # bound now
        for minutes in range(0, 8 * 60, 5):
            after = begin + timedelta(minutes=minutes)
            expected = next((at for at in whole if at > after), None)
            assert expected is None or first(line, zone, after) == [expected]


@pytest.mark.parametrize("weekday", ["0", "7", "sun", "SUN", "7-7", "0-0"])
def test_sunday_is_0_and_7(weekday: str) -> None:
    assert first(f"0 9 * * {weekday}", "UTC", FIRST) == [datetime(2026, 1, 4, 9, tzinfo=UTC)]


def test_monday_is_1_and_a_range_may_end_with_sunday() -> None:
    assert first("0 9 * * 1", "UTC", FIRST) == [datetime(2026, 1, 5, 9, tzinfo=UTC)]
    assert [at.day for at in first("0 9 * * 5-7", "UTC", FIRST, 4)] == [2, 3, 4, 9]


def test_of_two_day_rules_one_is_enough_and_both_where_one_begins_with_a_star() -> None:
    assert [at.day for at in first("0 0 13 * 5", "UTC", FIRST, 4)] == [2, 9, 13, 16]
    assert [at.day for at in first("0 0 */10 * 1", "UTC", FIRST, 2)] == [11, 1]
    assert [at.day for at in first("0 0 13 * *", "UTC", FIRST, 2)] == [13, 13]


def test_a_leap_day_comes_every_four_years() -> None:
    assert [at.date() for at in first("0 0 29 2 *", "UTC", FIRST, 2)] == [date(2028, 2, 29), date(2032, 2, 29)]


def test_the_last_day_and_the_last_friday_of_a_month() -> None:
    assert [at.day for at in first("0 0 L * *", "UTC", FIRST, 2)] == [31, 28]
    assert [at.day for at in first("0 0 * * 5L", "UTC", FIRST, 2)] == [30, 27]
    assert first("0 0 * * friL", "UTC", FIRST) == first("0 0 * * 5L", "UTC", FIRST)
    assert [at.day for at in first("0 0 * * 5#2", "UTC", FIRST, 2)] == [9, 13]


@pytest.mark.parametrize(("word", "line"), NICKNAMES.items())
def test_a_word_is_the_line_that_it_stands_for(word: str, line: str) -> None:
    assert first(word.upper(), "UTC", FIRST, 3) == first(line, "UTC", FIRST, 3)


ATOMS = (
    "*",
    "1",
    "3,*/7",
    "2-5",
    "*/2",
    "1-9/3",
    "0",
    "31",
    "L",
    "LW",
    "5#2",
    "5L",
    "sunL",
    "feb",
    "mon-fri",
    "5#2/2",
    "30",
)


NEVER = (("0", "0", "30", "2", "*"), ("0", "0", "31", "4,6/5", "*"), ("0", "0", "*", "*", "5#2/2"))


@given(st.lists(st.sampled_from(ATOMS), min_size=5, max_size=5))
@example(list(NEVER[0]))
@example(list(NEVER[1]))
@example(list(NEVER[2]))
@settings(max_examples=300)
def test_every_line_that_validate_takes_has_times(fields: list[str]) -> None:
    line = " ".join(fields)
    if cron_mistake(line) is None:
        assert first(line, "Europe/Berlin", FIRST)


def test_a_line_whose_day_never_comes_is_a_mistake() -> None:
    assert all(cron_mistake(" ".join(fields)) for fields in NEVER)
    assert cron_mistake("0 0 30 2 1") is None
    assert cron_mistake("0 0 31 4-5 *") is None
