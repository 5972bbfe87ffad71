"""Rows that lie in a large DuckDB file in the order that is asked for come without a sort; all others are sorted."""

from pathlib import Path

import duckdb
import pytest

from connectors.base import Query
from connectors.duckdb import DuckDBSource, Options, connect
from connectors.duckdb_errors import OUT_OF_ORDER
from connectors.duckdb_order import VOLATILE, as_it_lies, takes_row_by_row
from connectors.duckdb_select import Column
from connectors.errors import QueryError
from connectors.testing.reading import ReadingContract
from tests.contract.test_duckdb import DuckDBFile

TABLES = """
CREATE TABLE ballast AS SELECT hash(range) AS a, hash(range + 1) AS b FROM range(1200000);
CREATE TABLE grown AS SELECT range AS id, range // 3 AS seen, 'canary' || repeat('x', 200) || range AS pad FROM range(200000);
CREATE TABLE people AS FROM (VALUES (0, 'Ada'), (1, 'Bo')) AS people(person, name);
CREATE TABLE mixed AS SELECT hash(range) AS seen, range AS id FROM range(20000);
CREATE TABLE ties AS SELECT range // 10 AS seen, 20000 - range AS id FROM range(20000);
CREATE TABLE late AS SELECT CASE WHEN range < 19999 THEN range END AS seen, range AS id FROM range(20000);
CREATE TABLE last AS SELECT CASE WHEN range = 19999 THEN 0 ELSE range END AS seen, range AS id FROM range(20000);
CREATE TABLE first AS SELECT CASE WHEN range > 10 THEN range END AS seen, range AS id FROM range(20000);
CREATE TABLE named AS SELECT range AS uuid, range AS random FROM range(10);
CREATE MACRO chance() AS random();
CREATE VIEW lucky AS SELECT id, seen, random() AS luck FROM grown;
CREATE VIEW paid AS SELECT id, seen, upper(pad) AS pad FROM grown WHERE id % 2 = 0;
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duckdb") / "large.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLES)
    return path


@pytest.fixture(scope="module")
def warehouse(file: Path, tmp_path_factory: pytest.TempPathFactory) -> DuckDBFile:
    made = DuckDBFile(tmp_path_factory.mktemp("contract"))
    made.create(duckdb.connect(str(file), read_only=True).sql("FROM ballast").to_arrow_table())
    return made


class TestLargeDuckDB(ReadingContract):
    """Each reading looks first whether its rows lie in order."""


def source(file: Path, **options: str | int) -> DuckDBSource:
    return connect(Options(path=str(file), **options), root=file.parent)  # type: ignore[arg-type]  # mixed types


def by_seen(sql: str) -> Query:
    return Query(sql=sql, cursor_column="seen", order_by=("id",))


def rows(opened: DuckDBSource, query: Query) -> list[tuple[int | None, int]]:
    return [
        pair
        for batch in opened.read(query)
        for pair in zip(batch["seen"].to_pylist(), batch["id"].to_pylist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("sql", "sorts"), [("FROM grown", False), ("SELECT 199999 - id AS id, 66666 - seen AS seen, pad FROM grown", True)]
)
def test_only_what_does_not_lie_in_order_is_sorted(file: Path, tmp_path: Path, sql: str, *, sorts: bool) -> None:
    opened = source(file, memory_limit="50MB", threads=1, temp_directory=str(tmp_path))
    reading = opened.read(by_seen(sql))
    found = next(reading).column("id").to_pylist()
    spilled = [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]

    found += [row for batch in reading for row in batch.column("id").to_pylist()]

    assert bool(spilled) is sorts
    assert found == list(range(200_000))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("table", ["grown", "mixed", "ties", "late", "last", "first", "paid", "lucky"])
def test_rows_come_by_cursor_then_key_however_they_lie(file: Path, table: str, threads: int) -> None:
    with duckdb.connect(str(file), read_only=True) as connection:
        wanted = connection.sql(f"SELECT seen, id FROM {table} ORDER BY seen ASC NULLS FIRST, id").fetchall()

    assert rows(source(file, threads=threads), by_seen(f"FROM {table}")) == wanted


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, seen FROM grown JOIN people ON person = id % 2",
        "SELECT id, seen FROM grown WHERE random() < 0.5",
        "SELECT id, seen FROM grown USING SAMPLE 5000",
        "SELECT id, seen FROM grown LIMIT 5000",
        "SELECT id, seen FROM grown UNION ALL SELECT id, seen FROM mixed",
        "SELECT id, sum(seen)::BIGINT AS seen FROM grown GROUP BY id",
        "SELECT 20000 - range AS id, range // 10 AS seen FROM range(20000)",
    ],
)
def test_rows_of_any_query_come_by_cursor_then_key(file: Path, sql: str) -> None:
    found = rows(source(file), by_seen(sql))

    assert len(found) >= 5000
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM grown", True),
        ("SELECT id, lower(pad) AS pad FROM grown WHERE seen > 5 AND pad LIKE '%7' AND id < 100", True),
        ("SELECT * FROM paid", True),
        ("SELECT id, now() AS at FROM grown WHERE id < 1000", True),
        (
            "SELECT id, seen AS uuid, pad AS random FROM grown WHERE pad <> 'stats' AND pad <> '\"name\":\"random\"'",
            True,
        ),
        ("SELECT uuid FROM named", True),
        ("SELECT * FROM lucky", False),
        ("SELECT id, chance() AS pad FROM grown", False),
        ("SELECT id, list_transform([1, 2], lambda x: x + random()) AS pad FROM grown", False),
        ("SELECT id, uuid() AS pad FROM grown", False),
        ("SELECT * FROM grown TABLESAMPLE 10%", False),
        ("SELECT * FROM grown LIMIT 10", False),
        ("SELECT DISTINCT id FROM grown", False),
        ("SELECT * FROM grown ORDER BY id", False),
        ("SELECT * FROM grown WHERE id IN (SELECT person FROM people)", False),
        ("SELECT id, row_number() OVER () AS n FROM grown", False),
        ("SELECT id, unnest([1, 2]) AS n FROM grown", False),
        ("SELECT range AS id FROM range(10)", False),
        ("SELECT 'seq_scan' AS seq_scan FROM range(10)", False),
        ("SELECT * FROM grown, people", False),
        ("SELECT nothing FROM grown", False),
    ],
)
def test_only_a_query_that_takes_each_row_of_one_table_by_itself_is_read_as_it_lies(
    file: Path, sql: str, *, expected: bool
) -> None:
    with duckdb.connect(str(file), read_only=True) as connection:
        ((plan,),) = connection.execute("SELECT json_serialize_plan($1)", [sql]).fetchall()

    assert takes_row_by_row(plan) is expected


def test_every_function_of_duckdb_that_may_change_its_mind_is_known() -> None:
    sql = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability = 'VOLATILE'"

    assert {name for (name,) in duckdb.connect().execute(sql).fetchall()} <= VOLATILE | {"error"}


@pytest.mark.parametrize(("table", "is_in_order"), [("grown", True), ("first", True), ("last", False), ("ties", False)])
def test_a_row_that_belongs_before_another_is_never_given_behind_it(
    file: Path, table: str, *, is_in_order: bool
) -> None:
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.sql(f"SELECT seen, id FROM {table}")
        columns = {name: Column(name, kind) for name, kind in zip(found.columns, found.types, strict=True)}
        unsorted = as_it_lies(by_seen(""), f"SELECT seen, id FROM {table}", columns)

        assert unsorted.is_in_order(connection) is is_in_order
        if is_in_order:
            assert len(connection.execute(unsorted.select.text).fetchall()) == len(found)
        else:
            with pytest.raises(duckdb.InvalidInputException, match=OUT_OF_ORDER):
                connection.execute(unsorted.select.text).fetchall()


@pytest.mark.parametrize("name", ["_syncer order", "_syncer before", "_Syncer Order", "_syncer"])
def test_any_name_of_a_column_is_read(file: Path, name: str) -> None:
    assert len(rows(source(file), by_seen(f'SELECT id, seen, id AS "{name}" FROM grown WHERE id < 5000'))) == 5000


def test_another_order_than_a_moment_before_is_told_with_a_remedy(file: Path) -> None:
    query = Query(sql=f"SELECT error('{OUT_OF_ORDER}')")

    with pytest.raises(QueryError, match=r"another order than a moment before; put ORDER BY"):
        list(source(file).read(query))


def test_a_file_is_free_for_writers_once_it_was_read_as_it_lies(file: Path) -> None:
    opened = source(file)
    assert len(rows(opened, by_seen("FROM first"))) == 20_000

    with duckdb.connect(str(file)) as connection:
        assert connection.execute("SELECT count(*) FROM first").fetchall() == [(20_000,)]
