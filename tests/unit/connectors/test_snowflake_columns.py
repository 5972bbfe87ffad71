"""What the driver gives, batch by batch, becomes what the column declares."""

from datetime import date, time
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from connectors.errors import QueryError
from connectors.incremental import INFINITY, cursor_value
from connectors.snowflake_columns import Column, Kind, bound, column_of, typed

DAY_9999 = 253_402_214_400


class Described(NamedTuple):
    """A column as the driver describes it."""

    name: str
    type_code: int
    precision: int | None
    scale: int | None


def one(column: Column, values: pa.Array) -> pa.Array:
    batch = pa.RecordBatch.from_arrays([values], names=[column.name])
    return typed(batch, [column], pa.schema([(column.name, column.arrow)])).column(0)


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        (Described("ID", 0, 38, 0), pa.decimal128(38, 0)),
        (Described("ID", 0, 18, 0), pa.int64()),
        (Described("TOTAL", 0, 12, 2), pa.decimal128(12, 2)),
        (Described("RATE", 1, None, None), pa.float64()),
        (Described("EMAIL", 2, None, None), pa.string()),
        (Described("DAY", 3, None, None), pa.date32()),
        (Described("AT", 6, 0, 9), pa.timestamp("ns", "UTC")),
        (Described("AT", 7, 0, 3), pa.timestamp("us", "UTC")),
        (Described("AT", 8, 0, 9), pa.timestamp("ns")),
        (Described("AT", 8, 0, 6), pa.timestamp("us")),
        (Described("PROPS", 5, None, None), pa.string()),
        (Described("RAW", 11, None, None), pa.binary()),
        (Described("NOON", 12, 0, 9), pa.time64("ns")),
        (Described("PAID", 13, None, None), pa.bool_()),
    ],
)
def test_a_column_travels_as_the_type_it_declares(described: Any, expected: pa.DataType) -> None:
    assert column_of(described).arrow == expected


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        (Column("A", Kind.NUMBER), pa.array([1, None], pa.int8()), [Decimal(1), None]),
        (Column("A", Kind.NUMBER, digits=9), pa.array([1, None], pa.int16()), [1, None]),
        (Column("A", Kind.NUMBER, digits=9, scale=2), pa.array([Decimal("1.10")], pa.decimal128(38, 2)), [Decimal("1.10")]),
        (Column("A", Kind.TIME, scale=0), pa.array([time(1, 2, 3)], pa.time32("s")), [time(1, 2, 3)]),
        (Column("A", Kind.DATE), pa.array([date(9999, 12, 31)], pa.date32()), [date(9999, 12, 31)]),
        (Column("A", Kind.VARCHAR), pa.array([None], pa.null()), [None]),
    ],
)  # fmt: skip
def test_a_batch_of_a_narrower_type_is_widened(column: Column, values: pa.Array, expected: list[Any]) -> None:
    assert one(column, values).to_pylist() == expected


@pytest.mark.parametrize(
    ("scale", "given", "expected"),
    [
        (9, pa.array([-1, 1, None], pa.timestamp("ns")), [-1, 1, None]),
        (9, pa.array([-1, DAY_9999 * 10**6, -DAY_9999 * 10**6, None], pa.timestamp("us")), [-1000, INFINITY, -INFINITY, None]),
        (6, pa.array([-1, 1999, None], pa.timestamp("ns")), [-1, 1, None]),
        (3, pa.array([-1, DAY_9999 * 10**3], pa.timestamp("ms")), [-1000, DAY_9999 * 10**6]),
        (0, pa.array([-1, DAY_9999], pa.timestamp("s")), [-(10**6), DAY_9999 * 10**6]),
    ],
)  # fmt: skip
def test_times_keep_their_instant_whatever_the_unit_of_the_batch(
    scale: int, given: pa.Array, expected: list[int | None]
) -> None:
    found = one(Column("AT", Kind.TIMESTAMP_NTZ, scale=scale), given)

    assert found.view(pa.int64()).to_pylist() == expected


def test_a_time_that_nanoseconds_cannot_hold_is_no_cursor_value_and_costs_no_other_row() -> None:
    column = Column("AT", Kind.TIMESTAMP_LTZ, scale=9)
    given = pa.array([10**6, DAY_9999 * 10**6], pa.timestamp("us", "Etc/UTC"))

    found = one(column, given)

    assert found.type == pa.timestamp("ns", "UTC")
    assert [value and value.text for value in map(cursor_value, [found] * 2, range(2))] == [
        "1970-01-01T00:00:01Z",
        None,
    ]


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    given = pa.array([0], pa.timestamp("us", "America/New_York"))

    assert one(Column("AT", Kind.TIMESTAMP_TZ, scale=6), given) == pa.array([0], pa.timestamp("us", "UTC"))


def test_a_value_that_is_none_of_its_type_is_not_told() -> None:
    with pytest.raises(QueryError, match=r'"A" is of type NUMBER\(4,2\)') as caught:
        one(Column("A", Kind.NUMBER, digits=4, scale=2), pa.array([Decimal("12345.67")], pa.decimal128(38, 2)))

    assert "12345" not in str(caught.value)


def test_a_type_that_no_reader_knows_is_refused_where_it_is_asked_for() -> None:
    with pytest.raises(QueryError, match='"PLACE" is of a type that cannot be read'):
        assert column_of(Described("PLACE", 14, None, None)).value


@pytest.mark.parametrize(
    ("text", "sql_type", "expected"),
    [
        ("2026-11-20T10:00:00Z", "TIMESTAMP_TZ(9)", ("2026-11-20T10:00:00+00:00", "CAST(? AS TIMESTAMP_TZ(9))")),
        ("2026-11-20T10:00:00", "TIMESTAMP_NTZ(9)", ("2026-11-20T10:00:00", "CAST(? AS TIMESTAMP_NTZ(9))")),
        ("1st Z", "VARCHAR", ("1st Z", "?")),
        ("12.50", "NUMBER(12,2)", ("12.50", "CAST(? AS NUMBER(12,2))")),
    ],
)
def test_bounds_are_bound_as_text_that_snowflake_reads(text: str, sql_type: str, expected: tuple[str, str]) -> None:
    assert bound(text, sql_type) == expected
