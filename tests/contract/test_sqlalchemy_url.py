"""What a `url` may name, and that nothing but the database ever sees it; files of SQLite and DuckDB."""

import sqlite3
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from connectors.base import Query, Range, Source
from connectors.errors import ConnectorError, QueryError, SourceError, SourceRefusedError, SourceUnavailableError
from connectors.incremental import CursorKind, CursorValue
from connectors.sqlalchemy import Options, SqlalchemySource, connect
from connectors.testing.warehouse import all_rows, values
from tests.contract.sqlalchemy_databases import TAKES, TAKES_PERCENTS

SECRET = "canary-s3cret"
ORDERS = Query(sql="SELECT * FROM orders", cursor_column="id")


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def opened(url: str, root: Path) -> Source:
    return connect(Options(url=url), root=root)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    change(path, "CREATE TABLE orders (id, total, note)", "INSERT INTO orders VALUES (1, 12, 'a'), (2, 12.5, x'00ff')")
    return path


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        (f"postgresql+psycopg://u:{SECRET}@127.0.0.1:1/x", SourceUnavailableError, "postgresql database at 127.0.0.1"),
        (f"mysql+pymysql://u:{SECRET}@127.0.0.1:1/x?nosuch=1", SourceRefusedError, "option of the url"),
        (f"postgresql+psycopg://u:{SECRET}@h:port/x", SourceRefusedError, "no URL of a database"),
        (f"postgresql+psycopg://u:a@{SECRET}@127.0.0.1:1/x", SourceError, "the postgresql database"),
        (f"postgresql+psycopg://u:a@{SECRET}/b@127.0.0.1:1/x", SourceError, "the postgresql database"),
        (f"{SECRET}", SourceRefusedError, "no URL of a database"),
        (f"host={SECRET} dbname=x", SourceRefusedError, "no URL of a database"),
        (f"mysql://u:{SECRET}@h/x", ConnectorError, "run: pip install mysqlclient"),
        (f"oracle+oracledb://u:{SECRET}@h/x", ConnectorError, "run: pip install oracledb"),
        (f"mssql+pyodbc://u:{SECRET}@h/x", ConnectorError, "run: pip install pyodbc"),
        (f"trino://u:{SECRET}@h/x", ConnectorError, r"'trino'.*run: pip install 'trino\[sqlalchemy\]'"),
        (f"nosuch+driver://u:{SECRET}@h/x", ConnectorError, r"no SQLAlchemy dialect 'nosuch\+driver' is installed"),
        (
            f"postgresql+psycopg_async://u:{SECRET}@h/x",
            SourceRefusedError,
            r"asynchronously; .* postgresql\+psycopg://",
        ),
    ],
)
def test_what_cannot_be_reached_is_named_without_the_password(
    tmp_path: Path, url: str, kind: type[SourceError], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        opened(url, tmp_path).schema(ORDERS)

    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.remedy


def test_no_repr_tells_the_url(file: Path) -> None:
    options = Options(url=f"sqlite:///{file}?password={SECRET}")

    assert SECRET not in repr(options)
    assert SECRET not in repr(connect(options, root=file.parent))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///nowhere.db", "sqlite:///:memory:", "duckdb:///nowhere.duckdb"])
def test_a_url_of_no_file_is_refused_and_makes_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceRefusedError, match=r"file.*`url`|url names no file"):
        opened(url, tmp_path)

    assert not list(tmp_path.iterdir())


def test_the_path_of_a_file_starts_at_the_root(file: Path) -> None:
    assert values(opened("sqlite:///shop.db", file.parent), ORDERS, "id") == [1, 2]


def test_a_locked_file_is_unavailable_for_now(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(SourceUnavailableError, match="locked"):
            all_rows(opened("sqlite:///shop.db?timeout=0.1", file.parent), ORDERS)


def test_a_file_that_is_no_database_is_refused(file: Path) -> None:
    file.write_bytes(b"hello, world" * 1000)

    with pytest.raises(SourceRefusedError):
        all_rows(opened("sqlite:///shop.db", file.parent), ORDERS)


def test_all_values_of_a_sqlite_column_decide_on_its_type(file: Path) -> None:
    change(file, "INSERT INTO orders SELECT value + 3, 1, NULL FROM json_each(json_array(1, 2, 3))")

    with opened("sqlite:///shop.db", file.parent) as source:
        schema = source.schema(ORDERS)
        first = all_rows(source, ORDERS)[:2]

    assert [str(field.type) for field in schema] == ["int64", "double", "string"]
    assert [row["total"] for row in first] == [12.0, 12.5]


def test_types_stay_those_of_the_schema_and_what_no_longer_fits_is_null(file: Path) -> None:
    with opened("sqlite:///shop.db", file.parent) as source:
        schema = source.schema(ORDERS)
        change(file, "INSERT INTO orders VALUES (3, 'twelve', 'b'), ('four', 4, 'c')")
        batches = list(source.read(ORDERS))

    assert {batch.schema for batch in batches} == {schema}
    assert [(row["id"], row["total"]) for batch in batches for row in batch.to_pylist()] == [
        (None, 4.0),
        (1, 12.0),
        (2, 12.5),
        (3, None),
    ]


def test_a_text_that_is_no_utf_8_costs_its_row_only(file: Path) -> None:
    change(file, "UPDATE orders SET note = CAST(x'ff41' AS TEXT) WHERE id = 2")

    assert values(opened("sqlite:///shop.db", file.parent), ORDERS, "note") == ["a", None]


@pytest.mark.skipif(TAKES_PERCENTS, reason=TAKES)
def test_colons_percents_and_backslashes_of_the_query_stay_as_they_are(file: Path) -> None:
    sql = r"SELECT id, ':name' AS a, '\:x' AS b, '%s %(x)s %' AS c, '::int' AS d, id % 2 AS odd FROM orders"
    found = all_rows(opened("sqlite:///shop.db", file.parent), Query(sql=sql, cursor_column="id", limit=1))

    assert found == [{"id": 1, "a": ":name", "b": r"\:x", "c": "%s %(x)s %", "d": "::int", "odd": 1}]


def test_a_cursor_of_no_type_whose_first_values_are_null_is_ordered_by_the_others(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "shop.duckdb") as connection:  # its driver names no type of HUGEINT that we know
        connection.execute("CREATE TABLE orders (id HUGEINT, note VARCHAR)")
        connection.execute("INSERT INTO orders SELECT NULL, 'none' FROM range(2000)")
        connection.execute("INSERT INTO orders VALUES (10, 'ten'), (9, 'nine')")
    later = Range(column="id", low=CursorValue(CursorKind.INTEGER, "9"))

    with opened("duckdb:///shop.duckdb", tmp_path) as source:
        assert values(source, Query(sql=ORDERS.sql, cursor_column="id", ranges=(later,)), "note") == ["nine", "ten"]


def test_a_duckdb_file_is_read_with_its_types(tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute(
            'CREATE TABLE orders (id BIGINT, total DECIMAL(12, 2), "at" TIMESTAMPTZ, seen TIMESTAMP, j JSON)'
        )
        rows = "(1, 12.50, '2026-01-01 10:00:00+01', '2026-01-01', '[1.10]'), (2, NULL, '2026-01-02', NULL, NULL)"
        connection.execute(f"INSERT INTO orders VALUES {rows}")
    bounds = (
        Range(column="at", low=CursorValue(CursorKind.TIMESTAMP_TZ, "2026-01-01T09:00:00Z")),
        Range(column="total", high=CursorValue(CursorKind.DECIMAL, "12.501"), with_null=True),
    )

    with opened("duckdb:///shop.duckdb", tmp_path) as source:
        schema = source.schema(ORDERS)
        found = values(source, Query(sql=ORDERS.sql, ranges=bounds, cursor_column="at"), "id")
        with pytest.raises(QueryError):
            all_rows(source, Query(sql="DELETE FROM orders RETURNING *"))

    assert [str(field.type) for field in schema][:4] == [
        "int64",
        "decimal128(12, 2)",
        "timestamp[us, tz=UTC]",
        "timestamp[us]",
    ]
    assert found == [1, 2]


def test_a_driver_that_lacks_a_package_is_refused() -> None:
    def connection() -> sqlite3.Connection:
        raise RuntimeError(
            "'cryptography' package is required for sha256_password or caching_sha2_password auth methods"
        )

    source = SqlalchemySource(sa.create_engine("sqlite://", creator=connection))

    with pytest.raises(SourceRefusedError, match="pip install cryptography"):
        source.schema(ORDERS)


class Strict(sqlite3.Cursor):
    """Fails on a value as drivers do that make a time or a text of it."""

    def fetchmany(self, size: int | None = 1) -> list[Any]:
        raise ValueError(f"year {SECRET} is out of range")


class Driver(sqlite3.Connection):
    def cursor(self, factory: Any = Strict) -> Any:
        return super().cursor(factory)


def test_a_value_that_the_driver_cannot_make_is_an_error_without_it(file: Path) -> None:
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(file, factory=Driver, check_same_thread=False),
        poolclass=sa.NullPool,
    )

    with (
        SqlalchemySource(engine) as source,
        pytest.raises(QueryError, match="the driver failed while rows were read") as caught,
    ):
        all_rows(source, ORDERS)

    assert SECRET not in "".join(traceback.format_exception(caught.value))
