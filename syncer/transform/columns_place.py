"""Postal codes and states in columns."""

from functools import reduce
from typing import Final

import polars as pl

from syncer.spec.places import POSTAL_DIGITS, US_POSTAL
from syncer.transform.claims import TEXT, Around, Claim, all_open, looks, nothing, only, placed
from syncer.transform.columns_text import FEW, name
from syncer.transform.masks import certain

WRITTEN: Final = r"^[0-9A-Za-z](?:[0-9A-Za-z -]*[0-9A-Za-z])?$"
"""ASCII without a point, behind which could stand the zero of a float."""
CHARACTERS: Final = 20
"""So few are no digest."""
IS_CODE: Final = TEXT.str.contains(WRITTEN) & TEXT.str.contains("[0-9]") & (TEXT.str.len_bytes() <= CHARACTERS)
BARE: Final = reduce(lambda text, sign: text.str.replace_all(sign, "", literal=True), " -", TEXT.str.to_lowercase())
"""In lower case, without spaces and dashes, each of which costs less by itself than a pattern of both."""
SUBDIVISION_LETTERS: Final = 5
"""Letters and digits of the longest code of ISO 3166-2."""
ZIP_PLUS_4: Final = "^([0-9]{5})-[0-9]{4}$"


def postal_code(text: pl.Series, around: Around) -> Claim:
    """Twin of `places.postal_code` for codes with a digit, which are no placeholder."""
    countries = around.countries
    if countries is None:
        countries = pl.Series([None], dtype=pl.String).new_from_index(0, len(text))
    (trimmed,) = looks(text, TEXT.str.strip_chars())
    sure, code = looks(trimmed, IS_CODE, BARE)
    is_number, digits = looks(code, ~TEXT.str.contains("[^0-9]+"), TEXT.str.len_bytes())
    if countries.null_count():
        plus_4 = countries.is_null() & trimmed.str.contains(ZIP_PLUS_4)
        code = code.str.head(5).zip_with(certain(plus_4), code) if plus_4.any() else code
    if countries.null_count() < len(countries):
        in_us = certain(countries.is_in(list(US_POSTAL)))
        if in_us.any():
            zips = _zip(code.filter(in_us))
            places = in_us.arg_true()
            code = placed(code, places, zips)
            sure &= ~in_us | (is_number & code.is_not_null())
        wanted = countries.replace_strict(dict(POSTAL_DIGITS), default=0, return_dtype=pl.UInt32)
        sure &= ~certain(is_number & (digits < wanted) & (digits + 2 >= wanted))
    return Claim.where(sure, code)


def state(text: pl.Series, around: Around) -> Claim:
    """Twin of `places.state` outside the US, for names that are no `US-CA` of ISO 3166-2."""
    countries = around.countries
    abroad = pl.Series([], dtype=pl.Boolean) if countries is None else certain(countries != "us")
    if not abroad.any() or len(text) <= FEW:
        return all_open(text)
    places = abroad.arg_true()
    names = text[places]
    claim = name(names, around)
    (is_short,) = looks(claim.text, TEXT.str.len_bytes() <= SUBDIVISION_LETTERS)
    may_be_code = certain(is_short & names.str.contains("-", literal=True))
    sure = ~may_be_code if claim.open is None else ~(may_be_code | claim.open)
    is_open = text.is_not_null().scatter(places, names.is_not_null() & ~sure)
    return Claim(placed(nothing(len(text)), places, only(claim.text, sure)), is_open)


def _zip(code: pl.Series) -> pl.Series:
    """Return the five digits of ZIP codes, NULL where there are none for certain."""
    digits = code.str.len_bytes()
    if (digits == 5).all():
        return code.set(certain(code == "00000"), None)
    short, long = pl.col("code").str.zfill(5), pl.col("code").str.zfill(9).str.head(5)
    length = pl.col("code").str.len_bytes()
    whole = pl.when(length.is_between(3, 5)).then(short).when(length.is_between(7, 9)).then(long)
    found = code.to_frame("code").select(whole.alias("code")).to_series()
    return found.set(certain(found == "00000"), None)
