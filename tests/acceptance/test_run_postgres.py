import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.acceptance.pages import statements
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


SHOP = """
CREATE SCHEMA analytics;
CREATE TABLE analytics.customers (
    customer_id uuid PRIMARY KEY, emails text[], phone text, country text, user_agent text
);
CREATE TABLE analytics.orders (
    order_id bigint PRIMARY KEY, customer_id uuid, status text, total numeric(12, 2), currency char(3), items jsonb,
    page_url text, ordered_at timestamptz, updated_at timestamptz
);
INSERT INTO analytics.customers SELECT md5('c' || g)::uuid, ARRAY['a' || g || '@example.com', 'b@example.com'],
    '(650) 555-1212', 'US', 'test agent' FROM generate_series(0, 9) AS g;
INSERT INTO analytics.orders SELECT g, md5('c' || g % 10)::uuid, CASE g WHEN 7 THEN 'open' ELSE 'paid' END, 12.50, 'EUR',
    '[{"sku": "SKU-1", "qty": 2, "price": 6.25}]', 'https://shop.example/thanks', now() - interval '1 hour', now()
    FROM generate_series(1, 50) AS g
"""


@pytest.fixture
def reader(database: PostgresDatabase) -> Iterator[str]:
    """A role made by the statements of the page about read-only roles, in a database with the tables of the example."""
    role = f"syncer_{database.name}"
    given = re.sub(r"\bsyncer\b", role, statements("docs/how-to/read-only-roles.md", "Postgres"))
    database.run(SHOP, given.replace("DATABASE shop", f"DATABASE {database.name}"))
    yield role
    database.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_the_example_runs_as_the_role_of_the_page_which_may_only_read(
    shop: Shop, database: PostgresDatabase, reader: str
) -> None:
    shop.take_example("postgres_purchases")
    with psycopg.connect(database.url) as connection:
        place = {"POSTGRES_HOST": connection.info.host, "POSTGRES_PORT": str(connection.info.port)}
    login = {"POSTGRES_USER": reader, "POSTGRES_PASSWORD": "any", "POSTGRES_SSLMODE": "prefer"}

    done = shop.syncer(
        "run", "postgres_purchases", "--output", "json", POSTGRES_DATABASE=database.name, **place, **login
    )

    assert (done.code, done.report["acknowledged"]) == (0, 49), done
    event: Any = next(iter(shop.sandbox.sandbox.events()))
    assert len(event["user_data"]["em"]) == 2
    assert event["user_data"]["ph"] == ["e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"]
    assert event["custom_data"]["contents"] == [{"id": "SKU-1", "quantity": 2, "item_price": 6.25}]
    database.run("CREATE TABLE analytics.later (n int)")
    with psycopg.connect(database.url, dbname=database.name, user=reader, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM analytics.later").fetchone() == (0,)
        connection.execute("SET default_transaction_read_only = off")
        for change in (
            "INSERT INTO analytics.later VALUES (1)",
            "CREATE TABLE analytics.own (n int)",
            "CREATE TABLE own (n int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(change.encode())


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
