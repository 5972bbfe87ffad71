"""Held requests sent again because an operator says so: their rows are read anew, by identity."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Self

import polars as pl

from connectors.base import Query
from connectors.incremental import CursorValue
from syncer.engine.deliver import Ending
from syncer.engine.job import Job
from syncer.engine.span import from_low, lowest
from syncer.engine.sync import deliver_now, recorded
from syncer.engine.tools import Tools
from syncer.report import RunReport, RunStatus
from syncer.state.held import close_resent, held_requests, in_words
from syncer.state.ledger import identities
from syncer.state.requests import StoredRequest
from syncer.state.runs import RunLog

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.transform import Transform


@dataclass(frozen=True, slots=True)
class Chosen:
    """Events by identity; their rows have at least the cursor value `low`, None: wherever they are."""

    names: pl.Series
    low: CursorValue | None
    said: str
    """What they are, for the audit log."""

    def __str__(self) -> str:
        return self.said

    @classmethod
    def of(cls, requests: Collection[StoredRequest]) -> Self:
        """Return the events of `requests`."""
        digests = b"".join(request.digests for request in requests)
        return cls(
            identities(digests).unique(), lowest([request.cursor_low for request in requests]), in_words(requests)
        )

    def narrowed(self, query: Query) -> Query:
        """Return the query for the rows among which they are: a row that was edited since lies higher."""
        return from_low(query, self.low)

    def rows(
        self, rows: "pa.RecordBatch", transform: "Transform", *, now: int
    ) -> "tuple[pa.RecordBatch, pl.DataFrame]":
        """Return the rows of a batch that are theirs, with their names."""
        named = transform.named(rows, now=now)
        known = named["identity"].is_not_null()
        found = (
            named.filter(known)
            .select(pl.col("row"))["row"]
            .filter(identities(b"".join(named["identity"].drop_nulls())).is_in(self.names.implode()))
        )
        is_wanted = named["row"].is_in(found.implode())
        return rows.filter(is_wanted.to_arrow()), named.filter(is_wanted)


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
    ending = deliver_now(replace(job, span=Chosen.of(held), resend=True), tools, run, now)
    close_resent(job.store, job.scope, [request.id for request in held], epoch=run.epoch)
    return ending


def _is_of(request: StoredRequest, requests: Collection[int]) -> bool:
    return request.id in requests or request.parent in requests
