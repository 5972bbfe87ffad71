"""What a run reads of its query, one reading after the other."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from connectors.base import Query
from syncer.engine.plan import plan
from syncer.engine.span import Selection, Span, whole
from syncer.pipeline import Constant, Mapping, Pipeline, Settings, mappings_of
from syncer.spec.limits import FUTURE_S, PHYSICAL_STORE_WINDOW_S, WINDOW_MARGIN_S, window_s
from syncer.transform.validate import max_age_s
from syncer.watermark import Watermark

if TYPE_CHECKING:
    from syncer.transform import Transform


class Sweep(StrEnum):
    """Whether a run compares all keys in Meta's window with the ledger."""

    NONE = "none"
    ALSO = "also"
    """After what is new."""
    ONLY = "only"


def is_due(last: datetime | None, every: float, *, wanted: bool, now: datetime) -> bool:
    """Return whether it is time for a sweep where the `last` one began then; `every` in seconds.

    Where it is `wanted` by a clock, half of the time is enough.
    """
    if last is None:
        return True
    return not 0 <= (now - last).total_seconds() < (every / 2 if wanted else every)


@dataclass(frozen=True, slots=True)
class Reading:
    """One pass over the query."""

    query: Query
    span: Selection | None = None
    """Only rows with events in it are judged and counted; None: every row."""

    @property
    def moves(self) -> bool:
        """Return whether the watermark follows the rows of this reading."""
        return self.span is None


def readings(
    pipeline: Pipeline,
    transform: "Transform",
    watermark: Watermark | None,
    *,
    start: int | None,
    now: datetime,
    sweep: Sweep,
) -> tuple[Reading, ...]:
    """Return what is new since `watermark`, or every row with an event that Meta still takes, or both in this order.

    A row behind the watermark that came late, was dated back or edited is in the second alone. `start` is the lowest
    event_time that is sent.
    """
    new = Reading(
        plan(
            pipeline,
            watermark,
            columns=transform.columns,
            expressions=transform.expressions,
            cursor_column=transform.cursor_column,
            key_columns=transform.key_columns,
        )
    )
    if sweep is Sweep.NONE:
        return (new,)
    swept = Reading(whole(pipeline, transform), window(pipeline, now, start=start))
    return (swept,) if sweep is Sweep.ONLY else (new, swept)


def window(pipeline: Pipeline, now: datetime, *, start: int | None) -> Span:
    """Return the events that Meta and the pipeline would still take at `now`, none before `start`."""
    at, longest = int(now.timestamp()), max_age_s(pipeline.settings)
    window = longest_window_s(pipeline) - WINDOW_MARGIN_S
    oldest = at - (window if longest is None else min(window, longest))
    return Span(since=oldest if start is None else max(oldest, start), until=at + FUTURE_S + 1)


def longest_window_s(pipeline: Pipeline) -> int:
    """Return the longest window that an event of the pipeline may have."""
    mappings = mappings_of(pipeline.mapping, pipeline.events)
    return max(_window_by(mapping, pipeline.settings) for mapping in mappings)


def _window_by(mapping: Mapping, settings: Settings) -> int:
    match mapping.server_event.get("action_source"):
        case None:
            return window_s(settings.action_source)
        case Constant(value=value):
            return window_s(str(value))
    return PHYSICAL_STORE_WINDOW_S
