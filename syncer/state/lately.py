"""The newest run of each pipeline where it began lately: told by a few rows, however many runs are kept."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from syncer.state.tables import PIPELINES, RUNS

LATELY = timedelta(hours=2)
"""Few runs begin in it, and one of each pipeline that runs often."""


def newest_lately(
    connection: Connection, target: str, statuses: Collection[str], *, but: Collection[str], now: datetime
) -> dict[int, str]:
    """Return the id of the newest run in one of `statuses`, by that of its pipeline row, where the runs since then prove it.

    Runs with a trigger among `but` do not count. Newer is the higher epoch, for clocks are set back; so a run is the
    newest where each epoch from that of its pipeline down to its own is one of those runs, and none before counts.
    """
    query = (
        select(PIPELINES.c.id, PIPELINES.c.epoch.label("last"), RUNS.c.id.label("run_id"), RUNS.c.epoch)
        .add_columns(RUNS.c.status, RUNS.c.trigger)
        .join(RUNS, (RUNS.c.pipeline_id == PIPELINES.c.id) & (RUNS.c.started_at >= now - LATELY))
        .where(PIPELINES.c.target == target)
        .order_by(PIPELINES.c.id, RUNS.c.epoch.desc())
    )
    found: dict[int, str] = {}
    expected: dict[int, int] = {}
    for row in connection.execute(query):
        if row.id in found or row.epoch != expected.setdefault(row.id, row.last):
            continue
        expected[row.id] -= 1
        if row.status in statuses and row.trigger not in but:
            found[row.id] = row.run_id
    return found
