"""Conditions compared without regard to case and blanks, where a word that is written otherwise must not cost a person."""

from dataclasses import replace
from functools import partial
from typing import Final

import polars as pl

from syncer.spec.text import is_blank, lowered, says_something, trim
from syncer.transform.condition import Clause, Written
from syncer.transform.distinct import WORTH_UNHASHED, Distinct
from syncer.transform.extract import read_json
from syncer.transform.lookup import Row
from syncer.transform.rows import Rows
from syncer.transform.texts import text_of

WORDS: Final = ("is", "not")
"""Comparisons that mean the same without regard to case; order does not: `Zoe` is before `a` only in the one way."""


def folded_clause(clause: Clause) -> Clause:
    """Return the clause with the words that it writes in lower case, without blanks around them."""
    return replace(clause, values=tuple(map(_folded_word, clause.values)))


def _folded_word(value: Written) -> Written:
    return lowered(trim(value)) if isinstance(value, str) else value


def folded_value(value: object, *, is_json: bool) -> object:
    """Return text in lower case without blanks around it; None for what says nothing, such as `unknown`."""
    if not isinstance(value, str):
        return value
    try:
        plain = read_json(value) if is_json and not is_blank(value) else value
    except ValueError:
        return None
    text = None if isinstance(plain, list | dict) else text_of(plain)
    folded = None if text is None else lowered(trim(text))
    return folded if folded and says_something(folded) else None


def folded_row(row: Row, columns: tuple[str, ...]) -> Row:
    """Return these columns of a row, with text folded."""
    return Row(values={name: folded_value(row.values[name], is_json=name in row.json_columns) for name in columns})


def folded_rows(rows: Rows, columns: tuple[str, ...]) -> Rows:
    """Return these columns of the rows, with text folded. Twin of `folded_row`."""
    frame = rows.frame.select(columns)
    for name in columns:
        values = frame.get_column(name)
        if values.dtype == pl.String:
            fold = partial(folded_value, is_json=name in rows.json_columns)
            distinct = Distinct.of(values, None, worth=WORTH_UNHASHED)
            found = pl.Series(list(map(fold, distinct.values.to_list())), dtype=pl.String)
            frame = frame.with_columns(distinct.spread(found).alias(name))
    return Rows(frame)
