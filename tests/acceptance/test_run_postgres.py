from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.acceptance.shop import Shop
from tests.postgres_database import PostgresDatabase

pytestmark = [pytest.mark.acceptance, pytest.mark.integration]

TABLE = """
CREATE TABLE orders (
    order_id bigint PRIMARY KEY, email varchar(80), total numeric(12, 2), currency char(3),
    ordered_at timestamptz, updated_at timestamptz
)
"""
ADD = """
INSERT INTO orders SELECT g, 'customer' || g || '@example.com', 12.50, 'EUR',
    now() - interval '1 hour', timestamptz '2026-11-01 00:00:00Z' + g * interval '1 minute'
FROM generate_series({first}, {last}) AS g
"""


@pytest.fixture
def database(postgres_server: str) -> Iterator[PostgresDatabase]:
    made = PostgresDatabase(postgres_server)
    made.run(TABLE)
    yield made
    made.drop()


@pytest.fixture
def postgres_shop(shop: Shop, database: PostgresDatabase) -> Shop:
    """A project whose warehouse is a Postgres database."""
    with psycopg.connect(database.url) as connection:
        host, port, user = (connection.info.host, connection.info.port, connection.info.user)
    source = f"{{type: postgres, host: {host}, port: {port}, database: {database.name}, user: {user}}}"
    shop.edit("syncer.yaml", "{type: duckdb, path: warehouse.duckdb}", source)
    return shop


def test_rows_of_a_postgres_table_arrive_once_and_a_second_run_sends_only_what_is_new(
    postgres_shop: Shop, database: PostgresDatabase
) -> None:
    database.run(ADD.format(first=1, last=1_500))
    first = postgres_shop.syncer("run", "orders", "--output", "json")
    assert first.code == 0, first.err
    assert (first.report["status"], first.report["acknowledged"], first.report["requests"]) == ("done", 1_500, 2)

    database.run(ADD.format(first=1_501, last=1_510))
    second = postgres_shop.syncer("run", "orders", "--output", "json").report
    assert second["acknowledged"] == 10
    assert second["rows_read"] < 100
    assert sorted(map(int, postgres_shop.order_ids())) == list(range(1, 1_511))
    events: list[Any] = list(postgres_shop.sandbox.sandbox.events())
    assert {event["custom_data"]["value"] for event in events} == {12.5}


def test_a_value_that_no_decimal_or_calendar_holds_costs_its_row_only(
    postgres_shop: Shop, database: PostgresDatabase
) -> None:
    database.run(
        ADD.format(first=1, last=100),
        "UPDATE orders SET total = 'NaN' WHERE order_id = 7",
        "UPDATE orders SET ordered_at = 'infinity' WHERE order_id = 8",
        "UPDATE orders SET updated_at = 'infinity' WHERE order_id = 9",
    )

    done = postgres_shop.syncer("run", "orders", "--output", "json")

    assert (done.code, done.report["acknowledged"]) == (3, 98)
    assert done.report["reasons"]["value_missing"] == 1


def test_a_number_without_digits_and_lists_arrive(postgres_shop: Shop, database: PostgresDatabase) -> None:
    database.run(ADD.format(first=1, last=3), "ALTER TABLE orders ALTER total TYPE numeric, ADD more text[]")
    database.run("UPDATE orders SET more = ARRAY['second' || order_id || '@example.com'], total = 12.5 * 2")
    postgres_shop.edit("pipelines/orders.yaml", "em: email", "em: [email, more]")

    done = postgres_shop.syncer("run", "orders", "--output", "json")

    assert done.report["acknowledged"] == 3, done.report
    events: list[Any] = list(postgres_shop.sandbox.sandbox.events())
    assert {event["custom_data"]["value"] for event in events} == {25}
    assert {len(event["user_data"]["em"]) for event in events} == {2}


def test_a_server_that_is_away_fails_with_remedy_and_loses_nothing(
    postgres_shop: Shop, database: PostgresDatabase
) -> None:
    database.run(ADD.format(first=1, last=5))
    folder = postgres_shop.folder
    good = (folder / "syncer.yaml").read_text(encoding="utf-8")
    postgres_shop.edit("syncer.yaml", "type: postgres, host: /", "type: postgres, host: /nowhere/")
    failed = postgres_shop.syncer("run", "orders", "--output", "json")
    assert failed.code == 1
    assert "cannot be reached" in failed.report["message"]

    Path(folder / "syncer.yaml").write_text(good, encoding="utf-8")
    assert postgres_shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 5
