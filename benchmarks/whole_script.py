"""A whole run as one would write it by hand: psycopg, the scalar rules of Meta value by value, json, requests.

Its rules are syncer's own reference (`syncer.spec`), which the columns must equal, so its events are the same.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from benchmarks import plain_post
from syncer.spec.context import Context
from syncer.spec.normalize import hashed
from syncer.spec.places import row_country

BY_COUNTRY = frozenset({"ph", "st", "zp"})
PERSON = {
    "em": "email", "ph": "phone", "fn": "first_name", "ln": "last_name", "ge": "gender", "db": "birthday",
    "ct": "city", "st": "state", "zp": "postal_code", "country": "country", "external_id": "customer_id",
    "client_ip_address": "ip", "client_user_agent": "user_agent", "fbp": "fbp", "fbc": "fbc",
}  # fmt: skip
LISTS = frozenset(PERSON) - {"client_ip_address", "client_user_agent", "fbp", "fbc"}
TODAY = datetime.now(UTC).date()


def event(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the event of one row; None where Meta would refuse it."""
    if row["currency"] is None:
        return None
    home = Context(country=row_country(row["country"], None), date_format=None, today=TODAY)
    abroad = Context(country=None, date_format=None, today=TODAY)
    user: dict[str, Any] = {}
    for name, column in PERSON.items():
        if row[column] is None:
            continue
        sent = hashed(name, row[column], home if name in BY_COUNTRY else abroad)
        if sent is not None:
            user[name] = [sent] if name in LISTS else sent
    custom = {
        "value": float(row["total"]),
        "currency": row["currency"].upper(),
        "order_id": f"order_{row['order_id']}",
        "contents": json.loads(row["contents"]),
    }
    if row["loyalty_tier"] is not None:
        custom["loyalty_tier"] = row["loyalty_tier"]
    return {
        "event_name": "Purchase",
        "event_time": row["event_time"],
        "action_source": "website",
        "event_id": event_id(str(row["order_id"])),
        "event_source_url": row["page_url"],
        "user_data": user,
        "custom_data": custom,
    }


def event_id(key: str) -> str:
    """Return the id that syncer derives of a key. Twin of `transform.identity.event_id`."""
    parts = "".join(f"{len(part.encode())}:{part}," for part in ("orders", "", key))
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


if __name__ == "__main__":
    plain_post.main(event)
