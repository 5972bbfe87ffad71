"""What an earlier run left behind: requests that were armed and whose outcome nobody saw."""

from datetime import datetime

from syncer.engine.age import Mode, may_resend
from syncer.state.doubt import Doubts
from syncer.state.requests import RequestState, StoredRequest
from syncer.state.runs import RunLog


def is_to_be_held(request: StoredRequest, *, mode: Mode, now: datetime) -> bool:
    """Return whether the next run will hold an open request of an earlier one, so that its events are not sent again."""
    return request.state is not RequestState.RETRY and not may_resend(request.first_armed_at or now, now, mode=mode)


def holds_by_age(run: RunLog, *, mode: Mode, now: datetime) -> bool:
    """Return whether an open request of an earlier run will be held for nothing but the time that has passed."""
    return mode == "at_least_once" and any(is_to_be_held(each, mode=mode, now=now) for each in run.unfinished())


def recover(run: RunLog, *, mode: Mode, now: datetime) -> Doubts:
    """Close the open requests of earlier runs; the warehouse is read again, so no payload is needed.

    Certainly unsent ones give their events back. Doubtful ones give them back too, as possible duplicates that are
    noted before anything is sent, and are returned with those that nobody sent since an earlier run did so; with
    `at_most_once`, or where they were first sent too long ago, they are held instead.
    """
    for request in run.unfinished():
        if is_to_be_held(request, mode=mode, now=now):
            run.hold(request.id)
            continue
        if request.state is not RequestState.RETRY:
            run.note_possible_duplicates(request.events)
        run.supersede(request.id)
    return run.doubts_given_up(now)
