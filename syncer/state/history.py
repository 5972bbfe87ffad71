"""The store read back: pipelines, runs, rejects, as plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from syncer.errors import StateError
from syncer.report import ELSEWHERE, RunReport, RunStatus
from syncer.spec.limits import FUTURE_S
from syncer.state import counts, pipelines, quarantine
from syncer.state.basis import Basis
from syncer.state.lately import LATELY, newest_lately
from syncer.state.quarantine import Reject
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import PIPELINES, QUARANTINE, REQUESTS, RUN_COUNTS, RUNS
from syncer.watermark import Watermark

SWEEP = "reconcile"
"""Trigger of a run, or the end of it, that compared all keys in Meta's window with the ledger."""
PARTIAL = ("adopt", "backfill", "send-test")
"""Triggers of runs that look at a part of the rows, wherever the watermark is."""
BY_HAND = (*PARTIAL, "resend", "retry")
"""Triggers of runs that somebody waits for, and that say nothing of how the pipeline does."""

WITHIN_DELAY = 8
"""How often rows of other destinations are looked for while a delay may keep some of them back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run, finished or not."""

    report: RunReport
    trigger: str
    holder: str
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPipeline:
    """A scope that ran at least once, or was paused."""

    id: int
    scope: Scope
    holder: str | None
    watermark: Watermark | None
    start: int | None
    pause_reason: str | None
    paused_at: datetime | None
    fingerprint: str | None
    ids_name: str | None
    """Name that the ids of its events are made of, where it was renamed; None: its own."""
    basis: Basis
    """What watermark and ledger were made with."""


def stored_pipelines(store: Store, target: str) -> list[StoredPipeline]:
    """Return the scopes of a target by name; raises `StateError` where one's position is damaged."""
    with store.reading() as connection:
        found = connection.execute(
            select(PIPELINES)
            .where(PIPELINES.c.target == target)
            .order_by(PIPELINES.c.pipeline, PIPELINES.c.destination)
        ).all()
    return [_pipeline(row) for row in found]


def stored_pipeline(store: Store, scope: Scope) -> StoredPipeline | None:
    """Return one scope; None: it never ran.

    Raises `StateError` where its position is damaged, or its state has another name by now.
    """
    found = next((each for each in stored_pipelines(store, scope.target) if each.scope == scope), None)
    if found is None:
        with store.reading() as connection:
            pipelines.require_own_name(connection, scope)
    return found


def stored_runs(
    store: Store, target: str, pipeline: str | None = None, *, destination: str | None = None, limit: int
) -> list[StoredRun]:
    """Return the runs of a target, of one pipeline if given, newest first."""
    query = _runs().where(PIPELINES.c.target == target).order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc())
    if pipeline is not None:
        query = query.where(PIPELINES.c.pipeline == pipeline)
    if destination is not None:
        query = query.where(PIPELINES.c.destination == destination)
    query, lately = query.limit(limit), RUNS.c.started_at >= store.clock.now() - LATELY
    with store.reading() as connection:
        rows = connection.execute(query.where(lately)).all()  # found by an index, where all would be sorted
        return _with_counts(connection, rows if len(rows) == limit else connection.execute(query).all())


def latest_runs(
    store: Store, target: str, statuses: Iterable[RunStatus] = RunStatus, *, but: Sequence[str] = ()
) -> dict[int, StoredRun]:
    """Return the newest run of each scope that ended in one of `statuses`, by the id of its pipeline row.

    Runs with a trigger among `but` do not count.
    """
    wanted = [status.value for status in statuses]
    with store.reading() as connection:
        lately = newest_lately(connection, target, wanted, but=but, now=store.clock.now())
        known = connection.execute(select(PIPELINES.c.id).where(PIPELINES.c.target == target)).scalars()
        others = [each for each in known if each not in lately]
        newest = (
            select(RUNS.c.pipeline_id, func.max(RUNS.c.epoch).label("epoch"))
            .where(RUNS.c.pipeline_id.in_(others), RUNS.c.status.in_(wanted), RUNS.c.trigger.not_in(but))
            .group_by(RUNS.c.pipeline_id)
            .subquery()
        )
        is_newest = (newest.c.pipeline_id == RUNS.c.pipeline_id) & (newest.c.epoch == RUNS.c.epoch)
        rows = [
            *connection.execute(_runs().where(RUNS.c.id.in_(list(lately.values())))),
            *connection.execute(_runs().join(newest, is_newest)),
        ]
        return dict(zip((row.pipeline_id for row in rows), _with_counts(connection, rows), strict=True))


def last_sweep(store: Store, scope: Scope) -> datetime | None:
    """Return when a run of `scope` that went well last began to compare all keys with the ledger; None: none did."""
    query = _of(scope, select(func.max(RUNS.c.started_at))).where(*_IS_SWEEP)
    with store.reading() as connection:
        return connection.execute(query).scalar()


def left_elsewhere(store: Store, scope: Scope, *, fingerprint: str, since: datetime, delay: timedelta) -> bool:
    """Return whether runs by another configuration than `fingerprint` left rows to other destinations since then.

    Not where a run by this one has compared all keys with the ledger, `delay` after the last of them or later: before, it
    may have found some of these rows too early to be sent. Until then an eighth of `delay` is between two such runs.
    """
    is_left = (RUN_COUNTS.c.kind == counts.REASON) & (RUN_COUNTS.c.name == ELSEWHERE)
    ended_at = func.coalesce(RUNS.c.finished_at, RUNS.c.started_at)
    lefts = _of(scope, select(RUNS.c.epoch, ended_at)).join(RUN_COUNTS, RUN_COUNTS.c.run_id == RUNS.c.id)
    query = lefts.where(is_left, RUNS.c.fingerprint != fingerprint, RUNS.c.started_at >= since)
    with store.reading() as connection:
        left = connection.execute(query.order_by(RUNS.c.epoch.desc()).limit(1)).first()
        if left is None:
            return False
        sweeps = _of(scope, select(func.max(RUNS.c.started_at))).where(*_IS_SWEEP, RUNS.c.fingerprint == fingerprint)
        last = connection.execute(sweeps.where(RUNS.c.epoch > left.epoch)).scalar()
    over_at = left[1] + delay + timedelta(seconds=FUTURE_S)
    if last is None or not delay or last >= over_at:
        return last is None
    now = store.clock.now()
    return bool(now >= over_at or now - last >= delay / WITHIN_DELAY)


def find_runs(store: Store, prefix: str, *, target: str | None = None, limit: int) -> list[StoredRun]:
    """Return the runs whose id begins with `prefix`, oldest first, of any target unless one is given."""
    query = _runs().order_by(RUNS.c.id).limit(limit)
    if target is not None:
        query = query.where(PIPELINES.c.target == target)
    with store.reading() as connection:
        rows = connection.execute(query.where(RUNS.c.id == prefix)).all()  # one is as long as the other
        rows = rows or connection.execute(query.where(RUNS.c.id.startswith(prefix, autoescape=True))).all()
        return _with_counts(connection, rows)


def rejects_of(store: Store, pipeline_id: int) -> list[Reject]:
    """Return the events of a pipeline that are set aside, oldest first."""
    with store.reading() as connection:
        return quarantine.rejects(connection, pipeline_id)


def rejects_by_reason(store: Store, run_id: str) -> dict[str, int]:
    """Return how many events a run set aside and are so still, by reason."""
    table = QUARANTINE.c
    with store.reading() as connection:
        rows = connection.execute(
            select(table.reason, func.count())
            .where(table.run_id == run_id)
            .group_by(table.reason)
            .order_by(table.reason)
        )
        return {key: int(count) for key, count in rows}


def rejects_by_pipeline(store: Store) -> dict[int, int]:
    """Return how many events are set aside, by the id of the pipeline row."""
    table = QUARANTINE.c
    with store.reading() as connection:
        rows = connection.execute(select(table.pipeline_id, func.count()).group_by(table.pipeline_id))
        return {key: int(count) for key, count in rows}


def report_of(store: Store, run_id: str) -> RunReport:
    """Return what one run did."""
    with store.reading() as connection:
        rows = connection.execute(_one_run(), {"of_run": run_id}).all()
        return _with_counts(connection, rows)[0].report


_IS_SWEEP = (
    RUNS.c.trigger.endswith(SWEEP) | (RUNS.c.watermark_before.is_(None) & RUNS.c.trigger.not_in(PARTIAL)),
    RUNS.c.status.in_([RunStatus.DONE.value, RunStatus.DONE_WITH_REJECTS.value]),
)
"""A run without a watermark read every row, which is as good."""
_COUNTS = select(RUN_COUNTS).where(RUN_COUNTS.c.run_id.in_(bindparam("ids", expanding=True)))
_ATTEMPTS = (
    select(REQUESTS.c.run_id, func.sum(REQUESTS.c.attempts))
    .where(REQUESTS.c.run_id.in_(bindparam("ids", expanding=True)))
    .group_by(REQUESTS.c.run_id)
)


def _of(scope: Scope, query: Select[Any]) -> Select[Any]:
    """Return what `query` asks of the runs of one scope."""
    return query.join(PIPELINES, PIPELINES.c.id == RUNS.c.pipeline_id).where(
        PIPELINES.c.target == scope.target,
        PIPELINES.c.pipeline == scope.pipeline,
        PIPELINES.c.destination == scope.destination,
    )


@cache
def _one_run() -> Select[Any]:
    return _runs().where(RUNS.c.id == bindparam("of_run"))


def _runs() -> Select[Any]:
    scope = (PIPELINES.c.target, PIPELINES.c.pipeline, PIPELINES.c.destination)
    return select(RUNS, *scope, PIPELINES.c.watermark_text).join(PIPELINES, PIPELINES.c.id == RUNS.c.pipeline_id)


def _pipeline(row: Row[Any]) -> StoredPipeline:
    found = pipelines.read(row)
    return StoredPipeline(
        id=found.id,
        scope=Scope(row.target, row.pipeline, row.destination),
        holder=found.holder,
        watermark=found.watermark,
        start=found.start,
        pause_reason=found.pause_reason,
        paused_at=row.paused_at,
        fingerprint=found.fingerprint,
        ids_name=found.ids_name,
        basis=found.basis,
    )


def _with_counts(connection: Connection, rows: Sequence[Row[Any]]) -> list[StoredRun]:
    ids = [row.id for row in rows]
    counted: dict[str, counts.Deltas] = {run_id: {} for run_id in ids}
    for run_id, kind, name, count in connection.execute(_COUNTS, {"ids": ids}):
        counted[run_id][kind, name] = int(count)
    requests = {run_id: int(attempts) for run_id, attempts in connection.execute(_ATTEMPTS, {"ids": ids})}
    return [_run(row, counted[row.id], requests.get(row.id, 0)) for row in rows]


def _run(row: Row[Any], counted: counts.Deltas, requests: int) -> StoredRun:
    status = _status(row.status)
    report = RunReport(
        pipeline=row.pipeline,
        target=row.target,
        destination=row.destination,
        run_id=row.id,
        status=status,
        pause_reason=row.pause_reason,
        message=row.message,
        acknowledged=counted.get(counts.ACKNOWLEDGED, 0),
        tally=counts.to_tally(counted),
        requests=requests,
        possible_duplicates=counted.get(counts.POSSIBLE_DUPLICATES, 0),
        value=counts.to_value(counted),
        watermark_before=row.watermark_before,
        watermark_after=row.watermark_text if status is RunStatus.RUNNING else row.watermark_after,
        elapsed_s=row.elapsed_s or 0.0,
    )
    return StoredRun(
        report=report,
        trigger=row.trigger,
        holder=row.holder,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _status(text: str) -> RunStatus:
    try:
        return RunStatus(text)
    except ValueError:
        raise StateError(f"state: a row is damaged: it says RunStatus {text!r}; restore a copy") from None
