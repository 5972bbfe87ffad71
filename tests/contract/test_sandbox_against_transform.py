"""What the sender makes of rows, the sandbox takes; what the sender refuses by Meta's rules, the sandbox refuses too."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncer.mapping import Column, Items, Mapping
from syncer.pipeline import Pipeline, Settings
from syncer.sandbox.facts import CURRENCIES_REFUSED
from syncer.sandbox.refusal import Refusal
from syncer.sandbox.rules import Law, judge_event
from syncer.sandbox.wording import CURRENCY_REFUSED, EXTINFO_INVALID
from syncer.spec import values
from syncer.spec.fields import EXTINFO_PLACES, PARAMETERS, Group
from syncer.transform.built import BuiltEvent, BuiltReject
from syncer.transform.identity import Scope
from syncer.transform.json_text import json_of
from syncer.transform.reference import Reference

Row = dict[str, Any]

NOW = 1_795_000_000
DAY = 86_400
DIGEST = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

SERVER_EVENT = tuple(
    name
    for name, parameter in PARAMETERS[Group.SERVER_EVENT].items()
    if parameter.fields_in is None and name != "customer_segmentation"
)
APP = tuple(f"app_data.{name}" for name in PARAMETERS[Group.APP_DATA] if name != "extinfo")
EXTINFO = tuple(f"app_data.extinfo.{name}" for name in EXTINFO_PLACES)
ORIGINAL = tuple(f"original_event_data.{name}" for name in PARAMETERS[Group.ORIGINAL_EVENT_DATA])
ATTRIBUTION = tuple(
    f"attribution_data.{name}" for name in ("ad_id", "touchpoint_ts", "attribution_share", "attribution_value")
)
CUSTOMER = tuple(PARAMETERS[Group.CUSTOMER_INFO])
CUSTOM = ("value", "currency", "content_ids", "content_type", "num_items", "order_id", "status", "delivery_category", "predicted_ltv")  # fmt: skip

SERVER_COLUMNS = (*SERVER_EVENT, *APP, *EXTINFO, *ORIGINAL, *ATTRIBUTION)
COLUMNS = (*SERVER_COLUMNS, *(f"user.{name}" for name in CUSTOMER), *(f"custom.{name}" for name in CUSTOM))

PIPELINE = Pipeline(
    name="all",
    file=Path("pipelines/all.yaml"),
    fingerprint="0",
    source="warehouse",
    query="SELECT 1",
    key=("key",),
    start="window",
    destinations=("meta",),
    settings=Settings(browser_pixel="none"),
    mapping=Mapping(
        server_event={name: Column(column=name) for name in SERVER_COLUMNS},
        customer_info={name: Column(column=f"user.{name}") for name in CUSTOMER},
        custom_data={
            **{name: Column(column=f"custom.{name}") for name in CUSTOM},
            "contents": Items(source="items", fields={"id": "id", "quantity": "qty", "item_price": "price"}),
        },
        user_defined={"tier": Column(column="tier")},
    ),
)
REFERENCE = Reference.of(
    PIPELINE, ("key", "tier", "items", *COLUMNS), Scope(target="t", destination="meta", salt=b"salt")
)

WEBSITE: Row = {
    "event_name": "Purchase",
    "event_time": NOW - 3600,
    "event_id": "order-1",
    "action_source": "website",
    "event_source_url": "https://shop.example/thanks",
    "user.em": DIGEST,
    "user.client_user_agent": "Mozilla/5.0",
    "custom.value": 142.52,
    "custom.currency": "USD",
    "items": [{"id": "sku-1", "qty": 2, "price": 71.26}],
}
APP_EVENT: Row = WEBSITE | {
    "action_source": "app",
    "app_data.advertiser_tracking_enabled": True,
    "app_data.extinfo.version": "i2",
    "app_data.extinfo.os_version": "13.4.1",
}
STORE: Row = WEBSITE | {"action_source": "physical_store", "event_time": NOW - 30 * DAY}
MESSAGE: Row = WEBSITE | {
    "action_source": "business_messaging",
    "messaging_channel": "whatsapp",
    "user.whatsapp_business_account_id": "1",
    "user.ctwa_clid": "2",
}
LIMITED: Row = WEBSITE | {
    "event_name": "Lead",
    "data_processing_options": ["LDU"],
    "data_processing_options_country": 1,
    "data_processing_options_state": 1000,
}
ATTRIBUTED: Row = WEBSITE | {
    "event_name": "AppendAttribution",
    "original_event_data.event_name": "Purchase",
    "original_event_data.event_time": NOW - DAY,
    "attribution_data.ad_id": "1",
    "attribution_data.touchpoint_ts": NOW - 2 * DAY,
    "attribution_data.attribution_share": 0.5,
    "attribution_data.attribution_value": 7.5,
}

AGENT = "user.client_user_agent"
NOBODY: Row = {name: value for name, value in WEBSITE.items() if not name.startswith("user.") or name == AGENT} | {
    "user.fb_login_id": 0.0
}

OF_META = frozenset(
    {
        "event_time_missing",
        "event_time_invalid",
        "event_time_too_old",
        "event_time_in_future",
        "event_name_missing",
        "event_name_too_long",
        "action_source_missing",
        "action_source_invalid",
        "event_source_url_invalid",
        "opt_out_invalid",
        "data_processing_options_invalid",
        "data_processing_options_incomplete",
        "app_data_incomplete",
        "messaging_incomplete",
        "messaging_event_unknown",
        "attribution_incomplete",
        "value_missing",
        "value_invalid",
        "currency_missing",
        "currency_invalid",
        "customer_info_insufficient",
    }
)
"""Reasons that are Meta's rules; the others are the pipeline's."""

_words = (
    "x|0|1|-1|12.50|1e3|EUR|mru|website|app|other|whatsapp|Lead|https://shop.example/a b|shop.example|LDU|a2|true|no|"
    'product|sku-1,sku-2|["LDU"]|fb.1.1596403881668.IwAR2F4|203.0.113.7|1234567890123456|a@b.co|+1 650 555 1212| ||'
)
_odd = st.one_of(
    st.none(),
    st.sampled_from([*_words.split("|"), "x" * 60]),
    st.sampled_from([DIGEST, DIGEST.upper(), f"{DIGEST}.AQ", DIGEST[:32], NOTHING]),
    st.sampled_from([NOW, NOW + 30, NOW + 61, NOW * 1000, NOW - 8 * DAY, NOW - 63 * DAY, 0, 1, 2, 1013, 1014, -5]),
    st.booleans(),
    st.floats(-1e9, 1e9).map(lambda number: round(number, 2)),
    st.integers(-10, 10**17),
    st.text(max_size=12),
)
_base = st.sampled_from([WEBSITE, APP_EVENT, STORE, MESSAGE, LIMITED, ATTRIBUTED])


def _whole(row: Row) -> Row:
    return dict.fromkeys(("tier", "items", *COLUMNS)) | {"key": 1} | row


@st.composite
def _rows(draw: st.DrawFn) -> Row:
    """Return a good row of some kind, with a few of its columns lost or replaced."""
    row = dict.fromkeys(("tier", "items", *COLUMNS)) | {"key": 1} | draw(_base)
    touched = draw(
        st.lists(st.sampled_from([*COLUMNS, "tier"]) | st.sampled_from(sorted(WEBSITE | LIMITED)), max_size=4)
    )
    return row | {name: draw(_odd) for name in touched}


def _raw(row: Row) -> dict[str, Any]:
    """Return the event that a sender without rules would make of the row."""
    event: dict[str, Any] = {name: row[name] for name in SERVER_EVENT}
    event |= {"user_data": {name: row[f"user.{name}"] for name in CUSTOMER}}
    event |= {"custom_data": {name: row[f"custom.{name}"] for name in CUSTOM}}
    for group, names in (("original_event_data", ORIGINAL), ("attribution_data", ATTRIBUTION), ("app_data", APP)):
        if any(row[name] is not None for name in names):
            event[group] = {name.partition(".")[2]: row[name] for name in names}
    if any(row[name] is not None for name in EXTINFO):
        event.setdefault("app_data", {})["extinfo"] = ["" if row[name] is None else row[name] for name in EXTINFO]
    return event


def _refused(event: dict[str, Any], *, strict: bool) -> Refusal | None:
    verdict = judge_event(event, now=NOW, law=Law(strict=strict))
    return verdict if isinstance(verdict, Refusal) else None


def _is_left_to_meta(event: dict[str, Any], refusal: Refusal) -> bool:
    """Return whether the sender knows that Meta may refuse this, and lets Meta decide.

    A Purchase in a currency that Meta was seen to refuse goes out with a warning. What Meta says of device data that is
    not complete is known for app events only.
    """
    if refusal.subcode == CURRENCY_REFUSED:
        return str(event["custom_data"]["currency"]) in CURRENCIES_REFUSED
    return refusal.subcode == EXTINFO_INVALID and event["action_source"] != "app"


@settings(max_examples=400)
@given(row=_rows())
def test_whatever_is_sent_is_taken(row: Row) -> None:
    built = REFERENCE.build(row, now=NOW)
    if isinstance(built, BuiltEvent):
        event = orjson.loads(json_of(built.event) or "")
        refusal = _refused(event, strict=False)
        assert refusal is None or _is_left_to_meta(event, refusal)


@settings(max_examples=400)
@given(row=_rows())
@example(row=_whole(NOBODY))
def test_whatever_is_refused_by_metas_rules_would_have_been_refused(row: Row) -> None:
    if (login := values.number(row["user.fb_login_id"])) is not None and login <= 0:
        row = row | {"user.fb_login_id": None}  # that this is nobody is our rule; Meta's page asks for a whole number
    built = REFERENCE.build(row, now=NOW)
    if isinstance(built, BuiltReject) and built.reason in OF_META:
        assert _refused(_raw(row), strict=True) is not None, built.reason


@pytest.mark.parametrize("row", [WEBSITE, APP_EVENT, STORE, MESSAGE, LIMITED, ATTRIBUTED])
def test_a_good_row_of_each_kind_is_sent_and_taken_without_remark(row: Row) -> None:
    built = REFERENCE.build(_whole(row), now=NOW)
    assert isinstance(built, BuiltEvent)
    assert judge_event(orjson.loads(json_of(built.event) or ""), now=NOW, law=Law(strict=True)) == []
