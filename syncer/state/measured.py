"""What metrics ask of all scopes of a target at once: events and requests of the runs of some time."""

from datetime import datetime

from sqlalchemy import func, select

from syncer.state.counts import ACKNOWLEDGED, BUCKET
from syncer.state.store import Store
from syncer.state.tables import PIPELINES, REQUESTS, RUN_COUNTS, RUNS


def events_since(store: Store, target: str, since: datetime) -> dict[tuple[int, str], int]:
    """Return how many events the runs that began after `since` had, by pipeline row and outcome.

    An outcome is `acknowledged` or a bucket.
    """
    table = RUN_COUNTS.c
    query = (
        select(RUNS.c.pipeline_id, table.name, func.sum(table.count))
        .join(RUNS, RUNS.c.id == table.run_id)
        .join(PIPELINES, PIPELINES.c.id == RUNS.c.pipeline_id)
        .where(PIPELINES.c.target == target, RUNS.c.started_at > since)
        .where((table.kind == BUCKET) | ((table.kind == ACKNOWLEDGED[0]) & (table.name == ACKNOWLEDGED[1])))
        .group_by(RUNS.c.pipeline_id, table.name)
    )
    with store.reading() as connection:
        return {(pipeline, name): int(count) for pipeline, name, count in connection.execute(query)}


def requests_since(store: Store, target: str, since: datetime) -> dict[tuple[int, str, str], int]:
    """Return how many requests the runs that began after `since` have, by pipeline row, state and reason code."""
    table = REQUESTS.c
    query = (
        select(table.pipeline_id, table.state, table.reason, func.count())
        .join(RUNS, RUNS.c.id == table.run_id)
        .join(PIPELINES, PIPELINES.c.id == RUNS.c.pipeline_id)
        .where(PIPELINES.c.target == target, RUNS.c.started_at > since)
        .group_by(table.pipeline_id, table.state, table.reason)
    )
    with store.reading() as connection:
        found = connection.execute(query).all()
    return {(pipeline, state, reason or ""): int(count) for pipeline, state, reason, count in found}


def pipeline_ids(store: Store, target: str) -> dict[int, tuple[str, str]]:
    """Return pipeline and destination of each row of `target`, by its id."""
    table = PIPELINES.c
    query = select(table.id, table.pipeline, table.destination).where(table.target == target)
    with store.reading() as connection:
        return {row.id: (row.pipeline, row.destination) for row in connection.execute(query)}
