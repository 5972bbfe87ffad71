"""Phone numbers in columns: international ones, those without a country, and what numbering plans settle."""

from typing import Final

import polars as pl

from syncer.spec import limits
from syncer.spec.phone import CALLING_CODE, TRUNK_ZERO
from syncer.transform.claims import TEXT, Around, Claim, edited, is_open, looks, only, placed
from syncer.transform.masks import certain, nowhere

WRITTEN: Final = r"^[ (+]*[0-9][-0-9 ()./]*$"
"""ASCII digits with symbols that only separate; a plus may stand in front."""
EXTENSION: Final = r"[ ,;]*(?:[xX#]|[eE][xX][tT](?:[nN]|[eE][nN][sS][iI][oO][nN])?)[ .:=#]*[0-9]{0,7} *$"
"""`phone.EXTENSION` in ASCII."""
FLOAT: Final = ".0"
CHARACTERS: Final = 50
PLAIN: Final = rf"^\+{CALLING_CODE}[1-9][0-9]+$"
"""A plus, a country code, and no trunk zero behind it: nothing is left to do but the plus."""
TRUNK: Final = f"^(?:{TRUNK_ZERO.pattern})"
CODE: Final = f"^({CALLING_CODE})"
LENGTH_WITH_CODE: Final = 11
"""A number of fewer digits seems to have no country code."""
HAS_LENGTH: Final = TEXT.str.len_bytes().is_between(*limits.PHONE_DIGITS)
IS_PLAIN: Final = TEXT.str.contains(PLAIN) & TEXT.str.strip_chars_start("+").str.len_bytes().is_between(
    *limits.PHONE_DIGITS
)
IS_WRITTEN: Final = TEXT.str.contains(WRITTEN) & ~TEXT.str.strip_chars_end(" ").str.ends_with(FLOAT)
DIGITS: Final = TEXT.str.replace_all("[^0-9]+", "")
HAS_PLUS: Final = TEXT.str.contains("+", literal=True)
IS_ZERO, IS_ABROAD = TEXT.str.starts_with("0"), TEXT.str.starts_with("00")


def phone(text: pl.Series, around: Around) -> Claim:
    """Twin of `phone.phone` and `phone.phone_lacks_country`."""
    number, is_plain = looks(text, TEXT.str.strip_chars_start("+"), IS_PLAIN)
    others = is_open(is_plain)
    if not others.any():
        return Claim(number)
    return _written_freely(text.filter(others), around.only(others)).among(number, others.arg_true())


def _written_freely(text: pl.Series, around: Around) -> Claim:
    bare = edited(text, EXTENSION, "")
    written, digits, has_plus = looks(bare, IS_WRITTEN, DIGITS, HAS_PLUS)
    written = certain(written & (text.str.len_bytes() <= CHARACTERS))
    digits = only(digits, written)
    number, begins_with_zero, is_abroad = looks(digits, TEXT.str.strip_chars_start("0"), IS_ZERO, IS_ABROAD)
    has_code = certain((has_plus & ~begins_with_zero) | is_abroad)
    planned = _planned(around.countries, len(text))
    number = _abroad(number, written & has_code)
    at_home = written & ~has_code & planned
    number = _at_home(digits.zip_with(at_home, number), around.countries, at_home)
    sure, is_short = looks(number, HAS_LENGTH, TEXT.str.len_bytes() < LENGTH_WITH_CODE)
    lacks_country = certain(sure & written & ~has_code & ~planned & (begins_with_zero | is_short))
    return Claim.where(certain(sure) | text.is_null(), number).warning("phone_without_country", lacks_country)


def _abroad(number: pl.Series, wanted: pl.Series) -> pl.Series:
    """Return `number` as the plans have it where a zero follows the country code; NULL where they are silent."""
    doubtful = certain(wanted & number.str.contains(TRUNK))
    if not doubtful.any():
        return number
    from syncer.transform.numbering import first_countries, plans_worth_it

    numbers = number.filter(doubtful)
    codes = numbers.str.extract(CODE)
    found = plans_worth_it(first_countries(codes)).international_numbers(numbers, codes)
    return placed(number, doubtful.arg_true(), found)


def _at_home(number: pl.Series, countries: pl.Series | None, wanted: pl.Series) -> pl.Series:
    """Return `number` as the plans of the countries have national digits; NULL where they are silent."""
    if countries is None or not wanted.any():
        return number
    from syncer.transform.numbering import plans_worth_it

    homes = countries.filter(wanted)
    found = plans_worth_it(homes).national_numbers(number.filter(wanted), homes)
    return placed(number, wanted.arg_true(), found)


def _planned(countries: pl.Series | None, rows: int) -> pl.Series:
    """Return where the numbering plan of the country is known."""
    if countries is None or countries.null_count() == rows:
        return nowhere(rows)
    from syncer.transform.numbering import has_plan

    known = [country for country in countries.unique().drop_nulls().to_list() if has_plan(country)]
    return certain(countries.is_in(known)) if known else nowhere(rows)
