"""How the values of a SQLite column travel, and what those do that do not fit."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import Query, Range
from connectors.batches import MET
from connectors.errors import ColumnError, QueryError
from connectors.incremental import CursorKind, CursorValue
from connectors.sqlite import Options, SqliteSource, connect
from connectors.testing.warehouse import values

JSON = pa.json_() if hasattr(pa, "json_") else pa.string()
LOCAL, INSTANT = pa.timestamp("us"), pa.timestamp("us", "UTC")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAIVE_NOON = NOON.replace(tzinfo=None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.db"


def fill(file: Path, declared: str, *held: Any) -> SqliteSource:
    """Return a source whose table has one column `x` with these values, and their places in `row`."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"CREATE TABLE held (row INTEGER PRIMARY KEY, x {declared})")
        connection.executemany("INSERT INTO held (x) VALUES (?)", ((value,) for value in held))
    return connect(Options(path=str(file)), root=file.parent)


ROWS = Query(sql="SELECT * FROM held", cursor_column="row")


@pytest.mark.parametrize(
    ("declared", "held", "kind", "expected"),
    [
        ("INT", [1, "2", 2.5, "x", b"1", None], pa.int64(), [1, 2, None, None, None, None]),
        ("UNSIGNED BIG INT", [2**63 - 1], pa.int64(), [2**63 - 1]),
        ("DOUBLE PRECISION", [1, 0.1, "x", float("inf")], pa.float64(), [1.0, 0.1, None, float("inf")]),
        ("VARCHAR(10)", ["é", 5, 0.5, b"\xc3\xa9", b"\xff", None], pa.string(), ["é", "5", "0.5", "é", None, None]),
        ("NATIVE CHARACTER(70)", ["a\0b", ""], pa.string(), ["a\0b", ""]),
        ("BOOLEAN", [0, 1, "true", "FALSE", 2, "x"], pa.bool_(), [False, True, True, False, None, None]),
        (
            "DECIMAL(6, 2)",
            ["12.10", 7, 0.1 + 0.2, 12.345, 10_000, "x", float("inf")],
            pa.decimal128(6, 2),
            [*map(Decimal, ("12.10", "7.00", "0.30", "12.35")), None, None, None],
        ),
        ("numeric(18)", [10**17 + 1, -1.0], pa.decimal128(18, 0), [Decimal(10**17 + 1), Decimal(-1)]),
        (
            "DATE",
            ["2026-11-20", "2026-11-20 23:59:59", 1_763_640_000, "20/11/2026", "0000-00-00", b"\xff"],
            pa.date32(),
            [date(2026, 11, 20), date(2026, 11, 20), date(2025, 11, 20), None, None, None],
        ),
        (
            "TIMESTAMP",
            ["2026-11-20 12:00", "2026-11-20T12:00:00.000000999", "2026-11-20 12:00:00+00:00", 5, "noon"],
            LOCAL,
            [NAIVE_NOON, NAIVE_NOON, None, None, None],
        ),
        (
            "DATETIME",
            ["2026-11-20 13:00:00+01:00", "2026-11-20T12:00:00Z", "2026-11-20 12:00:00", "noon"],
            INSTANT,
            [NOON, NOON, NOON, None],
        ),
        (
            "datetime",
            [int(NOON.timestamp()), int(NOON.timestamp()) * 1000, 2_461_365.0, NOON.timestamp(), 10**18, 1e300],
            INSTANT,
            [NOON, NOON, NOON, NOON, None, None],
        ),
        ("TIMESTAMP WITH TIME ZONE", ["2026-11-20 12:00:00", None], INSTANT, [NOON, None]),
        ("TIMESTAMP", [], LOCAL, []),
        ("JSON", ['{"a": [1]}', 5, b"\x8c"], JSON, ['{"a": [1]}', "5", None]),
        ("BLOB", [b"\xff", None], pa.binary(), [b"\xff", None]),
        ("BLOB", [], pa.binary(), []),
        ("BLOB", ["a", 1], pa.string(), ["a", "1"]),
        ("NUMERIC", [10, 12.5], pa.float64(), [10.0, 12.5]),
        ("DECIMAL", [10, 2**53 + 1], pa.int64(), [10, 2**53 + 1]),
        ("UUID", ["7f", "1e5x"], pa.string(), ["7f", "1e5x"]),
        ("", [1, "a", None], pa.string(), ["1", "a", None]),
        ("", [None], pa.string(), [None]),
        ("DECIMAL(50, 2)", [1.5], pa.float64(), [1.5]),
    ],
)
def test_a_declared_type_is_kept_and_what_does_not_fit_costs_no_other_row(
    file: Path, declared: str, held: list[Any], kind: pa.DataType, expected: list[Any]
) -> None:
    source = fill(file, declared, *held)

    assert source.schema(ROWS).field("x").type == kind
    assert values(source, ROWS, "x") == expected


@pytest.mark.parametrize(
    ("expression", "kind", "expected"),
    [
        ("count(*)", pa.int64(), [3]),
        ("sum(x)", pa.float64(), [22.5]),
        ("max(x) || ''", pa.string(), ["12.5"]),
        ("group_concat(row)", pa.string(), ["1,2,3"]),
        ("(SELECT x FROM held WHERE row = 3)", pa.decimal128(9, 2), [Decimal("12.50")]),
        ("NULL", pa.string(), [None]),
        ("x'00ff'", pa.binary(), [b"\0\xff"]),
    ],
)
def test_a_calculated_column_goes_by_its_values(
    file: Path, expression: str, kind: pa.DataType, expected: list[Any]
) -> None:
    source = fill(file, "DECIMAL(9, 2)", None, 10, 12.5)
    query = Query(sql=f"SELECT {expression} AS found FROM held", limit=1)

    assert source.schema(query).field("found").type == kind
    assert values(source, query, "found") == expected


def test_a_type_that_values_told_is_marked_as_such(file: Path) -> None:
    schema = fill(file, "INT", 1).schema(Query(sql="SELECT row, x, x + 1 AS more, json_array(x) AS list FROM held"))
    assert [field.name for field in schema if field.metadata == MET] == ["more", "list"]


def test_one_late_fraction_makes_floats_of_a_calculated_column(file: Path) -> None:
    source = fill(file, "DECIMAL(9, 2)", *[10] * 5000, 12.5)
    query = Query(sql="SELECT x * 2 AS twice, row FROM held", cursor_column="row")

    assert values(source, query, "twice")[-2:] == [20.0, 25.0]


def test_types_hold_through_views_joins_and_sub_selects(file: Path) -> None:
    source = fill(file, "DATE", "2026-11-20")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE VIEW days AS SELECT x AS day, row FROM held")
    query = Query(sql="WITH d AS (SELECT day FROM days) SELECT a.day AS one, b.x AS two FROM d a JOIN held b")

    assert source.schema(query).types == [pa.date32(), pa.date32()]


def test_the_types_of_a_source_stay_while_its_file_changes(file: Path) -> None:
    source = fill(file, "NUMERIC", 1)
    query = Query(sql="SELECT x FROM held", order_by=("x",))
    before = source.schema(query)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO held (x) VALUES ('late')")

    assert {batch.schema for batch in source.read(query)} == {before}
    assert values(source, query, "x") == [None, 1]


def test_texts_that_are_no_utf_8_are_null_and_cost_nothing_else(file: Path) -> None:
    source = fill(file, "TEXT", "a", "b", "c")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE held SET x = CAST(x'ff' AS TEXT) WHERE row = 2")
        connection.execute("CREATE TABLE times (row INTEGER, x TIMESTAMP)")
        connection.execute("INSERT INTO times VALUES (1, '2026-11-20 12:00:00'), (2, CAST(x'ff' AS TEXT))")

    assert values(source, ROWS, "x") == ["a", None, "c"]
    assert values(source, Query(sql="SELECT * FROM times", cursor_column="row"), "x") == [NAIVE_NOON, None]


def test_text_is_ordered_by_bytes_whatever_its_collation(file: Path) -> None:
    source = fill(file, "TEXT COLLATE NOCASE", "b", "A", "a", "B")
    low = Range(column="x", low=CursorValue(CursorKind.TEXT, "a"))

    assert values(source, Query(sql="SELECT * FROM held", cursor_column="x"), "x") == ["A", "B", "a", "b"]
    assert values(source, Query(sql="SELECT * FROM held", cursor_column="x", ranges=(low,)), "x") == ["a", "b"]


def test_times_of_several_forms_come_in_their_true_order(file: Path) -> None:
    source = fill(file, "DATETIME", "2026-11-20T12:00:01Z", int(NOON.timestamp()), "2026-11-20 14:00:02+02:00", "x")
    low = Range(column="x", low=CursorValue(CursorKind.TIMESTAMP_TZ, "2026-11-20T12:00:01Z"))
    query = Query(sql="SELECT * FROM held", cursor_column="x")

    assert values(source, query, "row") == [4, 2, 1, 3]
    assert values(source, Query(sql=query.sql, cursor_column="x", ranges=(low,)), "row") == [1, 3]


@pytest.mark.parametrize(("declared", "value"), [("REAL", 0.5), ("JSON", "{}"), ("BLOB", b"x"), ("BOOLEAN", 1)])
def test_a_type_that_no_watermark_keeps_is_no_cursor(file: Path, declared: str, value: Any) -> None:
    source = fill(file, declared, value)

    with pytest.raises(ColumnError, match=f'"x" is of type {declared if declared != "BLOB" else "BLOB"}') as caught:
        source.schema(Query(sql="SELECT * FROM held", cursor_column="x"))
    assert "in the query" in caught.value.remedy


def test_a_float_is_a_bound_and_a_blob_is_none(file: Path) -> None:
    low = Range(column="x", low=CursorValue(CursorKind.DECIMAL, "0.5"))
    source = fill(file, "REAL", 0.25, 0.5)

    assert values(source, Query(sql="SELECT * FROM held", ranges=(low,)), "x") == [0.5]
    with pytest.raises(QueryError, match="no order to read by"):
        source.schema(Query(sql="SELECT x'00' AS x FROM held", ranges=(low,)))


@pytest.mark.parametrize("held", [9_007_199_254_740_995, -9_007_199_254_740_993, 2**63 - 1])
def test_R08_a_whole_number_that_no_float_holds_is_an_exact_bound_of_a_decimal(file: Path, held: int) -> None:
    source, query = fill(file, "DECIMAL(21, 2)", held), Query(sql="SELECT * FROM held", cursor_column="x")
    bound = CursorValue(CursorKind.DECIMAL, f"{held}.00")

    at_least = replace(query, ranges=(Range(column="x", low=bound),))
    below = replace(query, ranges=(Range(column="x", high=bound),))

    assert values(source, at_least, "x") == [Decimal(held)]
    assert values(source, below, "x") == []
