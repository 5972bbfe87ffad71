"""Each rule with the sentence of Meta's documentation (or the live answer) that it comes from; read 2026-11."""

from collections.abc import Callable
from typing import Any

import pytest

from syncer.sandbox.refusal import Refusal
from syncer.sandbox.rules import Accepted, Law, judge_batch

Event = dict[str, Any]
Change = Callable[[Event, str, object], Event]
Judge = Callable[..., Refusal | list[str]]

DAY = 86_400
NOW = 1_795_000_000
MD5 = "5d41402abc4b2a76b9719d911017c592"
DIGEST = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_an_event_that_follows_the_documentation_is_taken_without_remark(event: Event, judge: Judge) -> None:
    assert judge(event) == []
    assert judge(event, strict=True) == []


@pytest.mark.parametrize("key", ["event_name", "event_time", "action_source", "user_data"])
@pytest.mark.parametrize("value", [..., None, ""])
def test_what_is_always_needed_must_be_there(
    event: Event, change: Change, judge: Judge, key: str, value: object
) -> None:
    # Server event parameters: event_name, event_time, user_data and action_source are "Required".
    verdict = judge(change(event, key, value))
    assert isinstance(verdict, Refusal)
    assert (verdict.code, verdict.subcode, verdict.path[0]) == (100, None, key)


@pytest.mark.parametrize(
    ("path", "value", "subcode"),
    [
        # Server event parameters: any event_time older than 7 days gives "an error for the entire request"
        ("event_time", NOW - 7 * DAY - 1, 2804003),
        ("event_time", 1_700_000_000, 2804003),
        # no tolerance for the future is documented; milliseconds lie far ahead
        ("event_time", NOW + 61, 2804004),
        ("event_time", NOW * 1000, 2804004),
        # live answers to a Purchase without value, without currency, with MRU
        ("custom_data", ..., 2804009),
        ("custom_data.value", ..., 2804009),
        ("custom_data.value", None, 2804009),
        ("custom_data.value", "a lot", 2804009),
        ("custom_data.value", "1e999", 2804009),
        ("custom_data.currency", ..., 2804010),
        ("custom_data.currency", "", 2804010),
        ("custom_data.currency", "MRU", 2804011),
        ("custom_data.currency", "Euro", 2804011),
        ("custom_data.currency", 978, 2804011),
        # "15 to 17 digits"
        ("user_data.lead_id", 12345, 2804036),
        ("user_data.lead_id", "12345678901234567890", 2804036),
        ("user_data.lead_id", "abc", 2804036),
        # "an invalid combination": since v13.0
        ("user_data", {}, 2804050),
        ("user_data", {"client_user_agent": "Mozilla"}, 2804050),
        ("user_data", {"fn": DIGEST}, 2804050),
        ("user_data", {"db": DIGEST, "client_user_agent": "Mozilla"}, 2804050),
        ("user_data", {"fn": DIGEST, "ge": DIGEST}, 2804050),
        ("user_data", {"ln": DIGEST, "ge": DIGEST}, 2804050),
        ("user_data", {"ct": DIGEST, "st": DIGEST, "zp": DIGEST, "country": DIGEST}, 2804050),
        # what is empty or unknown is no customer information
        ("user_data", {"em": None, "fbc": None}, 2804050),
        ("user_data", {"em": [], "fbp": " "}, 2804050),
        ("user_data", {"email": DIGEST}, 2804050),
    ],
)
def test_a_known_mistake_gets_its_subcode(
    event: Event, change: Change, judge: Judge, path: str, value: object, subcode: int
) -> None:
    verdict = judge(change(event, path, value))
    assert isinstance(verdict, Refusal)
    assert (verdict.code, verdict.subcode, verdict.status) == (100, subcode, 400)


@pytest.mark.parametrize(
    "user_data",
    [
        {"em": DIGEST},
        {"fn": [DIGEST], "ln": [DIGEST]},
        {"client_ip_address": "254.254.254.254", "client_user_agent": "Mozilla"},
        {"fbp": "fb.1.1596403881668.1116446470"},
        {"external_id": ["user-1"]},
        {"lead_id": 1234567890123456},
        {"db": DIGEST, "zp": DIGEST},
    ],
)
def test_a_combination_outside_the_documented_sets_is_enough(
    event: Event, change: Change, judge: Judge, user_data: Event
) -> None:
    assert not isinstance(judge(change(event, "user_data", user_data)), Refusal)


@pytest.mark.parametrize(
    ("source", "age", "is_taken"),
    [
        ("website", 7 * DAY, True),
        ("website", 8 * DAY, False),
        ("physical_store", 62 * DAY, True),
        ("physical_store", 63 * DAY, False),
    ],
)
def test_physical_stores_have_62_days(event: Event, judge: Judge, source: str, age: int, *, is_taken: bool) -> None:
    # "for physical_store upload within 62 days"
    verdict = judge(event | {"action_source": source, "event_time": NOW - age})
    assert isinstance(verdict, list) == is_taken


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("action_source", "web"),
        ("action_source", ["website"]),
        ("event_name", 7),
        ("event_name", "  "),
        ("event_time", "2026-11-01T00:00:00Z"),
        ("event_time", "1794000000"),
        ("event_time", NOW - 1.5),
        ("event_time", True),
        ("event_id", {"a": 1}),
        ("opt_out", "perhaps"),
        ("messaging_channel", "sms"),
        ("user_data", [1]),
        ("user_data.fb_login_id", "abc"),
        ("user_data.madid", ["a"]),
        ("custom_data", "a"),
        ("custom_data.content_ids", "sku-1"),
        ("custom_data.content_ids", [{"id": 1}]),
        ("custom_data.contents", {"id": 1}),
        ("custom_data.contents", ["sku-1"]),
        ("custom_data.contents", [{"id": "sku-1", "quantity": "many"}]),
        ("custom_data.num_items", 1.5),
        ("custom_data.order_id", ["a"]),
        ("custom_data.predicted_ltv", "high"),
        ("original_event_data", "a"),
        ("original_event_data.event_time", "yesterday"),
        ("attribution_data", {"attribution_value": "x"}),
        ("user_data.page_id", 1.5),
        ("event_name", "\u200b"),
        ("attribution_data", {"attribution_share": 1.5}),
        ("app_data", []),
    ],
)
def test_a_value_of_another_type_is_refused(
    event: Event, change: Change, judge: Judge, path: str, value: object
) -> None:
    verdict = judge(change(event, path, value))
    assert isinstance(verdict, Refusal)
    assert (verdict.code, verdict.subcode) == (100, None)


@pytest.mark.parametrize("key", ["em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country"])
@pytest.mark.parametrize("value", ["john_smith@gmail.com", ["a"], [DIGEST, "us"], MD5, [None], 16505551212, [""]])
def test_a_field_that_must_be_hashed_is_refused_plain(
    event: Event, change: Change, judge: Judge, key: str, value: object
) -> None:
    # Customer information parameters: "Hashing required"
    verdict = judge(change(event, f"user_data.{key}", value))
    assert isinstance(verdict, Refusal)
    assert "SHA-256" in verdict.message
    assert "gmail" not in verdict.message


@pytest.mark.parametrize("value", [DIGEST, [DIGEST], [DIGEST, DIGEST], f"{DIGEST}.AQ", f"{DIGEST}.AQIAAQIA"])
def test_a_digest_may_be_alone_in_a_list_or_carry_an_appendix(
    event: Event, change: Change, judge: Judge, value: object
) -> None:
    assert judge(change(event, "user_data.em", value)) == []


@pytest.mark.parametrize("key", ["client_ip_address", "fbc", "fbp"])
def test_a_field_that_is_never_hashed_is_refused_as_digest(
    event: Event, change: Change, judge: Judge, key: str
) -> None:
    # "Do not hash"
    verdict = judge(change(event, f"user_data.{key}", DIGEST))
    assert isinstance(verdict, Refusal)
    assert "must not be hashed" in verdict.message


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("event_name", "x" * 51, "event_name_long"),
        ("event_name", "purchase", "event_name_like_standard"),
        ("event_name", "Add To Cart", "event_name_like_standard"),
        ("event_id", ..., "event_id_missing"),
        ("event_id", 17, "number_for_text"),
        ("event_source_url", ..., "website_without_url"),
        ("event_source_url", "shop.example", "url_invalid"),
        ("event_source_url", "https://shop.example/?email=a@b.co", "contact_data"),
        ("user_data.client_user_agent", ..., "website_without_user_agent"),
        ("user_data.em", NOTHING, "digest_of_nothing"),
        ("user_data.em", DIGEST.upper(), "digest_not_lowercase"),
        ("user_data.external_id", "a@b.co", "contact_data"),
        ("user_data.subscription_id", DIGEST, "digest_in_plain_field"),
        ("user_data.client_user_agent", DIGEST, "digest_in_plain_field"),
        ("user_data.client_ip_address", "shop.example", "ip_invalid"),
        ("user_data.fbc", "IwAR2F4", "fbc_form"),
        ("user_data.fbp", "fb.1.1596403881.1116446470", "fbc_seconds"),
        ("user_data.em", [], "empty_value"),
        ("user_data.email", DIGEST, "unknown_parameter"),
        ("brand", "a", "unknown_parameter"),
        ("custom_data.value", "142.52", "text_for_number"),
        ("custom_data.value", -1, "value_negative"),
        ("custom_data.contents", [{"id": "sku-1"}], "contents_incomplete"),
        ("custom_data.delivery_category", "drone", "value_not_listed"),
        ("custom_data.note", "write to a@b.co", "contact_data"),
        ("data_processing_options_country", 1, "limited_data_use_without_ldu"),
        ("messaging_channel", "whatsapp", "messaging_channel_unused"),
    ],
)
def test_what_meta_advises_or_was_seen_to_tolerate_is_a_remark(
    event: Event, change: Change, judge: Judge, path: str, value: object, code: str
) -> None:
    event["user_data"]["fbp"] = "fb.1.1596403881668.1116446470"
    verdict = judge(change(event, path, value))
    assert isinstance(verdict, list)
    assert code in verdict


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event_name", "x" * 51),
        ("event_source_url", ...),
        ("user_data.client_user_agent", ...),
        ("user_data.em", NOTHING),
        ("user_data.fbc", "IwAR2F4"),
        ("custom_data.note", "a@b.co"),
        ("custom_data.contents", [{"id": "sku-1"}]),
    ],
)
def test_a_strict_judge_refuses_what_is_documented_or_advised(
    event: Event, change: Change, judge: Judge, path: str, value: object
) -> None:
    assert isinstance(judge(change(event, path, value), strict=True), Refusal)


def test_a_value_without_currency_is_refused_only_by_a_strict_judge(event: Event, judge: Judge) -> None:
    # reported as 2804023 for events other than Purchase, not verified
    lead = event | {"event_name": "Lead", "custom_data": {"value": 5}}
    assert judge(lead) == ["value_without_currency"]
    verdict = judge(lead, strict=True)
    assert isinstance(verdict, Refusal)
    assert verdict.subcode == 2804023


@pytest.mark.parametrize("currency", ["USD", "usd", "Jpy"])
def test_a_currency_is_read_in_any_case(event: Event, change: Change, judge: Judge, currency: str) -> None:
    # samples of the documentation show both
    assert judge(change(event, "custom_data.currency", currency)) == []


@pytest.mark.parametrize(
    "address",
    ["254.254.254.254", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "::1", "203.0.113.7.AQ", "2001:db8::1.AQIAAQIA"],
)
def test_an_ip_address_is_of_either_kind_with_or_without_appendix(
    event: Event, change: Change, judge: Judge, address: str
) -> None:
    assert judge(change(event, "user_data.client_ip_address", address)) == []


@pytest.mark.parametrize(
    "address", ["1.2.3", "1.2.3.256", "1.2.3.4.", "fe80::1%eth0", "1.2.3.4.ABC", "a.b.c.d", "1.2.3.4,5.6.7.8"]
)
def test_what_is_no_ip_address_is_remarked(event: Event, change: Change, judge: Judge, address: str) -> None:
    assert judge(change(event, "user_data.client_ip_address", address)) == ["ip_invalid"]


def test_one_bad_event_refuses_the_batch_and_is_named(event: Event) -> None:
    # "no events are processed"
    verdict = judge_batch({"data": [event, event, event | {"event_time": 1}]}, now=NOW, law=Law())
    assert isinstance(verdict, Refusal)
    assert (verdict.event, verdict.path) == (2, ("data", 2, "event_time"))


@pytest.mark.parametrize(
    "data", [..., None, "", [], "[]", {}, 7, "no json", ["no json"], [7], [[]], '{"event_name": "Purchase"}']
)
def test_data_must_be_a_list_of_events(data: object) -> None:
    # `data`: list of event objects, 1..1000
    verdict = judge_batch({} if data is ... else {"data": data}, now=NOW, law=Law())
    assert isinstance(verdict, Refusal)
    assert (verdict.code, verdict.subcode) == (100, None)


@pytest.mark.parametrize(("events", "is_taken"), [(1000, True), (1001, False)])
def test_a_request_holds_at_most_1000_events(event: Event, events: int, *, is_taken: bool) -> None:
    verdict = judge_batch({"data": [event] * events}, now=NOW, law=Law())
    assert isinstance(verdict, Accepted) == is_taken


@pytest.mark.parametrize(
    ("key", "value", "is_taken"),
    [
        ("test_event_code", "TEST123", True),
        ("test_event_code", 123, False),
        ("partner_agent", "syncer", True),
        ("partner_agent", "x" * 22, True),
        ("partner_agent", "x" * 23, False),
        ("partner_agent", "a1", False),
        ("upload_tag", ["a"], False),
    ],
)
def test_what_stands_beside_data_is_judged_too(event: Event, key: str, value: object, *, is_taken: bool) -> None:
    # partner_agent: under 23 characters, at least two letters
    verdict = judge_batch({"data": [event], key: value}, now=NOW, law=Law())
    assert isinstance(verdict, Accepted) == is_taken
