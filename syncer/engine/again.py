"""Rejects that are judged once more: by command, or because the row or the mapping changed since."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from connectors.base import Query, Range
from connectors.incremental import CursorKind, CursorValue
from syncer.engine.span import halves, rows_of
from syncer.report import Bucket
from syncer.watermark import Watermark, order

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.state.ledger import Ledger
    from syncer.state.quarantine import Reject
    from syncer.transform import Transform, Transformed

CursorAt = Callable[[int], CursorValue | None]


@dataclass(slots=True)
class Reprieve:
    """Which events that Meta refused may be sent once more. Mutable: each goes at most once."""

    otherwise: Callable[[], "Ledger"]
    """What was settled otherwise than by a refusal of Meta; asked where it is needed."""
    refused: dict[bytes, CursorValue | None] = field(default_factory=dict)
    """Identity to the cursor value at which the refusal stands; None: it stands at none."""

    @classmethod
    def of(
        cls, otherwise: Callable[[], "Ledger"], rejects: Iterable["Reject"], *, fingerprint: str | None
    ) -> "Reprieve":
        """Return the reprieve of those that were refused by another configuration, or whose row's cursor grows.

        `fingerprint` None takes all of them. A row without a cursor shows no change.
        """
        refused: dict[bytes, CursorValue | None] = {}
        for reject in rejects:
            if reject.identity is None or reject.bucket != Bucket.REJECTED_REMOTE:
                continue
            if fingerprint is None or reject.fingerprint != fingerprint:
                refused[reject.identity] = None
            elif reject.cursor is not None:
                refused[reject.identity] = reject.cursor
        return cls(otherwise, refused)

    def with_reprieved(self, events: pl.DataFrame, fresh: pl.DataFrame, cursor_at: CursorAt) -> pl.DataFrame:
        """Return `fresh` and those of the settled `events` that go once more, in the order of the rows."""
        if not self.refused or fresh.height == events.height:
            return fresh
        settled = events.join(fresh.select("identity"), on="identity", how="anti", maintain_order="left")
        rows = {
            identity: row
            for row, identity in settled.select("row", "identity").iter_rows()
            if identity in self.refused and _has_grown(self.refused[identity], cursor_at, row)
        }
        if not rows:
            return fresh
        settled_otherwise = self.otherwise().settled(b"".join(rows))
        going = [identity for identity, is_settled in zip(rows, settled_otherwise, strict=True) if not is_settled]
        for identity in going:
            del self.refused[identity]
        reprieved = settled.filter(pl.col("identity").is_in(pl.Series(going, dtype=pl.Binary).implode()))
        return pl.concat([fresh, reprieved]).sort("row", maintain_order=True)


def _has_grown(stands_at: CursorValue | None, cursor_at: CursorAt, row: int) -> bool:
    """Another row of the same key, further down, is no change: the two would take turns for ever."""
    if stands_at is None:
        return True
    now = cursor_at(row)
    return now is not None and (now.kind is not stands_at.kind or order(now) > order(stands_at))


@dataclass(slots=True)
class Recall:
    """The rows of some rejects, looked for in the warehouse. Notes those that it found; mutable."""

    rejects: tuple["Reject", ...]
    below: CursorValue | None = None
    """Only rows with a lower cursor value; None: any."""
    found: set[bytes] = field(default_factory=set)
    too_early: set[bytes] = field(default_factory=set)

    @property
    def wanted(self) -> set[bytes]:
        """Identities of the events; rows without a key have none and are not found again."""
        return {reject.identity for reject in self.rejects if reject.identity is not None}

    @property
    def is_complete(self) -> bool:
        """Return whether each of them was found."""
        return self.wanted <= self.found

    def queries(self, whole: Query, kind: CursorKind | None) -> tuple[Query, ...]:
        """Return the parts of `whole`, whose cursor is of `kind`, that have the rows, the likeliest first.

        That is from the lowest cursor value on, then, unless `below` sets an end, what lies under it.
        """
        low = lowest(self.rejects, kind)
        if whole.cursor_column is None or self.below is None:
            return halves(whole, low)
        return (replace(whole, ranges=(Range(column=whole.cursor_column, low=low, high=self.below),)),)

    def rows(
        self, rows: "pa.RecordBatch", transform: "Transform", *, now: int
    ) -> "tuple[pa.RecordBatch, pl.DataFrame]":
        """Return the wanted rows of a batch, and the names of their wanted events."""
        theirs, named = rows_of(self.wanted, rows, transform, now=now)
        self.found.update(named["identity"].to_list())
        return theirs, named

    def note(self, made: "Transformed") -> None:
        """Take note of events that must wait, which are to be looked for again."""
        early = made.rejects.filter(pl.col("bucket") == Bucket.TOO_EARLY.value)
        self.too_early.update(early["identity"].to_list())


def lowest(rejects: Sequence["Reject"], kind: CursorKind | None) -> CursorValue | None:
    """Return the lowest cursor value; None where one is not known, or cannot be compared with those of `kind`."""
    known = [reject.cursor for reject in rejects if reject.cursor is not None]
    if not known or len(known) < len(rejects) or kind is None:
        return None
    if not all(Watermark(cursor).fits(kind) for cursor in known):
        return None
    return min(known, key=order)


def lowest_read(query: Query) -> CursorValue | None:
    """Return the cursor value from which on `query` gives rows; None: from the first."""
    return next((part.low for part in query.ranges if part.column == query.cursor_column), None)


def passed_by(rejects: Iterable["Reject"], low: CursorValue | None, *, fingerprint: str) -> tuple["Reject", ...]:
    """Return the rejects of another configuration whose rows a run that reads from `low` on does not see.

    Conflicts of keys stand whatever the mapping says.
    """
    if low is None:
        return ()
    return tuple(
        reject
        for reject in rejects
        if reject.identity is not None
        and reject.bucket != Bucket.KEY_PROBLEM
        and reject.fingerprint != fingerprint
        and reject.cursor is not None
        and Watermark(reject.cursor).fits(low.kind)
        and order(reject.cursor) < order(low)
    )
