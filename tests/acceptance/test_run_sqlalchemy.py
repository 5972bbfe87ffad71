import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.acceptance.shop import Shop

pytestmark = pytest.mark.acceptance

TABLE = """
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, email TEXT, total REAL, currency TEXT, ordered_at TEXT, updated_at TEXT)
"""
ADD = """
WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
INSERT INTO orders SELECT n, 'customer' || n || '@example.com', 12.5, 'EUR',
    strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 hour'), strftime('%Y-%m-%d %H:%M:%f', '2026-11-01', '+' || n || ' minutes')
    FROM numbers
"""
FILE = "sqlite:///shop.db"


@pytest.fixture
def any_shop(shop: Shop) -> Shop:
    """A project whose warehouse is the URL of a database."""
    shop.edit("syncer.yaml", "{type: duckdb, path: warehouse.duckdb}", '{type: sqlalchemy, url: "${env:SHOP_URL}"}')
    change(shop, TABLE)
    return shop


def change(shop: Shop, statement: str, **numbers: int) -> None:
    with closing(sqlite3.connect(shop.folder / "shop.db")) as connection, connection:
        connection.execute(statement, numbers)


def test_rows_behind_a_url_arrive_once_and_a_second_run_sends_only_what_is_new(any_shop: Shop) -> None:
    change(any_shop, ADD, first=1, last=1_500)
    first = any_shop.syncer("run", "orders", "--output", "json", SHOP_URL=FILE)
    assert first.code == 0, first.err
    assert (first.report["status"], first.report["acknowledged"], first.report["requests"]) == ("done", 1_500, 2)

    change(any_shop, ADD, first=1_501, last=1_510)
    second = any_shop.syncer("run", "orders", "--output", "json", SHOP_URL=FILE).report
    assert second["acknowledged"] == 10
    assert sorted(map(int, any_shop.order_ids())) == list(range(1, 1_511))
    events: list[Any] = list(any_shop.sandbox.sandbox.events())
    assert {event["custom_data"]["value"] for event in events} == {12.5}


def test_a_database_that_is_away_fails_with_remedy_and_no_password(any_shop: Shop) -> None:
    url = "postgresql+psycopg://syncer:canary-s3cret@127.0.0.1:1/shop"

    failed = any_shop.syncer("run", "orders", "--output", "json", SHOP_URL=url)

    assert failed.code == 1
    assert "127.0.0.1 cannot be reached" in failed.report["message"]
    assert "canary" not in failed.out + failed.err


def test_S02_the_words_of_a_query_reach_no_log(any_shop: Shop) -> None:
    change(any_shop, ADD, first=1, last=3)
    any_shop.edit("pipelines/orders.yaml", "SELECT * FROM orders", "SELECT * FROM orders WHERE 'canarykey' <> ''")
    done = any_shop.syncer("run", "orders", "-vv", SHOP_URL=FILE)
    assert (done.code, "SELECT" in done.err) == (0, True)  # that of the state
    assert "canarykey" not in done.err
