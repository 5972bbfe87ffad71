"""A column has another type than at the run before: nothing is sent twice, none is lost, and the message says why."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from syncer.config.load import load_project
from syncer.errors import StateError
from syncer.exit_codes import exit_code
from syncer.outlook import forecast
from syncer.report import RunReport
from syncer.session import Session
from tests.acceptance.shop import TOKEN, Shop
from tests.postgres_database import PostgresDatabase

pytestmark = pytest.mark.acceptance

Change = Callable[[str], object]
DAY, TIME, NUMBER = "'2026-11-{:02}'", "'2026-11-{:02} 10:00:00'", "{}"


@pytest.fixture(params=["duckdb", "sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
def change(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Change]:
    """What changes the warehouse of the project."""
    before = "{type: duckdb, path: warehouse.duckdb}"
    if request.param == "duckdb":
        yield shop.sql
    elif request.param == "sqlite":
        shop.edit("syncer.yaml", before, "{type: sqlite, path: shop.db}")
        with closing(sqlite3.connect(shop.folder / "shop.db", isolation_level=None)) as connection:
            yield connection.execute
    else:
        database = PostgresDatabase(request.getfixturevalue("postgres_server"))
        shop.edit("syncer.yaml", before, f"{{type: postgres, url: '{database.url}', database: {database.name}}}")
        yield database.run
        database.drop()


def fill(change: Change, last: int, cursor: str, written: str, *, others: str = "BIGINT") -> None:
    """Make the table anew with orders 1 to `last`, one a day; key and value are of the type `others`."""
    ordered = datetime.now(UTC) - timedelta(hours=1)
    change("DROP TABLE IF EXISTS orders")
    change(
        f"CREATE TABLE orders (order_id {others}, email VARCHAR(80), total {others}, currency CHAR(3), "
        f"ordered_at TIMESTAMP, updated_at {cursor})"
    )
    rows = (
        f"('{n}', 'c{n}@example.com', '12', 'EUR', '{ordered:%F %T}', {written.format(n)})" for n in range(1, last + 1)
    )
    change("INSERT INTO orders VALUES " + ", ".join(rows))


def opened(shop: Shop) -> Session:
    return Session(load_project(shop.folder, target=None, environ={"TOKEN": TOKEN}))


def run(shop: Shop) -> tuple[int, RunReport]:
    """Run as the command does, in this process; return its exit code and report."""
    with opened(shop) as session:
        report = session.run("orders")
        return exit_code(report, session.project.pipelines["orders"]).value, report


def plan(shop: Shop) -> None:
    """Ask what a run would do."""
    with opened(shop) as session:
        forecast(session, session.project.pipelines["orders"], on_rows=lambda _: None)


def test_a_changed_type_sends_nothing_twice_and_the_next_run_goes_on_once_it_is_mended(
    shop: Shop, change: Change
) -> None:
    fill(change, 3, "DATE", DAY)
    assert run(shop)[1].watermark_after == "2026-11-03"

    for cursor, written in (("TIMESTAMP", TIME), ("BIGINT", NUMBER)):
        fill(change, 5, cursor, written)
        code, failed = run(shop)
        assert (code, failed.watermark_after) == (1, "2026-11-03")
        assert failed.message.startswith("state: the cursor was date and is ")
        assert "cast it back in the query" in failed.message
    with pytest.raises(StateError, match="the cursor was date and is integer now"):
        plan(shop)

    fill(change, 6, "DATE", DAY, others="VARCHAR(20)")  # texts of the same numbers are the same
    assert run(shop)[0] == 0
    assert shop.order_ids() == ["1", "2", "3", "4", "5", "6"]
