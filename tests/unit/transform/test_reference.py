from collections.abc import Callable
from typing import Any

from syncer.mapping import Column, Constant
from syncer.transform import Scope
from syncer.transform.reference import BuiltEvent, BuiltReject, Reference

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
