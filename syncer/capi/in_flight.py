"""How many requests one run may have under way, by how the last ones were answered: pure."""

from dataclasses import dataclass, replace
from math import inf
from typing import Self

from syncer.capi.pacing import BUSY_PERCENT
from syncer.spec.outcomes import Outcome, OutcomeClass

FIRST = 4
"""Requests at a time before anything is known, and the fewest that a setback leaves."""
SLOWER = 2.0
"""An answer that takes so many times as long as a quick one says that more requests would only wait."""
DRIFT = 1.01
"""A quick answer is forgotten by one percent with each that follows: a small request is no measure for large ones."""
SETBACKS = frozenset({OutcomeClass.NOT_SENT, OutcomeClass.DOUBT, OutcomeClass.THROTTLED, OutcomeClass.BLOCKED})


@dataclass(frozen=True, slots=True)
class InFlight:
    """Grows while answers stay quick, from `FIRST`; whoever uses it holds it to the number that the user set."""

    at_a_time: int = FIRST
    quick_s: float = inf
    """How long a quick answer takes."""
    is_careful: bool = False
    """Whether it grows by one for each round of answers; before the first setback, for each answer."""
    answered: int = 0
    """Quick answers since the number changed, or since a slow one."""

    def after(self, outcome: Outcome, *, took_s: float, was_full: bool) -> Self:
        """Return the number after an answer that came `took_s` after its request was launched.

        `was_full`: no further request was let go meanwhile. Without it nothing is learned about more of them. No
        answer, a rate limit, or one that is nearly used up, halves the number.
        """
        if outcome.kind in SETBACKS or (outcome.usage_percent or 0.0) >= BUSY_PERCENT:
            return replace(self, at_a_time=max(FIRST, self.at_a_time // 2), is_careful=True, answered=0)
        quick_s = min(took_s, self.quick_s * DRIFT)
        if took_s > SLOWER * quick_s:
            return replace(self, quick_s=quick_s, is_careful=True, answered=0)
        answered = self.answered + 1
        if not was_full or (self.is_careful and answered < self.at_a_time):
            return replace(self, quick_s=quick_s, answered=answered)
        return replace(self, at_a_time=self.at_a_time + 1, quick_s=quick_s, answered=0)
