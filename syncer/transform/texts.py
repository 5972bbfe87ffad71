"""The text of a value of any type: what keys, the `map` of an entry and templates work on.

The forms are frozen, since event ids are made of them. Equal values of different types have the same text: a key
stays itself when a warehouse widens its column.
"""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl

from syncer.spec.characters import INVISIBLE, WHITE_SPACE
from syncer.spec.text import is_blank

VISIBLE = rf"[^{WHITE_SPACE}{INVISIBLE}]"
"""Text without such a character is no value."""
SECONDS = {"ms": 10**3, "us": 10**6, "ns": 10**9}


def text_of(value: object) -> str | None:
    """Return the text of `value`, or None for NULL, NaN and infinity."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return _plain(Decimal(repr(value) if isinstance(value, float) else value))
        case bytes():
            return value.decode()
        case datetime() | date() | time() | timedelta():
            return _time_text(value)
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=text_of)


def templated(value: object, template: str) -> str | list[str | None] | None:
    """Return `template` with the text of `value`, or a list of it with that of each member, in the place of `{}`.

    None for what is blank; so is an object, and a list within a list.
    """
    return (
        [_templated(member, template) for member in value] if isinstance(value, list) else _templated(value, template)
    )


def _templated(value: object, template: str) -> str | None:
    text = None if isinstance(value, list | dict) or is_blank(value) else text_of(value)
    return None if text is None else template.replace("{}", text)


def _time_text(value: date | time | timedelta) -> str:
    match value:
        case timedelta():
            return f"{_plain(Decimal(value // timedelta(microseconds=1)).scaleb(-6))}s"
        case time():
            return _without_zeros(value.isoformat("microseconds"))
        case datetime():
            zone = "" if value.tzinfo is None else "Z"
            at = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
            return _without_zeros(at.isoformat(timespec="microseconds")) + zone
        case _:
            return value.isoformat()


def _plain(number: Decimal) -> str | None:
    if not number.is_finite():
        return None
    text = format(number, "f")
    text = _without_zeros(text) if "." in text else text
    return "0" if text == "-0" else text


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".")


def texts(values: pl.Series) -> pl.Series:
    """Return the text of each value, NULL for NULL, NaN and infinity. Twin of `text_of`."""
    dtype = values.dtype
    if dtype == pl.String:
        return values
    if dtype.is_integer() or dtype in (pl.Boolean, pl.Null):
        return values.cast(pl.String)
    if isinstance(dtype, pl.Decimal):
        text = values.cast(pl.String)
        return text.str.strip_chars_end("0").str.strip_chars_end(".") if dtype.scale else text
    if isinstance(dtype, pl.Datetime):
        return _datetime_texts(values, dtype)
    if dtype == pl.Date:
        return values.dt.to_string("%Y-%m-%d")
    return pl.Series(values.name, map(text_of, values.to_list()), dtype=pl.String)


def _datetime_texts(values: pl.Series, dtype: pl.Datetime) -> pl.Series:
    zone = "" if dtype.time_zone is None else "Z"
    local = values if dtype.time_zone is None else values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if (local.to_physical() % SECONDS[dtype.time_unit] == 0).all():
        return local.dt.to_string(f"%Y-%m-%dT%H:%M:%S{zone}")
    text = local.dt.to_string("%Y-%m-%dT%H:%M:%S%.9f").str.strip_chars_end("0").str.strip_chars_end(".")
    return text + zone
