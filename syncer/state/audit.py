"""What operators did: rows are only ever added."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select

from syncer.state.scope import Scope
from syncer.state.tables import AUDIT

if TYPE_CHECKING:
    from syncer.state.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that an operator did."""

    id: int
    at: datetime
    actor: str
    action: str
    pipeline: str | None
    """None: it was about the whole store."""
    destination: str | None
    before: str | None
    after: str | None


def record(
    connection: Connection,
    scope: Scope,
    *,
    at: datetime,
    actor: str,
    action: str,
    change: tuple[str | None, str | None],
) -> None:
    """Write one line; `change` is what stood before and after. A scope without a pipeline is the whole store."""
    before, after = change
    connection.execute(
        insert(AUDIT),
        {
            "at": at,
            "actor": actor,
            "action": action,
            "target": scope.target,
            "pipeline": scope.pipeline or None,
            "destination": scope.destination or None,
            "before": before,
            "after": after,
        },
    )


def entries(store: "Store", target: str, pipeline: str | None = None, *, limit: int) -> list[Entry]:
    """Return what was done in `target`, to one pipeline if given, newest first."""
    query = select(AUDIT).where(AUDIT.c.target == target).order_by(AUDIT.c.id.desc())
    if pipeline is not None:
        query = query.where(AUDIT.c.pipeline == pipeline)
    with store.reading() as connection:
        rows = connection.execute(query.limit(limit)).all()
    return [Entry(**{name: getattr(row, name) for name in Entry.__slots__}) for row in rows]
