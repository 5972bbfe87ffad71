"""Rows of requests: the intent before the POST, the outcome after it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, func, insert, select, update

from connectors.incremental import CursorKind, CursorValue
from syncer.errors import StateError
from syncer.spec.outcomes import Outcome
from syncer.state.open_requests import OpenRequest, require_transition
from syncer.state.requests import FREE, IDENTITY_BYTES, LASTING, SETTLED, NewRequest, RequestState, StoredRequest, split
from syncer.state.seal import require_seal, seal
from syncer.state.straight import Straight
from syncer.state.tables import IS_GIVEN_UP, IS_UNFINISHED, REQUESTS

_COLUMNS = tuple(column.name for column in REQUESTS.c if column.name != "id")
_INSERT = Straight(insert(REQUESTS), columns=_COLUMNS)
_ANSWER = [REQUESTS.c[name] for name in ("armed_at", "status", "code", "subcode", "fbtrace_id", "reason")]
_BY_ID_STATE_EPOCH = (
    REQUESTS.c.id == bindparam("of_id"),
    REQUESTS.c.state == bindparam("of_state"),
    REQUESTS.c.epoch == bindparam("of_epoch"),
)
_REARM = Straight(
    update(REQUESTS)
    .where(*_BY_ID_STATE_EPOCH)
    .values(
        state=RequestState.ARMED.value,
        checksum=bindparam("new_checksum"),
        armed_at=bindparam("at"),
        attempts=REQUESTS.c.attempts + 1,
    )
)
_SETTLE = Straight(
    update(REQUESTS)
    .where(*_BY_ID_STATE_EPOCH)
    .values(
        state=bindparam("new_state"),
        checksum=bindparam("new_checksum"),
        finished_at=bindparam("at"),
        status=bindparam("new_status"),
        code=bindparam("new_code"),
        subcode=bindparam("new_subcode"),
        fbtrace_id=bindparam("new_fbtrace_id"),
        reason=bindparam("new_reason"),
    )
)
_DROP = (
    update(REQUESTS)
    .where(*_BY_ID_STATE_EPOCH)
    .values(state=bindparam("new_state"), checksum=bindparam("new_checksum"), finished_at=bindparam("at"))
)
_GIVE_UP_UNSENT = _DROP.values(first_armed_at=None)
"""Such a request leaves no doubt: only one that was given up in doubt keeps when its events were first sent."""
_ADOPT = (
    update(REQUESTS)
    .where(REQUESTS.c.pipeline_id == bindparam("of_pipeline"), IS_UNFINISHED)
    .values(epoch=bindparam("new_epoch"))
)
_UNFINISHED = (
    select(REQUESTS).where(REQUESTS.c.pipeline_id == bindparam("of_pipeline"), IS_UNFINISHED).order_by(REQUESTS.c.id)
)
_GIVEN_UP = select(REQUESTS).where(
    REQUESTS.c.pipeline_id == bindparam("of_pipeline"),
    IS_GIVEN_UP,
    REQUESTS.c.first_armed_at.is_not(None),
    REQUESTS.c.event_time_max >= bindparam("since"),
)
_THESE = select(REQUESTS).where(REQUESTS.c.id.in_(bindparam("ids", expanding=True)))
_NOT_FREE = (
    select(REQUESTS)
    .where(REQUESTS.c.pipeline_id == bindparam("of_pipeline"))
    .where(REQUESTS.c.state.not_in([state.value for state in FREE]), REQUESTS.c.id > bindparam("after"))
    .order_by(REQUESTS.c.id)
    .limit(bindparam("most", type_=Integer()))
)


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes when: a run of one pipeline, under its epoch."""

    pipeline_id: int
    run_id: str
    epoch: int
    at: datetime


def insert_armed(
    connection: Connection, request: NewRequest, *, pipeline_id: int, run: tuple[str, int], at: datetime
) -> OpenRequest:
    """Write the intent to send `request`; `run` is the run's id and epoch."""
    times = {"attempts": request.attempt, "first_armed_at": request.first_armed_at or at, "armed_at": at}
    request_id, base = _insert(connection, request, RequestState.ARMED, pipeline_id=pipeline_id, run=run, more=times)
    return OpenRequest(
        request_id, run[0], RequestState.ARMED, request.events, base=base, digests=request.digests, root=request_id,
        in_doubt=request.first_armed_at is not None,
    )  # fmt: skip


def insert_settled(connection: Connection, request: NewRequest, state: RequestState, by: Writer) -> None:
    """Write events that are settled without being sent by this request; held ones keep the last answer to its parent."""
    is_answered = state is RequestState.HELD and request.parent is not None
    said = _last_answer(connection, request.parent) if is_answered else {}
    times = {"attempts": 0, "first_armed_at": request.first_armed_at, "finished_at": by.at}
    run = (by.run_id, by.epoch)
    _insert(connection, request, state, pipeline_id=by.pipeline_id, run=run, more=times | said)


def supersede(connection: Connection, request: OpenRequest, by: Writer) -> None:
    """Write that a request is given up: its events are free for others."""
    require_transition(request, RequestState.SUPERSEDED)
    settle(connection, request, state=RequestState.SUPERSEDED, outcome=None, epoch=by.epoch, at=by.at)


def _last_answer(connection: Connection, request_id: int | None) -> dict[str, Any]:
    found = connection.execute(select(*_ANSWER).where(REQUESTS.c.id == request_id)).one()
    return dict(found._mapping)  # noqa: SLF001  public by SQLAlchemy's documentation


def _insert(
    connection: Connection,
    request: NewRequest,
    state: RequestState,
    *,
    pipeline_id: int,
    run: tuple[str, int],
    more: dict[str, Any],
) -> tuple[int, bytes]:
    run_id, epoch = run
    if len(request.digests) != IDENTITY_BYTES * request.events or request.events < 1:
        raise StateError(f"state: a request of {request.events} events with {len(request.digests)} bytes of identities")
    cursor = _cursor_columns(request)
    base = _base(pipeline_id, run_id, request, cursor)
    row = {
        **dict.fromkeys(_COLUMNS),
        "pipeline_id": pipeline_id,
        "run_id": run_id,
        "epoch": epoch,
        "state": state.value,
        "parent_id": request.parent,
        "events": request.events,
        "event_time_min": request.event_time_min,
        "event_time_max": request.event_time_max,
        **cursor,
        "checksum": seal(base, state.value),
        "digests": request.digests,
        "consent": request.consent,
        **more,
    }
    return _INSERT.inserted(connection, row), base


def rearm(connection: Connection, request: OpenRequest, *, epoch: int, at: datetime) -> None:
    """Write the intent to send a request once more."""
    found = _found(request, epoch, RequestState.ARMED, at)
    _require_one(_REARM.changed(connection, found), request)


def settle(
    connection: Connection,
    request: OpenRequest,
    *,
    state: RequestState,
    outcome: Outcome | None,
    epoch: int,
    at: datetime,
) -> None:
    """Write what became of a request; without an outcome the last one stays."""
    found = _found(request, epoch, state, at)
    if outcome is None:
        is_unsent = request.state is RequestState.RETRY and state is RequestState.SUPERSEDED
        drop = _GIVE_UP_UNSENT if is_unsent else _DROP
        _require_one(connection.execute(drop, {**found, "new_state": state.value}).rowcount, request)
        return
    values = {
        "new_state": state.value,
        "new_status": outcome.status,
        "new_code": outcome.code,
        "new_subcode": outcome.subcode,
        "new_fbtrace_id": outcome.fbtrace_id,
        "new_reason": outcome.reason,
    }
    _require_one(_SETTLE.changed(connection, found | values), request)


def adopt(connection: Connection, pipeline_id: int, *, epoch: int) -> list[tuple[OpenRequest, StoredRequest]]:
    """Take over what earlier runs left unfinished, so that none of them can still change it."""
    connection.execute(_ADOPT, {"of_pipeline": pipeline_id, "new_epoch": epoch})
    return unfinished(connection, pipeline_id)


def unfinished(connection: Connection, pipeline_id: int) -> list[tuple[OpenRequest, StoredRequest]]:
    """Return the requests that something must still happen to, oldest first."""
    return [_stored(row) for row in connection.execute(_UNFINISHED, {"of_pipeline": pipeline_id})]


def given_up_in_doubt(connection: Connection, pipeline_id: int, *, since: int) -> list[StoredRequest]:
    """Return the requests whose events may have arrived and were given back, with events of `since` (Unix seconds) on."""
    found = connection.execute(_GIVEN_UP, {"of_pipeline": pipeline_id, "since": since})
    return [_stored(row)[1] for row in found]


def requests_after(
    connection: Connection, pipeline_id: int, *, after: int, rows: int
) -> Iterator[tuple[StoredRequest, Row[Any]]]:
    """Yield the next `rows` requests above `after`, whatever became of them, each with its row."""
    found = connection.execute(
        select(REQUESTS)
        .where(REQUESTS.c.pipeline_id == pipeline_id, REQUESTS.c.id > after)
        .order_by(REQUESTS.c.id)
        .limit(rows)
    )
    for row in found:
        yield _stored(row)[1], row


def in_state(
    connection: Connection, pipeline_id: int, state: RequestState
) -> list[tuple[OpenRequest, StoredRequest, Row[Any]]]:
    """Return the requests of a pipeline in one state, oldest first, each with its row."""
    found = connection.execute(
        select(REQUESTS)
        .where(REQUESTS.c.pipeline_id == pipeline_id, REQUESTS.c.state == state.value)
        .order_by(REQUESTS.c.id)
    )
    return [(*_stored(row), row) for row in found]


def settled_after(connection: Connection, pipeline_id: int, *, after: int, among: frozenset[bytes]) -> dict[bytes, int]:
    """Return the last request above `after` that settles each identity of `among`; none: it is left out."""
    table = REQUESTS.c
    is_later = (table.pipeline_id == pipeline_id) & (table.id > after)
    found = connection.execute(
        select(table.id, table.digests)
        .where(is_later, table.state.in_([state.value for state in SETTLED]))
        .order_by(table.id)
    )
    settled: dict[bytes, int] = {}
    for request, packed in found:
        settled |= dict.fromkeys(among.intersection(split(bytes(packed))), request)
    return settled


def unfinished_events(connection: Connection, pipeline_id: int) -> int:
    """Return how many events lie in requests that something must still happen to."""
    events = select(func.coalesce(func.sum(REQUESTS.c.events), 0))
    return int(connection.execute(events.where(REQUESTS.c.pipeline_id == pipeline_id, IS_UNFINISHED)).scalar_one())


def settled_digests(
    connection: Connection,
    pipeline_id: int,
    *,
    after: int,
    rows: int,
    states: Collection[RequestState] = SETTLED,
) -> Iterator[tuple[int, bytes]]:
    """Yield (id, packed digests) of the next `rows` requests above `after`; no digests of those not in `states`.

    What is not known to be free is looked at too: a state that is damaged must not make its events look new.
    """
    for row in connection.execute(_NOT_FREE, {"of_pipeline": pipeline_id, "after": after, "most": rows}):
        _require_whole(row)
        yield row.id, bytes(row.digests) if row.state in states else b""


def held_digests(
    connection: Connection, ids: Collection[int], *, states: Collection[RequestState] = SETTLED
) -> Iterator[bytes]:
    """Yield the packed digests of these requests, which were held once, where they are in `states` by now."""
    for row in connection.execute(_THESE, {"ids": ids}):
        _require_whole(row)
        if row.state in states:
            yield bytes(row.digests)


def lasting_digests(
    connection: Connection, pipeline_id: int, *, after: int, rows: int
) -> Iterator[tuple[int, bytes | None]]:
    """Yield (id, packed digests) of the next `rows` requests above `after` that settle events for good.

    None instead of the digests of one that is held: somebody may decide otherwise. Ends before the first that is under way.
    """
    for row in connection.execute(_NOT_FREE, {"of_pipeline": pipeline_id, "after": after, "most": rows}):
        _require_whole(row)
        if row.state not in (*LASTING, RequestState.HELD):
            return
        yield row.id, None if row.state == RequestState.HELD else bytes(row.digests)


def _found(request: OpenRequest, epoch: int, state: RequestState, at: datetime) -> dict[str, Any]:
    return {
        "of_id": request.id,
        "of_state": request.state.value,
        "of_epoch": epoch,
        "new_checksum": seal(request.base, state.value),
        "at": at,
    }


def _require_one(rows: int, request: OpenRequest) -> None:
    if rows != 1:
        raise StateError(
            f"state: request {request.id} is no longer {request.state} as this run left it: "
            "another process changed it; the run stops"
        )


def _cursor_columns(request: NewRequest) -> dict[str, str | None]:
    low, high = request.cursor_low, request.cursor_high
    kind = low.kind if low else high.kind if high else None
    return {
        "cursor_kind": kind.value if kind else None,
        "cursor_low": low.text if low else None,
        "cursor_high": high.text if high else None,
    }


def _base(pipeline_id: int, run_id: str, request: NewRequest | Row[Any], cursor: dict[str, str | None]) -> bytes:
    return seal(
        pipeline_id,
        run_id,
        request.events,
        request.event_time_min,
        request.event_time_max,
        *cursor.values(),
        bytes(request.digests),
    )


def replace_digests(connection: Connection, row: Row[Any], digests: bytes) -> None:
    """Write other identities into a request in place of its own, as many as there were."""
    times = (row.event_time_min, row.event_time_max)
    cursor = (row.cursor_kind, row.cursor_low, row.cursor_high)
    base = seal(row.pipeline_id, row.run_id, row.events, *times, *cursor, digests)
    values = {"digests": digests, "checksum": seal(base, row.state)}
    connection.execute(update(REQUESTS).where(REQUESTS.c.id == row.id).values(values))


def _require_whole(row: Row[Any]) -> bytes:
    cursor = {"cursor_kind": row.cursor_kind, "cursor_low": row.cursor_low, "cursor_high": row.cursor_high}
    base = _base(row.pipeline_id, row.run_id, row, cursor)
    require_seal(row.checksum, seal(base, row.state), what=f"request {row.id}")
    return base


def _stored(row: Row[Any]) -> tuple[OpenRequest, StoredRequest]:
    base = _require_whole(row)
    state = RequestState(row.state)
    kind = CursorKind(row.cursor_kind) if row.cursor_kind else None
    digests = bytes(row.digests)
    stored = StoredRequest(
        id=row.id,
        run_id=row.run_id,
        state=state,
        parent=row.parent_id,
        attempts=row.attempts,
        events=row.events,
        digests=digests,
        event_time_min=row.event_time_min,
        event_time_max=row.event_time_max,
        cursor_low=CursorValue(kind, row.cursor_low) if kind and row.cursor_low is not None else None,
        cursor_high=CursorValue(kind, row.cursor_high) if kind and row.cursor_high is not None else None,
        first_armed_at=row.first_armed_at,
    )
    return OpenRequest(row.id, row.run_id, state, row.events, base=base, digests=digests, root=row.id), stored
