"""Points in time."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from syncer.spec.context import NOTHING_KNOWN, Context
from syncer.spec.times import unix_ms, unix_seconds

AT = 1712248396
PARIS = Context(timezone=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    "given",
    [
        AT,
        AT * 1_000 + 999,
        AT * 1_000_000,
        AT * 1_000_000_000 + 999_999_999,
        float(AT) + 0.75,
        AT * 1000.0,
        Decimal("1712248396.999999999999"),
        Decimal("1.712248396E+12"),
        str(AT),
        f" {AT}.5 ",
        f"{AT}000",
        "2024-04-04T16:33:16Z",
        "2024-04-04T16:33:16.999999999Z",
        "2024-04-04t16:33:16z",
        "2024-04-04 18:33:16+02:00",
        "2024-04-04 18:33:16 +0200",
        "2024-04-04 18:33:16+02",
        "2024-04-04 16:33:16 UTC",
        "2024/04/04 16:33:16",
        "2024-04-04 11:03:16.5-05:30",
        b"2024-04-04T16:33:16Z",
        datetime(2024, 4, 4, 16, 33, 16, 999_999, tzinfo=UTC),
        datetime(2024, 4, 4, 18, 33, 16, tzinfo=timezone(timedelta(hours=2))),
        datetime(2024, 4, 4, 16, 33, 16),  # noqa: DTZ001  # as a warehouse gives it
    ],
)
def test_a_time_is_read_from_all_that_warehouses_hold(given: object) -> None:
    assert unix_seconds(given, NOTHING_KNOWN) == AT


@pytest.mark.parametrize("given", ["2024-04-04", date(2024, 4, 4), 20240404, "20240404", 20240404.0])
def test_a_day_begins_at_midnight_of_the_pipeline(given: object) -> None:
    assert unix_seconds(given, NOTHING_KNOWN) == 1712188800
    assert unix_seconds(given, PARIS) == 1712188800 - 7200


@pytest.mark.parametrize(
    "given",
    [
        None,
        True,
        "",
        "yesterday",
        "2024-04-31",
        "2024-04-04T25:00:00Z",
        "2024-04-04T16:33:60Z",
        "04/04/2024 16:33",
        "2024-04-04T16:33:16 CET",
        "1e9",
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        10**20,
        "9" * 30,
        [AT],
        "2024-04-04T16:33:16+99:00",
    ],
)
def test_what_is_no_time_is_not_guessed(given: object) -> None:
    assert unix_seconds(given, NOTHING_KNOWN) is None


def test_seconds_are_cut_towards_the_past() -> None:
    assert unix_seconds(-0.5, NOTHING_KNOWN) == -1
    assert unix_seconds("1969-12-31T23:59:59.5Z", NOTHING_KNOWN) == -1


def test_a_time_that_occurs_twice_is_the_first_one() -> None:
    assert unix_seconds("2026-10-25T02:30:00", PARIS) == unix_seconds("2026-10-25T02:30:00+02:00", NOTHING_KNOWN)
    native = datetime(2026, 10, 25, 2, 30, fold=1)  # noqa: DTZ001  # as a warehouse gives it
    assert unix_seconds(native, PARIS) == unix_seconds("2026-10-25T00:30:00Z", NOTHING_KNOWN)


def test_a_time_that_does_not_occur_is_read_by_the_clock_not_yet_set() -> None:
    assert unix_seconds("2026-03-29T02:30:00", PARIS) == unix_seconds("2026-03-29T01:30:00Z", NOTHING_KNOWN)


def test_a_zone_of_its_own_wins_over_the_pipelines() -> None:
    assert unix_seconds("2024-04-04T16:33:16Z", PARIS) == AT


def test_a_format_reads_another_notation() -> None:
    context = Context(date_format="%d.%m.%Y %H:%M:%S")

    assert unix_seconds("04.04.2024 16:33:16", context) == AT
    assert unix_seconds("2024-04-04T16:33:16Z", context) is None
    assert unix_seconds(AT, context) == AT


def test_milliseconds_are_kept_where_asked_for() -> None:
    assert unix_ms("2024-04-04T16:33:16.123456Z", NOTHING_KNOWN) == AT * 1000 + 123
    assert unix_ms(AT * 1000 + 123, NOTHING_KNOWN) == AT * 1000 + 123
