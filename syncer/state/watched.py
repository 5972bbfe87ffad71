"""What alerts ask of one scope: when Meta took something last, what still waits, how much was delivered when."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from syncer.report import RunStatus
from syncer.state.counts import ACKNOWLEDGED
from syncer.state.history import BY_HAND
from syncer.state.requests import RequestState
from syncer.state.store import Store
from syncer.state.tables import IS_UNFINISHED, PIPELINES, REQUESTS, RUN_COUNTS, RUNS

Span = tuple[datetime, datetime]
"""From the first moment, without it, to the second one."""


def known_since(store: Store, target: str) -> dict[int, datetime]:
    """Return when each scope of `target` first had something in the state, by the id of its pipeline row."""
    query = select(PIPELINES.c.id, PIPELINES.c.created_at).where(PIPELINES.c.target == target)
    with store.reading() as connection:
        return {row.id: row.created_at for row in connection.execute(query)}


def last_acknowledged_at(store: Store, pipeline_id: int) -> datetime | None:
    """Return when Meta last acknowledged an event of the scope; None: never, as far as the ledger goes back."""
    table = REQUESTS.c
    query = select(table.finished_at).where(
        table.pipeline_id == pipeline_id, table.state == RequestState.ACKED.value, table.finished_at.is_not(None)
    )
    with store.reading() as connection:
        return connection.execute(query.order_by(table.id.desc()).limit(1)).scalar()


def waiting_events(
    store: Store, pipeline_id: int, *, armed_before: datetime, held_after: int, until: int
) -> tuple[int, int | None]:
    """Return how many unsent events have an event_time up to `until`, and the oldest of the times.

    Those are events of unfinished requests that were last tried before `armed_before`, and of held ones whose oldest
    event is not older than `held_after`: what is held for longer, nobody can save. Times are Unix seconds; None where
    there is no such event.
    """
    table = REQUESTS.c
    is_held = and_(table.state == RequestState.HELD.value, table.event_time_min > held_after)
    query = select(func.sum(table.events), func.min(table.event_time_min)).where(
        table.pipeline_id == pipeline_id,
        table.event_time_min <= until,
        table.armed_at <= armed_before,
        or_(IS_UNFINISHED, is_held),
    )
    with store.reading() as connection:
        events, oldest = connection.execute(query).one()
    return int(events or 0), None if oldest is None else int(oldest)


def delivered_in(store: Store, pipeline_id: int, spans: Iterable[Span]) -> list[int]:
    """Return how many events Meta acknowledged in the runs that began in each of `spans`, those by hand left out."""
    with store.reading() as connection:
        return [int(connection.execute(_delivered(pipeline_id, span)).scalar() or 0) for span in spans]


def _delivered(pipeline_id: int, span: Span) -> Any:
    kind, name = ACKNOWLEDGED
    is_total: Sequence[ColumnElement[bool]] = (RUN_COUNTS.c.kind == kind, RUN_COUNTS.c.name == name)
    return (
        select(func.sum(RUN_COUNTS.c.count))
        .join(RUNS, RUNS.c.id == RUN_COUNTS.c.run_id)
        .where(RUNS.c.pipeline_id == pipeline_id, RUNS.c.started_at > span[0], RUNS.c.started_at <= span[1])
        .where(RUNS.c.trigger.not_in(BY_HAND), RUNS.c.status != RunStatus.RUNNING.value, *is_total)
    )
