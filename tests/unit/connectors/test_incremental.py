"""The cursor value of a row is its exact text; the kind of a cursor follows from the column's type."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from connectors.incremental import CursorKind, CursorValue, cursor_kind, cursor_value


@pytest.mark.parametrize(
    ("column", "kind", "text"),
    [
        (pa.array([-(2**63)], pa.int64()), CursorKind.INTEGER, "-9223372036854775808"),
        (pa.array([2**64 - 1], pa.uint64()), CursorKind.INTEGER, "18446744073709551615"),
        (pa.array([Decimal("1E+20")], pa.decimal128(38, 2)), CursorKind.DECIMAL, "100000000000000000000.00"),
        (pa.array([Decimal("-0.0000000001")], pa.decimal128(38, 10)), CursorKind.DECIMAL, "-0.0000000001"),
        (pa.array([Decimal(10**40)], pa.decimal256(50, 0)), CursorKind.DECIMAL, str(10**40)),
        (pa.array(["a'; --"], pa.string()), CursorKind.TEXT, "a'; --"),
        (pa.array(["é"], pa.large_string()), CursorKind.TEXT, "é"),
        (pa.array(["é"], pa.string_view()), CursorKind.TEXT, "é"),
        (pa.array([""]).dictionary_encode(), CursorKind.TEXT, ""),
        (pa.array([date(1, 1, 1)], pa.date32()), CursorKind.DATE, "0001-01-01"),
        (pa.array([date(9999, 12, 31)], pa.date64()), CursorKind.DATE, "9999-12-31"),
        (pa.array([-1], pa.timestamp("s")), CursorKind.TIMESTAMP, "1969-12-31T23:59:59"),
        (pa.array([-1], pa.timestamp("ms")), CursorKind.TIMESTAMP, "1969-12-31T23:59:59.999"),
        (pa.array([1_500_000], pa.timestamp("us")), CursorKind.TIMESTAMP, "1970-01-01T00:00:01.5"),
        (pa.array([1], pa.timestamp("ns")), CursorKind.TIMESTAMP, "1970-01-01T00:00:00.000000001"),
        (pa.array([0], pa.timestamp("us", "Asia/Tokyo")), CursorKind.TIMESTAMP_TZ, "1970-01-01T00:00:00Z"),
    ],
)
def test_a_value_becomes_text_at_full_precision(column: pa.Array, kind: CursorKind, text: str) -> None:
    assert cursor_kind(column.type) is kind
    assert cursor_value(column, 0) == CursorValue(kind, text)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([None], pa.int64()),
        pa.array([None], pa.timestamp("ns", "UTC")),
        pa.array(["a\0"], pa.string()),
        pa.array([2**31 - 1], pa.date32()),
        pa.array([-719_163], pa.date32()),
        pa.array([253_402_300_800], pa.timestamp("s")),
        *(
            pa.array([sign * (2**63 - 1)], pa.timestamp(unit, zone))
            for sign in (1, -1)
            for unit in ("s", "ms", "us", "ns")
            for zone in (None, "UTC")
        ),
    ],
    ids=lambda column: f"{column.type}",
)
def test_null_and_what_no_calendar_or_state_holds_have_no_cursor_value(column: pa.Array) -> None:
    assert cursor_value(column, 0) is None


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1.5]),
        pa.array([1.5], pa.float32()),
        pa.array([True]),
        pa.array([b"x"]),
        pa.array([["x"]]),
        pa.array([{"a": 1}]),
        pa.array([1], pa.time64("us")),
        pa.array([1], pa.duration("s")),
        pa.nulls(1),
    ],
    ids=lambda column: f"{column.type}",
)
def test_other_types_cannot_be_a_cursor(column: pa.Array) -> None:
    assert cursor_kind(column.type) is None
    with pytest.raises(TypeError, match="cannot be a cursor"):
        cursor_value(column, 0)


def test_a_row_of_a_slice_is_counted_from_its_start() -> None:
    column = pa.array([1, 2, 3]).slice(1)

    assert cursor_value(column, 0) == CursorValue(CursorKind.INTEGER, "2")
