"""One sync as a straight line: plan, read, transform, deliver, checkpoint."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from connectors.base import Query, Source
from connectors.errors import SourceError
from syncer.engine import advice
from syncer.engine.basis import NEEDS_DECISION, basis_of, changes, question
from syncer.engine.compiled import compiled, require_old_type
from syncer.engine.deliver import INTERRUPTED, Delivery, Ending
from syncer.engine.one_row import has_key, of_key
from syncer.engine.page import allowed, rows_needed, take_page, unsettled
from syncer.engine.plan import first_event_time
from syncer.engine.readings import Reading, Sweep, readings
from syncer.engine.recover import recover
from syncer.engine.run_id import new_run_id
from syncer.engine.span import Span, whole
from syncer.engine.tools import Sender, Tools
from syncer.errors import ConfigError, SyncerError
from syncer.pipeline import Pipeline, Retention
from syncer.ports import Stop, doing
from syncer.report import Bucket, RunReport, RunStatus
from syncer.state.prune import prune
from syncer.state.runs import RunLog
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.transform.identity import Scope as IdentityScope

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.transform import Transform, Transformed

log = logging.getLogger(__name__)

BY_HAND = "by_hand"
"""Why a pipeline is paused that an operator paused: no run tries again whether the reason is gone."""
SAMPLE_BATCH_ROWS = 1_000
"""A sample is found among few rows."""
REJECT_BUCKETS = (
    Bucket.REJECTED_LOCAL,
    Bucket.REJECTED_REMOTE,
    Bucket.HELD,
    Bucket.PII_BLOCKED,
    Bucket.KEY_PROBLEM,
    Bucket.UNREADABLE,
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows to show how events arrive: the next ones, or the one with `key`."""

    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One pipeline to one destination, with the means to reach both ends."""

    pipeline: Pipeline
    scope: Scope
    store: Store
    open_source: Callable[[], Source]
    open_sender: Callable[[], AbstractContextManager[Sender]]
    place: Callable[[], str] = str
    """Tells the database of the source from others; raises `ConfigError` where a reference is empty."""
    trigger: str = "manual"
    holder: str = ""
    """Who runs it, told to others that find the pipeline locked."""
    limit: int | None = None
    """Send at most so many events."""
    sample: Sample | None = None
    """Given: deliver these rows out of turn; neither watermark nor start moves."""
    span: Span | None = None
    """Given: deliver these events, whatever watermark and start say; neither moves."""
    sweep: Sweep = Sweep.NONE
    """Whether all keys in Meta's window are compared with the ledger; that moves nothing."""
    resend: bool = False
    """Send again what was settled before."""

    retention: Retention = Retention()
    """How long the state is kept that every run leaves behind."""

    @property
    def is_regular(self) -> bool:
        """Return whether the run goes by the watermark and moves it."""
        return self.sample is None and self.span is None and self.sweep is not Sweep.ONLY


def run_sync(job: Job, tools: Tools) -> RunReport:
    """Deliver every row past the watermark; move the watermark behind what was settled.

    Raises `ConfigError` where the pipeline does not fit the query or a reference is empty, before a row is read,
    `LockedError` where another run holds the pipeline, and `StateError` where the state store cannot even note
    how the run ended; every other failure is in the report, with what was delivered before it.
    """
    return recorded(job, tools, _run)


def recorded(job: Job, tools: Tools, work: Callable[[Job, Tools, RunLog, datetime], Ending]) -> RunReport:
    """Do `work` under the pipeline's lock, write down how it began and ended, return its report; raises as `run_sync`."""
    now, began = tools.clock.now(), tools.clock.monotonic()
    run_id = new_run_id(now, tools.rng)
    with job.store.start_run(
        job.scope,
        run_id=run_id,
        now=now,
        fingerprint=job.pipeline.fingerprint,
        trigger=job.trigger,
        holder=job.holder,
    ) as run:
        log.info("run.started", extra={"pipeline": job.pipeline.name, "run_id": run_id, "target": job.scope.target})
        try:
            ending = work(job, tools, run, now)
        except ConfigError as error:
            _finish(run, tools, Ending(status=RunStatus.FAILED, message=str(error)), began)
            raise
        except (SyncerError, SourceError) as error:
            ending = Ending(status=RunStatus.FAILED, message=str(error))
        except KeyboardInterrupt:  # anywhere, so that nothing is known but what is written: recovered as after a crash
            ending = INTERRUPTED
        except Exception as error:
            what = f"syncer itself failed ({type(error).__name__}); the next run goes on from here"
            _finish(run, tools, Ending(status=RunStatus.FAILED, message=what), began)
            raise
        _finish(run, tools, ending, began)
        log.info("run.finished", extra={"run_id": run_id, "status": ending.status.value})
        if ending.status is not RunStatus.INTERRUPTED:
            _tidy_up(job)
        report = run.report()
        return replace(report, advice=tuple(advice.on_coverage(report.tally, job.pipeline)))


def identity_scope(job: Job, run: RunLog) -> IdentityScope:
    """Return what the identities of the run's events are made with."""
    target, destination = job.scope.target, job.scope.destination
    return IdentityScope(target=target, destination=destination, salt=job.store.salt, ids_name=run.ids_name)


def _paused(pipeline: Pipeline) -> Ending:
    message = f"paused by hand; `syncer resume {pipeline.name}` lets it run again"
    return Ending(status=RunStatus.PAUSED, message=message, pause_reason=BY_HAND)


def _finish(run: RunLog, tools: Tools, ending: Ending, began: float) -> None:
    run.finish(
        ending.status,
        now=tools.clock.now(),
        message=ending.message,
        pause_reason=ending.pause_reason,
        elapsed_s=tools.clock.monotonic() - began,
    )


def _tidy_up(job: Job) -> None:
    """Forget what is over its term; where that fails, the run is no worse for it and the next one tries again."""
    try:
        if deleted := prune(job.store, job.retention):
            log.info("state.pruned", extra={"rows": deleted})
    except SyncerError as error:
        log.warning("state.not_pruned", extra={"error": str(error)})


def _run(job: Job, tools: Tools, run: RunLog, now: datetime) -> Ending:
    if run.pause_reason == BY_HAND:
        return _paused(job.pipeline)
    if changed := changes(run.basis, basis_of(job.pipeline, job.place())):
        message = question(job.pipeline.name, changed)
        return Ending(status=RunStatus.PAUSED, message=message, pause_reason=NEEDS_DECISION)
    with job.open_source() as source, job.open_sender() as sender, tools.executor:
        delivery = Delivery(run, sender, job.pipeline.delivery, tools, limit=job.limit)
        return _deliver(job, tools, run, source, delivery, now)


def _deliver(job: Job, tools: Tools, run: RunLog, source: Source, delivery: Delivery, now: datetime) -> Ending:
    recover(run, mode=job.pipeline.delivery.mode)
    scope = identity_scope(job, run)
    found = tools.stop.wait_for(lambda: compiled(job.pipeline, source, scope))
    if found is None:
        return INTERRUPTED
    transform, shape = found
    require_old_type(transform.cursor_column, shape, run.watermark)
    if job.span is not None:
        run.audit("resend" if job.resend else "backfill", str(job.span))
    elif job.sweep is Sweep.ONLY:
        run.audit("reconcile", "all keys in Meta's window")
    run.rest_on(basis_of(job.pipeline, job.place()))
    start = _start(job, run, now)
    choice = _Choice(job, run, transform, start)
    failure: Ending | None = None
    try:
        _read_all(choice, _readings(job, run, transform, shape, start=start, now=now), source, delivery, tools)
    except SourceError as error:
        failure = Ending(status=RunStatus.FAILED, message=str(error))
    except Exception as error:
        delivery.stop(Ending(status=RunStatus.FAILED, message=str(error)))
        with suppress(SyncerError):  # a state that fails again says less than what it said first
            delivery.drain()
        raise
    delivery.drain()
    return delivery.stopped or failure or _ending(job, run)


def _read_all(choice: "_Choice", wanted: "Sequence[Reading]", source: Source, delivery: Delivery, tools: Tools) -> None:
    """Submit the pages of one reading after the other, until there are no more or no more is wanted."""
    job, run, transform = choice.job, choice.run, choice.transform
    numbers = count()
    for reading in wanted:
        for batch in _read(source, reading.query, tools.stop):
            at = int(tools.clock.now().timestamp())
            rows = choice.rows(batch, reading.span, at=at, room=delivery.room)
            transformed = choice.transformed(rows, at=at)
            page = take_page(next(numbers), rows, transform.cursor_column, transformed, run, room=delivery.room)
            delivery.submit(page if job.is_regular and reading.moves else replace(page, upto=None))
            if delivery.stopped or page.is_cut or (job.sample and delivery.room == 0):
                return
        delivery.drain()  # the watermark arrives before requests with rows from below it are made
        if delivery.stopped:
            return


def _start(job: Job, run: RunLog, now: datetime) -> int | None:
    """Return the lowest event_time that is sent; None for a span, which says itself what it wants."""
    if job.span is not None:
        return None
    if run.start is not None:
        return run.start
    start = first_event_time(job.pipeline.start, now, timezone=job.pipeline.settings.timezone)
    if job.is_regular:
        run.fix_start(start)
    return start


class _Choice:
    """Which rows of a batch a run wants, and what becomes of them."""

    def __init__(self, job: Job, run: RunLog, transform: "Transform", start: int | None) -> None:
        self.job, self.run, self.transform, self.start = job, run, transform, start
        self.settled = run.send_again() if job.resend else None

    def rows(self, rows: "pa.RecordBatch", span: Span | None, *, at: int, room: int | None) -> "pa.RecordBatch":
        """Return the rows that are wanted; no other is judged or counted."""
        sample = self.job.sample
        if span is not None:
            return span.rows(rows, self.transform, now=at)[0]
        if sample is None:
            return rows
        if sample.key:
            return rows if has_key(rows, self.transform.key_columns, sample.key) else rows.slice(0, 0)
        transformed = self.transform(rows, now=at, start=self.start)
        needed = rows_needed(transformed, self.run, room=room) if room else None
        return rows.slice(0, needed)

    def transformed(self, rows: "pa.RecordBatch", *, at: int) -> "Transformed":
        """Return events and rejects of the rows; what Meta has already is noted before it is sent again."""
        made = self.transform(rows, now=at, start=self.start)
        if self.settled is not None:
            sent = allowed(made, self.run.erased).events
            again = sent.height - unsettled(sent, self.settled).height
            if again:
                self.run.note_possible_duplicates(again)
        return made


def _readings(
    job: Job, run: RunLog, transform: "Transform", shape: "pa.Schema", *, start: int | None, now: datetime
) -> "Sequence[Reading]":
    if job.span is not None:
        return (Reading(whole(job.pipeline, transform), job.span),)
    found = readings(job.pipeline, transform, run.watermark, start=start, now=now, sweep=job.sweep)
    if job.sample is None:
        return found
    query = found[0].query
    if job.sample.key:
        return (Reading(of_key(query, shape, transform.key_columns, job.sample.key)),)
    return (Reading(replace(query, batch_rows=SAMPLE_BATCH_ROWS)),)


def _read(source: Source, query: Query, stop: Stop) -> "Iterator[pa.RecordBatch]":
    """Yield the batches of `query` until a stop is wanted; no state is written while the warehouse works."""
    batches = iter(source.read(query))
    while True:
        with doing("read"):
            rows = stop.wait_for(lambda: next(batches, None))
        if rows is None:
            return
        yield rows


def _ending(job: Job, run: RunLog) -> Ending:
    tally = run.report().tally
    if job.sample and job.sample.key and tally.rows_read == 0:
        return Ending(status=RunStatus.FAILED, message="no row of the query has this key; nothing was sent")
    buckets = tally.buckets
    rejects = sum(buckets[bucket] for bucket in REJECT_BUCKETS)
    return Ending(status=RunStatus.DONE_WITH_REJECTS if rejects else RunStatus.DONE)
