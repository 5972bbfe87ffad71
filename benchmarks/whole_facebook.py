"""A whole run with Meta's SDK: psycopg and facebook_business, whose library for HTTP is requests.

`python -m benchmarks.whole_facebook POSTGRES SINK [events]`: by the SDK's own requests, or with its events and JSON of
them that is written once and posted by requests.
"""

import sys
from typing import Any

from facebook_business.adobjects.serverside.event import Event
from facebook_business.session import FacebookSession

from benchmarks import bodies_facebook, plain_post


def event(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the SDK makes of one row; None where it raises, as it does on one malformed value."""
    done = bodies_facebook.tried(_plain(row))
    return done and done[1]


def event_of_the_sdk(row: dict[str, Any]) -> Event | None:
    """Return the SDK's event of one row, which was tried: one that raises would keep back all of its request."""
    done = bodies_facebook.tried(_plain(row))
    return done and done[0]


def requests_of_the_sdk(sink: str) -> plain_post.Post:
    """Return what sends events to the sink as the SDK sends them to Meta."""
    session = FacebookSession(access_token="sandbox-token")
    session.GRAPH = sink
    return bodies_facebook.as_the_sdk_sends(session)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "ordered_at": row["event_time"], "birthday": row["born"]}


if __name__ == "__main__":
    if sys.argv[3:] == ["events"]:
        plain_post.main(event)
    else:
        plain_post.main(event_of_the_sdk, requests_of_the_sdk)
