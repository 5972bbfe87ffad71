"""Properties of the user's own: any text, number, boolean, time, list or object as JSON. Twin of `values.any_json`."""

from typing import Final

import polars as pl

from syncer.spec.values import LARGEST, SMALLEST, any_json
from syncer.transform.extract import read_json
from syncer.transform.masks import certain
from syncer.transform.pieces import Piece
from syncer.transform.sent import Sent, by_value
from syncer.transform.typed_text import trimmed

DIGITS: Final = len(str(int(LARGEST))) - 1
"""A decimal with more digits before or behind its point may be out of range."""


def property_sent(piece: Piece) -> Sent:
    """Return what is sent for each value of a piece."""
    values = piece.values
    dtype = values.dtype
    if piece.is_json:
        return by_value(values, lambda text: any_json(_parsed(text)), is_json=True)
    if dtype == pl.String:
        return Sent(trimmed(values, piece.signs), is_json=False)
    if dtype.is_integer() or dtype in (pl.Boolean, pl.Null) or _is_small(dtype):
        return Sent(values.cast(pl.String), is_json=True)
    if dtype.is_float():
        return _floats(values)
    return by_value(values, any_json, is_json=True)


def _is_small(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Decimal) and dtype.scale <= DIGITS and (dtype.precision or 38) - dtype.scale <= DIGITS


def _floats(values: pl.Series) -> Sent:
    exact = values.cast(pl.Float64)
    size = exact.abs()
    fits = (size == 0) | ((size >= float(SMALLEST)) & (size < float(LARGEST)))
    gone = ~fits & exact.is_not_nan()
    texts = exact.zip_with(fits, pl.Series([None], dtype=pl.Float64)).cast(pl.String)
    return Sent(texts, is_json=True, dropped=certain(gone) if gone.any() else None)


def _parsed(text: object) -> object:
    try:
        return read_json(str(text))
    except ValueError:
        return None
