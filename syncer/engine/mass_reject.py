"""When refusals speak of the mapping and not of single rows: pure."""

from dataclasses import dataclass

from syncer.spec.outcomes import Outcome

MOST_REFUSED_IN_A_ROW = 20
"""So many events refused one by one for one code with nothing accepted between them is no bad row but a bad mapping."""
MOST_REFUSED_SHARE = 10
"""So many events of a hundred, likewise."""
FEWEST_FOR_SHARE = 100
"""Of fewer events a share says nothing."""


@dataclass(slots=True)
class Refusals:
    """Counts the events of a run that were refused alone. Mutable."""

    is_suspect: bool = False
    """Whether the run before ended for this and Meta took nothing since: then one is enough to end this one, too."""
    refused: int = 0
    in_a_row: int = 0
    """Of one code, since an event was accepted last."""
    code: int | None = None

    def accepted(self) -> None:
        """Take note that Meta took something."""
        self.in_a_row = 0
        self.is_suspect = False

    def exceeds_share(self, *, of: int) -> bool:
        """Return whether one more would be too many `of` the events of the run; that one is not to be set aside."""
        return of >= FEWEST_FOR_SHARE and (self.refused + 1) * 100 > MOST_REFUSED_SHARE * of

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.in_a_row = self.in_a_row + 1 if outcome.code == self.code else 1
        self.code = outcome.code
        self.refused += 1

    @property
    def fills_a_row(self) -> bool:
        """Return whether there were too many on end."""
        return self.in_a_row >= (1 if self.is_suspect else MOST_REFUSED_IN_A_ROW)
