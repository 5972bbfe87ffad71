"""Rows that were not sent for want of consent: whose, since when, why; never what they hold."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from syncer.state.requests import IDENTITY_BYTES, holds, split
from syncer.state.seal import require_seal, seal
from syncer.state.tables import SUPPRESSED

if TYPE_CHECKING:
    from syncer.state.ledger import Ledger
    from syncer.state.store import Store

AT_ONCE = 4_096
"""Identities in one row of the state."""
PAGE_ROWS = 64
"""Rows that are read at a time."""
_AFTER = (
    select(SUPPRESSED)
    .where(SUPPRESSED.c.pipeline_id == bindparam("of_pipeline"), SUPPRESSED.c.id > bindparam("after"))
    .order_by(SUPPRESSED.c.id)
    .limit(PAGE_ROWS)
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """When and why a row was first left unsent."""

    at: datetime
    reason: str
    run_id: str


def put(connection: Connection, found: Mapping[str, bytes], *, pipeline_id: int, run_id: str, at: datetime) -> None:
    """Write down packed identities by the reason for which their rows are not sent."""
    size = AT_ONCE * IDENTITY_BYTES
    shared = {"pipeline_id": pipeline_id, "run_id": run_id, "at": at}
    rows = [
        {**shared, "reason": reason, "digests": part, "checksum": _seal(pipeline_id, run_id, reason, part)}
        for reason, digests in found.items()
        for first in range(0, len(digests), size)
        if (part := digests[first : first + size])
    ]
    if rows:
        connection.execute(insert(SUPPRESSED), rows)


def suppressed_of(store: "Store", pipeline_id: int) -> "Ledger":
    """Return which rows of a pipeline any run left unsent; it is read when first asked."""
    from syncer.state.ledger import Ledger

    def pages(after: int) -> list[tuple[int, bytes]]:
        with store.reading() as connection:
            return [(row.id, bytes(row.digests)) for row in _after(connection, pipeline_id, after)]

    return Ledger(pages)


def suppression_of(store: "Store", pipeline_id: int, identity: bytes) -> Suppression | None:
    """Return when and why the row was first left unsent, None where it never was."""
    with store.reading() as connection:
        for row in _all(connection, pipeline_id):
            if holds(bytes(row.digests), identity):
                return Suppression(row.at, row.reason, row.run_id)
    return None


def count(connection: Connection, pipeline_id: int, wanted: Collection[bytes]) -> int:
    """Return how many of `wanted` are written down."""
    return sum(len(_theirs(row, wanted)) for row in _all(connection, pipeline_id))


def forget(connection: Connection, pipeline_id: int, wanted: Collection[bytes], *, instead: bytes) -> None:
    """Write the identity `instead` over each of `wanted`."""
    for row in list(_all(connection, pipeline_id)):
        if _theirs(row, wanted):
            digests = b"".join(instead if part in wanted else part for part in split(bytes(row.digests)))
            values = {"digests": digests, "checksum": _seal(pipeline_id, row.run_id, row.reason, digests)}
            connection.execute(update(SUPPRESSED).where(SUPPRESSED.c.id == row.id).values(values))


def _theirs(row: Row[Any], wanted: Collection[bytes]) -> list[bytes]:
    return [part for part in split(bytes(row.digests)) if part in wanted]


def _all(connection: Connection, pipeline_id: int) -> Iterator[Row[Any]]:
    after = 0
    while page := _after(connection, pipeline_id, after):
        yield from page
        after = page[-1].id


def _after(connection: Connection, pipeline_id: int, after: int) -> list[Row[Any]]:
    rows = list(connection.execute(_AFTER, {"of_pipeline": pipeline_id, "after": after}))
    for row in rows:
        expected = _seal(pipeline_id, row.run_id, row.reason, bytes(row.digests))
        require_seal(row.checksum, expected, what=f"suppressed rows {row.id}")
    return rows


def _seal(pipeline_id: int, run_id: str, reason: str, digests: bytes) -> bytes:
    return seal(pipeline_id, run_id, reason, digests)
