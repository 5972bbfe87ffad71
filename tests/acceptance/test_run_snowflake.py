from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.acceptance.shop import Done, Shop
from tests.contract.snowflake_server.running import PASSWORD, SnowflakeServer, running

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]  # the first test may install the server

TABLE = """
CREATE OR REPLACE TABLE orders (
    order_id NUMBER(38,0), email VARCHAR, total NUMBER(12,2), currency VARCHAR,
    ordered_at TIMESTAMP_TZ, updated_at TIMESTAMP_NTZ
)
"""
ADD = """
INSERT INTO orders SELECT n, 'customer' || n || '@example.com', 12.50, 'EUR',
    DATEADD(hour, -1, CURRENT_TIMESTAMP()), DATEADD(minute, n, '2026-11-01 00:00:00'::TIMESTAMP_NTZ)
    FROM (SELECT ROW_NUMBER() OVER (ORDER BY 1) + {first} - 1 AS n FROM TABLE(GENERATOR(ROWCOUNT => {count})))
"""
EXAMPLE_TABLE = """
CREATE OR REPLACE TABLE orders (
    order_id NUMBER(38,0), status VARCHAR, email VARCHAR, phone VARCHAR, country VARCHAR, customer_id VARCHAR,
    user_agent VARCHAR, page_url VARCHAR, total NUMBER(12,2), currency VARCHAR, items VARIANT,
    ordered_at TIMESTAMP_NTZ, updated_at TIMESTAMP_NTZ
)
"""
EXAMPLE_ROW = """
INSERT INTO orders SELECT 1, 'paid', 'ann@example.com', '(650) 555-1212', 'US', 'C-1', 'test agent',
    'https://shop.example/thanks', 12.50, 'USD', PARSE_JSON('[{{"sku": "SKU-1", "qty": 2, "price": 6.25}}]'),
    '{at}'::TIMESTAMP_NTZ, '{at}'::TIMESTAMP_NTZ
"""
SOURCE = """
    type: snowflake
    account: test
    user: reader
    password: ${env:SNOWFLAKE_PASSWORD}
    database: SHOP
    schema: MAIN
    host: 127.0.0.1
    port: PORT
    protocol: http
"""


@pytest.fixture(scope="module")
def server() -> Iterator[SnowflakeServer]:
    with running() as server:
        yield server


@pytest.fixture
def snowflake_shop(shop: Shop, server: SnowflakeServer) -> Shop:
    """A project whose warehouse is an account of Snowflake; the pipeline writes its columns in lower case."""
    source = SOURCE.replace("PORT", str(server.port)).rstrip()
    shop.edit("syncer.yaml", " {type: duckdb, path: warehouse.duckdb}", source)
    server.run(TABLE)
    return shop


def run(shop: Shop, password: str = PASSWORD) -> Done:
    return shop.syncer("run", "orders", "--output", "json", SNOWFLAKE_PASSWORD=password)


def add(server: SnowflakeServer, *, first: int, count: int) -> None:
    server.run(ADD.format(first=first, count=count))


def test_rows_of_an_account_arrive_once_and_a_second_run_sends_only_what_is_new(
    snowflake_shop: Shop, server: SnowflakeServer
) -> None:
    add(server, first=1, count=1_500)
    first = run(snowflake_shop)
    assert first.code == 0, first.err
    assert (first.report["status"], first.report["acknowledged"], first.report["requests"]) == ("done", 1_500, 2)

    add(server, first=1_501, count=10)
    second = run(snowflake_shop).report
    assert second["acknowledged"] == 10
    assert second["rows_read"] < 100
    assert sorted(map(int, snowflake_shop.order_ids())) == list(range(1, 1_511))
    events: list[Any] = list(snowflake_shop.sandbox.sandbox.events())
    assert {event["custom_data"]["value"] for event in events} == {12.5}


def test_the_example_runs_and_its_times_without_zone_are_those_of_its_time_zone(
    shop: Shop, server: SnowflakeServer
) -> None:
    server.run(EXAMPLE_TABLE)
    at = datetime.now(ZoneInfo("America/Los_Angeles")).replace(microsecond=0) - timedelta(hours=2)
    server.run(EXAMPLE_ROW.format(at=f"{at:%Y-%m-%d %H:%M:%S}"))
    shop.take_example("snowflake_purchases")
    local = f"\n    host: 127.0.0.1\n    port: {server.port}\n    protocol: http\n    user: ${{env:SNOWFLAKE_USER}}"
    shop.edit("syncer.yaml", "\n    user: ${env:SNOWFLAKE_USER}", local)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    place = {"SNOWFLAKE_DATABASE": "SHOP", "SNOWFLAKE_SCHEMA": "MAIN", "SNOWFLAKE_WAREHOUSE": "SYNC_WH"}
    login = {"SNOWFLAKE_ACCOUNT": "test", "SNOWFLAKE_USER": "reader", "SNOWFLAKE_ROLE": "SYNCER_READER"}

    done = shop.syncer("run", "snowflake_purchases", "--output", "json", SNOWFLAKE_PRIVATE_KEY=pem, **place, **login)

    assert (done.code, done.report["acknowledged"]) == (0, 1), done
    (event,) = shop.sandbox.sandbox.events()
    found: Any = event
    assert found["event_time"] == int(at.timestamp())
    assert found["custom_data"]["contents"] == [{"id": "SKU-1", "quantity": 2, "item_price": 6.25}]
    assert found["custom_data"]["value"] == 12.5


def test_a_wrong_password_fails_with_remedy_and_loses_nothing(snowflake_shop: Shop, server: SnowflakeServer) -> None:
    add(server, first=1, count=5)
    failed = run(snowflake_shop, "battery staple")
    assert failed.code == 1
    assert "refuses the user or its password" in failed.report["message"]
    assert "battery staple" not in failed.out + failed.err

    assert run(snowflake_shop).report["acknowledged"] == 5


def test_nothing_but_the_state_is_left_at_home(snowflake_shop: Shop, server: SnowflakeServer) -> None:
    add(server, first=1, count=5)

    assert run(snowflake_shop).code == 0

    written = {path.relative_to(snowflake_shop.folder).parts[0] for path in snowflake_shop.folder.rglob("*")}
    assert written <= {".syncer", "pipelines", "syncer.yaml", "warehouse.duckdb"}
