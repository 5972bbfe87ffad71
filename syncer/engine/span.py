"""Rows by the time of their events, whatever the watermark says."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import polars as pl

from connectors.base import Query, Range, Source
from connectors.incremental import CursorValue
from syncer.engine.compiled import compiled
from syncer.engine.plan import plan
from syncer.pipeline import Pipeline
from syncer.state.ledger import Ledger, empty_ledger, packed
from syncer.transform.identity import Scope
from syncer.watermark import order

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.transform import Transform


class Selection(Protocol):
    """Rows that a run out of turn wants; as text, what the audit log says of them."""

    @property
    def is_complete(self) -> bool:
        """Return whether each of them was found, so that no further row is wanted."""
        ...

    def queries(self, query: Query) -> tuple[Query, ...]:
        """Return the parts of the query among whose rows they are, the likeliest first."""
        ...

    def rows(
        self, rows: "pa.RecordBatch", transform: "Transform", *, now: int
    ) -> "tuple[pa.RecordBatch, pl.DataFrame]":
        """Return those of a batch, and a line for each of their events that is wanted, as `named` of the transform has it."""
        ...


@dataclass(frozen=True, slots=True)
class Span:
    """Events from `since` (inclusive) to `until` (exclusive), Unix seconds of event_time; None leaves that side open."""

    since: int | None = None
    until: int | None = None

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None) -> "Span":
        """Return the span between two times."""
        return cls(*(None if at is None else int(at.timestamp()) for at in (since, until)))

    @property
    def is_complete(self) -> bool:
        """Return False: any row may have an event in it."""
        return False

    def queries(self, query: Query) -> tuple[Query, ...]:
        """Return the query as it is: event_time is known only of rows that were read."""
        return (query,)

    def rows(
        self, rows: "pa.RecordBatch", transform: "Transform", *, now: int
    ) -> "tuple[pa.RecordBatch, pl.DataFrame]":
        """Return the rows of a batch with events in the span, and the names of those; one without a time is in none."""
        named = transform.named(rows, now=now)
        at = pl.col("event_time")
        low = pl.lit(value=True) if self.since is None else at >= self.since
        high = pl.lit(value=True) if self.until is None else at < self.until
        return only_rows_of(rows, named.filter(at.is_not_null() & low & high & pl.col("is_given")))


@dataclass(slots=True)
class Survey:
    """How many events of a span there are. Grows batch by batch."""

    events: int = 0
    settled: int = 0
    """Of those, how many no run would send: they were delivered, refused or are held."""
    _seen: Ledger = field(default_factory=empty_ledger)

    def add(self, named: pl.DataFrame, ledger: Ledger) -> None:
        """Count the rows of one batch; a key that an earlier batch had as well is counted once."""
        known = named["identity"].drop_nulls().unique()
        if known.is_empty():
            return
        fresh = known.filter(~self._seen.settled(packed(known)))
        if fresh.is_empty():
            return
        digests = packed(fresh)
        self._seen.add(digests)
        self.events += fresh.len()
        self.settled += int(ledger.settled(digests).sum())


def survey(pipeline: Pipeline, source: Source, scope: Scope, ledger: Ledger, span: Span, *, now: datetime) -> Survey:
    """Return how many events of `span` the query gives, and how many of them are settled; `ledger` is used up."""
    transform, _ = compiled(pipeline, source, scope)
    found, at = Survey(), int(now.timestamp())
    for rows in source.read(whole(pipeline, transform)):
        found.add(span.rows(rows, transform, now=at)[1], ledger)
    return found


def whole(pipeline: Pipeline, transform: "Transform") -> Query:
    """Return the query for every row."""
    return plan(
        pipeline,
        None,
        columns=transform.columns,
        expressions=transform.expressions,
        cursor_column=transform.cursor_column,
        key_columns=transform.key_columns,
    )


def lowest(values: Sequence[CursorValue | None]) -> CursorValue | None:
    """Return the lowest cursor value; None where it is not known of each, or they are of several types."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values) or len({order(value)[0] for value in known}) > 1:
        return None
    return min(known, key=order)


def halves(query: Query, low: CursorValue | None) -> tuple[Query, ...]:
    """Return the rows from `low` on with those without a value, then those below: rows may be dated back since.

    All rows together where `low` is None or there is no cursor.
    """
    if query.cursor_column is None or low is None:
        return (query,)
    above = Range(column=query.cursor_column, low=low, with_null=True)
    return replace(query, ranges=(above,)), replace(query, ranges=(Range(column=query.cursor_column, high=low),))


def rows_of(
    names: Collection[bytes], rows: "pa.RecordBatch", transform: "Transform", *, now: int
) -> "tuple[pa.RecordBatch, pl.DataFrame]":
    """Return the rows of a batch whose identities are `names`, and what they are named."""
    named = transform.named(rows, now=now)
    wanted = pl.Series(list(names), dtype=pl.Binary)
    return only_rows_of(rows, named.filter(named["identity"].is_in(wanted.implode()).fill_null(value=False)))


def only_rows_of(rows: "pa.RecordBatch", named: pl.DataFrame) -> "tuple[pa.RecordBatch, pl.DataFrame]":
    """Return the rows that the lines of `named` are of, and these."""
    mask = pl.repeat(value=False, n=rows.num_rows, eager=True).scatter(named["row"], values=True)
    return rows.filter(mask.to_arrow()), named
