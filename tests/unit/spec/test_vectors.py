"""The 346 published and derived cases, in tests/data/normalization_vectors.json."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncer.spec import browser, normalize, values
from syncer.spec.context import Context
from syncer.spec.fields import PARAMETERS, Group

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data" / "normalization_vectors.json").read_text())
Case = dict[str, Any]


def cases(*groups: str) -> list[Any]:
    return [
        pytest.param(Group(group), name, case, id=case["id"])
        for group in groups
        for name, found in VECTORS[group].items()
        for case in found
    ]


def hashed_cases() -> list[Any]:
    return [
        pytest.param(name, case, id=case["id"])
        for name in sorted(normalize.HASHED & VECTORS["customer_info"].keys())
        for case in VECTORS["customer_info"][name]
        if case["normalized"] is not None
    ]


def context_of(case: Case) -> Context:
    return Context(country=case.get("country"), date_format=case.get("date_format"))


def given_in(case: Case) -> object:
    given = case["given"]
    return date.fromisoformat(given["date"]) if isinstance(given, dict) and "date" in given else given


def sent_for(name: str, case: Case) -> str | None:
    given, context = given_in(case), context_of(case)
    if isinstance(given, dict):
        return browser.fbc_from_click(given["click_id"], browser.click_ms(given["clicked_at"], context), context)
    return normalize.hashed(name, given, context)


def test_every_case_is_here() -> None:
    assert len(cases("customer_info", "custom_data", "server_event")) == 346


@pytest.mark.parametrize(("group", "name", "case"), cases("customer_info"))
def test_customer_information_is_sent_as_the_case_says(group: Group, name: str, case: Case) -> None:
    expected = case["sent"]

    assert name in PARAMETERS[group]
    assert sent_for(name, case) == (str(expected) if isinstance(expected, int) else expected)


@pytest.mark.parametrize(("name", "case"), hashed_cases())
def test_customer_information_normalizes_as_the_case_says(name: str, case: Case) -> None:
    assert normalize.normalize(name, given_in(case), context_of(case)) == case["normalized"]


@pytest.mark.parametrize(("group", "name", "case"), cases("custom_data", "server_event"))
def test_other_parameters_are_read_as_the_case_says(group: Group, name: str, case: Case) -> None:
    found = values.read(PARAMETERS[group][name], case["given"], context_of(case))

    assert as_json(found) == case["normalized"]


def as_json(value: Any) -> Any:
    """Return what a reader of the request would see: exact numbers as JSON numbers."""
    if isinstance(value, Decimal):
        return json.loads(values.number_text(value))
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return value
