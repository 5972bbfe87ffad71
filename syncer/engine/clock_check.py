"""Whether this machine's clock may decide over events: held against the destination's own (reliability promise R31)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncer.spec.outcomes import Outcome, OutcomeClass, TransportFailure

CLOCK_WRONG = "clock_wrong"
"""Why a pipeline is paused on a machine that does not know the time."""
WARNS_S = 60.0
WRONG_S = 600.0
"""The margin that is kept from Meta's window: a clock that is further off counts wrong events as too old."""
TIME_UNITS = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))


@dataclass(frozen=True, slots=True)
class Distrust:
    """Why nothing may be decided by this machine's clock."""

    message: str
    pauses: bool = False
    """Whether an operator has to act; else the next run finds out."""
    is_away: bool = False
    """Whether the destination could not be asked, for a reason that is not the clock's."""


def believed() -> Outcome:
    """Return the answer of a destination that has the same time."""
    return Outcome(kind=OutcomeClass.ACKED, date_skew_s=0.0)


@dataclass(slots=True)
class ClockCheck:
    """What one run knows of the clock that it goes by. Mutable."""

    ask: Callable[[], Outcome] = believed
    """Asks the destination for its time, and changes nothing there."""
    skew_s: float | None = None
    """The destination's clock minus ours, as it was told last; None: it was not told yet."""

    def told(self, outcome: Outcome) -> Distrust | None:
        """Take note of an answer; return what is wrong by it."""
        if outcome.date_skew_s is None:
            return None
        self.skew_s = outcome.date_skew_s
        return self._distrust()

    def asked(self) -> Distrust | None:
        """Return why nothing may be decided by the clock; asks the destination unless it has told.

        One that answers without a time leaves nothing to compare with: then ours is believed. A certificate that is not
        valid may be one that is so at another time.
        """
        if self.skew_s is not None:
            return self._distrust()
        outcome = self.ask()
        if outcome.date_skew_s is not None:
            return self.told(outcome)
        if outcome.status is not None:
            return None
        said = outcome.explanation if outcome.kind is OutcomeClass.NOT_SENT else "It did not answer in time."
        return Distrust(
            f"the age of events decides, and the destination could not be asked for the time: {said.rstrip('.')}; "
            "nothing was counted as too old, the next run goes on from here",
            is_away=outcome.reason != TransportFailure.TLS_CERTIFICATE_INVALID,
        )

    @property
    def is_sure(self) -> bool:
        """Return whether the destination told a time that is ours."""
        return self.skew_s is not None and abs(self.skew_s) <= WRONG_S

    def corrected(self, now: datetime) -> datetime:
        """Return the time by the destination's clock where ours, that says `now`, is wrong."""
        return now if self.skew_s is None or self.is_sure else now + timedelta(seconds=self.skew_s)

    @property
    def warning(self) -> str:
        """Return what to say about a clock that is off but still of use; empty: nothing."""
        if self.skew_s is None or not WARNS_S < abs(self.skew_s) <= WRONG_S:
            return ""
        return f"this machine's clock is {in_words(self.skew_s)} the destination's; let NTP set it"

    def _distrust(self) -> Distrust | None:
        if self.skew_s is None or self.is_sure:
            return None
        return Distrust(
            f"this machine's clock is {in_words(self.skew_s)} the destination's: events would count as too old or as "
            "not happened yet; set it, let NTP keep it, then run again",
            pauses=True,
        )


def in_words(skew_s: float) -> str:
    """Return how far our clock is behind or ahead of another that shows `skew_s` seconds more."""
    off = abs(skew_s)
    size, unit = next(((size, unit) for size, unit in TIME_UNITS if off >= 2 * size), (1, "seconds"))
    return f"{off / size:,.0f} {unit} {'behind' if skew_s > 0 else 'ahead of'}"
