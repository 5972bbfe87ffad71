"""Requests whose outcome nobody knows, until an operator decides what became of their events."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection, func, select

from syncer.errors import SyncerError
from syncer.report import Bucket
from syncer.state import audit, counts, outbox, pipelines
from syncer.state.open_requests import OpenRequest
from syncer.state.request_lines import RequestLine, line_of
from syncer.state.requests import NOBODY, NewRequest, RequestState, StoredRequest, split
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import ERASED, REQUESTS


def held_requests(store: Store, scope: Scope, wanted: Collection[int] = ()) -> list[tuple[StoredRequest, RequestLine]]:
    """Return the held requests of a scope, oldest first; `wanted` are their ids, none: all of them.

    Their lines count no events of erased persons.

    Raises `SyncerError` where one that is wanted is not held, `StateError` where their pipeline has another name by now.
    """
    store.require_schema()
    with store.reading() as connection:
        pipeline = pipelines.find(connection, scope)
        if pipeline is None:
            pipelines.require_own_name(connection, scope)
        rows = [] if pipeline is None else outbox.in_state(connection, pipeline.id, RequestState.HELD)
        found = [(stored, replace(line_of(row), events=stored.known_events)) for _, stored, row in rows]
    if not wanted:
        return found
    if missing := sorted(set(wanted) - {stored.id for stored, _ in found}):
        names = ", ".join(map(str, missing))
        raise SyncerError(
            f"{scope.pipeline}: no request {names} is held; `syncer held list {scope.pipeline}` says which are"
        )
    return [each for each in found if each[0].id in wanted]


def held_events(store: Store, pipeline_id: int) -> int:
    """Return how many events of a pipeline are held; those of erased persons do not count."""
    table = REQUESTS.c
    are_held = (table.pipeline_id == pipeline_id, table.state == RequestState.HELD.value)
    somebody = select(ERASED.c.identity).where(ERASED.c.pipeline_id == pipeline_id).limit(1)
    with store.reading() as connection:
        if connection.execute(somebody).first() is None:  # else the identities tell, which are far longer to read
            return int(connection.execute(select(func.sum(table.events)).where(*are_held)).scalar() or 0)
        found = [split(bytes(row.digests)) for row in connection.execute(select(table.digests).where(*are_held))]
    return sum(len(digests) - digests.count(NOBODY) for digests in found)


def assume_delivered(store: Store, scope: Scope, wanted: Collection[int], *, actor: str) -> int:
    """Take held requests for delivered: no run sends their events. Return of how many events the persons are known.

    What their runs report stays: nobody learned anything from Meta. Raises `LockedError` where a run holds the scope,
    `SyncerError` where one of them is not held any more.
    """
    with store.locked(scope), store.tx("hold") as connection:
        pipeline = pipelines.find(connection, scope, to_write=True)
        found = [] if pipeline is None else outbox.in_state(connection, pipeline.id, RequestState.HELD)
        chosen = [each for each in found if each[1].id in wanted]
        if len(chosen) < len(set(wanted)):
            raise SyncerError(f"{scope.pipeline}: other requests are held by now; look again")
        now = store.clock.now()
        for request, _, row in chosen:
            outbox.settle(connection, request, state=RequestState.ACKED_ASSUMED, outcome=None, epoch=row.epoch, at=now)
        before = in_words([stored for _, stored, _ in chosen])
        audit.record(
            connection, scope, at=now, actor=actor, action="assume_delivered", change=(before, "acked_assumed")
        )
    return sum(stored.known_events for _, stored, _ in chosen)


def close_resent(store: Store, scope: Scope, wanted: Collection[int], *, epoch: int) -> None:
    """Give up held requests as far as later ones have settled their events, or these were erased; the rest stays held.

    Doing it twice does no harm. The run with `epoch` holds the scope; raises `StateError` where it does no longer.
    """
    with store.tx("hold") as connection:
        pipeline = pipelines.find(connection, scope, to_write=True)
        assert pipeline is not None, "a run holds it"  # noqa: S101  kept on in production
        pipelines.require_epoch(connection, pipeline.id, epoch)
        held = [each for each in outbox.in_state(connection, pipeline.id, RequestState.HELD) if each[1].id in wanted]
        if not held:
            return
        names = frozenset(name for _, stored, _ in held for name in split(stored.digests)) - {NOBODY}
        last = outbox.settled_after(connection, pipeline.id, after=held[0][1].id, among=names)
        for request, stored, row in held:
            by = outbox.Writer(pipeline.id, stored.run_id, row.epoch, store.clock.now())
            left = [name for name in split(stored.digests) if name != NOBODY and last.get(name, 0) <= stored.id]
            _close(connection, request, stored, by, left=left, consent=row.consent)


def _close(
    connection: Connection,
    request: OpenRequest,
    stored: StoredRequest,
    by: outbox.Writer,
    *,
    left: list[bytes],
    consent: str | None,
) -> None:
    """Give up a request but for what is `left` of it, which another one holds from now on."""
    digests = split(stored.digests)
    erased = digests.count(NOBODY)
    if len(left) == len(digests):
        return
    outbox.supersede(connection, request, by)
    if left:
        rest = NewRequest(
            digests=b"".join(left),
            events=len(left),
            event_time_min=stored.event_time_min,
            event_time_max=stored.event_time_max,
            cursor_low=stored.cursor_low,
            cursor_high=stored.cursor_high,
            parent=stored.id,
            first_armed_at=stored.first_armed_at,
            consent=consent,
        )
        outbox.insert_settled(connection, rest, RequestState.HELD, by)
    closed = len(digests) - len(left)
    again = {counts.PENDING: closed - erased, (counts.BUCKET, Bucket.ERASED.value): erased}
    counts.change(connection, stored.run_id, {counts.SETTLED_IN[RequestState.HELD]: -closed, **again})


def in_words(requests: Collection[StoredRequest]) -> str:
    """Return what is held, for the audit log."""
    names = ", ".join(str(request.id) for request in requests)
    return f"held: {sum(request.known_events for request in requests)} events in requests {names}"
