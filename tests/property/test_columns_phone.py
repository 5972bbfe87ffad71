"""Numbering plans as patterns say what libphonenumber says, for every country it knows, or nothing."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS, PhoneMetadata

from syncer.spec.context import Context
from syncer.spec.phone import TRUNK_ZERO, phone
from syncer.transform.numbering import ABROAD, Met, first_countries, plan_of
from tests.counts import count

COUNTRIES = sorted(region.lower() for region in SUPPORTED_REGIONS)
MET = Met()
"""Grows with every example, as in a run: patterns are not compiled anew for each."""
PREFIXES = ["", "", "0", "1", "8", "06", "9", "011", "810", "15", "90"]


def examples(country: str) -> list[str]:
    """Return a number of each kind in the country."""
    plan: Any = PhoneMetadata.metadata_for_region(country.upper())
    kinds = (plan.fixed_line, plan.mobile, plan.toll_free, plan.premium_rate, plan.voip, plan.uan)
    return [kind.example_number for kind in kinds if kind and kind.example_number]


def written_in(country: str) -> st.SearchStrategy[str]:
    """Return digits as they may stand in a column, right and wrong."""
    code = str(PhoneMetadata.metadata_for_region(country.upper()).country_code)  # type: ignore[union-attr]  # it is known
    real = st.sampled_from(examples(country))
    digits = st.text("0123456789", min_size=1, max_size=13)
    number = real | digits | st.builds(lambda one, more: one[: len(more)] + more, real, digits)
    prefixes = st.sampled_from([*PREFIXES, code, f"{code}0", f"0{code}"])
    return st.builds(str.__add__, prefixes, number).filter(lambda text: not text.startswith(ABROAD))


@pytest.mark.faults
@settings(max_examples=count(150), deadline=None)
@given(data=st.data(), countries=st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=5))
def test_national_numbers_are_read_as_the_library_reads_them(data: st.DataObject, countries: list[str]) -> None:
    rows = [
        (country, number) for country in countries for number in data.draw(st.lists(written_in(country), max_size=8))
    ]
    homes, numbers = ([row[place] for row in rows] for place in (0, 1))

    found = MET.plans(frozenset(countries)).national_numbers(
        pl.Series(numbers, dtype=pl.String), pl.Series(homes, dtype=pl.String)
    )

    for country, number, sent in zip(homes, numbers, found, strict=True):
        if sent is not None and 7 <= len(sent) <= 15:
            assert (country, number, phone(number, Context(country=country))) == (country, number, sent)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), country=st.sampled_from(COUNTRIES))
def test_a_zero_behind_the_country_code_is_read_as_the_library_reads_it(data: st.DataObject, country: str) -> None:
    plan = plan_of(country)
    assert plan is not None
    numbers = [
        number
        for rest in data.draw(st.lists(written_in(country), max_size=15))
        if TRUNK_ZERO.match(number := f"{plan.code}0{rest}")
    ]

    codes = pl.Series([plan.code], dtype=pl.String).new_from_index(0, len(numbers))
    found = MET.plans(frozenset(first_countries(codes))).international_numbers(
        pl.Series(numbers, dtype=pl.String), codes
    )

    for number, sent in zip(numbers, found, strict=True):
        if sent is not None and 7 <= len(sent) <= 15:
            assert (number, phone(f"+{number}", Context())) == (number, sent)


def test_real_numbers_of_nearly_every_country_are_settled() -> None:
    """Kazakhstan's begin with its country code, so each needs a closer look."""
    rows = [(country, number) for country in COUNTRIES for number in examples(country)]
    homes, numbers = (pl.Series([row[place] for row in rows]) for place in (0, 1))

    found = MET.plans(frozenset(COUNTRIES)).national_numbers(numbers, homes)

    settled = set(homes.filter(found.is_not_null()))
    assert len(settled) > 0.98 * len(COUNTRIES)
    assert found.null_count() < 0.1 * len(found)


def test_numbers_of_many_countries_are_read_in_one_pass() -> None:
    digits = pl.Series(["6505551212", "02079460958", "0142868326", "11999998888", "0412345678", "19175551234"])
    countries = pl.Series(["us", "gb", "fr", "br", "au", "ca"])

    found = MET.plans(frozenset(countries)).national_numbers(digits, countries)

    assert found.to_list() == [
        "16505551212",
        "442079460958",
        "33142868326",
        "5511999998888",
        "61412345678",
        "19175551234",
    ]
