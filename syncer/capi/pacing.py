"""How long to wait before the next request: pure (reliability promise R21)."""

from typing import assert_never

from syncer.spec.outcomes import Outcome, OutcomeClass

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
THROTTLE_FLOOR_S = 10.0
LONGEST_OBEYED_S = 86_400.0
"""A wait that an answer asks for is cut here: an operator should have looked by then."""
BUSY_PERCENT = 80.0
FULL_PERCENT = 100.0
BUSY_WAIT_S = 10.0
FULL_WAIT_S = 60.0


def wait_s(outcome: Outcome, attempt: int, *, jitter: float, longest_obeyed_s: float = LONGEST_OBEYED_S) -> float:
    """Return the seconds to wait after `outcome` of the attempt numbered `attempt` (1 is the first).

    `jitter` in [0, 1) spreads many senders. What Retry-After and the usage headers ask for is a lower bound, plus
    up to a tenth. NOT_SENT and DOUBT: full jitter under a ceiling that doubles from 1 s to 300 s. THROTTLED: equal
    jitter above a floor of 10 s. BLOCKED: the upper half of the longest wait, for whoever asks again. The others
    go on at once unless the rate limit is nearly used up.
    """
    told = told_s(outcome, jitter=jitter, longest_obeyed_s=longest_obeyed_s)
    match outcome.kind:
        case OutcomeClass.NOT_SENT | OutcomeClass.DOUBT:
            own = _ceiling_s(FIRST_WAIT_S, attempt) * jitter
        case OutcomeClass.THROTTLED:
            own = _equal(_ceiling_s(2 * THROTTLE_FLOOR_S, attempt), jitter)
        case OutcomeClass.BLOCKED:
            own = _equal(LONGEST_WAIT_S, jitter)
        case OutcomeClass.ACKED | OutcomeClass.ANOMALY | OutcomeClass.REJECTED | OutcomeClass.TOO_BIG:
            own = 0.0
        case _:
            assert_never(outcome.kind)
    return max(own, told, _usage_wait_s(outcome))


def probe_wait_s(outcome: Outcome, failed: int, *, jitter: float, longest_obeyed_s: float = LONGEST_OBEYED_S) -> float:
    """Return the seconds until a probe may go, after `failed` of them failed; `outcome` is what was told last.

    Equal jitter under a ceiling that doubles from 1 s to 300 s, and no less than the answer asks for, plus up to a
    tenth.
    """
    told = told_s(outcome, jitter=jitter, longest_obeyed_s=longest_obeyed_s)
    return max(told, _equal(_ceiling_s(FIRST_WAIT_S, failed + 1), jitter))


def told_s(outcome: Outcome, *, jitter: float, longest_obeyed_s: float = LONGEST_OBEYED_S) -> float:
    """Return the seconds that the answer asks to wait, plus up to a tenth; 0 where it names none."""
    return min(outcome.retry_after_s or 0.0, longest_obeyed_s) * (1.0 + jitter / 10.0)


def _usage_wait_s(outcome: Outcome) -> float:
    """Slow down evenly from 80 % of a rate limit on; pause when it is used up and the answer names no time."""
    usage = outcome.usage_percent or 0.0
    if usage >= FULL_PERCENT:
        return 0.0 if outcome.retry_after_s else FULL_WAIT_S
    return max(0.0, usage - BUSY_PERCENT) / (FULL_PERCENT - BUSY_PERCENT) * BUSY_WAIT_S


def _ceiling_s(first_s: float, attempt: int) -> float:
    return float(min(LONGEST_WAIT_S, first_s * 2.0 ** min(max(attempt, 1) - 1, 20)))


def _equal(ceiling_s: float, jitter: float) -> float:
    return ceiling_s / 2.0 * (1.0 + jitter)
