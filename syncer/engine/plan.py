"""Which rows a run reads; pure."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.base import BATCH_ROWS, Query, Range
from syncer.duration import Duration
from syncer.pipeline import Pipeline
from syncer.spec.limits import PHYSICAL_STORE_WINDOW_S
from syncer.watermark import Watermark


def plan(
    pipeline: Pipeline,
    watermark: Watermark | None,
    *,
    columns: Sequence[str],
    expressions: Sequence[tuple[str, str]] = (),
    cursor_column: str | None = None,
    key_columns: Sequence[str] = (),
) -> Query:
    """Return the slice of the pipeline's query that this run reads; names are those of the warehouse.

    The lower bound is inclusive and lies the lookback below the watermark: what is settled drops out by the
    ledger. Rows without a cursor value are read every time, since no watermark can ever pass them.
    """
    ranges: tuple[Range, ...] = ()
    if cursor_column is not None and watermark is not None:
        low = watermark.minus(_lookback(pipeline))
        ranges = (Range(column=cursor_column, low=low, with_null=True),)
    return Query(
        sql=pipeline.query,
        columns=tuple(columns),
        expressions=tuple(expressions),
        cursor_column=cursor_column,
        ranges=ranges,
        order_by=tuple(key_columns),
        batch_rows=BATCH_ROWS,
    )


def first_event_time(start: str, now: datetime, *, timezone: str) -> int:
    """Return the Unix time that `start` means at the first run: no earlier event is ever sent."""
    match start:
        case "now":
            return int(now.timestamp())
        case "window":
            return int(now.timestamp()) - PHYSICAL_STORE_WINDOW_S
        case "beginning":
            return 0
    if start.startswith("-"):
        return int(now.timestamp()) - Duration.parse(start[1:])
    at = datetime.fromisoformat(start)
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(timezone))
    return int(at.timestamp())


def starts_by_clock(start: str) -> bool:
    """Return whether what `start` means hangs on the time at which it is asked."""
    return start in ("now", "window") or start.startswith("-")


def _lookback(pipeline: Pipeline) -> int | None:
    lookback = pipeline.cursor.lookback if pipeline.cursor else None
    return None if lookback is None else int(lookback)
