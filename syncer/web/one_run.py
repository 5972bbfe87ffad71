"""The page of one run: what was sent, what Meta answered, where each event ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syncer.session import Session
from syncer.state.history import requests_by_state
from syncer.status import RunDetails, run_details
from syncer.web.overview import State, run_state

MOST_REQUESTS: Final = 200


@dataclass(frozen=True, slots=True)
class OneRun:
    """All of the page."""

    details: RunDetails
    """With the requests that are listed: those that did not go well first, then in their order."""
    states: tuple[tuple[str, int], ...]
    """How many requests are in each state, most first."""
    state: State
    now: datetime

    @property
    def requests(self) -> int:
        """Return how many requests there are, listed or not."""
        return sum(count for _, count in self.states)


def one_run(session: Session, run_id: str) -> OneRun:
    """Return what the page of a run shows; raises `SyncerError` where there is none."""
    details = run_details(session.store, run_id, target=session.project.target, limit=MOST_REQUESTS)
    found = requests_by_state(session.store, details.run.report.run_id)
    states = sorted(((state.value, count) for state, count in found.items()), key=lambda each: -each[1])
    return OneRun(details, tuple(states), run_state(details.run.report.status), session.clock.now())
