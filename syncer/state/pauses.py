"""Which pipelines of a target are paused, and why."""

from sqlalchemy import select

from syncer.state.store import Store
from syncer.state.tables import PIPELINES


def pauses(store: Store, target: str) -> dict[str, str]:
    """Return the reason of each paused pipeline, by name."""
    table = PIPELINES.c
    query = select(table.pipeline, table.pause_reason)
    with store.reading() as connection:
        rows = connection.execute(query.where(table.target == target, table.pause_reason.is_not(None)))
        return {row.pipeline: row.pause_reason for row in rows}
