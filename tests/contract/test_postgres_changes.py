"""A table that is filled anew in the moment in which a reading begins is read whole, old or new."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pyarrow as pa
import pytest

from connectors.base import Query
from connectors.errors import SourceUnavailableError
from connectors.postgres import Asked, Way, by_arrow, by_cursor
from connectors.testing.warehouse import values
from tests.postgres_database import PostgresDatabase

pytestmark = pytest.mark.integration

NEW = [100, 101, 102]
REFILL = ("TRUNCATE orders", "INSERT INTO orders VALUES (100), (101), (102)")
REWRITE = ("UPDATE orders SET id = id + 99", "ALTER TABLE orders ADD COLUMN made timestamptz DEFAULT clock_timestamp()")
ASKED = Query(sql="SELECT id FROM orders", cursor_column="id")


@pytest.fixture
def database(postgres_server: str) -> Iterator[PostgresDatabase]:
    made = PostgresDatabase(postgres_server, by_arrow, by_cursor)
    made.run("CREATE TABLE orders (id int)", "INSERT INTO orders VALUES (1), (2), (3)")
    yield made
    made.drop()


def change(database: PostgresDatabase, statements: tuple[str, ...], *, open_s: float) -> None:
    """Run statements in one transaction that stays open for a while."""
    with psycopg.connect(database.url, dbname=database.name) as connection:
        for statement in statements:
            connection.execute(statement)
        time.sleep(open_s)


def wait_until_it_waits(database: PostgresDatabase) -> None:
    waiting = "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database WHERE NOT granted AND datname = '{}'"
    until = time.monotonic() + 10
    while database.run(waiting.format(database.name)) == [(0,)]:
        assert time.monotonic() < until, "nobody waits"
        time.sleep(0.01)


@pytest.mark.parametrize("statements", [REFILL, REWRITE], ids=["refilled", "rewritten"])
@pytest.mark.parametrize("way", [by_arrow, by_cursor], ids=["arrow", "cursor"])
def test_a_change_that_was_begun_before_is_read_whole(
    database: PostgresDatabase, way: Way, statements: tuple[str, ...]
) -> None:
    database.ways = (way,)
    with ThreadPoolExecutor(1) as beside, database.connect() as source:
        changing = beside.submit(change, database, statements, open_s=0.5)
        while database.run("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") == [(0,)]:
            time.sleep(0.01)
        found = values(source, ASKED, "id")
        changing.result()
    assert found == NEW


@pytest.mark.parametrize("statements", [REFILL, REWRITE], ids=["refilled", "rewritten"])
@pytest.mark.parametrize("way", [by_arrow, by_cursor], ids=["arrow", "cursor"])
def test_a_change_between_describing_and_reading_is_read_whole_or_not_at_all(
    database: PostgresDatabase, way: Way, statements: tuple[str, ...]
) -> None:
    with ThreadPoolExecutor(1) as beside:

        def changed_before(asked: Asked, reading: ExitStack) -> Iterator[pa.RecordBatch] | None:
            beside.submit(change, database, statements, open_s=0.3)
            wait_until_it_waits(database)
            return way(asked, reading)

        database.ways = (changed_before,)
        with database.connect() as source:
            found = values(source, ASKED, "id")
    assert found in ([1, 2, 3], NEW)


OTHERS = ("TYPE numeric(10, 2)", "TYPE timestamptz USING now()", "TYPE text USING 'canary'")


@pytest.mark.parametrize("statement", ["DROP TABLE orders", "ALTER TABLE orders RENAME id TO number", *OTHERS])
def test_a_table_that_is_another_by_then_is_told_as_that(database: PostgresDatabase, statement: str) -> None:
    sql = f"ALTER TABLE orders ALTER COLUMN id {statement}" if statement in OTHERS else statement
    with ThreadPoolExecutor(1) as beside:

        def changed_before(asked: Asked, reading: ExitStack) -> Iterator[pa.RecordBatch] | None:
            beside.submit(change, database, (sql,), open_s=0.1)
            wait_until_it_waits(database)
            return by_arrow(asked, reading)

        database.ways = (changed_before,)
        with database.connect() as source, pytest.raises(SourceUnavailableError) as failure:
            values(source, ASKED, "id")
    assert failure.value.what.endswith("was changed as its reading began")
    assert failure.value.remedy == "try again"
