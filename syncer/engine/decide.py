"""What follows from the outcome of a request; pure."""

from dataclasses import dataclass
from typing import Literal, assert_never

from syncer.spec.outcomes import Outcome, OutcomeClass

MOST_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Meta took every event."""


@dataclass(frozen=True, slots=True)
class Again:
    """Send the same request again after a wait; `is_doubt`: Meta may have it already."""

    is_doubt: bool


@dataclass(frozen=True, slots=True)
class Divide:
    """Send parts of it by themselves, until what is bad is alone."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The one event of the request is refused for good."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The outcome is unknown, and nobody sends it again unasked; `stops` ends the run."""

    stops: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run; the events of the request stay to be sent. `pauses`: until an operator acts."""

    is_doubt: bool
    pauses: bool


Decision = Acknowledge | Again | Divide | Refuse | Hold | Stop


def decide(outcome: Outcome, *, events: int, attempt: int, mode: Literal["at_least_once", "at_most_once"]) -> Decision:
    """Return what to do about a request of `events` events after its `attempt`-th answer (1 is the first)."""
    match outcome.kind:
        case OutcomeClass.ACKED:
            return Acknowledge()
        case OutcomeClass.REJECTED:
            return Refuse() if events == 1 else Divide()
        case OutcomeClass.TOO_BIG:
            return Refuse() if events == 1 else Divide()
        case OutcomeClass.BLOCKED:
            return Stop(is_doubt=False, pauses=True)
        case OutcomeClass.ANOMALY:
            return Hold(stops=True)
        case OutcomeClass.NOT_SENT | OutcomeClass.THROTTLED:
            return Again(is_doubt=False) if attempt < MOST_ATTEMPTS else Stop(is_doubt=False, pauses=False)
        case OutcomeClass.DOUBT:
            if mode == "at_most_once":
                return Hold(stops=False)
            return Again(is_doubt=True) if attempt < MOST_ATTEMPTS else Stop(is_doubt=True, pauses=False)
        case unknown:
            assert_never(unknown)
