"""`require`: more match keys than Meta asks for, counted after normalising."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from syncer.mapping import Column, Constant
from syncer.pipeline import Pipeline, Require

Make = Callable[..., Any]
KEYS = ("em", "ph", "fn", "zp", "country")


@pytest.fixture
def asking(pipeline: Make) -> Callable[..., Pipeline]:
    """Return the pipeline of people with `require`."""

    def of(*wanted: Require) -> Pipeline:
        made: Pipeline = replace(pipeline(customer={key: Column(column=key) for key in KEYS}), require=wanted)
        return made

    return of


def refusals(run: Make, made: Pipeline, rows: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    found = run(made, [{**dict.fromkeys(KEYS), **row} for row in rows])
    rejected: list[tuple[int, str, str]] = found.rejects.select("row", "reason", "field").rows()
    return rejected


def test_so_many_of_the_keys_must_be_there(asking: Make, run: Make) -> None:
    rows = [{"em": "a@b.co", "ph": "+44 20 7946 0958"}, {"em": "a@b.co"}, {"em": "a@b.co", "fn": "Ada"}]
    made = asking(Require(any=("em", "ph", "fn"), count=2))
    assert refusals(run, made, rows) == [(1, "require_not_met", "em, ph, fn")]


def test_a_key_that_normalises_to_nothing_does_not_count(asking: Make, run: Make) -> None:
    rows = [{"em": "a@b.co", "ph": "n/a"}, {"em": "a@b.co", "ph": "0"}]
    made = asking(Require(any=("em", "ph"), count=2))
    assert refusals(run, made, rows) == [(0, "require_not_met", "em, ph"), (1, "require_not_met", "em, ph")]


def test_metas_own_rule_holds_as_well_and_is_asked_first(asking: Make, run: Make) -> None:
    made = asking(Require(any=("zp", "country"), count=2))
    rows = [{"zp": "94035", "country": "us"}, {"em": "a@b.co"}]
    assert refusals(run, made, rows) == [
        (0, "customer_info_insufficient", "user_data"), (1, "require_not_met", "zp, country"),
    ]  # fmt: skip


def test_a_key_that_is_not_mapped_is_not_there(pipeline: Make, run: Make) -> None:
    made = replace(pipeline(customer={"em": Constant(value="a@b.co")}), require=(Require(any=("fbp", "fbc")),))
    assert run(made, [{}]).rejects["reason"].to_list() == ["require_not_met"]


def test_A22_one_of_the_strong_keys_and_three_of_the_others(asking: Make, run: Make) -> None:
    strong = Require(any=("em", "ph", "external_id", "fbp", "fbc"), count=1)
    made = asking(strong, Require(any=("fn", "ln", "zp", "country", "ct"), count=3))
    rows = [
        {"em": "a@b.co", "fn": "Ada", "zp": "94035", "country": "us"},
        {"em": "a@b.co", "fn": "Ada", "zp": "94035"},
        {"fn": "Ada", "zp": "94035", "country": "us"},
    ]
    assert refusals(run, made, rows) == [
        (1, "require_not_met", "fn, ln, zp, country, ct"), (2, "require_not_met", "em, ph, external_id, fbp, fbc"),
    ]  # fmt: skip
