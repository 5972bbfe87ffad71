"""A request in state: what it may become, what it carries."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connectors.incremental import CursorValue
from syncer.report import Bucket

IDENTITY_BYTES = 16
NOBODY = bytes(IDENTITY_BYTES)
"""Stands in the ledger where an erased identity was, so that its numbers stay right."""


class RequestState(StrEnum):
    """Where a request stands (reliability contract, part 1)."""

    PLANNED = "planned"
    ARMED = "armed"
    """Its intent is durable: the POST may be under way."""
    ACKED = "acked"
    SPLIT = "split"
    """Refused as a whole, and in no doubt; its events live on in smaller requests."""
    DEAD = "dead"
    """One event that Meta refuses."""
    RETRY = "retry"
    """Certainly not processed."""
    DOUBT = "doubt"
    """May or may not have been processed."""
    HELD = "held"
    """In doubt, and not sent again unless an operator says so."""
    SUPERSEDED = "superseded"
    """Its events are free for other requests."""
    EXPIRED = "expired"
    """Left Meta's window before it could be sent."""
    ACKED_ASSUMED = "acked_assumed"
    """Held, and taken for delivered by an operator."""


_S = RequestState

TRANSITIONS: Mapping[RequestState, frozenset[RequestState]] = {
    _S.PLANNED: frozenset({_S.ARMED, _S.SUPERSEDED, _S.EXPIRED}),
    _S.ARMED: frozenset({_S.ACKED, _S.SPLIT, _S.DEAD, _S.RETRY, _S.DOUBT}),
    _S.RETRY: frozenset({_S.ARMED, _S.SUPERSEDED, _S.EXPIRED}),
    _S.DOUBT: frozenset({_S.RETRY, _S.HELD}),
    _S.HELD: frozenset({_S.RETRY, _S.ACKED_ASSUMED}),
    _S.ACKED: frozenset(),
    _S.SPLIT: frozenset(),
    _S.DEAD: frozenset(),
    _S.SUPERSEDED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.ACKED_ASSUMED: frozenset(),
}
"""The only transitions there are."""

UNFINISHED = (_S.PLANNED, _S.ARMED, _S.RETRY, _S.DOUBT)
"""Something must still happen to these."""

SETTLED = (_S.ACKED, _S.ACKED_ASSUMED, _S.HELD, _S.DEAD)
"""The ledger: the events of these are never sent again by themselves."""

LASTING = frozenset(state for state in SETTLED if not TRANSITIONS[state])
"""Those of them that stay what they are."""

FREE = (_S.SPLIT, _S.SUPERSEDED, _S.EXPIRED)
"""Nothing keeps the events of these from being part of other requests."""

_WAITING = (_S.RETRY, _S.DOUBT)


def split(digests: bytes) -> list[bytes]:
    """Return each of the packed identities."""
    return list(struct.unpack_from(f"{IDENTITY_BYTES}s" * (len(digests) // IDENTITY_BYTES), digests))


def holds(digests: bytes, identity: bytes) -> bool:
    """Return whether `identity` is one of the packed `digests`."""
    place = digests.find(identity)
    while place >= 0 and place % IDENTITY_BYTES:
        place = digests.find(identity, place + 1)
    return place >= 0


def may_become(now: RequestState, then: RequestState) -> bool:
    """Return whether one commit may move a request from `now` to `then`.

    That is a transition of the table, or two or three of them in a row that only pass through `retry` and `doubt`:
    a doubt that the policy holds at once, a retry that is dropped for good.
    """
    if then in TRANSITIONS[now]:
        return True
    return now is not then and any(
        waiting in TRANSITIONS[now] and waiting is not then and may_become(waiting, then) for waiting in _WAITING
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request about to be sent."""

    digests: bytes
    """Identities of its events, 16 bytes each, in the order of the body."""
    events: int
    event_time_min: int
    event_time_max: int
    cursor_low: CursorValue | None = None
    cursor_high: CursorValue | None = None
    parent: int | None = None
    """The request that this one is a part of."""
    attempt: int = 1
    first_armed_at: datetime | None = None
    """When its events, which Meta may have, were first sent by a request before it; None: it has none of them."""
    consent: str | None = None
    """The column asked for consent and what its rows said, such as `marketing: granted`; None: it was not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A request as it was found in state."""

    id: int
    run_id: str
    state: RequestState
    parent: int | None
    attempts: int
    events: int
    digests: bytes
    event_time_min: int
    event_time_max: int
    cursor_low: CursorValue | None
    cursor_high: CursorValue | None
    first_armed_at: datetime | None

    @property
    def known_events(self) -> int:
        """How many of its events are of persons who were not erased since."""
        return self.events - split(self.digests).count(NOBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An event that is set aside: enough to find its row again, nothing of what the row holds."""

    identity: bytes | None
    """None where the row has no key."""
    bucket: Bucket
    reason: str
    field: str | None = None
    cursor: CursorValue | None = None
    code: int | None = None
    """Meta's, where Meta refused it."""
    subcode: int | None = None
    fbtrace_id: str | None = None
