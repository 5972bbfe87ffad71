"""Masks: for each row whether something is so; what is asked of every batch, without a plan of polars where none is needed."""

from typing import Final, TypeAlias

import polars as pl

Mask: TypeAlias = pl.Series | None
"""Boolean, or None for false everywhere."""
TRUE: Final = pl.Series([True], dtype=pl.Boolean)
FALSE: Final = pl.Series([False], dtype=pl.Boolean)


def nowhere(rows: int) -> pl.Series:
    """Return false in every row."""
    return FALSE.new_from_index(0, rows)


def is_there(values: pl.Series) -> pl.Series:
    """Return where there is a value."""
    return values.is_not_null() if values.null_count() else TRUE.new_from_index(0, len(values))


def certain(mask: pl.Series) -> pl.Series:
    """Return `mask` with false where it is NULL."""
    return mask.zip_with(mask, nowhere(len(mask))) if mask.null_count() else mask


def either(one: Mask, other: Mask) -> Mask:
    """Return where one of two masks is true."""
    return other if one is None else one if other is None else one | other
