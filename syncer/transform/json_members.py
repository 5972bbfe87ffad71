"""Lists and objects of JSON as values of customer information: each member of a list is a value, an object is none."""

from functools import partial
from typing import Final

import polars as pl

from syncer.spec.text import as_text
from syncer.transform.extract import read_json

NOTHING: Final = "{}"
"""Stands for a member that is no text or number: no rule takes it, so that it is dropped and counted."""


def members_of(text: str, *, several: bool) -> list[str | None]:
    """Return the values in JSON `text`, as text: the members of a list for a parameter that takes several."""
    found = read_json(text)
    if isinstance(found, list) and several:
        return [None if each is None else _text(each) for each in found]
    return [NOTHING if isinstance(found, list | dict) else text]


def json_members(values: pl.Series, *, several: bool) -> pl.Series:
    """Return for each JSON text a list of its values, or its one value where not several are taken. Twin of `members_of`."""
    read = partial(members_of, several=several)
    found = [None if text is None else read(text) for text in values.to_list()]
    if several:
        return pl.Series(found, dtype=pl.List(pl.String))
    return pl.Series([None if each is None else each[0] for each in found], dtype=pl.String)


def _text(member: object) -> str:
    text = as_text(member)
    return NOTHING if text is None else text
