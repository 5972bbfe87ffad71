"""Numbering plans as patterns of columns."""

from dataclasses import replace

import polars as pl

from syncer.spec.context import Context
from syncer.spec.phone import phone
from syncer.transform.numbering import Plan, plan_of, plans_of, plans_of_codes, stated


def _plan(country: str) -> Plan:
    plan = plan_of(country)
    assert plan
    return plan


def test_the_plans_of_many_countries_at_once_are_understood() -> None:
    everywhere = frozenset({"us", "gb", "de", "fr", "it", "br", "mx", "in", "jp", "tr", "ua", "se"})
    assert plans_of(everywhere).codes.keys() >= everywhere


def test_a_plan_that_columns_cannot_state_leaves_the_others_alone() -> None:
    plans = {country: _plan(country) for country in ("de", "fr", "zw")}
    odd = plans | {"fr": replace(plans["fr"], national="(?!1)[0-9]+")}
    assert stated(plans).codes.keys() == {"de", "fr", "zw"}
    assert stated(odd).codes.keys() == {"de", "zw"}


def test_digits_that_are_no_number_with_or_without_their_zero_stay_as_they_are() -> None:
    numbers = pl.Series(["10017533975984", "900024081368"])
    codes = pl.Series(["1", "90"])

    found = plans_of_codes(frozenset(codes)).international_numbers(numbers, codes)

    assert found.to_list() == numbers.to_list()
    assert [phone(f"+{number}", Context()) for number in numbers] == numbers.to_list()
