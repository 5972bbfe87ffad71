"""What an earlier run left behind: requests that were armed and whose outcome nobody saw."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from syncer.engine.age import is_past_resending
from syncer.state.requests import RequestState, split
from syncer.state.runs import RunLog

Doubts = Mapping[bytes, datetime]
"""Identities of events that Meta may have already, each with the time when it was first sent."""


def recover(run: RunLog, *, mode: Literal["at_least_once", "at_most_once"], now: datetime) -> Doubts:
    """Close the open requests of earlier runs; the warehouse is read again, so no payload is needed.

    Certainly unsent ones give their events back. Doubtful ones give them back too, as possible duplicates that are
    noted before anything is sent, and are returned; with `at_most_once`, or where they were first sent too long ago,
    they are held instead.
    """
    doubts: dict[bytes, datetime] = {}
    for request in run.unfinished():
        first_sent = request.first_armed_at or now
        if request.state is RequestState.RETRY:
            run.supersede(request.id)
        elif mode == "at_most_once" or is_past_resending(first_sent, now):
            run.hold(request.id)
        else:
            run.note_possible_duplicates(request.events)
            run.supersede(request.id)
            doubts.update(dict.fromkeys(split(request.digests), first_sent))
    return doubts
