"""Rows to bodies with Meta's own SDK, facebook_business: its objects, its normalising, its JSON."""

import json
import sys
from pathlib import Path
from typing import Any

from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.content import Content
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.gender import Gender
from facebook_business.adobjects.serverside.user_data import UserData

from benchmarks.measure import report
from benchmarks.plain_rows import load

GENDERS = {"f": Gender.FEMALE, "m": Gender.MALE}


def event(row: dict[str, Any]) -> dict[str, Any]:
    """Return the normalised event of one row; the SDK raises where one value of it is malformed."""
    user = UserData(
        email=row["email"],
        phone=row["phone"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        gender=GENDERS.get((row["gender"] or "")[:1].lower()),
        date_of_birth=row["birthday"] and row["birthday"].replace("-", ""),
        city=row["city"],
        state=row["state"],
        zip_code=row["postal_code"],
        country_code=row["country"],
        external_id=row["customer_id"],
        client_ip_address=row["ip"],
        client_user_agent=row["user_agent"],
        fbp=row["fbp"],
        fbc=row["fbc"],
    )
    contents = [
        Content(product_id=item["id"], quantity=item["quantity"], item_price=item["item_price"])
        for item in json.loads(row["contents"])
    ]
    custom = CustomData(
        value=float(row["total"]),
        currency=row["currency"],
        order_id=f"order_{row['order_id']}",
        contents=contents,
        custom_properties={"loyalty_tier": row["loyalty_tier"]},
    )
    made = Event(
        event_name="Purchase",
        event_time=row["ordered_at"],
        event_id=str(row["order_id"]),
        action_source=ActionSource.WEBSITE,
        event_source_url=row["page_url"],
        user_data=user,
        custom_data=custom,
    )
    normalised: dict[str, Any] = made.normalize()
    return normalised


def bodies(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Build all bodies; return how many events, bytes, and rows on which the SDK raised."""
    size = raised = 0
    for begin in range(0, len(rows), 1000):
        data = []
        for row in rows[begin : begin + 1000]:
            try:
                data.append(event(row))
            except (ValueError, TypeError):
                raised += 1
        size += len(json.dumps({"data": data}))
    return {"events": len(rows), "bytes": size, "raised": raised}


if __name__ == "__main__":
    rows = load(Path(sys.argv[1]))
    report(lambda: bodies(rows))
