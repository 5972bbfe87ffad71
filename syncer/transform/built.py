"""What becomes of one row, as values of Python."""

from dataclasses import dataclass
from typing import Any

from syncer.report import Bucket, Tally
from syncer.spec.reasons import REASONS
from syncer.transform.binding import THE_RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became of one value, for people."""

    field: str
    raw: Any
    normalised: Any
    """Before hashing; None: dropped, or a digest already."""
    sent: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltEvent:
    """An event that would be sent."""

    identity: bytes
    event_id: str
    event: dict[str, Any]
    """As its JSON; numbers are exact."""
    tally: Tally
    steps: tuple[Step, ...]
    rule: str
    """Id of its rule; empty where the pipeline has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltReject:
    """A row that gives no event."""

    identity: bytes | None
    reason: str
    field: str | None
    tally: Tally
    steps: tuple[Step, ...] = ()
    rule: str = THE_RULE

    @property
    def bucket(self) -> Bucket | None:
        """Return where the row is counted."""
        return REASONS[self.reason].bucket
