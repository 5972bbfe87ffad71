"""What another tool has sent already: its events are written down as settled, and no run sends them again."""

from datetime import datetime

import polars as pl

from syncer.engine.basis import basis_of, changes
from syncer.engine.batches import batches
from syncer.engine.compiled import compiled
from syncer.engine.endings import INTERRUPTED, Ending
from syncer.engine.job import Job
from syncer.engine.span import Span, whole
from syncer.engine.sync import identity_scope, recorded
from syncer.engine.tools import Tools
from syncer.report import Bucket, RunReport, RunStatus, Tally
from syncer.spec.limits import EVENTS_PER_REQUEST, PHYSICAL_STORE_WINDOW_S
from syncer.state.ledger import packed
from syncer.state.requests import NewRequest
from syncer.state.runs import RunLog


def span_until(until: datetime, *, now: datetime) -> Span:
    """Return the events before `until` that Meta would still take then, or now: older ones no run sends anyway.

    A clock that is ahead leaves out none of them.
    """
    return Span(since=int(min(now, until).timestamp()) - PHYSICAL_STORE_WINDOW_S, until=int(until.timestamp()))


def adopt(job: Job, tools: Tools) -> RunReport:
    """Write the events of the job's span down as delivered by another tool; nothing is sent, the watermark stays.

    In the report they are `duplicate_skipped`. Raises as `run_sync` does. Doing it twice does no harm.
    """
    return recorded(job, tools, _adopt)


def _adopt(job: Job, tools: Tools, run: RunLog, now: datetime) -> Ending:
    assert job.span is not None, "an adoption has a span"  # noqa: S101  kept on in production
    at = int(now.timestamp())
    with job.open_source() as source:
        transform, _ = compiled(job.pipeline, source, identity_scope(job, run))
        run.audit("adopt", str(job.span), by=job.by)
        now_on = basis_of(job.pipeline, job.place())
        if not changes(run.basis, now_on):  # a pipeline that waits for a decision goes on waiting
            run.rest_on(now_on)
        for batch in batches(source, whole(job.pipeline, transform), tools.stop):
            rows, named = job.span.rows(batch, transform, now=at)
            known = named.filter(pl.col("identity").is_not_null())
            erased = pl.Series(list(run.erased), dtype=pl.Binary).implode()
            known, blocked = known.filter(~pl.col("identity").is_in(erased)), known.height
            tally = _tally(named, known, blocked - known.height)
            tally.rows_read = rows.num_rows
            run.assume(tally, None)
            fresh = known.unique("identity", maintain_order=True)
            if fresh.height:
                fresh = fresh.filter(~pl.Series(run.ledger.settled(packed(fresh["identity"])), dtype=pl.Boolean))
                run.ledger.add(packed(fresh["identity"]))
            for part in fresh.iter_slices(EVENTS_PER_REQUEST):
                run.assume(Tally(), _request(part))
    if tools.stop.is_wanted:
        return INTERRUPTED
    return Ending(status=RunStatus.DONE, pause_reason=run.pause_reason)


def _tally(named: pl.DataFrame, known: pl.DataFrame, blocked: int) -> Tally:
    tally = Tally()
    tally.buckets[Bucket.DUPLICATE_SKIPPED] = known.height
    if blocked:
        tally.buckets[Bucket.ERASED] = tally.reasons["erased"] = blocked
    if keyless := named.height - known.height - blocked:
        tally.buckets[Bucket.KEY_PROBLEM] = tally.reasons["key_missing"] = keyless
    return tally


def _request(events: pl.DataFrame) -> NewRequest:
    times = events["event_time"].to_list()
    return NewRequest(
        digests=packed(events["identity"]),
        events=events.height,
        event_time_min=min(times),
        event_time_max=max(times),
        cursor_low=None,
        cursor_high=None,
    )
