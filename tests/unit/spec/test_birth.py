"""Birth dates."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from syncer.spec.birth import birth_date, birth_date_is_ambiguous, birth_day, birth_month, birth_year
from syncer.spec.context import NOTHING_KNOWN, Context

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "given",
    [
        date(1997, 2, 16),
        datetime(1997, 2, 16, 23, 59, tzinfo=UTC),
        datetime(1997, 2, 16, 0, 30, tzinfo=timezone(timedelta(hours=9))),
        19970216,
        19970216.0,
        "1997/2/16",
        "1997 02 16",
        "16.02.1997",
        "02161997",
        "16021997",
        "1997-02-16T00:00:00.000+02:00",
        "2/16/1997 12:00:00 AM",
        "１９９７－０２－１６",
        "١٩٩٧-٠٢-١٦",
        b"1997-02-16",
    ],
)
def test_a_birth_date_may_be_written_in_many_ways(given: object) -> None:
    assert birth_date(given, Context(today=TODAY)) == "19970216"


@pytest.mark.parametrize(
    "given",
    ["1997-02-30", "2027-01-01", "0000-00-00", "1997-16-02", "16-02/1997", "1997-2", 1997, 856051200, "16 Feb 1997"],
)
def test_what_is_no_day_in_a_life_is_dropped(given: object) -> None:
    assert birth_date(given, Context(today=TODAY)) is None


def test_nobody_was_born_tomorrow() -> None:
    assert birth_date(TODAY, Context(today=TODAY)) == "20261122"
    assert birth_date(TODAY + timedelta(days=1), Context(today=TODAY)) is None


@pytest.mark.parametrize(
    ("given", "date_format", "expected"),
    [
        ("03.05.1995", "dmy", "19950503"),
        ("03.05.1995", "mdy", "19950305"),
        ("03.25.1995", "dmy", "19950325"),
        ("03051995", "dmy", "19950503"),
        ("03/05/1995", "%d/%m/%Y", "19950503"),
        ("03.05.1995", "%d/%m/%Y", None),
        ("16/02/97", "%d/%m/%y", "19970216"),
        ("16/02/30", "%d/%m/%y", "19300216"),
        ("1995-05-03", "%", None),
        (date(1995, 5, 3), "%d/%m/%Y", "19950503"),
    ],
)
def test_a_format_settles_the_order(given: object, date_format: str, expected: str | None) -> None:
    assert birth_date(given, Context(date_format=date_format, today=TODAY)) == expected


@pytest.mark.parametrize(
    ("given", "is_ambiguous"),
    [
        ("05-03-1995", True),
        ("05-05-1995", False),
        ("25-03-1995", False),
        ("1995-03-05", False),
        (date(1995, 3, 5), False),
        ("05-03-1795", False),
        (None, False),
    ],
)
def test_two_readings_of_a_date_are_seen(given: object, *, is_ambiguous: bool) -> None:
    assert birth_date_is_ambiguous(given, NOTHING_KNOWN) is is_ambiguous


def test_a_stated_order_leaves_no_doubt() -> None:
    assert not birth_date_is_ambiguous("05-03-1995", Context(date_format="dmy"))


def test_parts_of_a_birth_date_have_their_ranges() -> None:
    context = Context(today=TODAY)

    assert [birth_day(value, context) for value in (1, "31", "32", 0, date(1997, 2, 16))] == [
        "01",
        "31",
        None,
        None,
        "16",
    ]
    assert [birth_month(value, context) for value in (2.0, "12", "13", date(1997, 2, 16))] == ["02", "12", None, "02"]
    assert [birth_year(value, context) for value in (1997, "1899", 2027, "97", date(1997, 2, 16))] == [
        "1997",
        None,
        None,
        None,
        "1997",
    ]
