"""Whether a dataset answers, and how to find out without pressing it: pure (reliability promises R21 and R23)."""

from dataclasses import dataclass, replace
from typing import assert_never

from syncer.capi.pacing import probe_wait_s, told_s, wait_s
from syncer.spec.outcomes import Outcome, OutcomeClass

OPENS_AFTER = 3
"""So many requests in a row without an answer: the other side is away."""
PROBE_EVENTS = 10
"""What is risked to see whether it is back."""
ABOUT_EVENTS = frozenset({OutcomeClass.ACKED, OutcomeClass.REJECTED, OutcomeClass.TOO_BIG})
"""These say that the other side takes requests; what was asked for after theirs was sent, they do not know."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """Closed: requests go. Open: one goes at a time, with few events, until one is answered.

    Before the first answer, and behind a rate limit, one request goes at a time, of any size. None goes before
    `resumes_at`, which is no earlier than any answer asked for.
    """

    failures: int = 0
    """Requests in a row that were not answered."""
    failed_probes: int = 0
    """Requests in a row that told, each after its wait, that the other side takes nothing yet."""
    is_proven: bool = False
    """Whether the last answer was about events: then several may go at a time."""
    resumes_at: float = 0.0
    """Monotonic seconds."""

    @property
    def is_open(self) -> bool:
        """Return whether only a probe may go."""
        return self.failures >= OPENS_AFTER

    def after(self, outcome: Outcome, *, at: float, jitter: float) -> "Circuit":
        """Return the circuit after the outcome of a request that came at `at`; `jitter` in [0, 1) spreads senders.

        A refusal of the sender says nothing about the other side's health: it changes nothing. What is answered during
        a wait was sent before it: the wait stands. One about events may ask for one, too, for a limit nearly used up.
        """
        failed = self.failed_probes + 1 if at >= self.resumes_at else self.failed_probes
        match outcome.kind:
            case OutcomeClass.ACKED | OutcomeClass.REJECTED | OutcomeClass.TOO_BIG:
                until = at + wait_s(outcome, 1, jitter=jitter)
                if at < self.resumes_at:
                    return replace(self, failures=0, resumes_at=max(self.resumes_at, until))
                return Circuit(is_proven=True, resumes_at=until if until > at else 0.0)
            case OutcomeClass.BLOCKED:
                return self
            case OutcomeClass.THROTTLED:
                until = max(self.resumes_at, at + wait_s(outcome, failed, jitter=jitter))
                return replace(self, failed_probes=failed, is_proven=False, resumes_at=until)
            case OutcomeClass.NOT_SENT | OutcomeClass.DOUBT:
                failures = self.failures + 1
            case OutcomeClass.ANOMALY:
                failures = max(OPENS_AFTER, self.failures + 1)
            case unknown:
                assert_never(unknown)
        if failures < OPENS_AFTER:
            until = (
                max(self.resumes_at, at + told_s(outcome, jitter=jitter)) if outcome.retry_after_s else self.resumes_at
            )
            return replace(self, failures=failures, resumes_at=until)
        failed = failed if self.is_open else self.failed_probes
        until = max(self.resumes_at, at + probe_wait_s(outcome, failed, jitter=jitter))
        return Circuit(failures=failures, failed_probes=failed, resumes_at=until)
