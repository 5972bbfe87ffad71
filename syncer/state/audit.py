"""What operators did: rows are only ever added."""

from datetime import datetime

from sqlalchemy import Connection, insert

from syncer.state.scope import Scope
from syncer.state.tables import AUDIT


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
