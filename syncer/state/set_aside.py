"""What is set aside of a pipeline, counted and filtered, without reading all of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from syncer.state.quarantine import Reject, read
from syncer.state.store import Store
from syncer.state.tables import QUARANTINE, RUNS


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Events that are set aside for one reason."""

    bucket: str
    reason: str
    field: str | None
    events: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which of them are meant; all unless something is given."""

    reason: str | None = None
    field: str | None = None
    since: datetime | None = None


def reasons(store: Store, pipeline_id: int) -> list[Why]:
    """Return why events of a pipeline are set aside, most events first."""
    table, events = QUARANTINE.c, func.count().label("events")
    named = (table.bucket, table.reason, table.field)
    query = select(*named, events, func.max(table.at).label("last_at")).where(table.pipeline_id == pipeline_id)
    with store.reading() as connection:
        rows = connection.execute(query.group_by(*named).order_by(events.desc(), table.reason, table.field)).all()
    return [
        Why(bucket=row.bucket, reason=row.reason, field=row.field, events=int(row.events), last_at=row.last_at)
        for row in rows
    ]


def newest(store: Store, pipeline_id: int, wanted: Filter, *, limit: int) -> tuple[list[Reject], int]:
    """Return the newest `limit` rejects that are wanted, newest first, and how many there are in all."""
    table, is_wanted = QUARANTINE.c, _are(wanted, pipeline_id)
    query = _WITH_RUN.where(*is_wanted).order_by(table.at.desc(), table.id.desc())
    with store.reading() as connection:
        count = connection.execute(select(func.count()).select_from(QUARANTINE).where(*is_wanted)).scalar_one()
        rows = connection.execute(query.limit(limit)).all()
    return [read(row) for row in rows], int(count)


def oldest(store: Store, pipeline_id: int, wanted: Filter, *, limit: int) -> list[Reject]:
    """Return the oldest `limit` rejects that are wanted, oldest first."""
    query = _WITH_RUN.where(*_are(wanted, pipeline_id)).order_by(QUARANTINE.c.at, QUARANTINE.c.id)
    with store.reading() as connection:
        return [read(row) for row in connection.execute(query.limit(limit))]


def of_events(store: Store, pipeline_id: int, identities: Collection[bytes]) -> dict[bytes, Reject]:
    """Return the rejects of the events with these identities, as far as they are set aside."""
    query = _WITH_RUN.where(QUARANTINE.c.pipeline_id == pipeline_id, QUARANTINE.c.identity.in_(identities))
    with store.reading() as connection:
        found = [read(row) for row in connection.execute(query)]
    return {reject.identity: reject for reject in found if reject.identity is not None}


_WITH_RUN = select(QUARANTINE, RUNS.c.fingerprint).outerjoin(RUNS, RUNS.c.id == QUARANTINE.c.run_id)


def _are(wanted: Filter, pipeline_id: int) -> list[ColumnElement[bool]]:
    table = QUARANTINE.c
    found: list[ColumnElement[bool]] = [table.pipeline_id == pipeline_id]
    if wanted.reason is not None:
        found.append(table.reason == wanted.reason)
    if wanted.field is not None:
        found.append(table.field == wanted.field)
    if wanted.since is not None:
        found.append(table.at >= wanted.since)
    return found
