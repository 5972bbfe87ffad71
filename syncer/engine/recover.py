"""What an earlier run left behind: requests that were armed and whose outcome nobody saw."""

from typing import Literal

from syncer.state.requests import RequestState
from syncer.state.runs import RunLog


def recover(run: RunLog, *, mode: Literal["at_least_once", "at_most_once"]) -> None:
    """Close the open requests of earlier runs; the warehouse is read again, so no payload is needed.

    Certainly unsent ones give their events back. Doubtful ones give them back too, as possible duplicates that are
    noted before anything is sent; with `at_most_once` they are held instead.
    """
    for request in run.unfinished():
        if request.state is RequestState.RETRY:
            run.supersede(request.id)
        elif mode == "at_most_once":
            run.hold(request.id)
        else:
            run.note_possible_duplicates(request.events)
            run.supersede(request.id)
