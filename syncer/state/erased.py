"""Persons who were erased: their events are blocked, and nothing else is kept of them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from syncer.state import audit, outbox, pipelines, suppressed
from syncer.state.database import driver, forget_deleted
from syncer.state.requests import IDENTITY_BYTES, NOBODY
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import ERASED, QUARANTINE

AT_ONCE = 500
"""Identities in one statement."""
_BLOCKED = select(ERASED.c.identity).where(ERASED.c.pipeline_id == bindparam("of_pipeline"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What the state has of some identities."""

    events: int
    """How many identities were asked for."""
    blocked: int
    """Of those, how many were blocked before."""
    rejects: int
    """Rows set aside."""
    ledger: int
    """Entries of the ledger: events that were sent, or may have been."""
    suppressed: int = 0
    """Rows that were not sent for want of consent."""


def erased_of(store: Store, pipeline_id: int) -> frozenset[bytes]:
    """Return the identities of a pipeline that no run may send."""
    with store.reading() as connection:
        return _blocked(connection, pipeline_id)


def traces(store: Store, scope: Scope, identities: Collection[bytes]) -> Traces:
    """Return what an erasure of `identities` would find; changes nothing."""
    store.require_schema()
    with store.reading() as connection:
        found = pipelines.find(connection, scope)
        if found is None:
            return Traces(events=len(identities), blocked=0, rejects=0, ledger=0)
        return _traces(connection, found.id, frozenset(identities))


def erase(store: Store, scope: Scope, identities: Collection[bytes], *, actor: str) -> Traces:
    """Take `identities` out of ledger and quarantine, and block them; return what was found. Nothing of it can be undone.

    Raises `LockedError` where a run holds the scope, and `StateError` where it is done but for a file beside the state,
    which somebody must delete. The audit log keeps the number, not the identities.
    """
    from syncer.state.ledger_files import forget as forget_files

    wanted = frozenset(identities)
    with store.locked(scope):
        with store.tx("erase") as connection:
            if store.database.kind == "sqlite":
                driver(connection).execute("PRAGMA secure_delete = ON")
            now = store.clock.now()
            found = pipelines.find_or_make(connection, scope, now)
            pipelines.put(connection, found, found.watermark)  # a run whose lock broke knows nothing of this
            gone = _traces(connection, found.id, wanted)
            _overwrite(connection, found.id, wanted)
            suppressed.forget(connection, found.id, wanted, instead=NOBODY)
            for some in _some(sorted(wanted)):
                table = QUARANTINE.c
                connection.execute(delete(QUARANTINE).where(table.pipeline_id == found.id, table.identity.in_(some)))
            new = sorted(wanted - _blocked(connection, found.id))
            if new:
                rows = [{"pipeline_id": found.id, "identity": identity, "at": now} for identity in new]
                connection.execute(insert(ERASED), rows)
            change = (None, f"{len(wanted)} events blocked")
            audit.record(connection, scope, at=now, actor=actor, action="erase", change=change)
        forget_deleted(store.database)
        forget_files(store, found.id)
    return gone


def _blocked(connection: Connection, pipeline_id: int) -> frozenset[bytes]:
    rows = connection.execute(_BLOCKED, {"of_pipeline": pipeline_id})
    return frozenset(bytes(row.identity) for row in rows)


def _traces(connection: Connection, pipeline_id: int, wanted: frozenset[bytes]) -> Traces:
    rejects = 0
    for some in _some(sorted(wanted)):
        table = QUARANTINE.c
        query = select(table.id).where(table.pipeline_id == pipeline_id, table.identity.in_(some))
        rejects += len(connection.execute(query).all())
    return Traces(
        events=len(wanted),
        blocked=len(wanted & _blocked(connection, pipeline_id)),
        rejects=rejects,
        ledger=sum(count for _, _, count in _containing(connection, pipeline_id, wanted)),
        suppressed=suppressed.count(connection, pipeline_id, wanted),
    )


def _containing(
    connection: Connection, pipeline_id: int, wanted: frozenset[bytes]
) -> Iterator[tuple[Row[Any], bytes, int]]:
    """Yield each request that has some of `wanted`, its identities without them, and how many they are."""
    after = 0
    while page := list(outbox.requests_after(connection, pipeline_id, after=after, rows=256)):
        after = page[-1][0].id
        for request, row in page:
            starts = range(0, len(request.digests), IDENTITY_BYTES)
            parts = [request.digests[start : start + IDENTITY_BYTES] for start in starts]
            count = sum(part in wanted for part in parts)
            if count:
                yield row, b"".join(NOBODY if part in wanted else part for part in parts), count


def _overwrite(connection: Connection, pipeline_id: int, wanted: frozenset[bytes]) -> None:
    for row, digests, _ in list(_containing(connection, pipeline_id, wanted)):
        outbox.replace_digests(connection, row, digests)


def _some(identities: list[bytes]) -> Iterator[list[bytes]]:
    return (identities[first : first + AT_ONCE] for first in range(0, len(identities), AT_ONCE))
