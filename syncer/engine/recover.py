"""What an earlier run left behind: requests that were armed and whose outcome nobody saw."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from syncer.engine.age import is_past_resending
from syncer.state.requests import RequestState, StoredRequest, split
from syncer.state.runs import RunLog

Mode = Literal["at_least_once", "at_most_once"]
Doubts = Mapping[bytes, datetime]
"""Identities of events that Meta may have already, each with the time when it was first sent."""


def is_to_be_held(request: StoredRequest, *, mode: Mode, now: datetime) -> bool:
    """Return whether the next run will hold an open request of an earlier one, so that its events are not sent again."""
    if request.state is RequestState.RETRY:
        return False
    return mode == "at_most_once" or is_past_resending(request.first_armed_at or now, now)


def recover(run: RunLog, *, mode: Mode, now: datetime) -> Doubts:
    """Close the open requests of earlier runs; the warehouse is read again, so no payload is needed.

    Certainly unsent ones give their events back. Doubtful ones give them back too, as possible duplicates that are
    noted before anything is sent, and are returned; with `at_most_once`, or where they were first sent too long ago,
    they are held instead.
    """
    doubts: dict[bytes, datetime] = {}
    for request in run.unfinished():
        if is_to_be_held(request, mode=mode, now=now):
            run.hold(request.id)
            continue
        if request.state is not RequestState.RETRY:
            run.note_possible_duplicates(request.events)
            doubts.update(dict.fromkeys(split(request.digests), request.first_armed_at or now))
        run.supersede(request.id)
    return doubts
