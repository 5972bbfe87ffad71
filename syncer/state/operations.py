"""What operators change in a pipeline's row while no run holds it; each act leaves a line in the audit log."""

from pathlib import Path

from sqlalchemy import Connection, select, update

from syncer.errors import StateError, SyncerError
from syncer.state import audit, basis, outbox, pipelines, quarantine
from syncer.state.backup import copy_to
from syncer.state.basis import Basis
from syncer.state.guard import Guard, Mark
from syncer.state.quarantine import Chosen
from syncer.state.scope import Scope
from syncer.state.store import Store, mark_of
from syncer.state.tables import PIPELINES, RUN_REQUESTS
from syncer.watermark import Watermark


def position(store: Store, scope: Scope) -> pipelines.PipelineRow:
    """Return where the scope stands; raises `SyncerError` where it never ran."""
    store.require_schema()
    with store.reading() as connection:
        return _found(connection, scope)


def reset(store: Store, scope: Scope, *, before: Watermark | None, after: Watermark | None, actor: str) -> None:
    """Put the watermark from `before` to `after`; None is where a first run begins.

    Raises `LockedError` where a run holds the scope, `SyncerError` where the watermark is not `before` any more, or
    would pass requests that are unfinished: the next run has to read their rows again.
    """
    with store.locked(scope), store.tx("reset") as connection:
        found = _found(connection, scope, to_write=True)
        if found.watermark != before:
            raise SyncerError(f"{scope.pipeline}: the watermark has moved to {found.watermark}; look again")
        is_back = after is None or (before is not None and after.is_behind(before))
        if not is_back and (events := outbox.unfinished_events(connection, found.id)):
            raise SyncerError(
                f"{scope.pipeline}: {events:,} events below the new watermark are in requests that are not finished; "
                f"`syncer run {scope.pipeline}` settles them first"
            )
        pipelines.put(connection, found, after)
        change = (_text(before), _text(after))
        audit.record(connection, scope, at=store.clock.now(), actor=actor, action="reset", change=change)


def accept(store: Store, scope: Scope, *, before: Basis, after: Basis, begins_anew: bool, actor: str) -> None:
    """Let the scope rest on `after` and run again; with `begins_anew` its watermark goes to where a first run begins.

    Raises `LockedError` where a run holds the scope, `SyncerError` where it does not rest on `before` any more.
    """
    with store.locked(scope), store.tx("accept") as connection:
        found, now = _found(connection, scope, to_write=True), store.clock.now()
        if found.basis != before:
            raise SyncerError(f"{scope.pipeline}: somebody has decided meanwhile; look again")
        basis.put(connection, found.id, after)
        pipelines.put(connection, found, None if begins_anew else found.watermark)
        pipelines.set_pause(connection, found, reason=None, now=now)
        change = (_described(before, found.watermark), _described(after, None if begins_anew else found.watermark))
        audit.record(connection, scope, at=now, actor=actor, action="accept", change=change)


def rename(store: Store, target: str, *, old: str, new: str, actor: str) -> tuple[str, ...]:
    """Move the state of `old` in `target` to the name `new`; return the destinations that it has state for.

    The ids of its events stay what they are, so the ledger fits and nothing is sent again. Raises `LockedError` where
    a run holds either name, `SyncerError` where `old` has no state or `new` cannot take it.
    """
    destinations = _destinations(store, target, old)
    scopes = [Scope(target, name, destination) for destination in destinations for name in (old, new)]
    with store.locked(*scopes), store.tx("rename") as connection:
        _require_free(connection, target, old=old, new=new)
        for destination in destinations:
            scope, now = Scope(target, old, destination), store.clock.now()
            pipelines.rename(connection, _found(connection, scope, to_write=True), old=old, new=new)
            audit.record(connection, scope, at=now, actor=actor, action="rename", change=(old, new))
        asked = RUN_REQUESTS.c
        connection.execute(
            update(RUN_REQUESTS).where(asked.target == target, asked.pipeline == old).values(pipeline=new)
        )
    return destinations


def drop_rejects(store: Store, scope: Scope, chosen: Chosen, *, actor: str) -> int:
    """Forget the rejects of the scope that are `chosen`; return how many.

    What Meta refused stays in the ledger. Raises `LockedError` where a run holds the scope, `SyncerError` where it
    never ran.
    """
    with store.locked(scope), store.tx("drop") as connection:
        found = _found(connection, scope, to_write=True)
        dropped = quarantine.drop(connection, found.id, chosen)
        change = (f"{dropped} set aside", f"forgotten: {chosen}")
        audit.record(connection, scope, at=store.clock.now(), actor=actor, action="rejects drop", change=change)
    return dropped


def back_up(store: Store, target: str, copy: Path, *, actor: str) -> None:
    """Copy an embedded store to the new file `copy`; runs may go on meanwhile.

    Raises `StateError` where there is nothing to copy, or `copy` exists or cannot be written.
    """
    if store.place.path is None or store.schema is None:
        raise StateError(f"state: {store.place}: it holds nothing yet, so there is nothing to copy")
    copy_to(store.place.path, copy)
    with store.tx("backup") as connection:
        change = (None, str(copy))
        audit.record(
            connection, Scope(target, "", ""), at=store.clock.now(), actor=actor, action="backup", change=change
        )


def accept_store(store: Store, target: str, *, actor: str) -> None:
    """Take the store for the newest there is, whatever its guard says; `store` was opened without it."""
    if store.place.path is None:
        raise StateError(f"state: {store.place}: only a state file has a guard, so there is nothing to accept")
    guard = Guard(store.place.path)
    before = _said_by(guard)
    store.upgrade()
    with store.tx("accept") as connection:
        after = mark_of(connection)
        change = (before.words if before else None, after.words)
        audit.record(
            connection, Scope(target, "", ""), at=store.clock.now(), actor=actor, action="accept", change=change
        )
    with store.reading() as connection:
        guard.replace(mark_of(connection))


def _said_by(guard: Guard) -> Mark | None:
    """Return what the guard says; None where it says nothing that can be read."""
    try:
        return guard.read()
    except StateError:
        return None


def _destinations(store: Store, target: str, name: str) -> tuple[str, ...]:
    store.require_schema()
    with store.reading() as connection:
        return tuple(pipelines.destinations(connection, target, name))


def _require_free(connection: Connection, target: str, *, old: str, new: str) -> None:
    """Raise `SyncerError` where no state can go from `old` to `new`."""
    if not pipelines.destinations(connection, target, old):
        known = connection.execute(
            select(PIPELINES.c.pipeline).where(PIPELINES.c.target == target).distinct().order_by(PIPELINES.c.pipeline)
        ).scalars()
        names = ", ".join(known) or "nothing"
        raise SyncerError(f"{old}: target {target} has no state of this name to move; it has state of {names}")
    if pipelines.destinations(connection, target, new):
        raise SyncerError(
            f"{new}: target {target} has state of this name already, and two ledgers cannot become one; "
            "choose a name that was never used"
        )
    owner = pipelines.owner_of_ids(connection, target, new)
    if owner not in (None, old):
        raise SyncerError(f"{new}: the ids of the events of {owner} are made of this name; choose another one")


def _found(connection: Connection, scope: Scope, *, to_write: bool = False) -> pipelines.PipelineRow:
    found = pipelines.find(connection, scope, to_write=to_write)
    if found is None:
        pipelines.require_own_name(connection, scope)
        raise SyncerError(f"{scope}: it never ran, so there is no watermark yet; `start:` says where it begins")
    return found


def _described(basis: Basis, watermark: Watermark | None) -> str:
    return f"source {basis.source}, cursor {basis.cursor}, key {basis.key}, watermark {_text(watermark)}"


def _text(watermark: Watermark | None) -> str | None:
    return None if watermark is None else str(watermark)
