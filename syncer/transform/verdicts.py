"""Which rows give no event, and why: the first reason of each row, in the order in which they are asked."""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from syncer.report import Bucket
from syncer.spec.reasons import REASONS
from syncer.transform.masks import Mask, certain

COLUMNS: Final = {
    "row": pl.UInt32,
    "identity": pl.Binary,
    "bucket": pl.String,
    "reason": pl.String,
    "field": pl.String,
}

OF_ROWS: Final = (Bucket.NO_CONSENT.value, Bucket.UNREADABLE.value)
"""Buckets of rows that give no event by any rule; `KEY_MISSING` is a reason of such rows too."""
KEY_MISSING: Final = "key_missing"


@dataclass(slots=True)
class Verdicts:
    """Gathers refusals of `rows` rows; a row that was refused keeps its first reason."""

    rows: int
    _given: list[tuple[str, str | None]] = field(default_factory=list)
    _numbers: pl.Series = field(init=False)
    """Number of each row's reason, counted from 1; 0: none."""

    def __post_init__(self) -> None:
        self._numbers = pl.Series([0], dtype=pl.UInt16).new_from_index(0, self.rows)

    def refuse(self, where: Mask, reason: str, field: str | None = None) -> None:
        """Refuse the rows where the mask is true; without `field` it is the reason's own."""
        if where is None or not where.any():
            return
        self._given.append((reason, field or REASONS[reason].field))
        number = pl.Series([len(self._given)], dtype=pl.UInt16)
        self._numbers = number.new_from_index(0, self.rows).zip_with(
            certain(where) & (self._numbers == 0), self._numbers
        )

    def passed(self) -> pl.Series | None:
        """Return where no reason was given; None: everywhere."""
        return self._numbers == 0 if self._given else None

    def frame(self, rows: pl.Series, identities: pl.Series) -> pl.DataFrame:
        """Return a line for each refused row: its number in the batch, identity, bucket, reason and field."""
        is_refused = self._numbers > 0
        numbers = self._numbers.filter(is_refused) - 1
        columns = {
            "row": rows.filter(is_refused),
            "identity": identities.filter(is_refused),
            "bucket": _words([_bucket(reason).value for reason, _ in self._given], numbers),
            "reason": _words([reason for reason, _ in self._given], numbers),
            "field": _words([name for _, name in self._given], numbers),
        }
        return pl.DataFrame(columns, schema=COLUMNS)


def once_a_row(refusals: pl.DataFrame) -> pl.DataFrame:
    """Return `refusals` where what is said of a whole row by several rules stands once, as the first of them says it."""
    of_row = pl.col("bucket").is_in(OF_ROWS) | (pl.col("reason") == KEY_MISSING)
    return refusals.filter(~of_row | pl.struct("row", "bucket").is_first_distinct())


def no_refusals() -> pl.DataFrame:
    """Return no line."""
    return pl.DataFrame(schema=COLUMNS)


def _words(of_each: list[str] | list[str | None], numbers: pl.Series) -> pl.Series:
    return pl.Series(of_each, dtype=pl.String)[numbers]


def _bucket(reason: str) -> Bucket:
    bucket = REASONS[reason].bucket
    if bucket is None:
        raise ValueError(f"{reason} is a warning and refuses nothing")
    return bucket
