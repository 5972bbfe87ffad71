"""What alerts are decided by."""

from dataclasses import dataclass
from datetime import datetime

from syncer.pipeline import AlertRules
from syncer.report import RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """The newest run that ended of those that a clock or a person began to sync the pipeline."""

    run_id: str
    status: RunStatus
    message: str
    """Redacted."""
    events: int
    rejected: int
    reasons: tuple[tuple[str, int], ...] = ()
    """The most frequent reasons of those that were rejected, with their events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What was delivered in 24 hours, and what is usual."""

    delivered: int
    usual: float
    """Mean of the same 24 hours in `weeks` weeks before."""
    weeks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFacts:
    """A pipeline's way to one destination."""

    pipeline: str
    destination: str
    rules: AlertRules
    is_one_of_several: bool = False
    """Whether the pipeline goes to other destinations as well."""
    pause_reason: str | None = None
    is_paused_by_hand: bool = False
    pause_text: str = ""
    """What the reason means, and what to do."""
    last: EndedRun | None = None
    crashes: int = 0
    """Runs in a row whose process died."""
    delivered_at: datetime | None = None
    """When Meta last acknowledged an event; where it never did, since when the pipeline is known."""
    waiting: int = 0
    """Unsent events that leave Meta's window within `rules.expiring_within`."""
    waiting_until: datetime | None = None
    """When the first of those leaves it."""
    unread_since: datetime | None = None
    """Rows from then on may be unsent, since no run that went well began later; None: that is no matter."""
    unread_until: datetime | None = None
    """When the first of those leaves Meta's window."""
    volume: Volume | None = None

    @property
    def about(self) -> str:
        """Return what its alerts are known by."""
        return f"{self.pipeline}/{self.destination}"

    @property
    def label(self) -> str:
        """Return what people are told it by."""
        return f"{self.pipeline} to {self.destination}" if self.is_one_of_several else self.pipeline

    @property
    def argument(self) -> str:
        """Return what commands are told it by."""
        return f"{self.pipeline} --destination {self.destination}" if self.is_one_of_several else self.pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """An access token, by what Meta says about it."""

    destination: str
    warn_s: int
    is_known: bool
    """Whether Meta said anything."""
    is_dead: bool = False
    expires_at: datetime | None = None
    """None: it has no end."""

    @property
    def about(self) -> str:
        """Return what its alerts are known by."""
        return f"/{self.destination}"
