"""The country of each row, for phones, states and postal codes. Twin of `places.row_country`."""

from collections.abc import Callable
from typing import Any

import polars as pl

from syncer.spec import places
from syncer.transform import slow
from syncer.transform.claims import nothing
from syncer.transform.columns import is_readable, texts_of
from syncer.transform.distinct import Distinct
from syncer.transform.extract import read_json
from syncer.transform.pieces import Piece


def row_countries(said: pl.Series, default: str | None) -> pl.Series:
    """Return the code of the country that each row says, NULL where nobody knows it; `default` fills the gaps."""
    distinct = Distinct.of(said, None)
    found = [slow.row_country(value, default) for value in distinct.values.to_list()]
    if distinct.places is None:
        return pl.Series(found, dtype=pl.String)
    gaps = pl.Series([slow.row_country(None, default)], dtype=pl.String)
    return pl.Series([*found], dtype=pl.String).extend(gaps)[distinct.places.fill_null(len(found))]


def said_by(piece: Piece) -> pl.Series:
    """Return the text by which each row says its country, of values of any type; NULL where they say none."""
    values = piece.values
    if piece.is_json:
        return _one_by_one(values, _parsed)
    if isinstance(values.dtype, pl.List | pl.Array):
        return _one_by_one(values, lambda value: value)
    return texts_of(values) if is_readable(values.dtype, "country") else nothing(len(values))


def _parsed(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError:
        return None


def _one_by_one(values: pl.Series, read: Callable[[Any], Any]) -> pl.Series:
    texts = [None if value is None else places.country_said(read(value)) for value in values.to_list()]
    return pl.Series(texts, dtype=pl.String)
