"""The page of one run: what was sent, what Meta answered, where each event ended."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syncer.session import Session
from syncer.state.history import RequestLine
from syncer.state.requests import RequestState
from syncer.status import RunDetails, run_details
from syncer.web.overview import State, run_state

MOST_REQUESTS: Final = 200
WENT_WELL: Final = (RequestState.ACKED, RequestState.ACKED_ASSUMED)


@dataclass(frozen=True, slots=True)
class OneRun:
    """All of the page."""

    details: RunDetails
    state: State
    now: datetime

    @property
    def shown(self) -> tuple[RequestLine, ...]:
        """Return the requests that are listed: those that did not go well first, then in their order."""
        return tuple(sorted(self.details.requests, key=lambda request: request.state in WENT_WELL)[:MOST_REQUESTS])

    @property
    def states(self) -> list[tuple[str, int]]:
        """Return how many requests are in each state, most first."""
        return Counter(request.state.value for request in self.details.requests).most_common()


def one_run(session: Session, run_id: str) -> OneRun:
    """Return what the page of a run shows; raises `SyncerError` where there is none."""
    details = run_details(session.store, run_id, target=session.project.target)
    return OneRun(details, run_state(details.run.report.status), session.clock.now())
