"""What became of each request, read back as plain values."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from syncer.errors import StateError
from syncer.state import outbox
from syncer.state.requests import RequestState, StoredRequest
from syncer.state.store import Store
from syncer.state.tables import REQUESTS

PAGE_ROWS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """One request of a run, without its identities."""

    id: int
    parent: int | None
    state: RequestState
    attempts: int
    events: int
    event_time_min: int
    event_time_max: int
    armed_at: datetime | None
    finished_at: datetime | None
    status: int | None
    code: int | None
    subcode: int | None
    fbtrace_id: str | None
    reason: str | None
    consent: str | None = None
    """The column asked for consent and what the rows said; None: it was not asked."""


def requests_of(
    store: Store, run_id: str, *, last: Collection[RequestState] = (), limit: int | None = None
) -> tuple[RequestLine, ...]:
    """Return the requests of a run in the order they were armed, those in a state of `last` after all others."""
    table = REQUESTS.c
    order = (table.state.in_([state.value for state in last]), table.id)
    wanted = select(table.id).where(table.run_id == run_id).order_by(*order).limit(limit)
    columns: list[Any] = [column for column in table if column.name != "digests"]
    with store.reading() as connection:
        rows = connection.execute(select(*columns).where(table.id.in_(wanted)).order_by(*order)).all()
    return tuple(line_of(row) for row in rows)


def requests_by_state(store: Store, run_id: str) -> dict[RequestState, int]:
    """Return how many requests of a run are in each state."""
    table = REQUESTS.c
    query = select(table.state, func.count()).where(table.run_id == run_id).group_by(table.state)
    with store.reading() as connection:
        return {_state(state): int(count) for state, count in connection.execute(query)}


def request_pages(
    store: Store, pipeline_id: int, *, since: datetime | None = None
) -> Iterator[list[tuple[StoredRequest, RequestLine]]]:
    """Yield the requests of a pipeline with their identities, oldest first, some hundred at a time.

    `since` leaves out those whose last answer, or whose intent where there was none, is older.
    """
    after = 0
    while True:
        with store.reading() as connection:
            page = [
                (request, line_of(row))
                for request, row in outbox.requests_after(connection, pipeline_id, after=after, rows=PAGE_ROWS)
            ]
        if not page:
            return
        after = page[-1][0].id
        yield [each for each in page if since is None or (last := _last_moved(each[1])) is None or last >= since]


def unfinished_requests(store: Store, pipeline_id: int) -> list[StoredRequest]:
    """Return the requests of a pipeline that were armed and have no outcome yet, oldest first."""
    with store.reading() as connection:
        return [request for _, request in outbox.unfinished(connection, pipeline_id)]


def events_by_state(store: Store) -> dict[tuple[int, RequestState], int]:
    """Return the number of events by pipeline row and state of their request."""
    table = REQUESTS.c
    with store.reading() as connection:
        rows = connection.execute(
            select(table.pipeline_id, table.state, func.sum(table.events)).group_by(table.pipeline_id, table.state)
        )
        return {(pipeline, _state(state)): int(events) for pipeline, state, events in rows}


def line_of(row: Row[Any]) -> RequestLine:
    """Return a request's row as values."""
    return RequestLine(
        id=row.id,
        parent=row.parent_id,
        state=_state(row.state),
        attempts=row.attempts,
        events=row.events,
        event_time_min=row.event_time_min,
        event_time_max=row.event_time_max,
        armed_at=row.armed_at,
        finished_at=row.finished_at,
        status=row.status,
        code=row.code,
        subcode=row.subcode,
        fbtrace_id=row.fbtrace_id,
        reason=row.reason,
        consent=row.consent,
    )


def _last_moved(request: RequestLine) -> datetime | None:
    return request.finished_at or request.armed_at


def _state(text: str) -> RequestState:
    try:
        return RequestState(text)
    except ValueError:
        raise StateError(f"state: a row is damaged: it says RequestState {text!r}; restore a copy") from None
