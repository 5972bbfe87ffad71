"""What the next run would do, without doing it: rows are read and judged, nothing is sent or written."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from connectors.base import Source
from syncer.engine import advice
from syncer.engine.again import Recall, Reprieve, lowest_read, passed_by
from syncer.engine.basis import NEEDS_DECISION
from syncer.engine.compiled import compiled, require_old_type
from syncer.engine.endings import BY_HAND
from syncer.engine.frequent import Frequent
from syncer.engine.pack import pack
from syncer.engine.page import allowed, cursors_of, of_first_rows, unsettled, without_settled
from syncer.engine.plan import first_event_time
from syncer.engine.readings import Reading, Sweep, readings
from syncer.engine.settled_rows import Skim
from syncer.pipeline import Pipeline
from syncer.report import Advice, Bucket, Tally
from syncer.state.ledger import Ledger, empty_ledger, packed
from syncer.state.quarantine import Reject
from syncer.transform.identity import Scope
from syncer.watermark import Watermark

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.transform import Transform
    from syncer.transform.consent import Unsent

BY_EVENT_ID: Final = "event_id"
BY_ORDER_ID: Final = "order_id"
FOR_SOMEBODY: Final = (BY_HAND, NEEDS_DECISION)
"""Why a pipeline is paused so that runs send nothing until an operator resumes it; other pauses they look past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a pipeline stands by its state."""

    ledger: Ledger
    watermark: Watermark | None = None
    start: int | None = None
    pause_reason: str | None = None
    sweep: Sweep = Sweep.NONE
    """Whether the run compares all keys in Meta's window with the ledger."""
    erased: frozenset[bytes] = frozenset()
    rejects: tuple[Reject, ...] = ()
    """What the run judges again where row or pipeline changed."""
    suppressed: "Unsent" = ()
    """What earlier runs left unsent for want of consent."""
    settled_otherwise: Ledger = field(default_factory=empty_ledger)
    """What was settled otherwise than by a refusal of Meta."""


@dataclass(slots=True, kw_only=True)
class Forecast:
    """What one run would do. Grows with each batch."""

    pipeline: str
    target: str
    destination: str
    dataset: str = ""
    """Where the events go, for comparing pipelines."""
    watermark: str | None = None
    pause_reason: str | None = None
    tally: Tally = field(default_factory=Tally)
    to_send: int = 0
    requests: int = 0
    value: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    advice: list[Advice] = field(default_factory=list)
    marks: dict[str, list[pl.Series]] = field(default_factory=lambda: {BY_EVENT_ID: [], BY_ORDER_ID: []})
    """Hashes of (event_name, id) of the events to be sent."""

    @property
    def waits_for_somebody(self) -> bool:
        """Return whether runs send nothing until an operator resumes the pipeline."""
        return self.pause_reason in FOR_SOMEBODY

    def to_json(self) -> dict[str, Any]:
        """Return plain data, in the order people read it."""
        tally = self.tally
        counts = ("buckets", "reasons", "dropped_fields", "filled_defaults", "warnings")
        return {
            "pipeline": self.pipeline,
            "target": self.target,
            "destination": self.destination,
            "pause_reason": self.pause_reason,
            "rows_read": tally.rows_read,
            "events": self.to_send + tally.buckets.total(),
            "to_send": self.to_send,
            "requests": self.requests,
            "value": {
                currency: rounded for currency, total in sorted(self.value.items()) if (rounded := round(total, 2))
            },
            **{name: {str(key): count for key, count in sorted(getattr(tally, name).items())} for name in counts},
            "coverage": tally.shares(),
            "match_keys": tally.match_keys(),
            "advice": [{"code": one.code, "text": one.text} for one in self.advice],
            "watermark": self.watermark,
        }


def forecast(
    pipeline: Pipeline,
    source: Source,
    scope: Scope,
    standing: Standing,
    *,
    now: datetime,
    on_rows: Callable[[int], None],
) -> Forecast:
    """Return what a run of `pipeline` at `now` would do; raises as a run does before it sends anything.

    `on_rows` is told how many rows were read so far.
    """
    transform, shape = compiled(pipeline, source, scope, suppressed=standing.suppressed)
    require_old_type(transform.cursor_column, shape, standing.watermark)
    start = standing.start
    if start is None:
        start = first_event_time(pipeline.start, now, timezone=pipeline.settings.timezone)
    wanted = readings(pipeline, transform, standing.watermark, start=start, now=now, sweep=standing.sweep)
    found = Forecast(
        pipeline=pipeline.name,
        target=scope.target,
        destination=scope.destination,
        watermark=str(standing.watermark) if standing.watermark else None,
        pause_reason=standing.pause_reason,
    )
    frequent, at_midnight = Frequent(), True
    at, most_rows = int(now.timestamp()), None if standing.sweep is Sweep.ONLY else pipeline.delivery.max_rows
    reprieve = Reprieve.of(lambda: standing.settled_otherwise, standing.rejects, fingerprint=pipeline.fingerprint)
    judged = standing.erased.union(one.identity for one in standing.rejects if one.identity is not None)
    for rows, only in _rows(pipeline, source, transform, standing, wanted, at=at):
        can_skim = only is None and transform.tells_by_key
        skim = Skim.of(rows, transform, standing.ledger, judged=judged) if can_skim else Skim(rows)
        made = allowed(skim.whole(transform(skim.rows, now=at, start=start, only=only)), standing.erased)
        made = without_settled(made, standing.ledger)
        fresh = unsettled(made.events, standing.ledger, known=skim.settled)
        fresh = reprieve.with_reprieved(made.events, fresh, cursors_of(rows, transform.cursor_column))
        made.tally.buckets[Bucket.DUPLICATE_SKIPPED] += made.events.height - fresh.height
        within = of_first_rows(fresh, most_rows)
        over, fresh = fresh.height - within.height, within
        most_rows = None if most_rows is None else most_rows - fresh["row"].n_unique()
        standing.ledger.add(packed(fresh["identity"]))
        if over:
            made.tally.buckets[Bucket.OVER_MAX_ROWS] = made.tally.reasons[Bucket.OVER_MAX_ROWS.value] = over
        found.tally.add(made.tally)
        if fresh.height:
            _count(found, fresh, pipeline)
            frequent.add(fresh["json"])
            at_midnight = at_midnight and advice.all_at_midnight(fresh["event_time"], pipeline.settings.timezone)
        on_rows(found.tally.rows_read)
        if over:
            found.advice.append(advice.over_max_rows(pipeline))
            break
    found.tally.buckets = +found.tally.buckets
    found.advice += advice.on_columns(transform, shape)
    if found.to_send:
        found.advice += [advice.bare_date(found.to_send)] * at_midnight
        found.advice += advice.on_one_value(frequent.most(), found.to_send)
    found.advice += advice.on_tally(found.tally, pipeline)
    return found


def _rows(
    pipeline: Pipeline,
    source: Source,
    transform: "Transform",
    standing: Standing,
    wanted: Sequence[Reading],
    *,
    at: int,
) -> "Iterator[tuple[pa.RecordBatch, pl.Series | None]]":
    """Yield the rows that a run judges: those it reads, then those of rejects that lie below and are judged again.

    With them come the identities of those of their events that it judges; None: all.
    """
    low = lowest_read(wanted[0].query)
    recall = Recall(passed_by(standing.rejects, low, fingerprint=pipeline.fingerprint), below=low)
    for reading in wanted:
        for rows in source.read(reading.query):
            if reading.span is None:
                yield rows, None
                continue
            inside, named = reading.span.rows(rows, transform, now=at)
            if recall.rejects:
                recall.rows(inside, transform, now=at)  # judged here, they are not judged once more
            yield inside, named["identity"]
    left = tuple(reject for reject in recall.rejects if reject.identity not in recall.found)
    if left and low is not None:
        recall = Recall(left, below=low)
        for rows in (rows for query in recall.queries(wanted[0].query, low.kind) for rows in source.read(query)):
            theirs, named = recall.rows(rows, transform, now=at)
            yield theirs, named["identity"]


def compare(forecasts: Sequence[Forecast]) -> None:
    """Add a warning to each forecast whose events another one would send to the same dataset too."""
    for one in forecasts:
        for other in forecasts:
            if one is not other and one.dataset == other.dataset:
                one.advice += _shared(one, other)


def _count(found: Forecast, fresh: pl.DataFrame, pipeline: Pipeline) -> None:
    settings = pipeline.delivery
    found.to_send += fresh.height
    found.requests += sum(
        1 for _ in pack(fresh, most_events=settings.events_per_request, most_bytes=settings.request_bytes)
    )
    for currency, value in zip(fresh["currency"], fresh["value"], strict=True):
        if currency is not None and value is not None:
            found.value[currency] += value
    ids = fresh.select(
        "event_name",
        pl.col("event_id").alias(BY_EVENT_ID),
        pl.col("json").str.json_path_match("$.custom_data.order_id").alias(BY_ORDER_ID),
    )
    for name, marks in found.marks.items():
        known = ids.filter(pl.col(name).is_not_null())
        marks.append(known.select(pl.struct("event_name", name).hash().alias(name)).to_series())


def _shared(one: Forecast, other: Forecast) -> Iterator[Advice]:
    taken = 0
    for name in (BY_EVENT_ID, BY_ORDER_ID):
        mine, theirs = pl.concat([_NONE, *one.marks[name]]), pl.concat([_NONE, *other.marks[name]])
        shared = int(mine.is_in(theirs.implode()).sum())
        if shared > taken:
            yield advice.on_shared(shared - taken, other=other.pipeline, same=name)
        taken = max(taken, shared)


_NONE: Final = pl.Series([], dtype=pl.UInt64)
