"""Rows to bodies with Meta's own SDK, facebook_business: `python -m benchmarks.bodies_facebook ROWS MODE`.

MODE is one of MODES. The SDK raises where one value of one event is malformed, and then sends nothing of the request.
"""

import json
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from facebook_business.adobjects.serverside.action_source import ActionSource
from facebook_business.adobjects.serverside.content import Content
from facebook_business.adobjects.serverside.custom_data import CustomData
from facebook_business.adobjects.serverside.event import Event
from facebook_business.adobjects.serverside.event_request import EventRequest
from facebook_business.adobjects.serverside.gender import Gender
from facebook_business.adobjects.serverside.user_data import UserData
from facebook_business.api import FacebookAdsApi
from facebook_business.session import FacebookSession

from benchmarks.measure import report
from benchmarks.plain_rows import load

GENDERS = {"f": Gender.FEMALE, "m": Gender.MALE}


def event(row: dict[str, Any]) -> Event:
    """Return the SDK's event of one row; making it or normalising it raises where one value of it is malformed."""
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
    return Event(
        event_name="Purchase",
        event_time=row["ordered_at"],
        event_id=str(row["order_id"]),
        action_source=ActionSource.WEBSITE,
        event_source_url=row["page_url"],
        user_data=user,
        custom_data=custom,
    )


def tried(row: dict[str, Any]) -> tuple[Event, dict[str, Any]] | None:
    """Return the SDK's event of one row, and what it is normalised to; None where the SDK raises."""
    try:
        made = event(row)
        return made, made.normalize()
    except (ValueError, TypeError):
        return None


def as_the_sdk_sends(session: FacebookSession) -> Callable[[list[Event]], int]:
    """Return what sends events by the SDK's own requests, and gives how many were received."""
    session.requests.trust_env = False
    FacebookAdsApi.set_default_api(FacebookAdsApi(session))
    return lambda events: EventRequest(pixel_id="1234567890", events=events).execute().events_received


class Counting(requests.adapters.BaseAdapter):
    """Takes the place of the network: counts the bytes of each body, and answers at once."""

    size = 0

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        """Return Meta's answer to a request of which it took all."""
        self.size += len(request.body or "")
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = 200, request, request.url or ""
        answer.raw = BytesIO(b'{"events_received":1,"messages":[],"fbtrace_id":"A"}')
        return answer

    def close(self) -> None:
        """Nothing is open."""


def own_requests(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Try each event, then let the SDK make the requests of those that it takes."""
    return _sent(rows, lambda chunk: [done[0] for row in chunk if (done := tried(row))])


def known_beforehand(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Let the SDK make the requests of rows that it is known to take."""
    return _sent(rows, lambda chunk: list(map(event, chunk)))


def events_only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Take the SDK's events, and write JSON of them once, as it never does: what a sender of one's own could do."""
    size = events = 0
    for chunk in _thousands(rows):
        data = [done[1] for row in chunk if (done := tried(row))]
        size += len(json.dumps({"data": data}))
        events += len(data)
    return {"events": events, "bytes": size}


def _sent(rows: list[dict[str, Any]], events_of: Callable[[list[dict[str, Any]]], list[Event]]) -> dict[str, Any]:
    session, counting, events = FacebookSession(access_token="sandbox-token"), Counting(), 0
    session.requests.mount(FacebookSession.GRAPH, counting)
    send = as_the_sdk_sends(session)
    for chunk in _thousands(rows):
        made = events_of(chunk)
        send(made)
        events += len(made)
    return {"events": events, "bytes": counting.size}


def _thousands(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for begin in range(0, len(rows), 1000):
        yield rows[begin : begin + 1000]


MODES = {"own-requests": own_requests, "known": known_beforehand, "events": events_only}


if __name__ == "__main__":
    rows, mode = load(Path(sys.argv[1])), sys.argv[2]
    if mode == "known":
        rows = [row for row in rows if tried(row)]
    report(lambda: {**MODES[mode](rows), "rows": len(rows)})
