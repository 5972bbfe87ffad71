"""Events that may have arrived, as earlier runs left them behind: given back, and sent by nobody since."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from syncer.spec.limits import PHYSICAL_STORE_WINDOW_S
from syncer.state import outbox
from syncer.state.ledger import ledger_of
from syncer.state.requests import split

if TYPE_CHECKING:
    from syncer.state.store import Store

Doubts = Mapping[bytes, datetime]
"""Identities of events that Meta may have already, each with the time when it was first sent."""


def doubts_given_up(store: "Store", pipeline_id: int, *, now: datetime) -> dict[bytes, datetime]:
    """Return the events of requests that were given up in doubt, but for those that are settled and those Meta refuses.

    A run that gave them back may have ended before it sent them again; they are no less in doubt for that.
    """
    since = int(now.timestamp()) - PHYSICAL_STORE_WINDOW_S
    with store.reading() as connection:
        requests = outbox.given_up_in_doubt(connection, pipeline_id, since=since)
    doubts: dict[bytes, datetime] = {}
    for request in requests:
        doubts |= dict.fromkeys(split(request.digests), request.first_armed_at or now)
    if not doubts:
        return doubts
    settled = ledger_of(store, pipeline_id).settled(b"".join(doubts))
    return {name: first for (name, first), is_known in zip(doubts.items(), settled, strict=True) if not is_known}
