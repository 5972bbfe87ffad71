"""What is not hashed."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from syncer.spec import values
from syncer.spec.context import NOTHING_KNOWN
from syncer.spec.fields import EXTINFO_PLACES, Group, parameter


def read(group: str, name: str, value: object) -> Any:
    found = parameter(group, name)
    assert found is not None
    return values.read(found, value, NOTHING_KNOWN)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("142.52", "142.52"),
        (" 12.50 ", "12.5"),
        ("+.5", "0.5"),
        ("1e3", "1000"),
        ("-0", "0"),
        (0, "0"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (Decimal("827.31"), "827.31"),
        (Decimal("1E+2"), "100"),
        (Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
        (2**53 + 1, "9007199254740993"),
        (b"7", "7"),
    ],
)
def test_a_number_is_exact(given: object, text: str) -> None:
    found = values.number(given)

    assert found is not None
    assert values.number_text(found) == text
    assert json.loads(text) == pytest.approx(float(found))


@pytest.mark.parametrize(
    "given",
    [
        *(None, "", True, "1,234.50", "1 234", "1_000", "12,50", "€5", "5 EUR", "0x10", "nan", "NaN", "Infinity"),
        *(float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), 1e300, 10**40, "1e999", "٣", [1], "9" * 200),
    ],
)
def test_what_is_no_number_is_not_guessed(given: object) -> None:
    assert values.number(given) is None


@pytest.mark.parametrize(("given", "expected"), [("3", 3), (3.0, 3), ("3.0", 3), (3.5, None), (2**63, None)])
def test_an_integer_has_no_fraction(given: object, expected: int | None) -> None:
    assert values.integer(given) == expected


@pytest.mark.parametrize(("given", "expected"), [(-1, None), (0, 0)])
def test_a_count_is_never_negative(given: int, expected: int | None) -> None:
    assert read("custom_data", "num_items", given) == expected


@pytest.mark.parametrize("given", [True, 1, 1.0, Decimal(1), "1", "TRUE", "Yes", "y", "on", " t "])
def test_yes_has_many_forms(given: object) -> None:
    assert values.boolean(given) is True


@pytest.mark.parametrize("given", [False, 0, "0", "false", "No", "off"])
def test_no_has_many_forms(given: object) -> None:
    assert values.boolean(given) is False


@pytest.mark.parametrize("given", [None, "", 2, -1, "maybe", float("nan"), [True]])
def test_what_is_neither_is_neither(given: object) -> None:
    assert values.boolean(given) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (100045, "100045"),
        (100045.0, "100045"),
        (Decimal("12.50"), "12.5"),
        (" A  b ", "A  b"),
        ("\ufeffA", "A"),
        (True, "true"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        ("\ud800", None),
        (b"\xff", None),
        (["A"], None),
        ({}, None),
        (float("nan"), None),
    ],
)
def test_text_is_the_value_without_its_edges(given: object, expected: str | None) -> None:
    assert values.string(given) == expected


@pytest.mark.parametrize("given", ["null", "N/A", "-", "", None])
def test_an_event_id_that_says_nothing_is_none(given: object) -> None:
    assert read("server_event", "event_id", given) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("physicalStore", "physical_store"),
        ("Physical Store", "physical_store"),
        ("physical-store", "physical_store"),
        ("SYSTEM_GENERATED", "system_generated"),
        ("offline", None),
        (1, None),
    ],
)
def test_an_action_source_may_be_written_in_other_cases(given: object, expected: str | None) -> None:
    assert read("server_event", "action_source", given) == expected


def test_the_action_sources_are_the_nine_of_meta() -> None:
    nine = [
        "email", "website", "app", "phone_call", "chat", "physical_store", "system_generated", "business_messaging", "other",
    ]  # fmt: skip
    assert [read("server_event", "action_source", each) for each in nine] == nine
    assert set(parameter(Group.SERVER_EVENT, "action_source").allowed) == set(nine)  # type: ignore[union-attr]  # it is there


def test_words_of_a_set_are_spelled_as_meta_spells_them() -> None:
    assert read("custom_data", "body_style", "suv") == "SUV"
    assert read("custom_data", "drivetrain", "4x4") == "4X4"
    assert read("custom_data", "content_type", "Product Group") == "product_group"
    assert read("custom_data", "content_type", "hotel") == "hotel"
    assert read("custom_data", "trim", "x" * 51) is None


@pytest.mark.parametrize(
    ("given", "expected"), [("eur", "EUR"), ("XXX", None), ("ABC", None), ("€", None), ("ｅｕｒ", None), (978, None)]
)
def test_a_currency_is_a_code_of_iso_4217(given: object, expected: str | None) -> None:
    assert values.currency(given) == expected


def test_the_currencies_are_those_of_iso() -> None:
    import pycountry

    not_money = {"BOV", "CHE", "CHW", "COU", "MXV", "USN", "UYI", "UYW"}
    not_money |= {"XAD", "XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"}
    withdrawn = {"ANG", "BGN", "HRK", "SLL", "ZWL"}
    assert {item.alpha_3 for item in pycountry.currencies} - not_money | withdrawn == values.CURRENCIES


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (" https://shop.example/p?q=a b ", "https://shop.example/p?q=a b"),
        ("HTTP://Shop.example", "HTTP://Shop.example"),
        ("https://", None),
        ("//shop.example", None),
        ("ftp://shop.example", None),
        ("shop.example", None),
    ],
)
def test_a_url_is_sent_as_stored(given: str, expected: str | None) -> None:
    assert read("server_event", "event_source_url", given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('["A", "B", 12, null, " "]', ["A", "B", "12"]),
        (["A", None, 12.0], ["A", "12"]),
        (("A",), ["A"]),
        ("A,B", ["A,B"]),
        (12, ["12"]),
        ("[A]", None),
        ("[NaN]", None),
        ([None], None),
        ([], []),
        ("[]", []),
        (None, None),
        ("", None),
        ("[" * 100_000, None),
    ],
)
def test_a_list_is_native_or_json(given: object, expected: list[str] | None) -> None:
    assert read("custom_data", "content_ids", given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("ldu", ["LDU"]), ('["LDU"]', ["LDU"]), (["LDU", "ldu"], ["LDU"]), ([], []), ("CCPA", None), (None, None)],
)
def test_limited_data_use_is_said_or_not(given: object, expected: list[str] | None) -> None:
    assert values.data_processing_options(given) == expected


def test_items_take_the_names_that_the_mapping_gives() -> None:
    given = [
        {"product_id": 7, "qty": "2", "price": Decimal("9.90"), "cost": 1},
        {"product_id": None, "qty": 1},
        "junk",
        {"product_id": "B"},
    ]

    found = values.contents(given, {"id": "product_id", "quantity": "qty", "item_price": "price"})

    assert found == [{"id": "7", "quantity": 2, "item_price": Decimal("9.90")}, {"id": "B"}]


@pytest.mark.parametrize("given", [None, "", "[]", "[{}]", "{", 7, "A", [None], [["A"]]])
def test_contents_without_items_are_none(given: object) -> None:
    assert values.contents(given) is None


def test_contents_that_nest_deeper_than_any_table_are_none_whatever_else_they_hold() -> None:
    deep = [f'[{{"id": "A", "other": {"[" * levels + "]" * levels}}}]' for levels in (198, 199)]
    assert [values.contents(text) for text in deep] == [[{"id": "A"}], None]


def test_a_quantity_that_cannot_be_is_left_out() -> None:
    assert values.contents({"id": "A", "quantity": -1, "delivery_category": "In Store"}) == [
        {"id": "A", "delivery_category": "in_store"}
    ]


def test_the_device_is_sixteen_texts() -> None:
    found = values.extinfo({"version": "iOS", "os_version": 17.5, "screen_width": 1170, "carrier": None})

    assert len(found) == len(EXTINFO_PLACES) == 16
    assert (found[0], found[4], found[9], found[8]) == ("i2", "17.5", "1170", "")


def test_the_system_of_a_device_is_android_or_ios() -> None:
    assert read("server_event", "app_data.extinfo.version", "Android") == "a2"
    assert read("server_event", "app_data.extinfo.version", "Symbian") is None


def test_a_flag_of_an_app_is_one_or_zero() -> None:
    found = read("server_event", "app_data.advertiser_tracking_enabled", "true")

    assert (found, type(found)) == (1, int)
    assert read("server_event", "app_data.consider_views", 0) is False


def test_numbers_of_a_closed_set_are_checked() -> None:
    assert read("server_event", "data_processing_options_state", "1000") == 1000
    assert read("server_event", "data_processing_options_state", 42) is None
    assert read("server_event", "attribution_data.attribution_share", "1.5") is None
    assert read("server_event", "original_event_data.event_time", "2024-04-04T16:33:16Z") == 1712248396


def test_an_object_may_be_json_text() -> None:
    assert read("custom_data", "store_data", '{"store_code": "A1", "x": null}') == {"store_code": "A1"}
    assert read("custom_data", "store_data", "A1") is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("x ", "x"),
        (1.5, Decimal("1.5")),
        (True, True),
        (float("nan"), None),
        ([1, float("nan"), ["a"]], [1, ["a"]]),
        ({"a": None, "b": {"c": date(2026, 1, 2)}, 1: 2}, {"b": {"c": "2026-01-02"}, "1": 2}),
        (object(), None),
    ],
)
def test_an_own_property_may_be_any_json(given: object, expected: object) -> None:
    assert values.any_json(given) == expected


def test_an_own_property_does_not_nest_without_end() -> None:
    endless: list[Any] = []
    endless.append(endless)

    assert str(values.any_json(endless)).count("[") == 10


def test_every_unreadable_value_has_a_reason() -> None:
    from syncer.spec.fields import PARAMETERS
    from syncer.spec.reasons import REASONS

    known = {*PARAMETERS[Group.SERVER_EVENT], *PARAMETERS[Group.CUSTOM_DATA]}
    assert set(values.UNREADABLE) <= known
    assert set(values.UNREADABLE.values()) <= set(REASONS)
