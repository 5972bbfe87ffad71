"""Lists of text in columns, as JSON. Twin of `values.strings`."""

from typing import Final

import polars as pl

from syncer.spec.fields import Parameter
from syncer.transform.claims import Claim, all_open, edited, only
from syncer.transform.json_text import quoted
from syncer.transform.lists import elements, regrouped, where_any
from syncer.transform.masks import certain
from syncer.transform.typed_text import plain, trimmed

_WORD: Final = r'"[!#-\[\]-~]+"'
"""ASCII in JSON without white space and escapes."""
JSON_LIST: Final = rf"^\[{_WORD}(?:, ?{_WORD})*\]$"


def strings(values: pl.Series, _parameter: Parameter) -> Claim:
    """Claim lists: native ones, JSON of plain words, and single values, which are lists of one."""
    dtype = values.dtype
    if isinstance(dtype, pl.List) and not dtype.inner.is_nested():
        return _native(values)
    if dtype.is_nested():
        return all_open(values)
    if dtype != pl.String:
        claim = plain(values)
        return Claim(_alone(claim.text), claim.open)
    text = trimmed(values)
    listed = text.str.starts_with("[")
    if not listed.any():
        return Claim(_alone(text))
    words = only(text, listed)
    lists = Claim.where(words.str.contains(JSON_LIST), edited(words, '", "', '","'))
    single = _alone(only(text, ~listed))
    return Claim(lists.text.zip_with(certain(listed), single), lists.open)


def _alone(text: pl.Series) -> pl.Series:
    """Return each text as a JSON list of one."""
    return quoted(text).to_frame("text").select(pl.format("[{}]", "text")).to_series()


def _native(values: pl.Series) -> Claim:
    """Claim lists of single values: each member as text, without those that say nothing."""
    claim = plain(elements(values))
    joined = regrouped(quoted(claim.text), values).list.join(",", ignore_nulls=True)
    frame = pl.DataFrame([values.alias("list"), joined.alias("text")])
    listed = pl.when(pl.col("text") != "").then(pl.format("[{}]", "text"))
    empty = pl.when(pl.col("list").list.len() == 0).then(pl.lit("[]"))
    text = frame.select(listed.otherwise(empty).alias("text")).to_series()
    if claim.open is None:
        return Claim(text)
    doubtful = where_any(claim.open, values)
    return Claim(only(text, ~doubtful), doubtful)
