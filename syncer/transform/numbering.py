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

ABROAD = "00"
"""Numbers that begin so are international, and no business of a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """What is dialled before a national number and is no part of it: digits, or else a pattern; neither: nothing."""

    digits: str = ""
    pattern: str = ""
    """One group around the whole; patterns cost a compilation each time."""
    rewrites: int = 0
    """Group of the pattern that makes the library rewrite a number instead of cutting it; 0: there is none."""

    def cut(self, number: pl.Expr) -> pl.Expr:
        """Return `number` without it."""
        if self.pattern:
            return number.str.slice(number.str.extract(self.pattern).str.len_bytes().fill_null(0))
        return number.str.strip_prefix(self.digits) if self.digits else number

    def is_rewritten(self, number: pl.Expr) -> pl.Expr | None:
        """Return where the library would do more than cut; None: nowhere."""
        return number.str.extract(self.pattern, self.rewrites).is_not_null() if self.rewrites else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How numbers are written inside one country."""

    code: str
    """Country code."""
    exit_code: str
    """Pattern of what is dialled before a country code; empty where it is `ABROAD` anyway."""
    trunk: Trunk
    first_trunk: Trunk
    """That of the country which comes first among those with this country code."""
    national: str
    """Pattern of whole national numbers."""
    lengths: tuple[int, ...]
    """Digits that a national number may have."""

    def national_numbers(self, digits: pl.Series) -> pl.Series:
        """Return numbers dialled inside the country with its code, NULL where the plan is silent.

        Twin of `phone._national` for digits that do not begin with `ABROAD`.
        """
        dialled = pl.lit(digits)
        if not digits.str.starts_with(self.code).any():
            number = self._cut(dialled)
        else:
            has_code = dialled.str.starts_with(self.code)
            inner = dialled.str.slice(len(self.code))
            whole = has_code & self._is_national(inner) & ~dialled.str.contains(self.national)
            for trunk in {self.trunk, self.first_trunk}:
                whole &= trunk.cut(inner) == inner
            number = pl.when(whole).then(dialled).when(~has_code).then(self._cut(dialled))
        if self.exit_code:
            number = pl.when(~dialled.str.contains(self.exit_code)).then(number)
        return pl.select(number.alias("number")).to_series()

    def international_numbers(self, digits: pl.Series) -> pl.Series:
        """Return numbers that begin with the code without a trunk prefix behind it, NULL where the plan is silent.

        The plan must be that of the first country with its code. Twin of `phone._without_trunk_zero`.
        """
        return pl.select(self._cut(pl.lit(digits).str.slice(len(self.code))).alias("number")).to_series()

    def _cut(self, number: pl.Expr) -> pl.Expr:
        """Return what the library makes of a number without country code, with it; NULL where that is not certain."""
        rest = self.trunk.cut(number)
        sure = self._is_national(rest)
        rewritten = self.trunk.is_rewritten(number)
        return pl.when(sure if rewritten is None else sure & ~rewritten).then(pl.concat_str(pl.lit(self.code), rest))

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
    exit_code = own.international_prefix or ABROAD
    plan = Plan(
        code=str(own.country_code),
        exit_code="" if exit_code.startswith(ABROAD) and "|" not in exit_code else f"^(?:{exit_code})",
        trunk=_trunk(own),
        first_trunk=_trunk(first),
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


def _trunk(plan: PhoneMetadata) -> Trunk:
    pattern = plan.national_prefix_for_parsing or ""
    if pattern.isdigit() or not pattern:
        return Trunk(digits=pattern)
    return Trunk(
        pattern=f"^({pattern})", rewrites=re.compile(pattern).groups + 1 if plan.national_prefix_transform_rule else 0
    )


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
