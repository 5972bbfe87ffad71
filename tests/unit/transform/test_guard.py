"""What becomes of personal data outside customer information, by the pipeline's `pii` (promise S16)."""

from dataclasses import replace
from typing import Any

import pytest

from syncer.mapping import Column, Constant, Items
from syncer.pipeline import Pii
from syncer.report import Bucket
from tests.unit.transform.conftest import MakePipeline, Run

DEFAULT = Pii()
LEAKS = {"email": "write to jane@example.com", "phone": "call +49 151 12345678", "card": "4111 1111 1111 1111"}


def judged(
    run: Run, pipeline: Any, value: object, *, pii: Pii = DEFAULT
) -> tuple[list[Any], list[Any], dict[str, int]]:
    """Return the JSON of events, reason and field of rejects, and warnings, of two rows, the second harmless."""
    found = run(replace(pipeline, pii=pii), [{"x": value}, {"x": None}])
    return found.events["json"].to_list(), found.rejects.select("reason", "field").rows(), dict(found.tally.warnings)


@pytest.mark.parametrize("kind", LEAKS)
def test_the_policy_of_a_kind_blocks_warns_or_allows(kind: str, pipeline: MakePipeline, run: Run) -> None:
    made = pipeline(own={"tier": Column(column="x")})
    blocked = judged(run, made, LEAKS[kind], pii=Pii(**{kind: "block"}))  # type: ignore[arg-type]
    warned = judged(run, made, LEAKS[kind], pii=Pii(**{kind: "warn"}))  # type: ignore[arg-type]
    allowed = judged(run, made, LEAKS[kind], pii=Pii(**{kind: "allow"}))  # type: ignore[arg-type]
    named = judged(run, made, LEAKS[kind], pii=Pii(allow=("tier",)))
    assert (len(blocked[0]), blocked[1:]) == (1, ([(f"pii_{kind}", "tier")], {}))
    assert (len(warned[0]), warned[1:]) == (2, ([], {f"pii_{kind}_sent": 1}))
    assert (len(allowed[0]), allowed[1:]) == (2, ([], {}))
    assert (len(named[0]), named[1:]) == (2, ([], {}))


def test_left_out_an_address_blocks_its_event_and_numbers_warn(pipeline: MakePipeline, run: Run) -> None:
    made = pipeline(own={"tier": Column(column="x")})
    found = run(made, [{"x": "jane@example.com, 0151 12345678"}, {"x": "0151 12345678"}, {"x": LEAKS["card"]}])
    assert (found.tally.buckets, found.tally.reasons) == ({Bucket.PII_BLOCKED: 1}, {"pii_email": 1})
    assert found.tally.warnings == {"pii_phone_sent": 1, "pii_card_sent": 1}
    assert "jane" not in str(found.rejects.rows())


@pytest.mark.parametrize(
    "value",
    ["jane@example.com", ["a", "jane@example.com"], {"a": {"b": "jane@example.com"}}, {"jane@example.com": 1}, b"jane@example.com"],
)  # fmt: skip
def test_an_address_is_found_in_values_of_any_shape(value: object, pipeline: MakePipeline, run: Run) -> None:
    events, rejects, _ = judged(run, pipeline(own={"tier": Column(column="x")}), value)
    assert (len(events), rejects) == (1, [("pii_email", "tier")])


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"custom": {"content_name": Column(column="x")}}, "content_name"),
        ({"custom": {"order_id": Column(column="x")}}, "order_id"),
        ({"custom": {"content_ids": Column(column="x")}}, "content_ids"),
        ({"server": {"event_id": Column(column="x")}}, "event_id"),
        ({"server": {"event_name": Column(column="x", default="Lead")}}, "event_name"),
        ({"rest": True}, "x"),
    ],
)
def test_it_is_found_wherever_text_may_stand(parts: Any, field: str, pipeline: MakePipeline, run: Run) -> None:
    _, rejects, _ = judged(run, pipeline(**parts), "jane@example.com")
    assert rejects == [("pii_email", field)]


@pytest.mark.parametrize("name", ["order_id", "content_ids"])
def test_ids_may_look_like_numbers_of_people(name: str, pipeline: MakePipeline, run: Run) -> None:
    strict = Pii(phone="block", card="block")
    for number in ("4111111111111111", "01711234567", "+4915112345678"):
        events, rejects, _ = judged(run, pipeline(custom={name: Column(column="x")}), number, pii=strict)
        assert (len(events), rejects) == (2, [])
    contents = pipeline(custom={"contents": Items(source="x", fields={"id": "sku"})})
    events, rejects, _ = judged(run, contents, [{"sku": "4111111111111111"}], pii=strict)
    assert (len(events), rejects) == (2, [])


@pytest.mark.parametrize("number", [4111111111111111, "4111111111111111"])
def test_a_card_is_one_as_a_number_and_as_text(number: object, pipeline: MakePipeline, run: Run) -> None:
    assert judged(run, pipeline(own={"tier": Column(column="x")}), number)[2] == {"pii_card_sent": 1}


def test_customer_information_is_where_such_data_belongs(pipeline: MakePipeline, run: Run) -> None:
    made = pipeline(customer={"em": Column(column="x"), "external_id": Constant(value="jane@example.com")})
    events, rejects, warnings = judged(run, made, "jane@example.com")
    assert (len(events), rejects, warnings) == (2, [], {})


URL = "https://shop.example/thanks?a=1&email=jane%40example.com&b=2"


@pytest.mark.parametrize(
    ("policy", "sent", "rejects", "warnings"),
    [
        ({}, '"https://shop.example/thanks?a=1&b=2"', [], {"url_parameter_stripped": 1}),
        ({"url_parameters": "warn"}, f'"{URL}"', [], {"pii_email_sent": 1}),
        ({"url_parameters": "allow"}, f'"{URL}"', [], {}),
        ({"url_parameters": "block"}, None, [("pii_email", "event_source_url")], {}),
        ({"email": "allow"}, f'"{URL}"', [], {}),
    ],
)
def test_a_url_loses_its_personal_parameters(
    policy: Any, sent: str | None, rejects: list[Any], warnings: dict[str, int], pipeline: MakePipeline, run: Run
) -> None:
    made = pipeline(server={"event_source_url": Column(column="x")})
    events, refused, warned = judged(run, made, URL, pii=Pii(**policy))
    assert (refused, warned) == (rejects, warnings)
    assert sent is None or f'"event_source_url":{sent}' in events[0]
    assert "event_source_url" not in events[-1]


def test_an_address_in_the_path_of_a_url_blocks_the_event(pipeline: MakePipeline, run: Run) -> None:
    made = pipeline(server={"referrer_url": Column(column="x")})
    _, rejects, _ = judged(run, made, "https://shop.example/u/jane@example.com?x=jane@example.com")
    assert rejects == [("pii_email", "referrer_url")]


def test_grouped_national_numbers_need_the_country(pipeline: MakePipeline, run: Run) -> None:
    parts = {"own": {"tier": Column(column="x")}}
    assert judged(run, pipeline(**parts), "612 34 56 78")[2] == {}
    assert judged(run, pipeline(**parts, default_country="es"), "612 34 56 78")[2] == {"pii_phone_sent": 1}


def test_no_event_id_is_made_of_an_address_or_a_phone_number(pipeline: MakePipeline, run: Run) -> None:
    rows = [{"id": text, "x": text} for text in ("jane@example.com", "+49 151 12345678", "01711234567", "order-1")]
    derived = run(pipeline(), rows)
    assert derived.rejects.select("row", "bucket", "reason", "field").rows() == [
        (row, "pii_blocked", "key_personal", "event_id") for row in (0, 1)
    ]
    mapped = run(pipeline(server={"event_id": Constant(value="a")}), rows)
    allowed = run(replace(pipeline(), pii=Pii(allow=("event_id",))), rows)
    assert (mapped.events.height, allowed.events.height) == (4, 4)


def test_what_an_event_refused_for_another_reason_held_is_not_counted(pipeline: MakePipeline, run: Run) -> None:
    made = pipeline(customer={"em": Column(column="nobody")}, own={"tier": Column(column="x")})
    found = run(made, [{"x": LEAKS["phone"], "nobody": None}])
    assert (found.tally.reasons, found.tally.warnings) == ({"customer_info_insufficient": 1}, {})
