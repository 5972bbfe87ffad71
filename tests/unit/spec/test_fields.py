"""Parameters, events and reasons as data."""

import sys
from subprocess import run

import pytest

from syncer.report import Bucket
from syncer.spec import events, limits
from syncer.spec.fields import EXTINFO_PLACES, PARAMETERS, Group, names, parameter, short_name
from syncer.spec.reasons import REASONS, REMOTE_SUBCODES


@pytest.mark.parametrize(
    ("group", "written", "name"),
    [
        ("customer_info", "email", "em"),
        ("customer_info", "First Name", "fn"),
        ("customer_info", "date-of-birth", "db"),
        ("customer_info", "em", "em"),
        ("customer_info", "e_mail", None),
        ("custom_data", "value", "value"),
        ("custom_data", "mileage.unit", "mileage.unit"),
        ("custom_data", "contents.id", None),
        ("server_event", "app_data.extinfo.device_model", "app_data.extinfo.device_model_name"),
        ("server_event", "app_data.campaign_ids", "app_data.campaign_ids"),
        ("server_event", "original_event_data.event_name", "original_event_data.event_name"),
        ("server_event", "user_data.em", None),
        ("server_event", "app_data.", None),
        ("server_event", "nothing.at.all", None),
    ],
)
def test_a_parameter_is_found_by_long_short_and_dotted_name(group: str, written: str, name: str | None) -> None:
    assert short_name(group, written) == name


def test_every_offered_name_is_found() -> None:
    assert all(parameter(group, name) for group in Group for name in names(group))


def test_no_long_name_means_two_parameters_or_hides_a_short_one() -> None:
    for group, items in PARAMETERS.items():
        long_names = [name for item in items.values() for name in item.long_names]
        assert len(long_names) == len(set(long_names)), group
        assert not set(long_names) & set(items), group


def test_the_groups_hold_what_meta_documents() -> None:
    assert {group.value: len(items) for group, items in PARAMETERS.items()} == {
        "server_event": 18,
        "customer_info": 36,
        "custom_data": 83,
        "contents_item": 9,
        "app_data": 13,
        "extinfo": 16,
        "original_event_data": 4,
        "attribution_data": 20,
    }


def test_every_parameter_is_explained() -> None:
    assert all(item.note for items in PARAMETERS.values() for item in items.values())


def test_the_device_has_its_places_in_metas_order() -> None:
    assert EXTINFO_PLACES[0] == "version"
    assert EXTINFO_PLACES[4] == "os_version"
    assert EXTINFO_PLACES[15] == "device_timezone"
    assert len(EXTINFO_PLACES) == limits.EXTINFO_PLACES


def test_hashed_parameters_are_all_customer_information() -> None:
    assert {
        group for group, items in PARAMETERS.items() if any(item.hashed == "required" for item in items.values())
    } == {Group.CUSTOMER_INFO}


def test_the_events_agree_with_the_parameters() -> None:
    custom_data = set(PARAMETERS[Group.CUSTOM_DATA])

    for event in events.STANDARD_EVENTS.values():
        assert set(event.required + event.recommended) <= custom_data, event.name
    assert PARAMETERS[Group.SERVER_EVENT]["action_source"].allowed == events.ACTION_SOURCES
    assert set(PARAMETERS[Group.SERVER_EVENT]["messaging_channel"].allowed) == set(events.MESSAGING_NEEDS)


@pytest.mark.parametrize(
    ("keys", "enough"),
    [
        ((), False),
        (("fn",), False),
        (("db",), False),
        (("client_user_agent",), False),
        (("ct", "st", "zp", "country"), False),
        (("fn", "ge"), False),
        (("fn", "ln"), True),
        (("client_ip_address", "client_user_agent"), True),
        (("fbp",), True),
        (("external_id",), True),
        (("em",), True),
        (("fn", "db"), True),
    ],
)
def test_customer_information_is_enough_by_metas_rule(keys: tuple[str, ...], *, enough: bool) -> None:
    assert events.is_sufficient(keys) is enough


@pytest.mark.parametrize(
    ("name", "standard"),
    [
        ("purchase", "Purchase"),
        ("Add To Cart", "AddToCart"),
        ("page_view", "PageView"),
        ("“Purchase”", "Purchase"),
        ("Purchase!", "Purchase"),
        ("Purchase2", None),
        ("Purchase", None),
        ("x", None),
    ],
)
def test_a_name_close_to_a_standard_one_is_seen(name: str, standard: str | None) -> None:
    assert events.like_standard(name) == standard


def test_a_message_needs_the_ids_of_its_channel() -> None:
    assert events.missing_for_messaging("whatsapp", {"ctwa_clid"}) == ("whatsapp_business_account_id",)
    assert events.missing_for_messaging("instagram", {"ig_account_id", "ig_sid"}) == ()
    assert events.missing_for_messaging("instagram", {"ig_sid"}) == ("ig_account_id or instagram_business_account_id",)


def test_the_window_depends_on_where_it_happened() -> None:
    assert limits.window_s("physical_store") == 62 * 86_400
    assert limits.window_s("website") == limits.window_s(None) == 7 * 86_400


def test_every_bucket_has_a_reason() -> None:
    assert {reason.bucket for reason in REASONS.values()} == {*Bucket, None}


def test_every_reason_says_what_and_what_to_do() -> None:
    known = {name for items in PARAMETERS.values() for name in items} | {"app_data.extinfo"}

    for code, reason in REASONS.items():
        assert reason.code == code
        assert reason.sentence.endswith(".")
        assert reason.remedy.endswith(".")
        assert reason.field is None or reason.field in known, code


def test_a_refusal_of_meta_has_a_reason() -> None:
    assert {REASONS[code].bucket for code in REMOTE_SUBCODES.values()} == {Bucket.REJECTED_REMOTE}


def test_normalizing_loads_no_library_before_it_needs_one() -> None:
    code = (
        "import sys, syncer.spec.normalize, syncer.spec.values;"
        "print(sorted({'phonenumbers', 'pycountry', 'polars', 'pyarrow'} & set(sys.modules)))"
    )
    assert run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
