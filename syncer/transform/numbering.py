"""Numbering plans of countries as patterns: which national numbers libphonenumber reads without a second thought.

A plan is taken from the metadata of the installed library and follows its `parse` step by step: exit code, country
code, trunk prefix, pattern of national numbers, possible lengths. It is silent about numbers that need more.
"""

import re
from dataclasses import dataclass
from functools import cache

import polars as pl
from phonenumbers import SUPPORTED_REGIONS, PhoneMetadata, region_code_for_country_code
from phonenumbers.phonemetadata import PhoneNumberDesc

NOTHING = "[^0-9]"
"""Matches no digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How numbers are written inside one country."""

    code: str
    """Country code."""
    exit_code: str
    """Pattern of what is dialled before a country code."""
    trunk: str
    """Pattern, as one group, of what is dialled before a national number and is no part of it."""
    rewrites: int | None
    """Group of `trunk` that makes the library rewrite a number instead of cutting it; None: there is none."""
    first_trunk: str
    """`trunk` of the country that comes first among those with this country code."""
    national: str
    """Pattern of whole national numbers."""
    lengths: tuple[int, ...]
    """Digits that a national number may have."""

    def national_numbers(self, digits: pl.Series) -> pl.Series:
        """Return numbers dialled inside the country with its code, NULL where the plan is silent.

        Twin of `phone._national`.
        """
        frame = digits.to_frame("dialled").with_columns(rest=_behind(self.trunk, "dialled"))
        dialled = pl.col("dialled")
        has_code = dialled.str.starts_with(self.code)
        cut = ~has_code & self._is_cut("dialled")
        number: pl.Expr = pl.when(cut).then(pl.concat_str(pl.lit(self.code), "rest"))
        if frame.select(has_code.any()).item():
            inner = dialled.str.slice(len(self.code))
            whole = has_code & ~dialled.str.contains(self.national) & self._is_national(inner)
            for trunk in {self.trunk, self.first_trunk}:
                whole &= inner.str.extract(trunk).fill_null("") == ""
            number = number.fill_null(pl.when(whole).then(dialled))
        return frame.select(pl.when(~dialled.str.contains(self.exit_code)).then(number).alias("number")).to_series()

    def international_numbers(self, digits: pl.Series) -> pl.Series:
        """Return numbers that begin with the code without a trunk prefix behind it, NULL where the plan is silent.

        The plan must be that of the first country with its code. Twin of `phone._without_trunk_zero`.
        """
        frame = digits.str.slice(len(self.code)).to_frame("inner").with_columns(rest=_behind(self.trunk, "inner"))
        number = pl.when(self._is_cut("inner")).then(pl.concat_str(pl.lit(self.code), "rest"))
        return frame.select(number.alias("number")).to_series()

    def _is_cut(self, name: str) -> pl.Expr:
        """Return where `rest` is what the library makes of the text `name`."""
        cut = self._is_national(pl.col("rest"))
        return cut if self.rewrites is None else cut & pl.col(name).str.extract(self.trunk, self.rewrites).is_null()

    def _is_national(self, rest: pl.Expr) -> pl.Expr:
        return rest.str.contains(self.national) & rest.str.len_bytes().is_in(self.lengths)


@cache
def plan_of(country: str) -> Plan | None:
    """Return the plan of a two-letter code in lower case, or None where patterns of columns cannot state it."""
    own = _metadata(country.upper())
    if own is None or own.country_code is None:
        return None
    first = _metadata(region_code_for_country_code(own.country_code))
    if first is None or own.general_desc is None or first.general_desc is None:
        return None
    trunk = own.national_prefix_for_parsing or NOTHING
    plan = Plan(
        code=str(own.country_code),
        exit_code=f"^(?:{own.international_prefix or NOTHING})",
        trunk=f"^({trunk})",
        rewrites=re.compile(trunk).groups + 1 if own.national_prefix_transform_rule else None,
        first_trunk=f"^({first.national_prefix_for_parsing or NOTHING})",
        national=f"^(?:{own.general_desc.national_number_pattern})$",
        lengths=tuple(sorted(_lengths(own.general_desc) & _lengths(first.general_desc))),
    )
    return plan if _is_understood(plan) else None


@cache
def plan_of_code(code: str) -> Plan | None:
    """Return the plan of the country that comes first among those with a country code."""
    return plan_of(region_code_for_country_code(int(code)).lower())


def has_plan(country: str) -> bool:
    """Return whether the library knows how numbers of a country are written."""
    return country.upper() in SUPPORTED_REGIONS


def _behind(pattern: str, name: str) -> pl.Expr:
    """Return the text behind the match of `pattern`, all of it where there is none."""
    match = pl.col(name).str.extract(pattern)
    return pl.col(name).str.slice(match.str.len_bytes().fill_null(0))


def _metadata(region: str) -> PhoneMetadata | None:
    return PhoneMetadata.metadata_for_region(region) if region in SUPPORTED_REGIONS else None


def _lengths(numbers: PhoneNumberDesc) -> set[int]:
    return set(numbers.possible_length) - set(numbers.possible_length_local_only)


def _is_understood(plan: Plan) -> bool:
    """Return whether the patterns, written for Python's `re`, are such that columns understand."""
    try:
        plan.national_numbers(pl.Series([plan.code]))
    except pl.exceptions.ComputeError:
        return False
    return True
