"""Text in columns that nobody hashes: names of things, ids, URLs. Twins of `values.string`, `identifier` and `url`."""

from typing import Final

import polars as pl

from syncer.spec.characters import INVISIBLE, WHITE_SPACE
from syncer.spec.fields import Parameter
from syncer.spec.text import EXACT_FLOAT, PLACEHOLDERS
from syncer.transform.claims import TEXT, Claim, all_open, edited, looks, nothing, only
from syncer.transform.masks import either
from syncer.transform.signs import Signs
from syncer.transform.typed_number import plain_decimals, plain_floats

EDGE: Final = f"[{WHITE_SPACE}{INVISIBLE}]"
EDGES: Final = f"^{EDGE}+|{EDGE}+$"
HAS_EDGE: Final = TEXT.str.contains(f"^{EDGE}") | TEXT.str.contains(f"{EDGE}$")
URL: Final = '^[hH][tT][tT][pP][sS]?://[!-"$-.0->@-~]'
"""`values.URL` where the host begins in ASCII."""
PLACEHOLDER_LETTERS: Final = max(map(len, PLACEHOLDERS))


def string(values: pl.Series, parameter: Parameter, *, signs: Signs | None = None) -> Claim:
    """Claim text of at most as many characters as `parameter` has."""
    claim = plain(values, signs)
    if parameter.max is None:
        return claim
    return Claim(only(claim.text, claim.text.str.len_chars() <= int(parameter.max)), claim.open)


def identifier(values: pl.Series, _parameter: Parameter, *, signs: Signs | None = None) -> Claim:
    """Claim text that says something, and of floats the whole numbers that lost no digit."""
    if values.dtype.is_float():
        exact = values.cast(pl.Float64)
        values = only(values, (exact == exact.floor()) & (exact.abs() <= EXACT_FLOAT))
    claim = plain(values, signs)
    sure = claim.text.str.contains("[0-9A-Za-z]")
    if (claim.text.str.len_bytes() <= PLACEHOLDER_LETTERS).any():
        sure &= claim.text.str.contains("[0-9]") | ~claim.text.str.to_lowercase().is_in(PLACEHOLDERS)
    found = Claim.where(sure, claim.text)
    return Claim(found.text, either(claim.open, found.open))


def url(values: pl.Series, _parameter: Parameter, *, signs: Signs | None = None) -> Claim:
    """Claim URLs as stored."""
    claim = plain(values, signs)
    found = Claim.where(claim.text.str.contains(URL), claim.text)
    return Claim(found.text, either(claim.open, found.open))


def plain(values: pl.Series, signs: Signs | None = None) -> Claim:
    """Claim the text of values of any type, text made of `signs`; times with a time of day are left open."""
    dtype = values.dtype
    if dtype == pl.String:
        return Claim(trimmed(values, signs))
    if dtype == pl.Boolean or (dtype.is_integer() and dtype not in (pl.Int128, pl.UInt128)):
        return Claim(values.cast(pl.String))
    if dtype.is_float():
        claim = plain_floats(values)
        return Claim(_without_zeros(claim.text), claim.open)
    if dtype.is_decimal():
        claim = plain_decimals(values)
        return Claim(_without_zeros(claim.text), claim.open)
    if dtype == pl.Date:
        return Claim(values.dt.to_string("%Y-%m-%d"))
    is_readable = dtype.is_integer() or dtype in (pl.Binary, pl.Datetime, pl.Time)
    return all_open(values) if is_readable else Claim(nothing(len(values)))


def trimmed(text: pl.Series, signs: Signs | None = None) -> pl.Series:
    """Return text, made of `signs`, without white space and invisible characters at its ends, NULL where nothing is left."""
    if signs is not None and not signs.has_edges():
        is_empty = text == ""
        return only(text, ~is_empty) if is_empty.any() else text
    has_edge, is_empty = looks(text, HAS_EDGE.any(), (TEXT == "").any())
    if has_edge.item():
        text = edited(text, EDGES, "")
    return only(text, text != "") if has_edge.item() or is_empty.item() else text


def _without_zeros(numbers: pl.Series) -> pl.Series:
    """Return numbers without zeros behind the point; zero has no sign."""
    short = edited(edited(numbers, r"\.0+$", ""), r"(\.[0-9]*[1-9])0+$", "$1")
    return edited(short, "^-0$", "0")
