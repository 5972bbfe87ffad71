"""Points in time go to text and back without a loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.moments import DAY, SECOND, day_text, moment_text, parse_moment

FIRST = -62_135_596_800 * SECOND
END = 253_402_300_800 * SECOND


@given(st.integers(FIRST, END - 1))
def test_every_nanosecond_of_the_calendar_has_one_text(nanoseconds: int) -> None:
    text = moment_text(nanoseconds)

    assert text is not None
    assert parse_moment(text) == parse_moment(text + "Z") == nanoseconds


@given(st.integers(FIRST // DAY, END // DAY - 1))
def test_every_day_of_the_calendar_has_one_text(day: int) -> None:
    text = day_text(day * DAY)

    assert text is not None
    assert parse_moment(text) == day * DAY


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "1970-01-01T00:00:00"),
        (1, "1970-01-01T00:00:00.000000001"),
        (-1, "1969-12-31T23:59:59.999999999"),
        (500 * 10**6, "1970-01-01T00:00:00.5"),
        (FIRST, "0001-01-01T00:00:00"),
        (END - 1, "9999-12-31T23:59:59.999999999"),
        (FIRST - 1, None),
        (END, None),
        (2**63 * 1000, None),
    ],
)
def test_text_has_as_many_digits_as_it_takes(nanoseconds: int, text: str | None) -> None:
    assert moment_text(nanoseconds) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-1-1",
        "2026-02-30",
        "2026-13-01",
        "0000-01-01",
        "10000-01-01",
        "-0044-03-15",
        "2026-01-01 10:00:00",
        "2026-01-01T24:00:00",
        "2026-01-01T10:60:00",
        "2026-01-01T10:00:60",
        "2026-01-01T10:00:00.1234567890",
        "2026-01-01T10:00:00+00:00",
        "2026-01-01T10:00:00Z; DROP TABLE people",
        "２０２６-01-01",
        "infinity",
        " 2026-01-01",
        "2026-01-01\n",
    ],
)
def test_what_is_no_point_in_time_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(no point in time|.*(day|month|year).*)$") as caught:
        parse_moment(text)

    assert not text or text not in str(caught.value)
