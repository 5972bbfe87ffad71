"""Runs that were asked for, by a schedule or a person: each is answered by a run that began after it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, insert, literal, select, update

from syncer.errors import StateError
from syncer.state.pauses import pauses
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import RUN_REQUESTS

SCHEDULE = "schedule"
RECONCILE = "reconcile"
CLOCKS = (SCHEDULE, RECONCILE)
"""Who asks for runs without waiting for an answer."""


class AskedState(StrEnum):
    """How far the answer is."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"


NO_OPTIONS = "{}"
"""What stands where no destination was named: of a pipeline with one, whose run covers it."""
OPEN = (AskedState.ASKED.value, AskedState.RUNNING.value)
_TABLE = RUN_REQUESTS.c
_OF_PIPELINE = (_TABLE.target == bindparam("of_target")) & (_TABLE.pipeline == bindparam("of_pipeline"))
_BEGUN = (
    update(RUN_REQUESTS)
    .where(_OF_PIPELINE, _TABLE.options.in_([literal(NO_OPTIONS), bindparam("of_options")]), _TABLE.state.in_(OPEN))
    .values(state=AskedState.RUNNING.value, run_id=bindparam("by_run"))
)
_COVERED = update(RUN_REQUESTS).where(
    _OF_PIPELINE, _TABLE.run_id == bindparam("of_run"), _TABLE.state == AskedState.RUNNING.value
)
_DONE = _COVERED.values(state=AskedState.DONE.value)
_ASKED_AGAIN = _COVERED.values(state=AskedState.ASKED.value, run_id=None)
_CLOCKS_AGAIN = _ASKED_AGAIN.where(_TABLE.requested_by.in_(CLOCKS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One wish for a run."""

    id: int
    pipeline: str
    destination: str | None = None
    """Where the run is to send to; None: the pipeline has one destination."""
    at: datetime
    by: str
    """A person, or one of `CLOCKS`."""
    state: AskedState
    run_id: str | None
    """The run that covers it; None while there is none, or where none could begin."""
    message: str | None
    """Why no run could begin."""


def ask(store: Store, target: str, pipeline: str, *, destination: str | None = None, by: str) -> int:
    """Ask for a run of `pipeline`; return the id of the wish."""
    store.require_schema()
    with store.tx("ask") as connection:
        return put(connection, target, pipeline, destination=destination, by=by, at=store.clock.now())


def put(connection: Connection, target: str, pipeline: str, *, destination: str | None, by: str, at: datetime) -> int:
    """Write one wish down; return its id."""
    values = {
        "target": target,
        "pipeline": pipeline,
        "options": _options(destination),
        "requested_at": at,
        "requested_by": by,
        "state": AskedState.ASKED.value,
    }
    made = connection.execute(insert(RUN_REQUESTS).values(**values).returning(RUN_REQUESTS.c.id))
    return int(made.scalar_one())


def is_asked(connection: Connection, target: str, pipeline: str, *, destination: str | None, by: str) -> bool:
    """Return whether `by` asked already for a run that has not begun."""
    table = RUN_REQUESTS.c
    query = select(table.id).where(table.target == target, table.pipeline == pipeline, _is_to(destination))
    query = query.where(table.state == AskedState.ASKED.value, table.requested_by == by)
    return connection.execute(query.limit(1)).first() is not None


def find(store: Store, wish: int, *, target: str | None = None) -> Asked | None:
    """Return the wish with the id `wish`, of any target unless one is given; None where it is forgotten."""
    query = select(RUN_REQUESTS).where(RUN_REQUESTS.c.id == wish)
    if target is not None:
        query = query.where(RUN_REQUESTS.c.target == target)
    with store.reading() as connection:
        row = connection.execute(query).first()
    return None if row is None else _asked(row)


def waiting(store: Store, target: str) -> list[Asked]:
    """Return the wishes of `target` that have no answer yet, oldest first."""
    table = RUN_REQUESTS.c
    query = select(RUN_REQUESTS).where(table.target == target, table.state.in_(OPEN)).order_by(table.id)
    with store.reading() as connection:
        return [_asked(row) for row in connection.execute(query)]


def awake(store: Store, target: str, wishes: Sequence[Asked]) -> list[Asked]:
    """Return `wishes` without those that rest: what a clock asked for waits until its pipeline is resumed."""
    may_rest = {wish.id for wish in wishes if wish.by in CLOCKS and wish.state is AskedState.ASKED}
    paused = pauses(store, target) if may_rest else {}
    return [
        wish
        for wish in wishes
        if wish.id not in may_rest or Scope(target, wish.pipeline, wish.destination or "") not in paused
    ]


def take_back(store: Store, scope: Scope, wishes: Sequence[Asked]) -> None:
    """Let those of `wishes`, all for `scope`, that a run covers which died wait for another one."""
    if runs := {wish.run_id for wish in wishes if wish.state is AskedState.RUNNING and wish.run_id}:
        with store.tx("ask") as connection:
            for run_id in runs:
                ended(connection, scope, run_id, is_over=False)


def refuse(store: Store, target: str, wishes: Sequence[Asked], *, message: str) -> None:
    """Answer those of `wishes`, all for one pipeline, that have no answer yet with why no run can begin."""
    table = RUN_REQUESTS.c
    # the id of a wish that was forgotten may be that of a later one
    latest = max(wish.at for wish in wishes)
    is_meant = table.id.in_([wish.id for wish in wishes]) & (table.requested_at <= latest) & table.state.in_(OPEN)
    answer = {"state": AskedState.DONE.value, "run_id": None, "message": message}
    with store.tx("ask") as connection:
        connection.execute(update(RUN_REQUESTS).where(is_meant).values(**answer))
        _forget_clocks(connection, target, wishes[0].pipeline)


def begun(connection: Connection, scope: Scope, run_id: str) -> None:
    """Let the run that begins cover every wish that has no answer yet: also of a run that died."""
    to = {"of_target": scope.target, "of_pipeline": scope.pipeline, "of_options": _options(scope.destination)}
    connection.execute(_BEGUN, {**to, "by_run": run_id})


def ended(connection: Connection, scope: Scope, run_id: str, *, is_over: bool, is_still_paused: bool = False) -> None:
    """Answer the wishes that the run covers; where it was only interrupted, another run has to begin.

    Where its pipeline is paused as before, it told a person so; what a clock asked for goes on waiting for the resume.
    """
    of_run = {"of_target": scope.target, "of_pipeline": scope.pipeline, "of_run": run_id}
    if is_still_paused:
        connection.execute(_CLOCKS_AGAIN, of_run)
    changed = connection.execute(_DONE if is_over else _ASKED_AGAIN, of_run)
    if changed.rowcount and is_over:
        _forget_clocks(connection, scope.target, scope.pipeline)


def _options(destination: str | None) -> str:
    return NO_OPTIONS if destination is None else json.dumps({"destination": destination})


def _is_to(destination: str | None) -> ColumnElement[bool]:
    """Return the condition that a run to `destination` covers a wish."""
    return RUN_REQUESTS.c.options.in_({NO_OPTIONS, _options(destination)})


def _forget_clocks(connection: Connection, target: str, pipeline: str) -> None:
    """Nobody waits for the answer to a clock."""
    table = RUN_REQUESTS.c
    is_answered = (table.target == target) & (table.pipeline == pipeline) & (table.state == AskedState.DONE.value)
    connection.execute(delete(RUN_REQUESTS).where(is_answered, table.requested_by.in_(CLOCKS)))


def _asked(row: Row[Any]) -> Asked:
    try:
        state = AskedState(row.state)
    except ValueError:
        raise StateError(f"state: a row is damaged: it asks for a run in the state {row.state!r}") from None
    try:
        options = dict(json.loads(row.options))
    except (ValueError, TypeError):
        raise StateError(f"state: a row is damaged: it asks for a run with the options {row.options!r}") from None
    return Asked(
        id=row.id,
        pipeline=row.pipeline,
        destination=options.get("destination"),
        at=row.requested_at,
        by=row.requested_by,
        state=state,
        run_id=row.run_id,
        message=row.message,
    )
