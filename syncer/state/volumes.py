"""How much the latest runs did, in a few numbers each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from syncer.state.counts import BUCKET, TOTAL
from syncer.state.store import Store
from syncer.state.tables import PIPELINES, RUN_COUNTS, RUNS

COVERAGE = "coverage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What one run counted; what it did not find is left out."""

    pipeline: str
    destination: str
    started_at: datetime
    events: dict[str, int]
    """Events by where they ended: the name of a bucket, or `acknowledged`; beside them other totals of the run."""
    keys: dict[str, int]
    """Of the `covered` events those with each match key."""


def latest_volumes(
    store: Store, target: str, way: tuple[str, str] | None = None, *, since: datetime, most: int, names: Collection[str]
) -> list[Volume]:
    """Return the runs of `target` that began since then: the newest `most`, newest first.

    `way` is the pipeline and the destination that are meant; None: all. `names` are the totals, buckets and match keys
    that are counted.
    """
    query = (
        select(RUNS.c.id, RUNS.c.started_at, PIPELINES.c.pipeline, PIPELINES.c.destination)
        .join(PIPELINES, PIPELINES.c.id == RUNS.c.pipeline_id)
        .where(PIPELINES.c.target == target, RUNS.c.started_at >= since)
        .order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc())
    )
    if way is not None:
        query = query.where(PIPELINES.c.pipeline == way[0], PIPELINES.c.destination == way[1])
    runs, table = query.limit(most).subquery(), RUN_COUNTS.c
    counts = select(RUN_COUNTS).join(runs, runs.c.id == table.run_id)
    counts = counts.where(table.kind.in_((TOTAL, BUCKET, COVERAGE)), table.name.in_(names))
    with store.reading() as connection:
        found = connection.execute(select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc())).all()
        counted: dict[str, tuple[dict[str, int], dict[str, int]]] = {row.id: ({}, {}) for row in found}
        for run_id, kind, name, count in connection.execute(counts):
            if run_id in counted:
                counted[run_id][kind == COVERAGE][name] = int(count)
    return [
        Volume(
            pipeline=row.pipeline, destination=row.destination, started_at=row.started_at,
            events=counted[row.id][0], keys=counted[row.id][1],
        )
        for row in found
    ]  # fmt: skip
