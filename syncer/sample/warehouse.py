"""The made-up shop's warehouse, as a DuckDB file."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from syncer.sample.orders import orders

TABLE = """
CREATE TABLE IF NOT EXISTS orders (
    order_id BIGINT, status VARCHAR, customer_id VARCHAR, email VARCHAR, phone VARCHAR, first_name VARCHAR,
    last_name VARCHAR, gender VARCHAR, birthday VARCHAR, city VARCHAR, state VARCHAR, postal_code VARCHAR,
    country VARCHAR, ip VARCHAR, user_agent VARCHAR, cookie_header VARCHAR, landing_url VARCHAR,
    landed_at TIMESTAMPTZ, page_url VARCHAR, items JSON, total DECIMAL(12, 2), currency VARCHAR,
    loyalty_tier VARCHAR, ordered_at TIMESTAMPTZ, updated_at TIMESTAMPTZ
)
"""


def create(path: Path, *, count: int, now: datetime) -> None:
    """Write a new warehouse with `count` orders to `path`."""
    _insert(path, orders(count, now=now))


def add_new(path: Path, *, count: int, edited: int, now: datetime) -> None:
    """Append `count` orders that came in since, and touch `edited` old ones."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        last = connection.sql("SELECT max(order_id) FROM orders").fetchall()[0][0]
        connection.execute(
            "UPDATE orders SET loyalty_tier = 'platinum', updated_at = $1 WHERE order_id <= $2", [now, edited]
        )
    fresh = ({**row, "ordered_at": now, "updated_at": now} for row in orders(count, now=now, seed=8, first_id=last + 1))
    _insert(path, fresh)


def _insert(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    import duckdb
    import pyarrow as pa

    batch = pa.Table.from_pylist(list(rows))
    with duckdb.connect(str(path)) as connection:
        connection.execute(TABLE)
        connection.register("batch", batch)
        connection.execute("INSERT INTO orders BY NAME SELECT * FROM batch")
