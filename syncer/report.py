"""What one run did: buckets, reasons, and all that a person wants to know about it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

ELSEWHERE: Final = "other_destination"
"""Reason of the rows that another destination of the pipeline gets: they are counted here, and nothing else."""


class Bucket(StrEnum):
    """Where an event ends that Meta has not acknowledged; each row read ends in exactly one or is acknowledged."""

    DUPLICATE_SKIPPED = "duplicate_skipped"
    NO_RULE = "no_rule"
    NO_CONSENT = "no_consent"
    REJECTED_LOCAL = "rejected_local"
    REJECTED_REMOTE = "rejected_remote"
    BEFORE_START = "before_start"
    EXPIRED = "expired"
    PAST_MAX_AGE = "past_max_age"
    TOO_EARLY = "too_early"
    HELD = "held"
    PII_BLOCKED = "pii_blocked"
    KEY_PROBLEM = "key_problem"
    UNREADABLE = "unreadable"
    ERASED = "erased"
    OVER_MAX_ROWS = "over_max_rows"
    PENDING = "pending"


REJECTED = (
    Bucket.REJECTED_LOCAL,
    Bucket.REJECTED_REMOTE,
    Bucket.PII_BLOCKED,
    Bucket.KEY_PROBLEM,
    Bucket.UNREADABLE,
)
"""Events that were refused, here or by Meta."""
NOT_DELIVERED = (*REJECTED, Bucket.HELD)
"""What `tolerate.rejected` is about."""


class RunStatus(StrEnum):
    """How a run ended."""

    RUNNING = "running"
    DONE = "done"
    DONE_WITH_REJECTS = "done_with_rejects"
    PAUSED = "paused"
    FAILED = "failed"
    LOCKED = "locked"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to look at, in words."""

    code: str
    text: str


@dataclass(slots=True)
class Tally:
    """Counts of one batch or one run; adding two gives the tally of both."""

    rows_read: int = 0
    buckets: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Events by reason code."""
    dropped_fields: Counter[str] = field(default_factory=Counter)
    """Values that could not be normalised, by parameter."""
    filled_defaults: Counter[str] = field(default_factory=Counter)
    """Gaps that a `default` filled, by parameter."""
    warnings: Counter[str] = field(default_factory=Counter)
    """Events that went out although something is odd, by warning code."""
    coverage: Counter[str] = field(default_factory=Counter)
    """Events with each match key, of `covered` events in all."""
    covered: int = 0
    events: Counter[str] = field(default_factory=Counter)
    """Events that go out, by event_name; as far as a reject of Meta or the ledger does not keep them back."""
    sent_keys: Counter[str] = field(default_factory=Counter)
    """Of those, by `event_key`: how many carry the match key."""
    given_keys: Counter[str] = field(default_factory=Counter)
    """And of how many the row had some value for it, before it was normalised."""

    @property
    def rejected(self) -> int:
        """Return how many events were refused, here or by Meta."""
        return sum(self.buckets[bucket] for bucket in REJECTED)

    @property
    def own_rows(self) -> int:
        """Return how many rows were read that no other destination gets."""
        return self.rows_read - self.reasons[ELSEWHERE]

    def match_keys(self) -> dict[str, Any]:
        """Return for each event_name its events, and of each match key the share before and after normalising."""
        return {
            name: {
                "events": events,
                "keys": {
                    key: {"given": round(given / events, 4), "sent": round(self.sent_keys[whole] / events, 4)}
                    for whole, given in sorted(self.given_keys.items())
                    if given and (key := _key_of(whole, name)) is not None
                },
            }
            for name, events in sorted(self.events.items(), key=lambda item: (-item[1], item[0]))
            if events
        }

    def shares(self) -> dict[str, float]:
        """Return which share of the events has each match key."""
        return {name: round(count / self.covered, 4) for name, count in sorted(self.coverage.items()) if self.covered}

    def add(self, other: "Tally") -> None:
        """Add the counts of `other` to these."""
        self.rows_read += other.rows_read
        self.covered += other.covered
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))


COUNTERS = (
    "buckets",
    "reasons",
    "dropped_fields",
    "filled_defaults",
    "warnings",
    "coverage",
    "events",
    "sent_keys",
    "given_keys",
)
"""Every counter of a tally."""


def event_key(key: str, event_name: str) -> str:
    """Return the name under which a match key of one kind of event is counted; no key has a space within."""
    return f"{key} {event_name}"


def _key_of(whole: str, event_name: str) -> str | None:
    key, _, name = whole.partition(" ")
    return key if name == event_name else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """The line that `syncer run --output json` prints for a pipeline."""

    pipeline: str
    target: str
    destination: str
    run_id: str
    status: RunStatus
    pause_reason: str | None = None
    message: str = ""
    """Why it failed or paused, and how to mend it."""
    acknowledged: int = 0
    tally: Tally = field(default_factory=Tally)
    requests: int = 0
    possible_duplicates: int = 0
    """How often events were sent that Meta may have had already: of one that was sent three times, two."""
    value: Mapping[str, float] = field(default_factory=dict)
    """Sum of `value` of the acknowledged events, by currency."""
    advice: tuple[Advice, ...] = ()
    """What to look at; a run that is read back from the state has none."""
    watermark_before: str | None = None
    watermark_after: str | None = None
    elapsed_s: float = 0.0

    @property
    def events(self) -> int:
        """All events: acknowledged and every bucket."""
        return self.acknowledged + self.tally.buckets.total()

    @property
    def own_events(self) -> int:
        """Return how many of them no other destination gets."""
        return self.events - self.tally.reasons[ELSEWHERE]

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data, in the order people read it; empty buckets are left out."""
        tally = self.tally
        return {
            "pipeline": self.pipeline,
            "target": self.target,
            "destination": self.destination,
            "run_id": self.run_id,
            "status": self.status.value,
            "pause_reason": self.pause_reason,
            "message": self.message,
            "rows_read": tally.rows_read,
            "events": self.events,
            "acknowledged": self.acknowledged,
            "buckets": _positive(tally.buckets),
            "reasons": _positive(tally.reasons),
            "dropped_fields": _positive(tally.dropped_fields),
            "filled_defaults": _positive(tally.filled_defaults),
            "warnings": _positive(tally.warnings),
            "coverage": tally.shares(),
            "match_keys": tally.match_keys(),
            "advice": [{"code": one.code, "text": one.text} for one in self.advice],
            "requests": self.requests,
            "possible_duplicates": self.possible_duplicates,
            "value": {currency: round(total, 2) for currency, total in sorted(self.value.items())},
            "watermark": {"before": self.watermark_before, "after": self.watermark_after},
            "elapsed_s": round(self.elapsed_s, 3),
        }


def _positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {str(name): count for name, count in sorted(counts.items()) if count > 0}
