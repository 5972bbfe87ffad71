"""Held requests sent again because an operator says so: their rows are read anew, by identity."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Self

import polars as pl

from connectors.base import Query
from connectors.incremental import CursorValue
from syncer.engine.endings import Ending
from syncer.engine.job import Job
from syncer.engine.span import halves, lowest, rows_of
from syncer.engine.sync import deliver_now, recorded
from syncer.engine.tools import Tools
from syncer.report import RunReport, RunStatus
from syncer.state.held import close_resent, held_requests, in_words
from syncer.state.requests import NOBODY, StoredRequest, split
from syncer.state.runs import RunLog

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.transform import Transform


COST = (
    "Meta may have these events. It counts an event once only where equal event_name and event_id come within 48 hours; "
    "what it got earlier it counts again."
)
"""Of sending again."""
FORGOTTEN = "No run sends these events; if Meta does not have them, they are lost to it."
"""Of taking for delivered."""


@dataclass(slots=True)
class Sought:
    """Events by identity, wherever their rows are by now. Notes those that it found; mutable."""

    names: frozenset[bytes]
    low: CursorValue | None
    """The lowest cursor value that their rows had; None: not known."""
    said: str
    """What they are, for the audit log."""
    found: set[bytes] = field(default_factory=set)

    def __str__(self) -> str:
        return self.said

    @classmethod
    def of(cls, requests: Collection[StoredRequest]) -> Self:
        """Return the events of `requests`."""
        names = frozenset(name for request in requests for name in split(request.digests)) - {NOBODY}
        return cls(names, lowest([request.cursor_low for request in requests]), in_words(requests))

    @property
    def is_complete(self) -> bool:
        """Return whether each of them was found."""
        return len(self.found) == len(self.names)

    def queries(self, query: Query) -> tuple[Query, ...]:
        """Return where they should be, then where their rows are if they were dated back since."""
        return halves(query, self.low)

    def rows(
        self, rows: "pa.RecordBatch", transform: "Transform", *, now: int
    ) -> "tuple[pa.RecordBatch, pl.DataFrame]":
        """Return the rows of a batch that are theirs, with their names."""
        theirs, named = rows_of(self.names, rows, transform, now=now)
        self.found.update(named["identity"].to_list())
        return theirs, named


def resend(job: Job, tools: Tools, requests: Collection[int]) -> RunReport:
    """Send the events of held requests again; the watermark stays. Raises as `run_sync` does.

    They are noted as possible duplicates before. A request stays held until each of its events is settled by another:
    one whose row is gone, or gives no event any more, stays held in what is left of it. Doing it again after a crash
    sends only what was not settled meanwhile.
    """
    return recorded(job, tools, partial(_resend, requests=requests))


def _resend(job: Job, tools: Tools, run: RunLog, now: datetime, *, requests: Collection[int]) -> Ending:
    close_resent(job.store, job.scope, requests, epoch=run.epoch)
    held = [stored for stored, _ in held_requests(job.store, job.scope) if _is_of(stored, requests)]
    if not held:
        return Ending(status=RunStatus.DONE)
    ending = deliver_now(replace(job, span=Sought.of(held), resend=True), tools, run, now)
    left = held_requests(job.store, job.scope)  # with what this run found of a resend that died, and held
    close_resent(job.store, job.scope, [stored.id for stored, _ in left], epoch=run.epoch)
    return ending


def _is_of(request: StoredRequest, requests: Collection[int]) -> bool:
    return request.id in requests or request.parent in requests
