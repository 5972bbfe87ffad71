"""What became of one row, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.base import Query, Source
from connectors.incremental import CursorValue, cursor_value
from syncer.engine.compiled import compiled
from syncer.engine.one_row import find, of_key
from syncer.engine.plan import first_event_time, plan
from syncer.pipeline import Pipeline
from syncer.transform.identity import Scope, identity
from syncer.watermark import Watermark, order


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as the warehouse has it now."""

    identity: bytes | None
    """None: its key is missing."""
    event_id: str | None = None
    event_name: str | None = None
    event_time: int | None = None
    """Unix seconds; None where the row gives no event."""
    bucket: str | None = None
    """Where it would end if it were read now; None: it gives an event."""
    reason: str | None = None
    field: str | None = None
    is_passed: bool = False
    """The watermark is so far beyond it that no run reads it again."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far the runs of a pipeline came."""

    watermark: Watermark | None
    start: int | None


def find_row(
    pipeline: Pipeline, source: Source, scope: Scope, key: Sequence[str], *, position: Position, now: datetime
) -> Row | None:
    """Return the row with `key` as a run at `now` would judge it, None where the query gives no such row."""
    transform, shape = compiled(pipeline, source, scope)
    query = plan(
        pipeline,
        position.watermark,
        columns=transform.columns,
        expressions=transform.expressions,
        cursor_column=transform.cursor_column,
        key_columns=transform.key_columns,
    )
    at = int(now.timestamp())
    rows = find(source, of_key(query, shape, transform.key_columns, key), transform, key, now=at)
    if rows is None:
        return None
    start = position.start
    if start is None:
        start = first_event_time(pipeline.start, now, timezone=pipeline.settings.timezone)
    made = transform(rows, now=at, start=start)
    named = transform.named(rows, now=at).row(0, named=True)
    cursor = None if transform.cursor_column is None else cursor_value(rows.column(transform.cursor_column), 0)
    is_passed = _is_passed(query, cursor)
    if made.events.height:
        event = made.events.row(0, named=True)
        return Row(
            identity=event["identity"],
            event_id=event["event_id"],
            event_name=event["event_name"],
            event_time=event["event_time"],
            is_passed=is_passed,
        )
    reject = made.rejects.row(0, named=True)
    said = {name: reject[name] for name in ("bucket", "reason", "field")}
    return Row(identity=named["identity"], event_id=named["event_id"], is_passed=is_passed, **said)


def identity_of(pipeline: Pipeline, scope: Scope, key: Sequence[str]) -> bytes:
    """Return the identity of the key as it is written, for a row that is gone."""
    return identity(scope, scope.name_in_ids(pipeline.name), "", key)


def _is_passed(query: Query, cursor: CursorValue | None) -> bool:
    low = next((wanted.low for wanted in query.ranges if wanted.column == query.cursor_column), None)
    if low is None or cursor is None or order(low)[0] != order(cursor)[0]:
        return False
    return order(cursor) < order(low)
