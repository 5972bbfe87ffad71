import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.acceptance.shop import Shop

pytestmark = pytest.mark.acceptance

TABLE = """
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY, email VARCHAR(80), total DECIMAL(12, 2), currency CHAR(3),
    ordered_at DATETIME, updated_at TIMESTAMP
)
"""
ADD = """
WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
INSERT INTO orders SELECT n, 'customer' || n || '@example.com', '12.50', 'EUR',
    unixepoch('now', '-1 hour'), strftime('%Y-%m-%d %H:%M:%f', '2026-11-01', '+' || n || ' minutes')
    FROM numbers
"""


@pytest.fixture
def sqlite_shop(shop: Shop) -> Shop:
    """A project whose warehouse is a SQLite file."""
    shop.edit("syncer.yaml", "{type: duckdb, path: warehouse.duckdb}", "{type: sqlite, path: shop.db}")
    change(shop, TABLE)
    return shop


def change(shop: Shop, statement: str, **numbers: int) -> None:
    with closing(sqlite3.connect(shop.folder / "shop.db")) as connection, connection:
        connection.execute(statement, numbers)


def test_rows_of_a_sqlite_file_arrive_once_and_a_second_run_sends_only_what_is_new(sqlite_shop: Shop) -> None:
    change(sqlite_shop, ADD, first=1, last=1_500)
    first = sqlite_shop.syncer("run", "orders", "--output", "json")
    assert first.code == 0, first.err
    assert (first.report["status"], first.report["acknowledged"], first.report["requests"]) == ("done", 1_500, 2)

    change(sqlite_shop, ADD, first=1_501, last=1_510)
    second = sqlite_shop.syncer("run", "orders", "--output", "json").report
    assert second["acknowledged"] == 10
    assert second["rows_read"] < 100
    assert sorted(map(int, sqlite_shop.order_ids())) == list(range(1, 1_511))
    events: list[Any] = list(sqlite_shop.sandbox.sandbox.events())
    assert {event["custom_data"]["value"] for event in events} == {12.5}


def test_a_value_that_its_column_does_not_declare_costs_its_row_only(sqlite_shop: Shop) -> None:
    change(sqlite_shop, ADD, first=1, last=100)
    change(sqlite_shop, "UPDATE orders SET total = 'twelve', updated_at = 'yesterday' WHERE order_id = 7")
    change(sqlite_shop, "UPDATE orders SET ordered_at = 'noon' WHERE order_id = 8")

    done = sqlite_shop.syncer("run", "orders", "--output", "json")

    assert (done.code, done.report["acknowledged"]) == (3, 98)
    assert done.report["reasons"]["value_missing"] == 1


def test_a_file_that_is_not_there_fails_with_remedy_and_loses_nothing(sqlite_shop: Shop) -> None:
    change(sqlite_shop, ADD, first=1, last=5)
    (sqlite_shop.folder / "shop.db").rename(sqlite_shop.folder / "away.db")
    failed = sqlite_shop.syncer("run", "orders", "--output", "json")
    assert failed.code == 1
    assert "there is no file" in failed.report["message"]

    (sqlite_shop.folder / "away.db").rename(sqlite_shop.folder / "shop.db")
    assert sqlite_shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 5
