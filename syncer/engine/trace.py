"""What became of one row, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors.base import Source
from connectors.incremental import CursorValue, cursor_value
from syncer.engine.again import lowest_read
from syncer.engine.compiled import compiled
from syncer.engine.one_row import find, of_key, taken
from syncer.engine.plan import first_event_time, plan
from syncer.pipeline import Pipeline
from syncer.report import Bucket
from syncer.transform.binding import THE_RULE
from syncer.transform.identity import Scope, identity
from syncer.watermark import Watermark, order

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.transform import Transformed
    from syncer.transform.consent import Unsent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as the warehouse has it now, by one of its rules."""

    rule: str = THE_RULE
    """Id of the rule; empty where the pipeline has none."""
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
    low: CursorValue | None = None
    """The lowest cursor value that runs read; None: they read all."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far the runs of a pipeline came."""

    watermark: Watermark | None
    start: int | None
    suppressed: "Unsent" = ()
    """Tells which events they left unsent for want of consent."""


def find_rows(
    pipeline: Pipeline, source: Source, scope: Scope, key: Sequence[str], *, position: Position, now: datetime
) -> tuple[Row, ...]:
    """Return the row with `key` as a run at `now` would judge it, once for each rule; nothing where there is no such row.

    Where several rows have it, each is told, judged with those that are read together with it.
    """
    transform, shape = compiled(pipeline, source, scope, suppressed=position.suppressed)
    query = plan(
        pipeline,
        position.watermark,
        columns=transform.columns,
        expressions=transform.expressions,
        cursor_column=transform.cursor_column,
        key_columns=transform.key_columns,
    )
    at = int(now.timestamp())
    rows = find(source.read(of_key(query, shape, transform.key_columns, key)), transform, key, now=at)
    if rows is None:
        return ()
    start = position.start
    if start is None:
        start = first_event_time(pipeline.start, now, timezone=pipeline.settings.timezone)
    low = lowest_read(query)
    found: list[Row] = []
    for is_passed, part in _read_together(rows, transform.cursor_column, low):
        made = transform(part, now=at, start=start)
        lines = transform.named(part, now=at).iter_rows(named=True)
        found += (replace(_row(line, made), is_passed=is_passed, low=low) for line in lines)
    return tuple(found)


def _read_together(
    rows: "pa.RecordBatch", column: str | None, low: CursorValue | None
) -> "Iterator[tuple[bool, pa.RecordBatch]]":
    """Yield the rows that the watermark is beyond, then the others, with which they are."""
    cursors = [None if column is None else cursor_value(rows.column(column), place) for place in range(rows.num_rows)]
    for is_passed in (True, False):
        if part := [place for place, cursor in enumerate(cursors) if _is_passed(low, cursor) is is_passed]:
            yield is_passed, taken(rows, part)


def _row(line: dict[str, Any], made: "Transformed") -> Row:
    """Return what the rule of `line`, one of those that name a row, gives."""
    rule, identity = line["rule"] or THE_RULE, line["identity"]
    of_row, is_its = pl.col("row") == line["row"], pl.col("identity") == pl.lit(identity, dtype=pl.Binary)
    events, refused = made.events.filter(of_row, is_its), made.rejects.filter(of_row)
    rejects = refused.filter(is_its)
    if events.height:
        event = events.row(0, named=True)
        said = {name: event[name] for name in ("event_id", "event_name", "event_time")}
    elif rejects.height or line["is_given"]:  # what holds for the whole row is said once
        reject = (rejects if rejects.height else refused).row(0, named=True)
        said = {"event_id": line["event_id"], **{name: reject[name] for name in ("bucket", "reason", "field")}}
    else:
        said = {"event_id": line["event_id"], "bucket": Bucket.NO_RULE.value, "reason": Bucket.NO_RULE.value}
    return Row(rule=rule, identity=identity, **said)


def identities_of(pipeline: Pipeline, scope: Scope, key: Sequence[str]) -> dict[bytes, str]:
    """Return the identity of each event of the key as it is written, for a row that is gone, with its rule."""
    rules = [rule.id for rule in pipeline.events] or [THE_RULE]
    return {identity(scope, scope.name_in_ids(pipeline.name), rule, key): rule for rule in rules}


def _is_passed(low: CursorValue | None, cursor: CursorValue | None) -> bool:
    if low is None or cursor is None or order(low)[0] != order(cursor)[0]:
        return False
    return order(cursor) < order(low)
