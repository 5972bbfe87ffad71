"""Which pipelines of a target are paused on the way to which destination, and why."""

from sqlalchemy import select

from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import PIPELINES


def pauses(store: Store, target: str) -> dict[Scope, str]:
    """Return the reason of each pause."""
    table = PIPELINES.c
    query = select(table.pipeline, table.destination, table.pause_reason)
    with store.reading() as connection:
        rows = connection.execute(query.where(table.target == target, table.pause_reason.is_not(None)))
        return {Scope(target, row.pipeline, row.destination): row.pause_reason for row in rows}
