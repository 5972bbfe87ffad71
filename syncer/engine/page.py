"""What is left to deliver of one batch of rows, and what became of the rest."""

from collections import Counter
from collections.abc import Callable, Collection
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from connectors.incremental import CursorValue, cursor_value
from syncer.engine.settled_rows import as_settled
from syncer.engine.suppression import newly_suppressed
from syncer.report import Bucket
from syncer.state.ledger import packed
from syncer.state.requests import Rejected
from syncer.transform import Transformed
from syncer.transform.route import UNKNOWN

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.engine.again import Reprieve
    from syncer.state.ledger import Ledger
    from syncer.state.runs import RunLog

QUARANTINED = (Bucket.REJECTED_LOCAL, Bucket.PII_BLOCKED, Bucket.KEY_PROBLEM, Bucket.UNREADABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The deliverable events of one batch of rows, and what writes down what became of all of them."""

    number: int
    rows: int
    events: pl.DataFrame
    cursor_at: Callable[[int], CursorValue | None]
    """Cursor value of a row of the batch."""
    upto: CursorValue | None
    """Cursor value that the page reaches once it is settled; None where it reaches none."""
    after: CursorValue | None = None
    """The last cursor value that came before the page; None where none is known."""
    blocks: bool = False
    """Rows behind `upto` must be read again by the next run: no later page moves the watermark."""
    is_cut: bool = False
    """Events were left out for the limit of the run, or for that of its rows."""
    settled: int = 0
    """How many events of the batch were left out because they were settled before."""
    over: int = 0
    """How many were left out because the run sends of no more rows."""
    consent_column: str | None = None
    """The column that was asked for consent; None: none was."""
    record: Callable[[], None] = lambda: None
    """Counts the rows in the state and sets rejects aside: to be called once, in the commit of the first intents at last."""

    def low_at(self, row: int) -> CursorValue | None:
        """Return what no row from `row` on is below: its own cursor value or the last one before it; None: there is none."""
        return next((value for at in range(row, -1, -1) if (value := self.cursor_at(at))), self.after)


def take_page(  # noqa: PLR0913 - what a batch is, what became of it, and how much of it is wanted
    number: int,
    rows: "pa.RecordBatch",
    cursor_column: str | None,
    transformed: Transformed,
    run: "RunLog",
    *,
    room: int | None,
    most_rows: int | None = None,
    reprieve: "Reprieve | None" = None,
    settled: "pl.Series | None" = None,
    after: CursorValue | None = None,
) -> Page:
    """Drop what is settled or blocked, cut at `room` events, and judge what became of every other row of the batch.

    Events of more than `most_rows` rows are `over_max_rows`.

    What Meta refused is settled too, unless `reprieve` lets it go once more. `settled` has the identities among the
    events that the ledger knows; None: it is asked. `after` is the last cursor value before the batch.
    """
    transformed = without_settled(allowed(transformed, run.erased), run.ledger)
    events, tally = transformed.events, transformed.tally
    cursors = None if cursor_column is None else rows.column(cursor_column)
    cursor_at = cursors_of(rows, cursor_column)
    fresh = unsettled(events, run.ledger, known=settled)
    if reprieve is not None:
        fresh = reprieve.with_reprieved(events, fresh, cursor_at)
    tally.buckets[Bucket.DUPLICATE_SKIPPED] += events.height - fresh.height
    within = of_first_rows(fresh, most_rows)
    over = fresh.height - within.height
    if over:
        tally.buckets[Bucket.OVER_MAX_ROWS] = tally.reasons[Bucket.OVER_MAX_ROWS.value] = over
    wanted = within if room is None else within.head(room)
    unsent, gone = newly_suppressed(transformed.unsent, run), transformed.elsewhere
    rejects = transformed.rejects
    buckets = set(rejects["bucket"].unique())  # most pages have few of them, and the others need not be searched for
    quarantined = [] if buckets.isdisjoint(QUARANTINED) else _quarantined(rejects, cursor_at)
    digests = packed(wanted["identity"])
    run.ledger.add(digests)
    is_cut = wanted.height < fresh.height
    nulls = rows.num_rows if cursors is None else _nulls_first(cursors, after)
    early = _early(rejects, nulls) if Bucket.TOO_EARLY in buckets else rejects["row"].clear()
    first_left = min([*early.head(1), *fresh["row"].slice(wanted.height, 1)], default=None)
    return Page(
        number=number,
        rows=rows.num_rows,
        events=wanted,
        cursor_at=cursor_at,
        upto=_reached(cursor_at, nulls, rows.num_rows - 1 if first_left is None else first_left),
        after=after,
        blocks=first_left is not None,
        is_cut=is_cut,
        settled=events.height - fresh.height,
        over=over,
        consent_column=transformed.consent_column,
        record=partial(_record, run, partial(run.page, tally, quarantined, within.height, unsent, gone), digests),
    )


def _record(run: "RunLog", count: Callable[[], None], digests: bytes) -> None:
    """Set the rejects of a batch aside first: one of them may be of a key whose other row is about to be sent."""
    count()
    run.expect(digests)


def _early(rejects: pl.DataFrame, first: int) -> pl.Series:
    """Return the rows from `first` on whose events must wait."""
    return rejects.filter((pl.col("bucket") == Bucket.TOO_EARLY.value) & (pl.col("row") >= first))["row"]


def of_first_rows(events: pl.DataFrame, most_rows: int | None) -> pl.DataFrame:
    """Return the events of the first `most_rows` rows that have any; None: all."""
    if most_rows is None:
        return events
    rows = events.get_column("row").unique(maintain_order=True)
    return events if len(rows) <= most_rows else events.filter(pl.col("row") < rows[most_rows])


def cursors_of(rows: "pa.RecordBatch", column: str | None) -> Callable[[int], CursorValue | None]:
    """Return what gives the cursor value of a row of the batch; None where it has none."""
    cursors = None if column is None else rows.column(column)
    return lambda row: None if cursors is None else cursor_value(cursors, row)


def rows_needed(transformed: Transformed, run: "RunLog", *, room: int) -> int | None:
    """Return after how many rows of the batch `room` events are found that are not settled; None: not in it."""
    rows = unsettled(allowed(transformed, run.erased).events, run.ledger)["row"]
    return int(rows[room - 1]) + 1 if len(rows) >= room else None


def _nulls_first(cursors: "pa.Array", after: CursorValue | None) -> int:
    """Return how many rows come before the first value, as they come with every run.

    One behind a value, also that of a batch before, is none of these: the warehouse has its value, and only Arrow has
    not, such as the NaN of a decimal or a text that is no UTF-8.
    """
    import pyarrow.compute as pc

    if after is not None:
        return 0
    first: int = pc.index(cursors.is_valid(), value=True).as_py()
    return first if first >= 0 else len(cursors)


def _reached(cursor_at: Callable[[int], CursorValue | None], first: int, last: int) -> CursorValue | None:
    """Return the last value from `first` to `last`: infinity has none, and must not hide those before it."""
    return next((value for row in range(last, first - 1, -1) if (value := cursor_at(row))), None)


def allowed(transformed: Transformed, erased: Collection[bytes]) -> Transformed:
    """Return what is left without the rows of persons who were erased; those are counted as `erased` and no more."""
    if not erased:
        return transformed
    marks = pl.Series(list(erased), dtype=pl.Binary).implode()
    is_left = ~pl.col("identity").is_in(marks).fill_null(value=False)
    events, rejects = transformed.events.filter(is_left), transformed.rejects.filter(is_left)
    unsent = transformed.unsent.filter(is_left)
    gone = transformed.rejects.filter(~is_left)
    count = transformed.events.height - events.height + gone.height
    if not count:
        return replace(transformed, unsent=unsent)
    tally = copy(transformed.tally)
    tally.buckets = tally.buckets - Counter(gone["bucket"].to_list()) + Counter({Bucket.ERASED: count})
    tally.reasons = tally.reasons - Counter(gone["reason"].to_list()) + Counter({Bucket.ERASED.value: count})
    return replace(transformed, events=events, rejects=rejects, tally=tally, unsent=unsent)


def without_settled(transformed: Transformed, ledger: "Ledger") -> Transformed:
    """Return what is left without the rows that were settled here and have no destination by now; those are duplicates."""
    rejects = transformed.rejects
    if not (rejects["reason"] == UNKNOWN).any():
        return transformed
    lost = rejects.filter((pl.col("reason") == UNKNOWN) & pl.col("identity").is_not_null())
    gone = lost.filter(ledger.settled(packed(lost["identity"]))) if lost.height else lost
    return as_settled(transformed, gone)


def unsettled(events: pl.DataFrame, ledger: "Ledger", *, known: pl.Series | None = None) -> pl.DataFrame:
    """Return the events that were not settled before: that are not `known`, where the ledger was asked already."""
    if events.height == 0:
        return events
    if known is not None:
        return events.filter(~pl.col("identity").is_in(known.implode())) if len(known) else events
    settled = pl.Series(ledger.settled(packed(events["identity"])), dtype=pl.Boolean)
    return events.filter(~settled) if settled.any() else events


def _quarantined(rejects: pl.DataFrame, cursor_at: Callable[[int], CursorValue | None]) -> list[Rejected]:
    kept = rejects.filter(pl.col("bucket").is_in([bucket.value for bucket in QUARANTINED]))
    return [
        Rejected(
            identity=row["identity"],
            cursor=cursor_at(row["row"]),
            bucket=Bucket(row["bucket"]),
            reason=row["reason"],
            field=row["field"],
        )
        for row in kept.iter_rows(named=True)
    ]
