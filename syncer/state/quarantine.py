"""Events set aside with a reason: where their rows are found again, never what they hold."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from syncer.report import Bucket
from syncer.state.requests import IDENTITY_BYTES, Rejected
from syncer.state.tables import QUARANTINE

LATEST = (
    "run_id",
    "request_id",
    "bucket",
    "reason",
    "field",
    "cursor_kind",
    "cursor_text",
    "code",
    "subcode",
    "fbtrace_id",
    "at",
)


def _upsert(dialect: Any) -> Any:
    insert = dialect.insert(QUARANTINE)
    latest = {name: insert.excluded[name] for name in LATEST}
    return insert.on_conflict_do_update(index_elements=["pipeline_id", "identity"], set_=latest)


_PUT = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}
_REPLACE = delete(QUARANTINE).where(
    QUARANTINE.c.pipeline_id == bindparam("of_pipeline"),
    QUARANTINE.c.identity.is_(None),
    QUARANTINE.c.run_id != bindparam("not_of_run"),
    QUARANTINE.c.reason == bindparam("for_reason"),
    QUARANTINE.c.cursor_text.is_not_distinct_from(bindparam("at_cursor", type_=Text())),
)
"""What earlier runs set aside at the same place, of rows without an identity: they were read again."""
_CLEAR = delete(QUARANTINE).where(
    QUARANTINE.c.pipeline_id == bindparam("of_pipeline"),
    QUARANTINE.c.identity == bindparam("of_identity"),
    QUARANTINE.c.bucket != Bucket.KEY_PROBLEM.value,
)


def put(
    connection: Connection,
    rejected: Iterable[Rejected],
    *,
    pipeline_id: int,
    run_id: str,
    at: datetime,
    request_id: int | None = None,
) -> None:
    """Set events aside; an event that is there already gets its newest reason, rows without a key those of this run."""
    shared = {"pipeline_id": pipeline_id, "run_id": run_id, "request_id": request_id, "at": at}
    rows = [
        {
            **shared,
            "identity": event.identity,
            "bucket": str(event.bucket),
            "reason": event.reason,
            "field": event.field,
            "cursor_kind": event.cursor.kind.value if event.cursor else None,
            "cursor_text": event.cursor.text if event.cursor else None,
            "code": event.code,
            "subcode": event.subcode,
            "fbtrace_id": event.fbtrace_id,
        }
        for event in rejected
    ]
    places = {(row["reason"], row["cursor_text"]) for row in rows if row["identity"] is None}
    if places:
        named = {"of_pipeline": pipeline_id, "not_of_run": run_id}
        connection.execute(_REPLACE, [{**named, "for_reason": reason, "at_cursor": text} for reason, text in places])
    if rows:
        connection.execute(_PUT[connection.dialect.name], rows)


def identities(connection: Connection, pipeline_id: int) -> set[bytes]:
    """Return whose events are set aside, but for conflicts of keys: those stand although the key was sent."""
    table = QUARANTINE.c
    found = connection.execute(
        select(table.identity).where(
            table.pipeline_id == pipeline_id, table.identity.is_not(None), table.bucket != Bucket.KEY_PROBLEM.value
        )
    )
    return {bytes(row.identity) for row in found}


def among(aside: set[bytes], digests: bytes) -> list[bytes]:
    """Return those of the packed `digests` that are in `aside`."""
    if not aside:
        return []
    starts = range(0, len(digests), IDENTITY_BYTES)
    return [digest for start in starts if (digest := digests[start : start + IDENTITY_BYTES]) in aside]


def clear(connection: Connection, pipeline_id: int, delivered: Sequence[bytes]) -> None:
    """Forget events that were delivered after all."""
    if delivered:
        connection.execute(_CLEAR, [{"of_pipeline": pipeline_id, "of_identity": digest} for digest in delivered])
