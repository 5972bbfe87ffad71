"""What every warehouse offers, and what it is asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from connectors.incremental import CursorValue

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 16_000
"""Whole thousands, since what becomes of a batch is sent by the thousand: a rest would be a request of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The values of one column from `low` (inclusive) up to `high` (exclusive); None leaves that side open."""

    column: str
    low: CursorValue | None = None
    high: CursorValue | None = None
    with_null: bool = False
    """Also take the rows where the column is NULL, or a time before all cursor values, such as -infinity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One SELECT of the user and the slice of it that is wanted."""

    sql: str
    """The user's SELECT in the source's dialect; it is wrapped as a sub-select, never edited."""
    columns: tuple[str, ...] | None = None
    """Exact names of the columns to select; None: all of them."""
    expressions: tuple[tuple[str, str], ...] = ()
    """(alias, SQL expression) pairs put into the wrapping SELECT behind the columns."""
    cursor_column: str | None = None
    """Rows come in ascending order of this column, NULLs first.

    Its type must ascend as its cursor values do: whole numbers, decimals, text, dates and timestamps.
    """
    ranges: tuple[Range, ...] = ()
    """All of them must hold; the cursor's own range is one of them."""
    order_by: tuple[str, ...] = ()
    """Further columns of the order, behind the cursor: the key."""
    limit: int | None = None
    batch_rows: int = BATCH_ROWS
    """Upper bound of the rows in one batch."""

    def partitions(self, column: str, bounds: Sequence[CursorValue]) -> tuple[Self, ...]:
        """Return `len(bounds) + 1` queries that together give each row of this one exactly once.

        `bounds` ascend; rows with NULL in `column` come with the first partition.
        """
        edges = [None, *bounds, None]
        ranges = (Range(column=column, low=low, high=high, with_null=low is None) for low, high in pairwise(edges))
        return tuple(replace(self, ranges=(*self.ranges, part)) for part in ranges)


class Source(Protocol):
    """A connected warehouse; leaving its `with` block closes it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def schema(self, query: Query) -> "pa.Schema":
        """Return the columns that `query` would give, in order, reading no row.

        Raises `QueryError` where the warehouse refuses the query, `ColumnError` where it lacks a column or the
        cursor's type has no order to go by.
        """
        ...

    def read(self, query: Query) -> "Iterator[pa.RecordBatch]":
        """Yield non-empty batches of at most `query.batch_rows` rows, ascending by cursor, then `order_by`.

        Memory stays bounded at any size of result. Types are those of `schema`; NULL is NULL. A time that no calendar
        holds (infinity, years before 1 or after 9999) arrives as the number Arrow has for it, so that it costs no
        other row: judge such values as numbers, as `cursor_value` does, before anything turns them into dates.
        Raises `SourceError`; batches already yielded stay valid.
        """
        ...
