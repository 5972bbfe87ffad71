"""One sync as a straight line: plan, read, transform, deliver, checkpoint."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from connectors.base import Query, Source
from connectors.errors import SourceError
from connectors.incremental import cursor_kind
from syncer.engine import advice
from syncer.engine.again import Recall, lowest_read, passed_by
from syncer.engine.basis import NEEDS_DECISION, basis_of, changes, question
from syncer.engine.batches import batches
from syncer.engine.choice import Choice
from syncer.engine.compiled import compiled_again, require_old_type
from syncer.engine.deliver import Delivery
from syncer.engine.endings import (
    BY_HAND,
    INTERRUPTED,
    SYSTEMATIC,
    Ending,
    full,
    not_found,
    over_max_rows,
    paused,
    still_refused,
)
from syncer.engine.job import Job
from syncer.engine.mass_reject import Refusals
from syncer.engine.one_row import find, of_key
from syncer.engine.page import take_page
from syncer.engine.plan import first_event_time
from syncer.engine.readings import Reading, Sweep, readings
from syncer.engine.recover import recover
from syncer.engine.run_id import new_run_id
from syncer.engine.span import whole
from syncer.engine.suppression import Watch, left_unsent
from syncer.engine.tidy import tidy_up
from syncer.engine.tools import Sender, Tools, silent
from syncer.engine.trust import distrusted, distrusted_at_first, is_by_clock
from syncer.errors import ConfigError, SyncerError
from syncer.report import Bucket, RunReport, RunStatus
from syncer.state.runs import RunLog
from syncer.transform.identity import Scope as IdentityScope

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.state.quarantine import Reject

log = logging.getLogger(__name__)

SAMPLE_BATCH_ROWS = 1_000
"""A sample is found among few rows."""
FIRST_ROWS = 1_000
"""Of a first batch no fewer come by themselves: what holds for most of them is said of all rows so far."""
REJECT_BUCKETS = (
    Bucket.REJECTED_LOCAL,
    Bucket.REJECTED_REMOTE,
    Bucket.HELD,
    Bucket.PII_BLOCKED,
    Bucket.KEY_PROBLEM,
    Bucket.UNREADABLE,
)


def run_sync(job: Job, tools: Tools) -> RunReport:
    """Deliver every row past the watermark; move the watermark behind what was settled.

    Raises `ConfigError` where the pipeline does not fit the query or a reference is empty, before a row is read,
    `LockedError` where another run holds the pipeline, and `StateError` where the state store cannot even note
    how the run ended; every other failure is in the report, with what was delivered before it.
    """
    return recorded(job, tools, deliver_now)


def recorded(job: Job, tools: Tools, work: Callable[[Job, Tools, RunLog, datetime], Ending]) -> RunReport:
    """Do `work` under the pipeline's lock, write down how it began and ended, return its report; raises as `run_sync`."""
    now, began = tools.clock.now(), tools.clock.monotonic()
    run_id = new_run_id(now, tools.rng)
    facts = {"pipeline": job.scope.pipeline, "target": job.scope.target, "destination": job.scope.destination}
    with (
        tools.spans.span("run", run_id=run_id, trigger=job.trigger, **facts) as note,
        job.store.start_run(
            job.scope,
            run_id=run_id,
            now=now,
            fingerprint=job.pipeline.fingerprint,
            trigger=job.trigger,
            holder=job.holder,
            is_answer=work is deliver_now and job.is_regular and job.limit is None,
        ) as run,
    ):
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
            _finish(run, tools, Ending(status=RunStatus.FAILED, message=what), began, is_crash=True)
            raise
        _finish(run, tools, ending, began)
        if tools.clock_check.warning:
            log.warning("clock.off", extra={"skew_s": tools.clock_check.skew_s})
        if ending.status is not RunStatus.INTERRUPTED:
            tidy_up(job, run, tools)
        report = run.report()
        counts = {"rows": report.tally.rows_read, "acknowledged": report.acknowledged, "requests": report.requests}
        log.info("run.finished", extra={"run_id": run_id, "status": report.status.value, **counts})
        note(status=report.status.value, rows=report.tally.rows_read, acknowledged=report.acknowledged)
        return replace(report, advice=tuple(advice.on_tally(report.tally, job.pipeline)))


def identity_scope(job: Job, run: RunLog) -> IdentityScope:
    """Return what the identities of the run's events are made with."""
    target, destination = job.scope.target, job.scope.destination
    return IdentityScope(target=target, destination=destination, salt=job.store.salt, ids_name=run.ids_name)


def _finish(run: RunLog, tools: Tools, ending: Ending, began: float, *, is_crash: bool = False) -> None:
    run.finish(
        ending.status,
        now=tools.clock_check.corrected(tools.clock.now()),
        message=ending.message,
        pause_reason=ending.pause_reason,
        elapsed_s=tools.clock.monotonic() - began,
        is_crash=is_crash,
    )


def deliver_now(job: Job, tools: Tools, run: RunLog, now: datetime) -> Ending:
    """Read and deliver what the job wants, in a run that was begun; return how it ends. Raises as `run_sync` does."""
    if run.pause_reason == BY_HAND:
        return paused(job.pipeline)
    if changed := changes(run.basis, basis_of(job.pipeline, job.place())):
        message = question(job.pipeline.name, changed)
        return Ending(status=RunStatus.PAUSED, message=message, pause_reason=NEEDS_DECISION)
    if run.is_full and job.retry is None:
        return full(job.pipeline)
    with job.open_source() as source, job.open_sender() as sender, tools.executor:
        return _deliver(job, tools, run, source, sender, now)


def _deliver(job: Job, tools: Tools, run: RunLog, source: Source, sender: Sender, now: datetime) -> Ending:
    if (ending := distrusted_at_first(job, run, tools, now)) is not None:
        return ending
    doubts = recover(run, mode=job.pipeline.delivery.mode, now=now)
    scope = identity_scope(job, run)
    unsent = left_unsent(job.store, job.pipeline, scope, own=run.suppressed.settled)
    found = tools.stop.wait_for(lambda: compiled_again(job.pipeline, source, scope, suppressed=unsent))
    if found is None:
        return INTERRUPTED
    transform, shape = found
    require_old_type(transform.cursor_column, shape, run.watermark)
    if job.span is not None:
        run.audit("resend" if job.resend else "backfill", str(job.span), by=job.by)
    elif job.sweep is Sweep.ONLY:
        run.audit("reconcile", "all keys in Meta's window", by=job.by)
    run.rest_on(basis_of(job.pipeline, job.place()))
    start = _start(job, run, now)
    choice = Choice.of(job, run, transform, start, _rejects(job, run))
    wanted = _readings(choice, shape, now=now)
    refusals = Refusals(is_suspect=job.is_regular and run.pause_reason == SYSTEMATIC)
    settings = job.pipeline.delivery
    most_rows = settings.max_rows if job.is_regular else None
    delivery = Delivery(
        run, sender, settings, tools, limit=job.limit, most_rows=most_rows, doubts=doubts, refusals=refusals
    )
    ending = _send(choice, wanted, source, delivery, tools)
    if ending is None and job.is_regular and delivery.room != 0 and not delivery.over:
        ending = _judge_again(choice, wanted[0].query, source, delivery, replace(tools, on_progress=silent))
    return ending or _ending(choice, tools.clock_check.warning)


def _rejects(job: Job, run: RunLog) -> "tuple[Reject, ...]":
    """Return what is judged again: what is chosen, or what may have changed."""
    if job.retry is not None:
        rejects = tuple(reject for reject in run.rejects() if reject in job.retry)
        run.audit("rejects retry", f"{job.retry}: {len(rejects)} set aside", by=job.by)
        return rejects
    return tuple(run.rejects()) if job.is_regular and job.pipeline.rejects.retry == "on_change" else ()


def _send(
    choice: Choice, wanted: "Sequence[Reading]", source: Source, delivery: Delivery, tools: Tools
) -> Ending | None:
    """Deliver the rows of the readings that are wanted; return why it ended early, None where it did not."""
    failure: Ending | None = None
    try:
        try:
            _read_all(choice, wanted, source, delivery, tools)
        except SourceError as error:
            failure = Ending(status=RunStatus.FAILED, message=str(error))
        delivery.drain()
    except Exception as error:
        delivery.stop(Ending(status=RunStatus.FAILED, message=str(error)))
        with suppress(SyncerError):  # a state that fails again says less than what it said first
            delivery.drain()
        raise
    if delivery.over and delivery.stopped is None and failure is None:
        return over_max_rows(choice.job.pipeline)
    if choice.recall is not None and delivery.stopped and delivery.stopped.pause_reason == SYSTEMATIC:
        delivery.stopped = still_refused(delivery.stopped, is_retry=choice.job.retry is not None)
    return delivery.stopped or failure


def _judge_again(choice: Choice, read: Query, source: Source, delivery: Delivery, tools: Tools) -> Ending | None:
    """Judge the rejects again that lie below what `read` gave and were judged by another configuration."""
    job, run = choice.job, choice.run
    low = lowest_read(read)
    due = passed_by(choice.rejects, low, fingerprint=job.pipeline.fingerprint)
    if due:  # but for those that a sweep has just judged
        due = passed_by(run.rejects(), low, fingerprint=job.pipeline.fingerprint)
    if not due or low is None:
        return None
    recall = Recall(due, below=low)
    second = Delivery(
        run, delivery.sender, delivery.settings, tools,
        limit=delivery.room, most_rows=delivery.room_rows, doubts=delivery.doubts,
    )  # fmt: skip
    wanted = [Reading(query) for query in recall.queries(read, low.kind)]
    ending = _send(replace(choice, recall=recall), wanted, source, second, tools)
    if ending is None and second.room != 0 and not tools.stop.is_wanted:
        run.judged_again(sorted(recall.wanted - recall.too_early))
    return ending


def _read_all(choice: Choice, wanted: "Sequence[Reading]", source: Source, delivery: Delivery, tools: Tools) -> None:
    """Submit the pages of one reading after the other, until there are no more or no more is wanted."""
    job, run, column = choice.job, choice.run, choice.transform.cursor_column
    numbers, watch = count(), Watch(job.pipeline.name)
    under_way = delivery.settings.requests_in_flight * delivery.settings.events_per_request
    first_rows = max(FIRST_ROWS, under_way)
    for reading in wanted:
        if choice.is_complete:
            return
        making, after = choice, None
        for batch in _batches(choice, reading.query, source, tools, first_rows=first_rows):
            at = int(tools.clock.now().timestamp())
            rows, only = choice.rows(batch, reading.span, at=at, room=delivery.room)
            skim, made = delivery.meanwhile(partial(making.made, rows, only, at=at, spans=tools.spans))
            watch.saw(made)
            if is_by_clock(made) and (ending := distrusted(tools)) is not None:
                delivery.stop(ending)
                return
            room, most_rows, number = delivery.room, delivery.room_rows, next(numbers)
            page = take_page(
                number, rows, column, made, run, room=room, most_rows=most_rows, reprieve=choice.reprieve,
                settled=skim.settled, after=after,
            )  # fmt: skip
            after = page.upto or after
            making = replace(choice, repeats=skim.repeats(page.settled))
            delivery.submit(page if reading.moves and not choice.is_out_of_turn else replace(page, upto=None))
            if run.is_full and job.retry is None:
                delivery.stop(full(job.pipeline))
            if delivery.stopped or page.is_cut or (job.sample and delivery.room == 0):
                return
            del batch, rows, only, skim, made, page  # or they stay in memory until the next page is there
        delivery.drain()  # the watermark arrives before requests with rows from below it are made
        if delivery.stopped:
            return


def _batches(
    choice: Choice, query: Query, source: Source, tools: Tools, *, first_rows: int
) -> "Iterator[pa.RecordBatch]":
    """Yield what the query gives, or of a sample with a key its rows at once: they are judged together."""
    read, sample = batches(source, query, tools.stop, tools.spans, first_rows=first_rows), choice.job.sample
    if sample is None or not sample.key:
        yield from read
    elif (rows := find(read, choice.transform, sample.key, now=int(tools.clock.now().timestamp()))) is not None:
        yield rows


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


def _readings(choice: Choice, shape: "pa.Schema", *, now: datetime) -> "Sequence[Reading]":
    job, transform, recall = choice.job, choice.transform, choice.recall
    if job.span is not None:
        return [Reading(query, job.span) for query in job.span.queries(whole(job.pipeline, transform))]
    if recall is not None:
        column = transform.cursor_column
        kind = None if column is None else cursor_kind(shape.field(column).type)
        return [Reading(query) for query in recall.queries(whole(job.pipeline, transform), kind)]
    found = readings(job.pipeline, transform, choice.run.watermark, start=choice.start, now=now, sweep=job.sweep)
    if job.sample is None:
        return found
    query = found[0].query
    if job.sample.key:
        return (Reading(of_key(query, shape, transform.key_columns, job.sample.key)),)
    return (Reading(replace(query, batch_rows=SAMPLE_BATCH_ROWS)),)


def _ending(choice: Choice, warning: str) -> Ending:
    job, recall = choice.job, choice.recall
    tally = choice.run.report().tally
    if job.sample and job.sample.key and tally.rows_read == 0:
        return Ending(status=RunStatus.FAILED, message="no row of the query has this key; nothing was sent")
    buckets = tally.buckets
    rejects = sum(buckets[bucket] for bucket in REJECT_BUCKETS)
    status = RunStatus.DONE_WITH_REJECTS if rejects else RunStatus.DONE
    said = (warning, "" if recall is None else not_found(recall))
    return Ending(status=status, message="; ".join(filter(None, said)))
