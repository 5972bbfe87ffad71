"""When each pipeline was due last and is due next, and the due times that had no run of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncer.state import asked
from syncer.state.store import Store
from syncer.state.tables import MISSED_TIMES, SCHEDULES

ASLEEP = "no daemon ran"
PAUSED = "the pipeline was paused"
BUSY = "the run before was still waited for"
_INSERT = {
    "sqlite": sqlite.insert(SCHEDULES).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(SCHEDULES).on_conflict_do_nothing(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Where one clock of a pipeline stands."""

    pipeline: str
    kind: str
    """`schedule` or `reconcile`: who asks for the run."""
    schedule: str
    """What the times were made of, in one line."""
    due_at: datetime
    """The newest due time for which a run was asked, or when the schedule began."""
    next_at: datetime | None
    """When the next run is to begin; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Due times in a row that had no run of their own; the run of the next one covers them."""

    pipeline: str
    kind: str
    first_at: datetime
    last_at: datetime
    times: int
    reason: str
    noticed_at: datetime


def stored(store: Store, target: str) -> dict[tuple[str, str], Due]:
    """Return where the clocks of `target` stand, by pipeline and kind."""
    with store.reading() as connection:
        rows = connection.execute(select(SCHEDULES).where(SCHEDULES.c.target == target)).all()
    found = (
        Due(pipeline=row.pipeline, kind=row.kind, schedule=row.schedule, due_at=row.due_at, next_at=row.next_at)
        for row in rows
    )
    return {(due.pipeline, due.kind): due for due in found}


def begin(store: Store, target: str, dues: Iterable[Due], *, ahead: datetime) -> None:
    """Write down clocks that are new, go another way from now on, or stand behind `ahead`, as no right one does.

    Where others did meanwhile, that stands.
    """
    with store.tx("schedule") as connection:
        for due in dues:
            values = _values(due)
            connection.execute(_INSERT[connection.dialect.name], {"target": target, **values})
            is_other = or_(SCHEDULES.c.schedule != due.schedule, SCHEDULES.c.due_at > ahead)
            connection.execute(update(SCHEDULES).where(_is(target, due), is_other).values(**values))


def forget(store: Store, target: str, gone: Iterable[Due]) -> None:
    """Forget clocks: should they come back, they begin anew."""
    with store.tx("schedule") as connection:
        for due in gone:
            connection.execute(delete(SCHEDULES).where(_is(target, due)))


def pass_due(store: Store, target: str, before: Due, after: Due, missed: Missed | None, *, to: Sequence[str]) -> bool:
    """Ask for a run to each destination in `to` for the due time of `after`.

    Returns False where another daemon did so already, or is about to. Where the run for an earlier due time has not
    begun, it covers this one, which is noted as missed, once for all destinations.
    """
    at = store.clock.now()
    with store.tx("schedule") as connection:
        found = _find(connection, target, before)
        if found is None or found.due_at != before.due_at or found.schedule != before.schedule:
            return False
        moved = {"due_at": after.due_at, "next_at": after.next_at}
        connection.execute(update(SCHEDULES).where(_is(target, before)).values(**moved))
        if missed is not None:
            _note(connection, target, missed)
        name, by = after.pipeline, after.kind
        waiting = [each for each in to if asked.is_asked(connection, target, name, destination=each, by=by)]
        if waiting:
            _note(connection, target, _busy(after, at))
        for each in to:
            if each not in waiting:
                asked.put(connection, target, name, destination=each, by=by, at=at)
    return True


def missed_times(store: Store, target: str, *, since: datetime) -> list[Missed]:
    """Return the missed due times of `target` that were noticed since then, newest first."""
    table = MISSED_TIMES.c
    query = select(MISSED_TIMES).where(table.target == target, table.noticed_at >= since)
    with store.reading() as connection:
        rows = connection.execute(query.order_by(table.noticed_at.desc(), table.id.desc())).all()
    return [
        Missed(
            pipeline=row.pipeline,
            kind=row.kind,
            first_at=row.first_at,
            last_at=row.last_at,
            times=row.times,
            reason=row.reason,
            noticed_at=row.noticed_at,
        )
        for row in rows
    ]


def _busy(due: Due, at: datetime) -> Missed:
    return Missed(
        pipeline=due.pipeline,
        kind=due.kind,
        first_at=due.due_at,
        last_at=due.due_at,
        times=1,
        reason=BUSY,
        noticed_at=at,
    )


def _note(connection: Connection, target: str, missed: Missed) -> None:
    values = {name: getattr(missed, name) for name in Missed.__slots__}
    connection.execute(insert(MISSED_TIMES), {"target": target, **values})


def _find(connection: Connection, target: str, due: Due) -> Due | None:
    """Return the clock as it is; None where there is none, or another daemon, perhaps asleep, is changing it."""
    query = select(SCHEDULES).where(_is(target, due)).with_for_update(skip_locked=True)
    row = connection.execute(query).first()
    if row is None:
        return None
    return Due(pipeline=row.pipeline, kind=row.kind, schedule=row.schedule, due_at=row.due_at, next_at=row.next_at)


def _is(target: str, due: Due) -> ColumnElement[bool]:
    table = SCHEDULES.c
    return and_(table.target == target, table.pipeline == due.pipeline, table.kind == due.kind)


def _values(due: Due) -> dict[str, object]:
    return {name: getattr(due, name) for name in Due.__slots__}
