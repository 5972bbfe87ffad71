"""Numbering plans as patterns: which phone numbers libphonenumber reads without a second thought, and how.

Plans are taken from the metadata of the installed library and follow its `parse` step by step: exit code, country
code, trunk prefix, pattern of national numbers, possible lengths. One pattern holds the plans of all countries of a
column, each behind its two letters. Plans are silent about numbers that need more.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

import polars as pl
from phonenumbers import SUPPORTED_REGIONS, PhoneMetadata, region_code_for_country_code
from phonenumbers.phonemetadata import PhoneNumberDesc

from syncer.transform.claims import only, placed

ABROAD = "00"
"""Numbers that begin so are international, and no business of a plan."""
NOTHING = "[^0-9]"
"""Matches no digits."""
SELDOM = 50
"""So many numbers take libphonenumber as long as it takes to compile the patterns of all countries."""
LETTERS = 2
"""Of a country before its digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How numbers are written inside one country."""

    country: str
    code: str
    """Country code."""
    first: str
    """The country that comes first among those with this country code."""
    exit_code: str
    """Pattern of what is dialled before a country code; `NOTHING` where it is `ABROAD` anyway."""
    trunk: str
    """Pattern of what is dialled before a national number and is no part of it."""
    rewrites: bool
    """Whether a trunk prefix of more than one digit makes the library rewrite the number."""
    national: str
    """Pattern of whole national numbers."""
    lengths: frozenset[int]
    """Digits that a national number may have."""
    longest: int | None
    """Most digits that a number may have; None where the country that comes first has others."""


@dataclass(frozen=True, kw_only=True)
class Plans:
    """The plans of several countries; what is asked of columns is stated once, since that takes longer than to ask it."""

    codes: Mapping[str, str]
    firsts: Mapping[str, str]
    exit_code: str
    trunk: str
    national: str
    lengths: frozenset[str]
    """Letters of a country and a number of digits."""
    longest: Mapping[str, int]
    rewriting: frozenset[str]

    def national_numbers(self, digits: pl.Series, countries: pl.Series) -> pl.Series:
        """Return numbers dialled inside a country with its code, NULL where its plan is silent.

        Twin of `phone._national` for digits that do not begin with `ABROAD`.
        """
        dialled = pl.DataFrame([digits.alias("digits"), countries.alias("country")]).with_columns(self._code)
        has_code, leaves = dialled.select(self._looks_abroad).get_columns()
        number = self._made(dialled).get_column("number")
        if has_code.any():
            number = placed(only(number, ~has_code), has_code.arg_true(), self._whole(dialled.filter(has_code)))
        return only(number, ~leaves)

    def international_numbers(self, digits: pl.Series, codes: pl.Series) -> pl.Series:
        """Return numbers that begin with a code without a trunk prefix behind it, NULL where the plans are silent.

        `codes` stand in front of `digits`. Twin of `phone._without_trunk_zero`.
        """
        made = self._made(pl.DataFrame([digits.alias("digits"), codes.alias("code")]).with_columns(self._behind_code))
        number, is_none = made.get_column("number"), made.get_column("is_none")
        if not is_none.any():
            return number
        without = self._made(made.filter(is_none).with_columns(pl.col("digits").str.slice(1)))
        others = digits.filter(is_none).zip_with(without.get_column("is_none"), without.get_column("number"))
        return placed(number, is_none.arg_true(), others)

    def _made(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return with digits without country code the `number` that the library makes of them, NULL where that is not certain.

        `is_none` says where it certainly takes them for no number.
        """
        for step in self._steps:
            frame = frame.with_columns(step)
        return frame

    def _whole(self, frame: pl.DataFrame) -> pl.Series:
        """Return the digits that are international without a plus, NULL where that is not certain."""
        frame = frame.with_columns(inner=pl.col("digits").str.slice(pl.col("code").str.len_bytes()))
        return frame.select(self._whole_digits).to_series()

    @cached_property
    def _code(self) -> pl.Expr:
        return pl.col("country").replace_strict(self.codes, default=None, return_dtype=pl.String).alias("code")

    @cached_property
    def _looks_abroad(self) -> tuple[pl.Expr, pl.Expr]:
        has_code = pl.col("digits").str.starts_with(pl.col("code")).fill_null(value=False)
        return has_code.alias("has_code"), _tagged("digits").str.contains(self.exit_code).alias("leaves")

    @cached_property
    def _behind_code(self) -> tuple[pl.Expr, pl.Expr]:
        first = {code: country for country, code in self.codes.items() if self.firsts[country] == country}
        country = pl.col("code").replace_strict(first, default=None, return_dtype=pl.String)
        return pl.col("digits").str.slice(pl.col("code").str.len_bytes()), country.alias("country")

    @cached_property
    def _steps(self) -> tuple[Sequence[pl.Expr], ...]:
        """The library cuts a trunk prefix off, unless what is left has no length of a number; then all digits stay."""
        longest = pl.col("country").replace_strict(self.longest, default=None, return_dtype=pl.UInt32)
        is_whole = pl.col("is_cut") & ((pl.col("trunk") == 0) | (~pl.col("rest_fits") & pl.col("is_within")))
        number = (
            pl.when(pl.col("is_cut") & pl.col("rest_fits") & pl.col("is_national"))
            .then(pl.concat_str("code", "rest"))
            .when(is_whole & pl.col("fits"))
            .then(pl.concat_str("code", "digits"))
        )
        is_none = (is_whole & ~pl.col("fits") & pl.col("is_within").is_not_null()) | (
            pl.col("is_cut") & ~pl.col("is_within")
        )
        return (
            [self._trunk_digits(_tagged("digits")).alias("trunk")],
            [pl.col("digits").str.slice(pl.col("trunk")).alias("rest")],
            [
                ((pl.col("trunk") <= 1) | ~pl.col("country").is_in(self.rewriting)).alias("is_cut"),
                self._has_length("digits").alias("fits"),
                self._has_length("rest").alias("rest_fits"),
                _tagged("rest").str.contains(self.national).alias("is_national"),
                (pl.col("rest").str.len_bytes() <= longest).alias("is_within"),
            ],
            [number.alias("number"), is_none.fill_null(value=False).alias("is_none")],
        )

    @cached_property
    def _whole_digits(self) -> pl.Expr:
        first = pl.col("country").replace_strict(self.firsts, default=None, return_dtype=pl.String)
        is_national = _tagged("inner").str.contains(self.national) & self._has_length("inner")
        sure = is_national & ~_tagged("digits").str.contains(self.national)
        for country in (pl.col("country"), first):
            sure &= self._trunk_digits(pl.concat_str(country, "inner")) == 0
        return pl.when(sure).then("digits")

    def _trunk_digits(self, tagged: pl.Expr) -> pl.Expr:
        return tagged.str.extract(self.trunk, 0).str.len_bytes().fill_null(LETTERS) - LETTERS

    def _has_length(self, name: str) -> pl.Expr:
        return pl.concat_str("country", pl.col(name).str.len_bytes().cast(pl.String)).is_in(self.lengths)


def _tagged(name: str) -> pl.Expr:
    return pl.concat_str("country", name)


class Met:
    """The countries that any column had so far, and their plans.

    Each column has other countries. Patterns that stay the same from one to the next are compiled once, and not for
    each batch, which costs more than what a country too many costs to look for. One that is seldom waits until it
    was met often enough: libphonenumber reads a few numbers faster than all patterns are compiled anew.
    """

    def __init__(self) -> None:
        self.known: tuple[frozenset[str], Plans] | None = None
        self.waiting: Counter[str] = Counter()

    def plans(self, countries: frozenset[str]) -> Plans:
        """Return the plans of `countries`, and of those met so far."""
        known = self.known
        if known is None or not countries <= known[0]:
            met = countries if known is None else countries | known[0]
            self.known = known = (met, _plans_of(met))
        return known[1]

    def plans_worth_it(self, numbers: Mapping[str, int]) -> Plans:
        """Return the plans of countries met so far, also of some of those that now have so many numbers, if it is worth it."""
        if self.known is None:
            return self.plans(frozenset(numbers))
        known, plans = self.known
        self.waiting.update({country: count for country, count in numbers.items() if country not in known})
        waiting = dict(self.waiting)
        if max(waiting.values(), default=0) < SELDOM:
            return plans
        self.waiting = Counter()
        return self.plans(frozenset(waiting))


_MET: Final = Met()


def plans_worth_it(countries: pl.Series) -> Plans:
    """Return the plans of the countries in a column without gaps, but not of those that were met seldom so far."""
    return _MET.plans_worth_it(dict(countries.value_counts().iter_rows()))


def _plans_of(countries: frozenset[str]) -> Plans:
    known = {country: plan for country in sorted(countries) if (plan := plan_of(country))}
    known |= {plan.first: first for plan in list(known.values()) if (first := plan_of(plan.first))}
    return stated(known)


def stated(known: Mapping[str, Plan]) -> Plans:
    """Return plans by country as patterns, without those that columns cannot state."""
    plans = [plan for plan in known.values() if plan.first in known]
    if not _compile(plans):
        plans = [plan for plan in plans if _compile([plan, known[plan.first]])]
    exit_code, trunk, national = _patterns(plans)
    return Plans(
        codes={plan.country: plan.code for plan in plans},
        firsts={plan.country: plan.first for plan in plans},
        exit_code=exit_code,
        trunk=trunk,
        national=national,
        lengths=frozenset(f"{plan.country}{length}" for plan in plans for length in plan.lengths),
        longest={plan.country: plan.longest for plan in plans if plan.longest},
        rewriting=frozenset(plan.country for plan in plans if plan.rewrites),
    )


def _patterns(plans: Sequence[Plan]) -> tuple[str, str, str]:
    """Return the patterns of exit codes, trunk prefixes and national numbers of all countries."""
    return (
        _any_of({plan.country: plan.exit_code for plan in plans}),
        _any_of({plan.country: plan.trunk for plan in plans}),
        _any_of({plan.country: plan.national for plan in plans}) + "$",
    )


def _compile(plans: Sequence[Plan]) -> bool:
    """Return whether patterns written for Python's `re` do for columns."""
    try:
        for pattern in _patterns(plans):
            pl.Series(["1"]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        return False
    return True


def first_countries(codes: pl.Series) -> pl.Series:
    """Return the country that comes first with each country code."""
    firsts = {code: region_code_for_country_code(int(code)).lower() for code in codes.unique().to_list()}
    return codes.replace_strict(firsts, return_dtype=pl.String)


def has_plan(country: str) -> bool:
    """Return whether the library knows how numbers of a country are written."""
    return country.upper() in SUPPORTED_REGIONS


@cache
def plan_of(country: str) -> Plan | None:
    """Return the plan of one country, or None where patterns of columns cannot state it."""
    own = PhoneMetadata.metadata_for_region(country.upper()) if has_plan(country) else None
    if own is None or own.country_code is None or own.general_desc is None:
        return None
    region = region_code_for_country_code(own.country_code)
    first = PhoneMetadata.metadata_for_region(region) if has_plan(region) else None
    if first is None or first.general_desc is None:
        return None
    exit_code = own.international_prefix or ABROAD
    trunk = own.national_prefix_for_parsing or NOTHING
    plan = Plan(
        country=country,
        code=str(own.country_code),
        first=region.lower(),
        exit_code=NOTHING if exit_code.startswith(ABROAD) and "|" not in exit_code else exit_code,
        trunk=trunk,
        rewrites=bool(own.national_prefix_transform_rule),
        national=own.general_desc.national_number_pattern or NOTHING,
        lengths=_lengths(own.general_desc) & _lengths(first.general_desc),
        longest=_longest(own.general_desc) if _lengths(own.general_desc) == _lengths(first.general_desc) else None,
    )
    return plan if _is_understood(plan) else None


def _lengths(numbers: PhoneNumberDesc) -> frozenset[int]:
    return frozenset(numbers.possible_length) - frozenset(numbers.possible_length_local_only)


def _longest(numbers: PhoneNumberDesc) -> int:
    return max((*numbers.possible_length, *numbers.possible_length_local_only))


def _any_of(patterns: Mapping[str, str]) -> str:
    r"""Return one pattern; in columns `\d` would mean the digits of all scripts, which is five times slower."""
    whole = "|".join(f"{country}(?:{pattern})" for country, pattern in patterns.items())
    return f"^(?:{whole})".replace(r"\d", "[0-9]")


def _is_understood(plan: Plan) -> bool:
    """Return whether one digit of trunk prefix is just cut."""
    trunk = re.compile(plan.trunk)
    matches = [match for digit in "0123456789" if (match := trunk.match(digit))]
    return not plan.rewrites or all(match.groups()[-1:] == (None,) for match in matches)
