"""Parts of a value: a cookie of a header, a parameter of a URL, a place in JSON, text around it.

Each has a scalar form, which is its definition, and a column form that must equal it.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote

import orjson
import polars as pl

from syncer.spec.nesting import is_too_deep
from syncer.spec.paths import COUNT

LONG_NUMBER: Final = r"\d{19}"
"""Digits that may not fit into 64 bits, which the fast parser would round."""
TOO_DEEP: Final = "nested too deeply"


def cookie(header: str, name: str) -> str | None:
    """Return the value of cookie `name` in a Cookie header, without quotes; None where it is not there."""
    for part in header.split(";"):
        found, equals, value = part.partition("=")
        if equals and found.strip(" \t") == name:
            return value.strip(' \t"')
    return None


def cookies(headers: pl.Series, name: str) -> pl.Series:
    """Return the value of cookie `name` in each header. Twin of `cookie`."""
    pattern = rf"(?:^|;)[ \t]*{pl.escape_regex(name)}[ \t]*=([^;]*)"
    return headers.str.extract(pattern).str.strip_chars(' \t"')


def query_parameter(url: str, name: str) -> str | None:
    """Return the first parameter `name` of `url`, percent-decoded once; a plus stays a plus."""
    query = url.partition("#")[0].partition("?")[2]
    for pair in query.split("&"):
        found, equals, value = pair.partition("=")
        if equals and found == name:
            return unquote(value)
    return None


def query_parameters(urls: pl.Series, name: str) -> pl.Series:
    """Return parameter `name` of each URL. Twin of `query_parameter`."""
    queries = urls.str.extract(r"^[^?#]*\?([^#]*)")
    values = queries.str.extract(rf"(?:^|&){pl.escape_regex(name)}=([^&]*)")
    coded = values.str.contains("%", literal=True)
    if not coded.any():
        return values
    decoded = pl.Series([unquote(value) for value in values.filter(coded)], dtype=pl.String)
    return values.scatter(coded.arg_true(), decoded)


def read_json(text: str) -> Any:
    """Return the value that `text` writes, with whole numbers of any size; raises `ValueError` where it is no JSON.

    Halves of a surrogate pair become U+FFFD, since no UTF-8 text can hold them. What nests too deeply is refused.
    """
    value = _parsed(text)
    if is_too_deep(text, value):
        raise ValueError(TOO_DEEP)
    return value


def _parsed(text: str) -> Any:
    if not re.search(LONG_NUMBER, text):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            if "\\u" not in text:
                raise
    try:
        return _whole(json.loads(text, parse_constant=_refuse))
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole(item) for item in value]
        case dict():
            return {_whole(name): _whole(item) for name, item in value.items()}
        case _:
            return value


def walk_columns(values: pl.Series, steps: Sequence[str | int]) -> pl.Series:
    """Return what lies at `steps` inside lists and structs, NULL where nothing does. Twin of `walk`."""
    for step in steps:
        dtype = values.dtype
        if isinstance(dtype, pl.Struct) and isinstance(step, str) and step in {field.name for field in dtype.fields}:
            values = values.struct.field(step)
        elif isinstance(dtype, pl.List | pl.Array) and isinstance(step, int):
            values = values.cast(pl.List(dtype.inner)).list.get(step, null_on_oob=True)
        elif isinstance(dtype, pl.List | pl.Array) and step == COUNT:
            values = values.cast(pl.List(dtype.inner)).list.len().cast(pl.Int64)
        else:
            return pl.Series(values.name, [None] * len(values), dtype=pl.Null)
    return values
