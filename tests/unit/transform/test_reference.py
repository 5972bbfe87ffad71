from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from syncer.duration import Duration
from syncer.mapping import Column, Constant
from syncer.pipeline import LimitedDataUse, Require
from syncer.transform import Scope
from syncer.transform.built import BuiltEvent, BuiltReject
from syncer.transform.reference import Reference

NOW = 1_795_700_000
SCOPE = Scope("prod", "meta", b"salt")
Make = Callable[..., Any]


def test_each_value_shows_its_way_from_raw_to_digest(pipeline: Make) -> None:
    made = pipeline(customer={"em": Column(column="email"), "ph": Column(column="phone")})
    row = {"id": 1, "at": NOW, "email": " John_Smith@gmail.com ", "phone": "x"}
    built = Reference.of(made, row, SCOPE).build(row, now=NOW)
    assert isinstance(built, BuiltEvent)
    steps = {step.field: (step.raw, step.normalised, step.sent) for step in built.steps}
    assert steps["em"] == (
        " John_Smith@gmail.com ",
        "john_smith@gmail.com",
        "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
    )
    assert steps["ph"] == ("x", None, None)


def test_a_reject_says_what_was_read_before_it(pipeline: Make) -> None:
    row = {"id": 1, "at": NOW, "total": "1,5"}
    made = pipeline(server={"event_name": Constant(value="Purchase")}, custom={"value": Column(column="total")})
    built = Reference.of(made, row, SCOPE).build(row, now=NOW)
    assert isinstance(built, BuiltReject)
    assert (built.reason, built.field, str(built.bucket)) == ("value_invalid", "value", "rejected_local")
    assert [step.sent for step in built.steps if step.field == "value"] == [None]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"at": NOW - 60}, None),
        ({"at": NOW - 59}, "too_early"),
        ({"at": NOW - 86_400}, None),
        ({"at": NOW - 86_401}, "past_max_age"),
        ({"ip": None}, None),
        ({"state": 0}, None),
        ({"state": 0, "ip": None}, "data_processing_options_incomplete"),
        ({"phone": None}, "require_not_met"),
    ],
)
def test_the_readable_twin_draws_the_lines_where_the_columns_do(
    pipeline: Make, run: Make, row: dict[str, Any], reason: str | None
) -> None:
    people = {"em": Column(column="email"), "ph": Column(column="phone"), "client_ip_address": Column(column="ip")}
    made = replace(
        pipeline(customer=people, delay=Duration(60), max_age=Duration(86_400)),
        limited_data_use=LimitedDataUse(country=0, state="state"),
        require=(Require(any=("em", "ph"), count=2),),
    )
    whole = {
        "id": 1,
        "at": NOW - 3_600,
        "email": "a@b.co",
        "phone": "+442079460958",
        "ip": "203.0.113.7",
        "state": 1000,
    }
    built = Reference.of(made, whole, SCOPE).build({**whole, **row}, now=NOW)
    assert (built.reason if isinstance(built, BuiltReject) else None) == reason
    batch = pa.RecordBatch.from_pylist([{**whole, **row}, {**whole, "id": 2}])
    assert run(made, batch).rejects["reason"].to_list() == [reason] * (reason is not None)
