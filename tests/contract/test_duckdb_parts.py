"""A large reading of a DuckDB file is cut into parts that stay in memory; nobody sees the cuts."""

from pathlib import Path

import duckdb
import pytest

from connectors.base import Query, Range
from connectors.duckdb import Options, connect
from connectors.duckdb_parts import PART_ROWS, how_many
from connectors.errors import ColumnError
from connectors.incremental import CursorKind, CursorValue

ROWS = 4 * PART_ROWS
PER_VALUE = 7
"""Rows of equal cursor."""
ORDERS = """
CREATE TABLE orders AS
SELECT i AS id, CASE WHEN i % 1000 > 0 THEN {cursor} END AS at, 'canary' || repeat('x', 200) AS pad
FROM (SELECT (range * 7919) % {rows} AS i FROM range({rows}))
"""
CURSORS = {
    "BIGINT": f"i // {PER_VALUE}",
    "TIMESTAMP": f"TIMESTAMP '2026-11-01 00:00:00' + to_microseconds(i // {PER_VALUE})",
    "VARCHAR": f"'é' || lpad((i // {PER_VALUE})::VARCHAR, 9, '0')",
}


@pytest.fixture(params=CURSORS)
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(ORDERS.format(cursor=CURSORS[request.param], rows=ROWS))
    return path


def test_rows_come_in_order_once_and_never_through_the_disk(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "sort"
    folder.mkdir()
    options = Options(path=str(file), memory_limit="50MB", threads=1, temp_directory=str(folder))
    spilled: list[Path] = []
    found: list[int] = []
    with connect(options, root=tmp_path) as source:
        for batch in source.read(Query(sql="FROM orders", cursor_column="at", order_by=("id",))):
            found += batch.column("id").to_pylist()
            spilled += [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]

    without, others = [i for i in range(ROWS) if i % 1000 == 0], [i for i in range(ROWS) if i % 1000]
    assert found == without + others
    assert spilled == []


def test_a_watermark_and_a_filter_hold_in_every_part(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(ORDERS.format(cursor=CURSORS["BIGINT"], rows=ROWS))
    low = CursorValue(CursorKind.INTEGER, str(PART_ROWS // PER_VALUE))
    high = CursorValue(CursorKind.INTEGER, str(ROWS - 1000))
    ranges = (Range(column="at", low=low, with_null=True), Range(column="id", high=high))
    with connect(Options(path=str(path)), root=tmp_path) as source:
        batches = list(source.read(Query(sql="FROM orders", cursor_column="at", order_by=("id",), ranges=ranges)))

    found = [row for batch in batches for row in batch.column("id").to_pylist()]
    first = PART_ROWS // PER_VALUE * PER_VALUE
    nulls = [i for i in range(ROWS - 1000) if i % 1000 == 0]
    assert found == nulls + [i for i in range(first, ROWS - 1000) if i % 1000]


def test_rows_of_one_cursor_value_or_none_cannot_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    for value in ("1", "NULL::INTEGER"):
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"CREATE TABLE orders AS SELECT range AS id, {value} AS at FROM range({ROWS})")
        with connect(Options(path=str(path)), root=tmp_path) as source:
            query = Query(sql="FROM orders", cursor_column="at", order_by=("id",))
            found = [row for batch in source.read(query) for row in batch.column("id").to_pylist()]
        assert found == list(range(ROWS))


@pytest.mark.parametrize(
    ("rows", "seconds", "parts"),
    [
        (PART_ROWS, 0.0, 1),
        (2 * PART_ROWS, 0.001, 2),
        (20 * PART_ROWS, 0.01, 20),
        (20 * PART_ROWS, 60.0, 1),  # to ask it twenty times would cost more than the disk
        (0, 0.0, 1),
    ],
)
def test_only_large_results_of_quick_queries_are_cut(rows: int, seconds: float, parts: int) -> None:
    assert how_many(rows, seconds=seconds) == parts


@pytest.mark.parametrize(("cursor", "message"), [("share", "is of type DOUBLE"), ("when", 'no column "when"')])
def test_a_cursor_that_is_none_is_refused_in_a_large_reading_too(tmp_path: Path, cursor: str, message: str) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE orders AS SELECT range AS id, range / 7 AS share FROM range({ROWS})")
    with connect(Options(path=str(path)), root=tmp_path) as source, pytest.raises(ColumnError, match=message):
        next(source.read(Query(sql="FROM orders", cursor_column=cursor)))
