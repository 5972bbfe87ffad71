"""Runs that ended without an end: their process died, or a mistake of syncer's own threw them out."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, true, update

from syncer.report import RunStatus
from syncer.state import audit, pipelines
from syncer.state.locks import try_lock
from syncer.state.scope import Scope
from syncer.state.store import Store, lock_name
from syncer.state.tables import AUDIT, PIPELINES, RUNS

CRASH_LOOP = "crash_loop"
"""Why a pipeline is paused whose runs crash again and again."""
GIVEN_UP = "stopped before its end, for it took longer than `drain`; the next run goes on from here"


def find_dead(store: Store, target: str) -> list[str]:
    """Write down that the runs of processes that died have crashed; return the names of their pipelines."""
    query = (
        select(RUNS.c.id, PIPELINES.c.target, PIPELINES.c.pipeline, PIPELINES.c.destination)
        .join(PIPELINES, PIPELINES.c.id == RUNS.c.pipeline_id)
        .where(PIPELINES.c.target == target, RUNS.c.status == RunStatus.RUNNING.value)
        .order_by(PIPELINES.c.pipeline)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return [row.pipeline for row in rows if _is_dead(store, row.id, Scope(row.target, row.pipeline, row.destination))]


def _is_dead(store: Store, run_id: str, scope: Scope) -> bool:
    lock = try_lock(store.database, lock_name(scope))
    if lock is None:
        return False
    try:
        with store.tx("crash") as connection:
            is_it = (RUNS.c.id == run_id) & (RUNS.c.status == RunStatus.RUNNING.value)
            found = connection.execute(update(RUNS).where(is_it).values(crashed=1, **_interrupted(store)))
            return bool(found.rowcount)
    finally:
        lock.release()


def recent(
    store: Store, target: str, *, since: datetime, pipelines_of: Collection[int] | None = None
) -> dict[Scope, int]:
    """Return how often each pipeline of `target` crashed since then, since a run of it ended, and since it was resumed.

    `pipelines_of` are the ids of those that are looked at, of whose runs alone an index knows; None: all.
    """
    is_asked = true() if pipelines_of is None else RUNS.c.pipeline_id.in_(pipelines_of)
    resumed = (
        select(AUDIT.c.pipeline, AUDIT.c.destination, func.max(AUDIT.c.at).label("at"))
        .where(AUDIT.c.target == target, AUDIT.c.action == "resume")
        .group_by(AUDIT.c.pipeline, AUDIT.c.destination)
        .subquery()
    )
    newest_end = (
        select(RUNS.c.pipeline_id, func.max(RUNS.c.epoch).label("epoch"))
        .where(RUNS.c.crashed.is_(None), RUNS.c.status.not_in((RunStatus.RUNNING.value, RunStatus.INTERRUPTED.value)))
        .where(is_asked)
        .group_by(RUNS.c.pipeline_id)
        .subquery()
    )
    query = (
        select(PIPELINES.c.pipeline, PIPELINES.c.destination, func.count())
        .join(RUNS, RUNS.c.pipeline_id == PIPELINES.c.id)
        .outerjoin(newest_end, newest_end.c.pipeline_id == RUNS.c.pipeline_id)
        .outerjoin(
            resumed,
            (resumed.c.pipeline == PIPELINES.c.pipeline) & (resumed.c.destination == PIPELINES.c.destination),
        )
        .where(PIPELINES.c.target == target, is_asked, RUNS.c.crashed == 1, RUNS.c.finished_at >= since)
        .where(or_(resumed.c.at.is_(None), RUNS.c.finished_at > resumed.c.at))
        .where(RUNS.c.epoch > func.coalesce(newest_end.c.epoch, 0))
        .group_by(PIPELINES.c.pipeline, PIPELINES.c.destination)
    )
    with store.reading() as connection:
        return {Scope(target, name, to): int(count) for name, to, count in connection.execute(query)}


def pause(store: Store, scope: Scope, *, actor: str) -> None:
    """Pause a pipeline that crashes again and again, unless it is paused already."""
    now = store.clock.now()
    with store.tx("pause") as connection:
        found = pipelines.find_or_make(connection, scope, now)
        if found.pause_reason is None:
            pipelines.set_pause(connection, found, reason=CRASH_LOOP, now=now)
            change = (None, CRASH_LOOP)
            audit.record(connection, scope, at=now, actor=actor, action="pause", change=change)


def give_up(store: Store, holder: str) -> None:
    """Write down that the runs of `holder` were interrupted: it ends without waiting for them."""
    with store.tx("crash") as connection:
        is_it = (RUNS.c.holder == holder) & (RUNS.c.status == RunStatus.RUNNING.value)
        connection.execute(update(RUNS).where(is_it).values(message=GIVEN_UP, **_interrupted(store)))


def _interrupted(store: Store) -> dict[str, Any]:
    reached = select(PIPELINES.c.watermark_text).where(PIPELINES.c.id == RUNS.c.pipeline_id).scalar_subquery()
    return {
        "status": RunStatus.INTERRUPTED.value,
        "finished_at": store.clock.now(),
        "watermark_after": reached,
    }
