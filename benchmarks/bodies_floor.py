"""Rows to bodies, the plain floor: hashlib and orjson in one loop, lower case and strip, no rules, no checks."""

import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from benchmarks.measure import report
from benchmarks.plain_rows import load

HASHED = {
    "em": "email", "ph": "phone", "fn": "first_name", "ln": "last_name", "ge": "gender", "db": "birthday",
    "ct": "city", "st": "state", "zp": "postal_code", "country": "country", "external_id": "customer_id",
}  # fmt: skip
PLAIN = {"client_ip_address": "ip", "client_user_agent": "user_agent", "fbp": "fbp", "fbc": "fbc"}


def event(row: dict[str, Any]) -> dict[str, Any]:
    """Return the event of one row."""
    user: dict[str, Any] = {}
    for key, column in HASHED.items():
        value = row[column]
        if value is not None:
            user[key] = [sha256(value.strip().lower().encode()).hexdigest()]
    for key, column in PLAIN.items():
        value = row[column]
        if value is not None:
            user[key] = value
    custom = {
        "value": float(row["total"]),
        "currency": row["currency"],
        "order_id": f"order_{row['order_id']}",
        "contents": orjson.loads(row["contents"]),
        "loyalty_tier": row["loyalty_tier"],
    }
    return {
        "event_name": "Purchase",
        "event_time": row["ordered_at"],
        "event_id": str(row["order_id"]),
        "action_source": "website",
        "event_source_url": row["page_url"],
        "user_data": user,
        "custom_data": custom,
    }


def bodies(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Build all bodies; return how many events and bytes."""
    size = 0
    for begin in range(0, len(rows), 1000):
        size += len(orjson.dumps({"data": [event(row) for row in rows[begin : begin + 1000]]}))
    return {"events": len(rows), "bytes": size}


if __name__ == "__main__":
    rows = load(Path(sys.argv[1]))
    report(lambda: bodies(rows))
