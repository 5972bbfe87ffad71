"""A key in one text, as a person types it and reads it: several columns are a line of CSV."""

import re
from collections.abc import Sequence

import polars as pl

NEEDS_QUOTES = re.compile(r'[",\r\n]')


def key_text(key: Sequence[str]) -> str:
    """Return the values of a key as one text; that of one column is the value itself."""
    if len(key) == 1:
        return key[0]
    return ",".join(_quoted(value) if NEEDS_QUOTES.search(value) else value for value in key)


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def key_texts(parts: pl.DataFrame) -> pl.Series:
    """Return the text of each row of `parts`, a column of texts for each of the key; NULL where one is missing.

    Twin of `key_text`.
    """
    if parts.width == 1:
        return parts.to_series().alias("key")
    cells = [_cell(name) for name in parts.columns]
    return parts.select(pl.concat_str(cells, separator=",").alias("key")).to_series()


def _cell(name: str) -> pl.Expr:
    text = pl.col(name)
    quoted = pl.concat_str(pl.lit('"'), text.str.replace_all('"', '""', literal=True), pl.lit('"'))
    return pl.when(text.str.contains(NEEDS_QUOTES.pattern)).then(quoted).otherwise(text)
