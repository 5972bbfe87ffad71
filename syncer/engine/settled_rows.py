"""Rows whose event was settled before: counted, and not made into events once more only to be dropped."""

from collections import Counter
from collections.abc import Collection
from copy import copy
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, Self

import polars as pl
import pyarrow as pa

from syncer.report import Bucket
from syncer.state.ledger import packed

if TYPE_CHECKING:
    from syncer.state.ledger import Ledger
    from syncer.transform import Transform, Transformed


WORTH = 8
"""One row of so many that was settled pays for looking all of them up before events are made."""


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
        few = None if transform.few is None else transform.few.identities(batch)
        if few is not None:
            return cls._of_few(batch, few, ledger, judged=judged)
        numbers = pl.Series(range(batch.num_rows), dtype=pl.UInt32)
        known = pl.DataFrame([numbers.alias("row"), transform.identities(batch)]).drop_nulls()
        known = known.with_columns(is_twice=known["identity"].is_duplicated())
        settled = known.filter(ledger.settled(packed(known["identity"])))
        if not settled.height:
            return cls(batch, settled["identity"])
        is_judged = settled["identity"].is_in(pl.Series(list(judged), dtype=pl.Binary).implode())
        kept = settled.filter(is_judged | settled["is_twice"])["identity"]
        left = ~numbers.is_in(settled.filter(~is_judged & ~settled["is_twice"])["row"].implode())
        return cls._left(batch, left.to_list(), kept, settled["identity"])

    @classmethod
    def _of_few(
        cls, batch: pa.RecordBatch, names: list[bytes | None], ledger: "Ledger", *, judged: Collection[bytes]
    ) -> Self:
        """Do the same where it costs less without columns; `names` are the identities of the rows."""
        known = [name for name in names if name is not None]
        settled = set(compress(known, ledger.settled(b"".join(known)).to_list()))
        times = Counter(known)
        kept = {name for name in settled if name in judged or times[name] > 1}
        left = [name not in settled or name in kept for name in names]
        return cls._left(batch, left, _identities(kept), _identities(settled))

    @classmethod
    def _left(cls, batch: pa.RecordBatch, left: list[bool], kept: pl.Series, settled: pl.Series) -> Self:
        """Return the rows that are `left`, of which `kept` are settled; all of them, where Arrow cannot leave out any."""
        if all(left):
            return cls(batch, settled)
        try:
            rows = batch.filter(pa.array(left))
        except pa.ArrowNotImplementedError:  # Arrow cannot leave out rows of views and of run-end encoded columns
            return cls(batch, settled)
        return cls(rows, kept, pl.arg_where(pl.Series(left), eager=True), batch.num_rows - rows.num_rows)

    @classmethod
    def behind(
        cls, batch: pa.RecordBatch, made: "Transformed", ledger: "Ledger", *, judged: Collection[bytes]
    ) -> "tuple[Self, Transformed]":
        """Return the whole batch, and what was `made` of it with the rejects counted as settled that `of` leaves out."""
        named = made.rejects.filter(pl.col("identity").is_not_null())
        asked = pl.concat([made.events["identity"], named["identity"]])
        known = asked.filter(ledger.settled(packed(asked)))
        stays = pl.concat([pl.Series(list(judged), dtype=pl.Binary), asked.filter(asked.is_duplicated())])
        is_settled = pl.col("identity").is_in(known.implode()) & ~pl.col("identity").is_in(stays.implode())
        return cls(batch, known), as_settled(made, named.filter(is_settled))

    def repeats(self, settled: int) -> bool:
        """Return whether enough of the batch was settled, `settled` of its events beside those left out, to skim the next."""
        rows: int = self.rows.num_rows
        return (self.skipped + settled) * WORTH >= self.skipped + rows

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


def _identities(names: Collection[bytes]) -> pl.Series:
    return pl.Series("identity", list(names), dtype=pl.Binary)


def as_settled(made: "Transformed", rejects: pl.DataFrame) -> "Transformed":
    """Return what was made with some of its `rejects` counted as settled before."""
    if not rejects.height:
        return made
    tally = copy(made.tally)
    settled = Counter[str]({Bucket.DUPLICATE_SKIPPED: rejects.height})
    tally.buckets = tally.buckets - Counter(rejects["bucket"].to_list()) + settled
    tally.reasons = tally.reasons - Counter(rejects["reason"].to_list())
    left = made.rejects.join(rejects, on=["row", "identity"], how="anti", maintain_order="left")
    return replace(made, rejects=left, tally=tally)
