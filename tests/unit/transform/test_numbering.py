"""Numbering plans as patterns of columns."""

from dataclasses import replace

import polars as pl

from syncer.spec.context import Context
from syncer.spec.phone import phone
from syncer.transform.numbering import SELDOM, Met, Plan, first_countries, plan_of, stated


def _plan(country: str) -> Plan:
    plan = plan_of(country)
    assert plan
    return plan


def test_the_plans_of_many_countries_at_once_are_understood() -> None:
    everywhere = frozenset({"us", "gb", "de", "fr", "it", "br", "mx", "in", "jp", "tr", "ua", "se"})
    assert Met().plans(everywhere).codes.keys() >= everywhere


def test_a_plan_that_columns_cannot_state_leaves_the_others_alone() -> None:
    plans = {country: _plan(country) for country in ("de", "fr", "zw")}
    odd = plans | {"fr": replace(plans["fr"], national="(?!1)[0-9]+")}
    assert stated(plans).codes.keys() == {"de", "fr", "zw"}
    assert stated(odd).codes.keys() == {"de", "zw"}


def test_digits_that_are_no_number_with_or_without_their_zero_stay_as_they_are() -> None:
    numbers = pl.Series(["10017533975984", "900024081368"])
    codes = pl.Series(["1", "90"])

    found = Met().plans(frozenset(first_countries(codes))).international_numbers(numbers, codes)

    assert found.to_list() == numbers.to_list()
    assert [phone(f"+{number}", Context()) for number in numbers] == numbers.to_list()


def test_patterns_are_compiled_anew_for_a_country_that_is_met_often_enough() -> None:
    met = Met()

    first = met.plans_worth_it({"de": 1})
    seldom = met.plans_worth_it({"de": SELDOM, "fr": SELDOM - 1, "it": 1})
    often = met.plans_worth_it({"fr": 1})

    assert first.codes.keys() == seldom.codes.keys() == {"de"}
    assert often.codes.keys() == {"de", "fr", "it"}
    assert met.plans_worth_it({"it": 1}) is often


def test_numbers_of_a_country_whose_plan_is_not_there_yet_are_left_open() -> None:
    plans = Met().plans_worth_it({"de": 1})

    assert plans.national_numbers(pl.Series(["030123456", "0123456789"]), pl.Series(["de", "fr"])).to_list() == [
        "4930123456",
        None,
    ]
    assert plans.international_numbers(pl.Series(["330123456789"]), pl.Series(["33"])).to_list() == [None]
