"""Values as JSON text: strings escaped, decimals exact, never NaN."""

import json
import math
from datetime import date, time, timedelta
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Final

import polars as pl

from syncer.transform.signs import Signs
from syncer.transform.texts import text_of

NEEDS_ESCAPE: Final = r'["\\\x00-\x1f]'
ESCAPES: Final = {character: json.dumps(character)[1:-1] for character in ('"', "\\", *map(chr, range(0x20)))}


def json_of(value: object) -> str | None:
    """Return `value` as JSON; None where it stands for nothing (NULL, NaN, infinity). Inside lists that is `null`.

    Times are ISO text, decimals numbers with every digit.
    """
    match value:
        case None:
            return None
        case str():
            return encode_basestring(value)  # what dumps does without ensure_ascii, in a fifth of the time
        case bool() | int():
            return json.dumps(value)
        case float():
            return json.dumps(value) if math.isfinite(value) else None
        case Decimal():
            return format(value, "f") if value.is_finite() else None
        case dict():
            pairs = (f"{json_of(str(name))}:{json_of(item) or 'null'}" for name, item in value.items())
            return "{" + ",".join(pairs) + "}"
        case list() | tuple():
            return "[" + ",".join(json_of(item) or "null" for item in value) + "]"
        case date() | time() | timedelta() | bytes():
            return json_of(text_of(value))
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")


def quoted(values: pl.Series) -> pl.Series:
    """Return text as JSON strings."""
    return values.to_frame().select(pl.format('"{}"', escaped(values))).to_series()


def escaped(values: pl.Series) -> pl.Series:
    """Return text as it stands between the quotes of a JSON string; the same series where nothing needs escaping."""
    if not Signs.of(values).needs_escape():
        return values
    return values.str.replace_many(ESCAPES) if values.str.contains(NEEDS_ESCAPE).any() else values
