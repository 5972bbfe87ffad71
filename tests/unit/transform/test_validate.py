from collections.abc import Callable
from typing import Any

import pytest

from syncer.mapping import Column, Constant

Make = Callable[..., Any]
LDU = {"data_processing_options": Constant(value=["LDU"])}
COUNTRY, STATE = "data_processing_options_country", "data_processing_options_state"
APP = {
    "app_data.advertiser_tracking_enabled": Constant(value=True),
    "app_data.extinfo.version": Constant(value="a2"),
    "app_data.extinfo.os_version": Constant(value="17"),
}
ATTRIBUTION = {
    "attribution_data.ad_id": Constant(value="1"),
    "attribution_data.touchpoint_ts": Constant(value=1_795_600_000),
    "attribution_data.attribution_share": Constant(value=0.5),
    "attribution_data.attribution_value": Constant(value=5),
    "original_event_data.event_name": Constant(value="Purchase"),
    "original_event_data.event_time": Constant(value=1_795_600_000),
}


def constants(**values: Any) -> dict[str, Constant]:
    return {name: Constant(value=value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("parts", "reason", "field"),
    [
        ({"server": {"event_time": Column(column="nothing")}}, "event_time_missing", "event_time"),
        ({"server": constants(event_time="yesterday")}, "event_time_invalid", "event_time"),
        ({"server": constants(event_name=" ")}, "event_name_missing", "event_name"),
        ({"server": constants(event_name="x" * 51)}, "event_name_too_long", "event_name"),
        ({"server": constants(event_name="é" * 50)}, None, None),
        ({"action_source": None}, "action_source_missing", "action_source"),
        ({"server": constants(action_source="tv")}, "action_source_invalid", "action_source"),
        ({"action_source": "website", "strict": True}, "event_source_url_missing", "event_source_url"),
        ({"action_source": "website"}, None, None),
        (
            {"action_source": "website", "server": constants(event_source_url="shop.example")},
            "event_source_url_invalid",
            "event_source_url",
        ),
        ({"server": constants(event_source_url="shop.example")}, None, None),
        (
            {"action_source": "website", "strict": True, "server": constants(event_source_url="https://a.b")},
            "client_user_agent_missing",
            "client_user_agent",
        ),
        (
            {"browser_pixel": "same_events", "server": {"event_id": Column(column="nothing")}},
            "event_id_missing",
            "event_id",
        ),
        ({"server": constants(opt_out="perhaps")}, "opt_out_invalid", "opt_out"),
        (
            {"server": constants(data_processing_options="GDPR")},
            "data_processing_options_invalid",
            "data_processing_options",
        ),
        (
            {"server": {**LDU, **constants(**{COUNTRY: 7})}},
            "data_processing_options_invalid",
            "data_processing_options",
        ),
        ({"server": LDU}, "data_processing_options_incomplete", "data_processing_options"),
        ({"server": {**LDU, **constants(**{COUNTRY: 1, STATE: 1000})}}, None, None),
        (
            {"server": {**LDU, **constants(**{COUNTRY: 0, STATE: 0})}},
            "data_processing_options_incomplete",
            "data_processing_options",
        ),
        (
            {
                "server": {**LDU, **constants(**{COUNTRY: 0, STATE: 0})},
                "customer": constants(em="a@b.co", client_ip_address="203.0.113.7"),
            },
            None,
            None,
        ),
        (
            {"server": constants(**{COUNTRY: 1, STATE: 1000})},
            "data_processing_options_incomplete",
            "data_processing_options",
        ),
        ({"server": constants(data_processing_options=[])}, None, None),
        ({"action_source": "app"}, "app_data_incomplete", "app_data"),
        (
            {"action_source": "app", "server": {**APP, "app_data.extinfo.os_version": Constant(value=" ")}},
            "app_data_incomplete",
            "app_data",
        ),
        ({"action_source": "app", "server": APP}, None, None),
        (
            {"action_source": "business_messaging", "server": constants(event_name="Purchase")},
            "messaging_incomplete",
            "messaging_channel",
        ),
        (
            {
                "action_source": "business_messaging",
                "server": constants(messaging_channel="whatsapp"),
                "customer": constants(ctwa_clid="x1", whatsapp_business_account_id="5"),
            },
            "messaging_event_unknown",
            "event_name",
        ),
        (
            {
                "action_source": "business_messaging",
                "server": constants(messaging_channel="instagram", event_name="LeadSubmitted"),
                "customer": constants(ig_account_id="5", ig_sid="6"),
            },
            None,
            None,
        ),
        ({"server": constants(event_name="AppendAttribution")}, "attribution_incomplete", "attribution_data"),
        ({"server": {**ATTRIBUTION, **constants(event_name="AppendAttribution")}}, "currency_missing", "currency"),
        ({"server": constants(event_name="Purchase")}, "value_missing", "value"),
        (
            {"server": constants(event_name="Purchase"), "custom": constants(value="1,234.50", currency="EUR")},
            "value_invalid",
            "value",
        ),
        ({"server": constants(event_name="Purchase"), "custom": constants(value=0)}, "currency_missing", "currency"),
        (
            {"server": constants(event_name="Purchase"), "custom": constants(value=0, currency="US Dollar")},
            "currency_invalid",
            "currency",
        ),
        ({"server": constants(event_name="Purchase"), "custom": constants(value=0, currency="eur")}, None, None),
        ({"custom": constants(value="x", currency="US Dollar")}, None, None),
    ],
)
def test_an_event_is_refused_for_one_of_metas_rules(
    pipeline: Make, reasons: Make, parts: dict[str, Any], reason: str | None, field: str | None
) -> None:
    assert reasons(pipeline(**parts), [{"nothing": None}]) == ([(reason, field)] if reason else [])


@pytest.mark.parametrize(  # Meta's table of combinations that are not enough, and examples beyond it
    ("keys", "is_enough"),
    [
        ({"fn"}, False),
        ({"fn", "ge"}, False),
        ({"ct", "country", "st", "zp", "ge", "client_user_agent"}, False),
        ({"db", "client_user_agent"}, False),
        ({"client_user_agent"}, False),
        ({"fn", "ln"}, True),
        ({"client_ip_address", "client_user_agent"}, True),
        ({"fbp"}, True),
        ({"external_id"}, True),
        ({"db", "ge"}, True),
    ],
)
def test_customer_information_must_be_enough(pipeline: Make, reasons: Make, keys: set[str], *, is_enough: bool) -> None:
    values = {
        "fn": "Ann",
        "ln": "Smith",
        "ge": "f",
        "db": "1990-01-31",
        "ct": "Paris",
        "country": "fr",
        "st": "x",
        "zp": "75001",
        "client_user_agent": "Mozilla",
        "client_ip_address": "203.0.113.7",
        "fbp": "fb.1.1554763741205.1",
        "external_id": "7",
    }
    found = reasons(pipeline(customer=constants(**{key: values[key] for key in keys})), [{}])
    assert found == ([] if is_enough else [("customer_info_insufficient", "user_data")])


def test_customer_information_is_judged_after_values_were_dropped(pipeline: Make, run: Make) -> None:
    found = run(pipeline(customer=constants(em="broken", fn="Ann")), [{}])
    assert found.rejects["reason"].to_list() == ["customer_info_insufficient"]
    assert found.tally.dropped_fields == {"em": 1}


def test_a_row_has_one_reason_the_first(pipeline: Make, reasons: Make) -> None:
    made = pipeline(server=constants(event_name="Purchase"), customer=constants(em="broken"), action_source=None)
    assert reasons(made, [{}]) == [("action_source_missing", "action_source")]


def test_a_value_that_is_there_by_another_way_is_not_invalid(pipeline: Make, reasons: Make) -> None:
    entry = Column(column="json", path="at", default=1_795_699_000)
    assert reasons(pipeline(server={"event_time": entry}), [{"json": '{"at": '}, {"json": "{}"}]) == []


def test_what_is_odd_is_counted_among_events_that_go_out(pipeline: Make, run: Make) -> None:
    made = pipeline(
        action_source="website",
        server={"event_name": Column(column="name")},
        customer={"em": Column(column="email"), "ph": Constant(value="12345678")},
        custom={"value": Column(column="total"), "currency": Column(column="currency")},
    )
    rows = [
        {"name": "purchase", "email": "a@b.co", "total": -5.0, "currency": None},
        {"name": "Lead", "email": "a@b.co", "total": 1.0, "currency": "MRU"},
        {"name": None, "email": "a@b.co", "total": 1.0, "currency": None},
    ]
    assert run(made, rows).tally.warnings == {
        "website_without_url": 2,
        "website_without_user_agent": 2,
        "value_without_currency": 1,
        "value_negative": 1,
        "currency_often_refused": 1,
        "custom_event_name_like_standard": 1,
        "phone_without_country": 3,
    }
