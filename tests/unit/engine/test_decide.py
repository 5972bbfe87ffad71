import pytest

from syncer.engine.decide import MOST_ATTEMPTS, Acknowledge, Again, Decision, Divide, Hold, Refuse, Stop, decide
from syncer.spec.outcomes import Outcome, OutcomeClass


@pytest.mark.parametrize(
    ("kind", "events", "attempt", "decision"),
    [
        (OutcomeClass.ACKED, 1000, 1, Acknowledge()),
        (OutcomeClass.REJECTED, 1000, 1, Divide()),
        (OutcomeClass.REJECTED, 1, 1, Refuse()),
        (OutcomeClass.TOO_BIG, 2, 1, Divide()),
        (OutcomeClass.TOO_BIG, 1, 1, Refuse()),
        (OutcomeClass.BLOCKED, 1000, 1, Stop(is_doubt=False, pauses=True)),
        (OutcomeClass.ANOMALY, 1000, 1, Hold(stops=True)),
        (OutcomeClass.NOT_SENT, 1000, 1, Again(is_doubt=False)),
        (OutcomeClass.THROTTLED, 1000, MOST_ATTEMPTS - 1, Again(is_doubt=False)),
        (OutcomeClass.NOT_SENT, 1000, MOST_ATTEMPTS, Stop(is_doubt=False, pauses=False)),
        (OutcomeClass.DOUBT, 1000, 1, Again(is_doubt=True)),
        (OutcomeClass.DOUBT, 1000, MOST_ATTEMPTS, Stop(is_doubt=True, pauses=False)),
    ],
)
def test_each_outcome_has_its_decision(kind: OutcomeClass, events: int, attempt: int, decision: Decision) -> None:
    assert decide(Outcome(kind=kind), events=events, attempt=attempt, mode="at_least_once") == decision


def test_at_most_once_never_sends_what_is_in_doubt_again() -> None:
    outcome = Outcome(kind=OutcomeClass.DOUBT)
    assert decide(outcome, events=1000, attempt=1, mode="at_most_once") == Hold(stops=False)
