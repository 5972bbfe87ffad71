"""The page of one run: what was sent, what Meta answered, where each event ended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syncer.session import Session
from syncer.status import RunDetails, run_details
from syncer.web.overview import State, run_state

MOST_REQUESTS: Final = 200


@dataclass(frozen=True, slots=True)
class OneRun:
    """All of the page."""

    details: RunDetails
    """With the requests that are listed: those that did not go well first, then in their order."""
    state: State
    now: datetime


def one_run(session: Session, run_id: str) -> OneRun:
    """Return what the page of a run shows; raises `SyncerError` where there is none."""
    details = run_details(session.store, run_id, target=session.project.target, limit=MOST_REQUESTS)
    return OneRun(details, run_state(details.run.report.status), session.clock.now())
