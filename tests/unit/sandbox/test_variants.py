"""Limited data use, app, messaging and attribution events, each with the sentence that the rule comes from."""

from collections.abc import Callable
from typing import Any

import pytest

from syncer.sandbox.refusal import Refusal

Event = dict[str, Any]
Change = Callable[[Event, str, object], Event]
Judge = Callable[..., Refusal | list[str]]

DAY = 86_400
NOW = 1_795_000_000
EXTINFO = ["i2", "com.example", "1.0", "1.0 long", "13.4.1", "iPhone5,1", *[""] * 10]


def _ldu(country: object, state: object, options: object = ("LDU",)) -> Event:
    return {
        "data_processing_options": list(options) if isinstance(options, tuple) else options,
        "data_processing_options_country": country,
        "data_processing_options_state": state,
    }


@pytest.mark.parametrize(
    ("options", "is_taken"),
    [
        (_ldu(1, 1000), True),
        (_ldu(1, 1013), True),
        (_ldu(None, None, []), True),
        (_ldu(1, 1014), False),
        (_ldu(2, 1000), False),
        (_ldu("1", 1000), False),
        (_ldu(None, 1000), False),
        (_ldu(1, None), False),
        (_ldu(0, 0), False),
        (_ldu(1, 1000, ["LDU", "X"]), False),
        (_ldu(1, 1000, "LDU"), False),
    ],
)
def test_limited_data_use_needs_country_and_state(
    event: Event, judge: Judge, options: Event, *, is_taken: bool
) -> None:
    # Data processing options: country "Required, if LDU"; state "Required, if country" or without IP address
    assert isinstance(judge(event | options), list) == is_taken


def test_meta_locates_the_person_by_the_ip_address(event: Event, change: Change, judge: Judge) -> None:
    assert judge(change(event, "user_data.client_ip_address", "203.0.113.7") | _ldu(0, 0)) == []


@pytest.mark.parametrize(
    ("app_data", "subcode", "is_taken"),
    [
        ({"advertiser_tracking_enabled": 1, "extinfo": EXTINFO}, None, True),
        ({"advertiser_tracking_enabled": False, "extinfo": ["a2", *EXTINFO[1:]]}, None, True),
        (None, None, False),
        ({"extinfo": EXTINFO}, None, False),
        ({"advertiser_tracking_enabled": 1}, None, False),
        ({"advertiser_tracking_enabled": 2, "extinfo": EXTINFO}, None, False),
        ({"advertiser_tracking_enabled": 1, "extinfo": EXTINFO[:15]}, 2804043, False),
        ({"advertiser_tracking_enabled": 1, "extinfo": [*EXTINFO, ""]}, 2804043, False),
        ({"advertiser_tracking_enabled": 1, "extinfo": ["web", *EXTINFO[1:]]}, 2804043, False),
        ({"advertiser_tracking_enabled": 1, "extinfo": [*EXTINFO[:4], "", *EXTINFO[5:]]}, 2804043, False),
        ({"advertiser_tracking_enabled": 1, "extinfo": [*EXTINFO[:9], None, *EXTINFO[10:]]}, 2804043, False),
    ],
)
def test_an_app_event_needs_the_tracking_choice_and_sixteen_places(
    event: Event, judge: Judge, app_data: object, subcode: int | None, *, is_taken: bool
) -> None:
    # "list of exactly 16"; an empty OS version was answered with 2804043
    verdict = judge(event | {"action_source": "app", "app_data": app_data})
    assert isinstance(verdict, list) == is_taken
    assert getattr(verdict, "subcode", None) == subcode


@pytest.mark.parametrize(
    ("channel", "keys", "is_taken"),
    [
        ("messenger", {"page_id": "1", "page_scoped_user_id": "2"}, True),
        ("messenger", {"page_id": "1"}, False),
        ("whatsapp", {"whatsapp_business_account_id": "1", "ctwa_clid": "2"}, True),
        ("whatsapp", {"ctwa_clid": "2"}, False),
        ("instagram", {"instagram_business_account_id": "1", "ig_sid": "2"}, True),
        ("instagram", {"ig_account_id": "1", "ig_sid": "2"}, True),
        ("instagram", {"ig_sid": "2"}, False),
        (None, {"page_id": "1", "page_scoped_user_id": "2"}, False),
    ],
)
def test_a_messaging_event_needs_the_keys_of_its_channel(
    event: Event, judge: Judge, channel: str | None, keys: Event, *, is_taken: bool
) -> None:
    verdict = judge(event | {"action_source": "business_messaging", "messaging_channel": channel, "user_data": keys})
    assert isinstance(verdict, list) == is_taken


def test_a_lead_is_called_lead_submitted_in_messaging(event: Event, judge: Judge) -> None:
    # live: `Lead` is refused with 2804066
    verdict = judge(
        event
        | {
            "event_name": "Lead",
            "action_source": "business_messaging",
            "messaging_channel": "messenger",
            "user_data": {"page_id": "1", "page_scoped_user_id": "2"},
        }
    )
    assert isinstance(verdict, Refusal)
    assert verdict.subcode == 2804066


@pytest.mark.parametrize(
    ("path", "is_taken"),
    [
        ("", True),
        ("attribution_data", False),
        ("attribution_data.ad_id", False),
        ("attribution_data.touchpoint_ts", False),
        ("attribution_data.attribution_share", False),
        ("attribution_data.attribution_value", False),
        ("original_event_data", False),
        ("original_event_data.event_name", False),
        ("original_event_data.event_time", False),
        ("custom_data.currency", False),
    ],
)
def test_append_attribution_needs_touchpoint_and_original(
    event: Event, change: Change, judge: Judge, path: str, *, is_taken: bool
) -> None:
    event |= {
        "event_name": "AppendAttribution",
        "attribution_data": {
            "ad_id": "1",
            "touchpoint_ts": NOW - DAY,
            "attribution_share": 0.5,
            "attribution_value": 7,
        },
        "original_event_data": {"event_name": "Purchase", "event_time": NOW - DAY},
        "custom_data": {"currency": "USD"},
    }
    verdict = judge(change(event, path, ...) if path else event)
    assert isinstance(verdict, list) == is_taken
