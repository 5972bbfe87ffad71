"""Numbers in columns, as the text of JSON: every digit kept, no exponent, never NaN. Twins of `values.number` and `integer`."""

from typing import Final

import polars as pl

from syncer.spec.fields import Parameter
from syncer.spec.text import EXACT_FLOAT
from syncer.spec.values import INTEGERS, LARGEST, SMALLEST
from syncer.transform.claims import Claim, all_open, nothing, only
from syncer.transform.masks import certain

WRITTEN: Final = r"^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,12})?$"
WRITTEN_ZERO: Final = r"^-?0(?:\.0+)?$"
WRITTEN_INTEGER: Final = "^-?[1-9][0-9]{0,17}$"
SMALL_DIGITS: Final = 18
"""Fewer digits than the largest number of 64 bits has."""
DIGITS: Final = len(str(int(LARGEST))) - 1
"""A decimal of so few characters is within range, as none of a warehouse has more than 38 digits behind its point."""


def number(values: pl.Series, parameter: Parameter) -> Claim:
    """Claim JSON numbers as `parameter` takes them."""
    dtype = values.dtype
    if dtype == pl.String:
        return all_open(values) if _is_bounded(parameter) else _written(values)
    if dtype.is_integer():
        return _integers(values, parameter)
    if dtype.is_float():
        return _floats(_within(values, parameter))
    if dtype.is_decimal():
        return _decimals(_within(values, parameter))
    return all_open(values) if dtype == pl.Binary else Claim(nothing(len(values)))


def integer(values: pl.Series, parameter: Parameter) -> Claim:
    """Claim JSON integers as `parameter` takes them."""
    dtype = values.dtype
    if dtype == pl.String:
        digits = only(values, values.str.contains(WRITTEN_INTEGER))
        found = _integers(digits.cast(pl.Int64), parameter)
        return Claim(found.text, values.is_not_null() & digits.is_null())
    if dtype.is_integer():
        return _integers(values, parameter)
    if dtype.is_float():
        exact = values.cast(pl.Float64)
        is_whole = (exact == exact.floor()) & exact.is_finite()
        is_small = exact.abs() <= EXACT_FLOAT
        found = _integers(only(exact, is_whole & is_small).cast(pl.Int64), parameter)
        return Claim(found.text, certain(is_whole & ~is_small))
    if dtype.is_decimal():
        digits = values.cast(pl.String).str.replace(r"\.0+$", "")
        is_whole = ~digits.str.contains(".", literal=True)
        is_small = digits.str.len_bytes() <= SMALL_DIGITS
        found = _integers(only(digits, is_whole & is_small).cast(pl.Int64), parameter)
        return Claim(found.text, certain(is_whole & ~is_small))
    return all_open(values) if dtype == pl.Binary else Claim(nothing(len(values)))


def plain_floats(values: pl.Series) -> Claim:
    """Claim the shortest text of floats that stand for a number, leaving open what has an exponent."""
    exact = values.cast(pl.Float64)
    size = exact.abs()
    fits = (size >= float(SMALLEST)) & (size < float(LARGEST)) | (size == 0)
    text = only(exact, fits).cast(pl.String)
    has_exponent = text.str.contains("e", literal=True)
    if has_exponent.any():
        return Claim(only(text, ~has_exponent), certain(has_exponent))
    return Claim(text)


def plain_decimals(values: pl.Series) -> Claim:
    """Claim the text of decimals, leaving open what may be out of range."""
    text = values.cast(pl.String)
    is_small = text.str.len_bytes() <= DIGITS
    return Claim.where(is_small, text)


def _written(text: pl.Series) -> Claim:
    sure = text.str.contains(WRITTEN)
    is_zero = text.str.contains(WRITTEN_ZERO)
    if is_zero.any():
        zeros = pl.Series(["0"]).new_from_index(0, len(text))
        text = zeros.zip_with(certain(is_zero), text)
    return Claim.where(sure, text)


def _integers(values: pl.Series, parameter: Parameter) -> Claim:
    if values.dtype in (pl.Int128, pl.UInt128):
        return all_open(values)
    within = _within(values, parameter)
    if values.dtype == pl.UInt64 and parameter.type == "integer":
        within = only(within, within <= INTEGERS[1])
    return Claim(within.cast(pl.String))


def _floats(values: pl.Series) -> Claim:
    found = plain_floats(values)
    is_zero = values == 0
    return Claim(_with_zero(found.text, is_zero), found.open) if is_zero.any() else found


def _decimals(values: pl.Series) -> Claim:
    found = plain_decimals(values)
    is_zero = values == 0
    return Claim(_with_zero(found.text, is_zero), found.open) if is_zero.any() else found


def _with_zero(text: pl.Series, is_zero: pl.Series) -> pl.Series:
    return pl.Series(["0"]).new_from_index(0, len(text)).zip_with(certain(is_zero), text)


def _is_bounded(parameter: Parameter) -> bool:
    return bool(parameter.allowed) or parameter.min is not None or parameter.max is not None


def _within(values: pl.Series, parameter: Parameter) -> pl.Series:
    """Return the values that the parameter allows, NULL for the others."""
    if not _is_bounded(parameter):
        return values
    inside = values.is_not_null()
    if parameter.allowed:
        inside &= values.is_in(list(parameter.allowed))
    if parameter.min is not None:
        inside &= values >= parameter.min
    if parameter.max is not None:
        inside &= values <= parameter.max
    return only(values, inside)
