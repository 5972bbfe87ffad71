"""What may become of a request: the closed set of outcomes (reliability promise R19)."""

from dataclasses import dataclass, field
from enum import StrEnum


class OutcomeClass(StrEnum):
    """What the sender does next."""

    ACKED = "acked"
    """Meta took every event."""
    NOT_SENT = "not_sent"
    """Certainly not processed: send again."""
    THROTTLED = "throttled"
    """Refused for now by a rate limit: wait, send again."""
    BLOCKED = "blocked"
    """Refused until an operator acts: pause the pipeline."""
    REJECTED = "rejected"
    """Refused for the data of one or more events: isolate them."""
    TOO_BIG = "too_big"
    """Refused for its size: halve it."""
    DOUBT = "doubt"
    """May or may not have been processed."""
    ANOMALY = "anomaly"
    """Taken, but not as many events as were sent."""


class TransportFailure(StrEnum):
    """Why a request has no answer; the value is the outcome's `reason`."""

    NAME_UNKNOWN = "name_unknown"
    CONNECTION_REFUSED = "connection_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    POOL_TIMEOUT = "pool_timeout"
    TLS_CERTIFICATE_INVALID = "tls_certificate_invalid"
    TLS_FAILED = "tls_failed"
    PROXY_FAILED = "proxy_failed"
    REQUEST_IMPOSSIBLE = "request_impossible"
    RESET_BEFORE_REQUEST = "reset_before_request"
    RESET_IN_REQUEST = "reset_in_request"
    RESET_AFTER_REQUEST = "reset_after_request"
    WRITE_TIMEOUT = "write_timeout"
    READ_TIMEOUT = "read_timeout"
    DEADLINE = "deadline"
    ANSWER_TRUNCATED = "answer_truncated"
    ANSWER_NOT_HTTP = "answer_not_http"
    ANSWER_TOO_LARGE = "answer_too_large"
    UNEXPECTED = "unexpected_failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one POST came to. Holds numbers and Meta's ids, never a value of an event."""

    kind: OutcomeClass
    status: int | None = None
    """HTTP status; None where no answer came."""
    code: int | None = None
    subcode: int | None = None
    fbtrace_id: str | None = None
    events_received: int | None = None
    reason: str = ""
    """Stable snake_case name of what happened, such as `token_invalid` or `read_timeout`."""
    explanation: str = ""
    """One sentence of ours with the remedy; never Meta's localised text."""
    retry_after_s: float | None = None
    """Longest wait that the answer asks for."""
    usage_percent: float | None = None
    """Highest share of a rate limit that the usage headers report."""
    blamed: tuple[int, ...] = field(default=())
    """Indexes of events that the answer blames; a hint, not a proof."""
    date_skew_s: float | None = None
    """Server's Date header minus our clock."""
    warning: str = ""
    """Our sentence about the API version, where Meta sends X-Ad-Api-Version-Warning."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means: its class, a stable name, and what to do, in our words."""

    kind: OutcomeClass
    reason: str
    explanation: str
