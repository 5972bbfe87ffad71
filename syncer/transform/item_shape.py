"""The shape of items in JSON text that need no more than other names for their keys.

A warehouse writes all its items alike: the same keys in the same order, plain words and numbers. Whether a text is such
a list costs one pattern; reading it and writing it again costs five times as much.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

import polars as pl

from syncer.spec.fields import PARAMETERS, Group, Parameter
from syncer.transform.extract import read_json

WORD: Final = r'"[!#-\[\]-~](?:[ !#-\[\]-~]*[!#-\[\]-~])?"'
"""ASCII without escapes and without white space at its ends."""
PATTERNS: Final = {
    "string": WORD,
    "integer": "(?:0|[1-9][0-9]{0,17})",
    "number": r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,12})?",
}
"""Values that their parameter takes as they are."""
PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
REMEMBERED: Final = 256


class Shape(NamedTuple):
    """How lists of items are written."""

    pattern: str
    renamed: dict[str, str]
    """Keys with quotation marks and colon, and what they become."""


def item_shape(values: pl.Series, keys: Mapping[str, str]) -> Shape | None:
    """Return the shape of the first list in `values`, if its items have exactly the `keys` by parameter."""
    first = values.drop_nulls().head(1).to_list()
    try:
        items = read_json(first[0]) if first else None
    except ValueError:
        return None
    item = items[0] if isinstance(items, list) and items else None
    if not isinstance(item, dict) or set(item) != set(keys.values()) or len(item) != len(keys):
        return None
    return _shape(tuple(item), tuple(keys.items()))


@lru_cache(maxsize=REMEMBERED)
def _shape(order: tuple[str, ...], keys: tuple[tuple[str, str], ...]) -> Shape | None:
    names = {key: name for name, key in keys}
    parameters = [PARAMETERS[Group.CONTENTS_ITEM].get(names[key]) for key in order]
    if not {"id", "quantity"} <= set(names.values()) or not all(map(_takes_as_is, parameters)):
        return None
    if not all(PLAIN_KEY.fullmatch(key) for key in order):
        return None
    members = (f'"{key}": ?{PATTERNS[found.type]}' for key, found in zip(order, parameters, strict=True) if found)
    item = r"\{" + ", ?".join(members) + r"\}"
    renamed = {f'"{key}":': f'"{name}":' for key, name in names.items() if key != name}
    return Shape(rf"^\[{item}(?:, ?{item})*\]$", renamed)


def _takes_as_is(parameter: Parameter | None) -> bool:
    """Return whether every value of the pattern is one that the parameter takes."""
    if parameter is None or parameter.type not in PATTERNS or parameter.allowed or parameter.max is not None:
        return False
    return parameter.min is None or (parameter.min <= 0 and parameter.type == "integer")
