"""Rows whose event was settled before: counted, and not made into events once more only to be dropped."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import polars as pl
import pyarrow as pa

from syncer.report import Bucket

if TYPE_CHECKING:
    from syncer.state.ledger import Ledger
    from syncer.transform import Transform, Transformed


@dataclass(frozen=True, slots=True)
class Skim:
    """What is left of a batch to make events of."""

    rows: pa.RecordBatch
    settled: pl.Series | None = None
    """Identities among them that the ledger knows all the same; None: it was not asked."""
    places: pl.Series | None = None
    """Their numbers in the batch; None: all are left."""
    skipped: int = 0

    @classmethod
    def of(cls, batch: pa.RecordBatch, transform: "Transform", ledger: "Ledger", *, judged: Collection[bytes]) -> Self:
        """Leave out the rows whose event is in the ledger, whatever they hold by now (reliability promise R14).

        Those of `judged` stay, as do rows whose key the batch has twice: which of them counts, all of them say (R12).
        For a transform that `tells_by_key` alone.
        """
        numbers = pl.Series(range(batch.num_rows), dtype=pl.UInt32)
        known = pl.DataFrame([numbers.alias("row"), transform.identities(batch)]).drop_nulls()
        known = known.with_columns(is_twice=known["identity"].is_duplicated())
        settled = known.filter(ledger.settled(b"".join(known["identity"])))
        if not settled.height:
            return cls(batch, settled["identity"])
        is_judged = settled["identity"].is_in(pl.Series(list(judged), dtype=pl.Binary).implode())
        kept = settled.filter(is_judged | settled["is_twice"])["identity"]
        left = ~numbers.is_in(settled.filter(~is_judged & ~settled["is_twice"])["row"].implode())
        try:
            rows = batch.filter(left.to_arrow())
        except pa.ArrowNotImplementedError:  # Arrow cannot leave out rows of views and of run-end encoded columns
            return cls(batch, settled["identity"])
        return cls(rows, kept, numbers.filter(left), batch.num_rows - rows.num_rows)

    def whole(self, made: "Transformed") -> "Transformed":
        """Return what was made of the rows that are left as of the whole batch, with the others counted."""
        if self.places is None:
            return made
        numbered = [
            frame.with_columns(row=self.places.gather(frame["row"]))
            for frame in (made.events, made.rejects, made.unsent)
        ]
        made.tally.rows_read += self.skipped
        made.tally.buckets[Bucket.DUPLICATE_SKIPPED] += self.skipped
        return replace(made, events=numbered[0], rejects=numbered[1], unsent=numbered[2])
