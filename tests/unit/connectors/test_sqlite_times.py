from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sqlite_times import day, instant, local

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@given(st.datetimes())
def test_a_text_without_zone_is_the_time_it_shows(moment: datetime) -> None:
    expected = (moment - EPOCH.replace(tzinfo=None)) // MICROSECOND

    assert local(str(moment).encode()) == local(moment.isoformat().encode()) == expected
    assert instant(str(moment).encode()) == expected
    assert day(str(moment).encode()) == day(str(moment.date()).encode()) == expected // 86_400_000_000


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001
def test_a_text_with_zone_is_an_instant(moment: datetime, minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{moment.isoformat()}{sign}{hours:02d}:{rest:02d}".encode()

    assert instant(text) == (moment.replace(tzinfo=UTC) - timedelta(minutes=minutes) - EPOCH) // MICROSECOND
    assert local(text) is None


@pytest.mark.parametrize("value", [None, b"", b"noon", b"\xff", b"0000-00-00", b"10000-01-01", "2026-01-01", 10**18])
@pytest.mark.parametrize("function", [day, instant, local])
def test_what_is_no_time_is_null(function: object, value: object) -> None:
    assert callable(function)
    assert function(value) is None


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 0, -(10**15), 1e300])
def test_a_number_that_no_calendar_holds_is_null(number: float) -> None:
    assert instant(number) is None
    assert day(number) is None
