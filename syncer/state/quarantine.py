"""Events set aside with a reason: where their rows are found again, never what they hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Self

from sqlalchemy import Connection, Text, bindparam, delete, func, select, update

from connectors.incremental import CursorKind, CursorValue
from syncer.report import Bucket
from syncer.state.requests import Rejected, split
from syncer.state.straight import Straight
from syncer.state.tables import QUARANTINE, RUNS
from syncer.state.upserts import inserting

MOST_SET_ASIDE = 100_000
"""Rejects of one pipeline; with so many it is paused. The last batch of rows before that may go beyond."""
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


@cache
def _put(kind: str) -> Straight:
    insert = inserting(kind)(QUARANTINE)
    latest = {name: insert.excluded[name] for name in LATEST}
    put = insert.on_conflict_do_update(index_elements=["pipeline_id", "identity"], set_=latest)
    return Straight(put, columns=("pipeline_id", "identity", *LATEST))


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
_IDENTITIES = select(QUARANTINE.c.identity).where(
    QUARANTINE.c.pipeline_id == bindparam("of_pipeline"),
    QUARANTINE.c.identity.is_not(None),
    QUARANTINE.c.bucket != Bucket.KEY_PROBLEM.value,
)
_COUNT = select(func.count()).select_from(QUARANTINE).where(QUARANTINE.c.pipeline_id == bindparam("of_pipeline"))
_REJECTS = (
    select(QUARANTINE, RUNS.c.fingerprint)
    .outerjoin(RUNS, RUNS.c.id == QUARANTINE.c.run_id)
    .where(QUARANTINE.c.pipeline_id == bindparam("of_pipeline"))
    .order_by(QUARANTINE.c.at, QUARANTINE.c.id)
)
_JUDGED = (
    update(QUARANTINE)
    .where(QUARANTINE.c.pipeline_id == bindparam("of_pipeline"), QUARANTINE.c.identity == bindparam("of_identity"))
    .values(run_id=bindparam("by_run"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One event that is set aside."""

    identity: bytes | None
    """None where the row has no key: it cannot be found again by itself."""
    run_id: str
    bucket: str
    reason: str
    field: str | None
    cursor: CursorValue | None
    """That of its row when it was set aside."""
    code: int | None
    """Meta's, where Meta refused it."""
    subcode: int | None
    fbtrace_id: str | None
    at: datetime
    fingerprint: str | None
    """Of the configuration by which it was judged; None where that is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which rejects somebody means; all of them unless something is given."""

    reason: str | None = None
    identities: frozenset[bytes] | None = None
    """Of the events of one key."""

    def __contains__(self, reject: Reject) -> bool:
        is_of_key = self.identities is None or reject.identity in self.identities
        return self.reason in (None, reject.reason) and is_of_key

    def __str__(self) -> str:
        return "one key" if self.identities is not None else f"reason {self.reason}" if self.reason else "all"


class Aside:
    """What of one pipeline is set aside, as a run knows it. Grows; an event that was let go since does no harm."""

    def __init__(self, pipeline_id: int, known: set[bytes], count: int) -> None:
        self._pipeline_id, self._known, self._count = pipeline_id, known, count
        self._expected: set[bytes] = set()
        """Those of which requests are made: to look through a request for all that are known is a tenth of its cost."""

    @classmethod
    def load(cls, connection: Connection, pipeline_id: int) -> Self:
        """Return what earlier runs set aside."""
        return cls(pipeline_id, identities(connection, pipeline_id), count(connection, pipeline_id))

    @property
    def is_full(self) -> bool:
        """Return whether no more may be set aside."""
        return self._count >= MOST_SET_ASIDE

    def put(
        self, connection: Connection, rejected: Sequence[Rejected], *, run_id: str, at: datetime,
        request_id: int | None = None, gone: bytes = b"",
    ) -> None:  # fmt: skip
        """Set events aside, and remember them but for conflicts of keys; forget those of the packed digests `gone`.

        They stay set aside whatever comes of requests that are under way.
        """
        if gone:
            clear(connection, self._pipeline_id, among(self._known, gone))
        if not rejected:
            return
        put(connection, rejected, pipeline_id=self._pipeline_id, run_id=run_id, at=at, request_id=request_id)
        found = {event.identity for event in rejected if event.identity and event.bucket != Bucket.KEY_PROBLEM}
        self._known |= found
        self._expected -= found
        self._count += len(rejected)
        if self.is_full:  # some of them may have been there before
            self._count = count(connection, self._pipeline_id)

    def expect(self, digests: bytes) -> None:
        """Note which of the packed `digests`, of which requests are about to be made, are set aside by now."""
        if self._known and digests:
            from syncer.state.ledger import known_among

            self._expected.update(known_among(digests, self._known))

    def settle(self, connection: Connection, digests: bytes) -> None:
        """Forget those of the packed `digests`, which were expected and are settled otherwise."""
        clear(connection, self._pipeline_id, among(self._expected, digests))


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
        _put(connection.dialect.name).for_each(connection, rows)


def identities(connection: Connection, pipeline_id: int) -> set[bytes]:
    """Return whose events are set aside, but for conflicts of keys: those stand although the key was sent."""
    return {bytes(row.identity) for row in connection.execute(_IDENTITIES, {"of_pipeline": pipeline_id})}


def among(aside: set[bytes], digests: bytes) -> list[bytes]:
    """Return those of the packed `digests` that are in `aside`."""
    if not aside:
        return []
    packed = split(digests)
    return [] if aside.isdisjoint(packed) else [digest for digest in packed if digest in aside]


def count(connection: Connection, pipeline_id: int) -> int:
    """Return how many events and rows of a pipeline are set aside."""
    return int(connection.execute(_COUNT, {"of_pipeline": pipeline_id}).scalar_one())


def rejects(connection: Connection, pipeline_id: int) -> list[Reject]:
    """Return what is set aside of a pipeline, oldest first."""
    return [read(row) for row in connection.execute(_REJECTS, {"of_pipeline": pipeline_id})]


def read(row: Any) -> Reject:
    """Return a row of the table, with the fingerprint of its run, as values."""
    kind = None if row.cursor_kind is None else CursorKind(row.cursor_kind)
    return Reject(
        identity=None if row.identity is None else bytes(row.identity),
        run_id=row.run_id,
        bucket=row.bucket,
        reason=row.reason,
        field=row.field,
        cursor=CursorValue(kind, row.cursor_text) if kind and row.cursor_text is not None else None,
        code=row.code,
        subcode=row.subcode,
        fbtrace_id=row.fbtrace_id,
        at=row.at,
        fingerprint=row.fingerprint,
    )


def judged(connection: Connection, pipeline_id: int, identities: Iterable[bytes], *, run_id: str) -> None:
    """Note that run `run_id` looked at these events again and left them where they are."""
    rows = [{"of_pipeline": pipeline_id, "of_identity": each, "by_run": run_id} for each in identities]
    if rows:
        connection.execute(_JUDGED, rows)


def drop(connection: Connection, pipeline_id: int, chosen: Chosen) -> int:
    """Forget what is chosen; return how many it was."""
    query = delete(QUARANTINE).where(QUARANTINE.c.pipeline_id == pipeline_id)
    if chosen.reason is not None:
        query = query.where(QUARANTINE.c.reason == chosen.reason)
    if chosen.identities is not None:
        query = query.where(QUARANTINE.c.identity.in_(chosen.identities))
    return int(connection.execute(query).rowcount)


def clear(connection: Connection, pipeline_id: int, delivered: Sequence[bytes]) -> None:
    """Forget events that were delivered after all."""
    if delivered:
        connection.execute(_CLEAR, [{"of_pipeline": pipeline_id, "of_identity": digest} for digest in delivered])
