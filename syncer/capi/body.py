"""The JSON text of one request."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from syncer import __version__

if TYPE_CHECKING:
    import polars as pl

LONGEST_AGENT = 22
"""Conversions API, main body parameters: `partner_agent` is shorter than 23 characters."""
PARTNER_AGENT = f"syncer-{__version__}"[:LONGEST_AGENT]


def request_body(
    events: "Sequence[str] | pl.Series", *, test_event_code: str | None = None, partner_agent: str = PARTNER_AGENT
) -> bytes:
    """Return `{"data":[...],...}` in UTF-8 of JSON texts, one an event; raises `ValueError` where one is missing."""
    members = {"test_event_code": test_event_code, "partner_agent": partner_agent}
    tail = "".join(
        f",{json.dumps(name)}:{json.dumps(value, ensure_ascii=False)}" for name, value in members.items() if value
    )
    texts = _encoded(events)
    texts[0] = b'{"data":[' + texts[0]
    texts[-1] += f"]{tail}}}".encode()
    return b",".join(texts)


def with_member(body: bytes, name: str, value: str) -> bytes:
    """Return `body`, a JSON object, with one more member."""
    return b"".join((memoryview(body)[:-1], f",{json.dumps(name)}:{json.dumps(value)}}}".encode()))


def _encoded(events: "Sequence[str] | pl.Series") -> list[bytes]:
    """Return the texts in UTF-8, at least one.

    Small objects whose memory is there, and joined once: what polars joins comes in fresh pages, a megabyte each time.
    """
    if len(events) == 0:
        raise ValueError("a request holds at least one event")
    if isinstance(events, Sequence):
        return [event.encode() for event in events]
    import polars as pl

    if events.null_count():
        raise ValueError("an event has no text")
    return events.cast(pl.Binary).to_list()
