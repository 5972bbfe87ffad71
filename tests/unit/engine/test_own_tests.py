"""A pipeline's own tests: what they are given, and what they say."""

from pathlib import Path
from typing import Any

import pytest

from syncer.engine.own_tests import run_tests
from syncer.mapping import Column, Constant, Entry, Mapping, Sql
from syncer.pipeline import Pipeline, Settings
from syncer.transform.identity import Scope

AT = "2026-11-20T10:00:00Z"
ROW = {"id": 1, "at": AT, "mail": "a@b.co"}


def failures(test: dict[str, Any], **custom: Entry) -> tuple[str, ...]:
    """Return what a pipeline with one test says of it."""
    mapping = Mapping(
        server_event={"event_name": Constant(value="Lead"), "event_time": Column(column="AT")},
        customer_info={"em": Column(column="mail")},
        custom_data=custom,
    )
    pipeline = Pipeline(
        name="leads", source="w", query="SELECT 1", key=("id",), start="window", destinations=("meta",), mapping=mapping,
        settings=Settings(action_source="email"), file=Path("leads.yaml"), fingerprint="0",
        tests=({"name": "it holds", **test},),
    )  # fmt: skip
    (verdict,) = run_tests(pipeline, Scope("dev", "meta", bytes(16)))
    assert (verdict.pipeline, verdict.test) == ("leads", "it holds")
    return verdict.failures


@pytest.mark.parametrize(
    ("expected", "says"),
    [
        ([{"event_name": "Lead"}], ()),
        ([{"user_data": {"em": ["sha256(a@b.co)"]}}], ()),
        ([{"custom_data": {"value": 2}}], ()),
        ([{"custom_data": {"value": None}}], ("event 1.custom_data.value is 2.0, expected missing",)),
        ([{"custom_data": {"value": "2"}}], ("event 1.custom_data.value is 2.0, expected '2'",)),
        ([{"custom_data": {"value": True}}], ("event 1.custom_data.value is 2.0, expected True",)),
        ([{"user_data": {"em": []}}], ("event 1.user_data.em is ['80305c9bb1bb2480e03894350e0a8a366dcbdeb302e69e0817aa0743abd77054'], expected []",)),
        ([], ("1 events instead of 0",)),
        ([{}, {}], ("1 events instead of 2",)),
    ],
)  # fmt: skip
def test_what_is_expected_must_be_in_the_event(expected: list[Any], says: tuple[str, ...]) -> None:
    assert failures({"rows": [{**ROW, "price": 2.0}], "expect": expected}, value=Column(column="price")) == says


def test_a_row_that_is_rejected_unasked_fails_the_test() -> None:
    assert failures({"rows": [{"id": 7, "at": AT}], "expect": []}) == (
        "key 7 was rejected: customer_info_insufficient",
    )


def test_the_value_of_an_expression_stands_under_its_text() -> None:
    row = {**ROW, "price * 2": 5}
    expected = [{"custom_data": {"value": 5}}]
    assert failures({"rows": [row], "expect": expected}, value=Sql(sql="price * 2")) == ()


def test_the_time_of_a_test_is_that_of_its_newest_event_unless_it_names_one() -> None:
    old = {"id": 2, "at": "2026-11-01T10:00:00Z", "mail": "a@b.co"}
    rejected = [{"key": 2, "reason": "event_time_too_old"}]
    assert failures({"rows": [ROW, old], "expect": [{}], "expect_rejected": rejected}) == ()
    assert failures({"now": "2026-11-02T00:00:00Z", "rows": [old], "expect": [{}]}) == ()


@pytest.mark.parametrize(
    ("at", "reason"),
    [("9999-12-31T23:59:59-05:00", "event_time_in_future"), ("0001-01-01T00:00:00+05:00", "event_time_too_old")],
)
def test_a_row_of_a_time_that_has_no_date_in_utc_is_judged_like_any_other(at: str, reason: str) -> None:
    assert failures({"rows": [{**ROW, "at": at}], "expect_rejected": [{"key": 1, "reason": reason}]}) == ()


def test_rows_of_one_key_are_judged_together_as_a_run_does() -> None:
    rows = [ROW, {**ROW, "mail": "b@b.co"}, ROW, {**ROW, "id": 2}]
    refused = [{"key": 1, "reason": "key_conflict"}, {"key": 1, "reason": "duplicate_skipped"}]
    assert failures({"rows": rows, "expect": [{}, {}], "expect_rejected": refused}) == ()
