"""What the packaged presets make of rows as the tables of those tools hold them."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from syncer.config.load import validate_project
from syncer.config.places import locate
from syncer.config.presets import PRESETS, preset
from syncer.errors import ConfigError, Problem
from syncer.mapping import Column
from syncer.pipeline import Pipeline
from syncer.transform import Scope, Transformed, compile_transform
from syncer.transform.reference import Reference
from tests import both_ways

ROOT = Path(__file__).parents[2]
NOW = 1_795_700_000
AT = NOW - 3_600
SCOPE = Scope("prod", "meta", b"salt")
Transform = Callable[..., Transformed]
Read = Callable[..., list[Any]]

SEGMENT = {
    "id": "msg-1", "event": "order_completed", "event_text": "Order Completed", "timestamp": AT, "user_id": "u1",
    "context_traits_email": "a@b.co", "context_page_url": "https://shop.example/thanks", "context_user_agent": "Firefox",
    "revenue": "25.50", "currency": "EUR",
}  # fmt: skip
COMMANDERS = {
    "event_name": "purchase", "event_timestamp": AT * 1000, "value": 5, "currency": "EUR",
    "user": '{"email": "a@b.co", "firstname": "Ann", "lastname": "Lee", "city": "Paris"}',
}  # fmt: skip


def load(folder: Path, name: str, *, mapping: str = "", settings: str = "browser_pixel: none") -> Pipeline:
    (folder / "pipelines").mkdir(exist_ok=True)
    (folder / "syncer.yaml").write_text(
        "version: 1\nsources:\n  shop: {type: sqlite, path: shop.db}\ndestinations:\n  meta: {type: sandbox}\n"
    )
    (folder / "pipelines" / "events.yaml").write_text(
        "name: events\nsource: shop\ntable: events\nkey: no\nstart: beginning\ndestination: meta\n"
        f"settings: {{preset: {name}, {settings}}}\n{mapping}"
    )
    project, problems = validate_project(folder, environ={}, cwd=folder)
    assert project is not None, problems
    return project.pipelines["events"]


@pytest.fixture
def transformed(tmp_path: Path) -> Transform:
    def make(name: str, *rows: dict[str, Any], mapping: str = "", settings: str = "browser_pixel: none") -> Transformed:
        columns = dict.fromkeys(column for row in rows for column in row)
        batch = pa.RecordBatch.from_pydict(
            {"no": list(range(len(rows))), **{column: [row.get(column) for row in rows] for column in columns}}
        )
        pipeline = load(tmp_path, name, mapping=mapping, settings=settings)
        return both_ways.transformed(pipeline, batch, SCOPE, now=NOW, start=None)

    return make


@pytest.fixture
def events(transformed: Transform) -> Read:
    return lambda name, *rows, **keys: [json.loads(text) for text in transformed(name, *rows, **keys).events["json"]]


def names(name: str, events: Read, row: dict[str, Any], column: str, given: list[str]) -> list[str]:
    return [event["event_name"] for event in events(name, *({**row, column: each} for each in given))]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_holds_nothing_but_keys_of_a_pipeline(name: str) -> None:
    assert set(preset(name).entries) - {"require"} == {"settings", "envelope", "mapping"}
    assert set(preset(name).entries["mapping"].entries) == {"server_event", "customer_info", "custom_data"}


def test_every_packaged_file_is_a_preset_that_can_be_named() -> None:
    assert sorted(path.name for path in (ROOT / "syncer/config/presets").iterdir()) == sorted(
        f"{name}.yaml" for name in PRESETS
    )


# --- what all of them do -------------------------------------------------------------------------


def test_a_column_maps_itself_only_where_the_query_has_it(transformed: Transform) -> None:
    found = transformed("segment_ecommerce", SEGMENT)
    event = json.loads(found.events["json"][0])
    assert event["user_data"].keys() == {"em", "external_id", "client_user_agent"}
    assert event["custom_data"].keys() == {"value", "currency"}


def test_of_a_choice_with_one_column_left_the_column_is_taken(tmp_path: Path) -> None:
    pipeline = load(tmp_path, "segment_ecommerce")
    field = Reference.of(pipeline, ["no", *SEGMENT], SCOPE).binding.field("event_id")
    assert field is not None
    assert field.entry == Column(column="id")


def test_only_the_columns_that_a_preset_takes_are_read(tmp_path: Path) -> None:
    pipeline = load(tmp_path, "segment_ecommerce")
    schema = pa.RecordBatch.from_pylist([{"no": 1, **SEGMENT, "salary": 1, "context_library_name": "a.js"}]).schema
    assert set(compile_transform(pipeline, schema, SCOPE).columns) == {"no", *SEGMENT} - {"salary"}


def test_the_users_mapping_lies_over_the_preset_entry_by_entry(events: Read) -> None:
    mapping = "mapping:\n  customer_info: {email: own_email, external_id: null}\n  custom_data: {value: {value: 7}}\n"
    (event,) = events("segment_ecommerce", SEGMENT | {"own_email": "x@y.co"}, mapping=mapping)
    assert event["user_data"]["em"] == [digest("x@y.co")]
    assert "external_id" not in event["user_data"]
    assert (event["custom_data"]["value"], event["custom_data"]["currency"]) == (7, "EUR")


def test_a_column_that_the_user_names_must_still_be_there(transformed: Transform) -> None:
    with pytest.raises(ConfigError, match='no column "emial"'):
        transformed("segment_ecommerce", SEGMENT, mapping="mapping: {customer_info: {em: emial}}\n")


def test_a_table_without_what_every_event_needs_is_refused_with_the_names_looked_for(transformed: Transform) -> None:
    row = {"event": "order_completed", "revenue": 1}
    with pytest.raises(ConfigError) as raised:
        transformed("segment_ecommerce", row, settings="browser_pixel: same_events")
    said = {problem.path: problem for problem in raised.value.problems}
    assert said.keys() == {"mapping.server_event.event_time", "mapping.server_event.event_id", "mapping.customer_info"}
    time = said["mapping.server_event.event_time"]
    assert "segment_ecommerce knows for it (timestamp, original_timestamp, sent_at, received_at)" in time.what
    assert time.remedy == "map event_time: <column>"


def test_what_a_preset_lacks_is_placed_where_the_pipeline_names_it(tmp_path: Path) -> None:
    problem = locate(
        load(tmp_path, "ga4"), Problem(file=None, path="mapping.server_event.event_time", what="", remedy="")
    )
    assert (str(problem.file), problem.line) == ("pipelines/events.yaml", 7)


def test_a_column_in_upper_case_is_found_and_one_that_could_be_two_is_a_mistake(
    transformed: Transform, events: Read
) -> None:
    (event,) = events("segment_ecommerce", {name.upper(): value for name, value in SEGMENT.items()})
    assert event["event_name"] == "Purchase"
    with pytest.raises(ConfigError, match='could be "Revenue" and "REVENUE"'):
        transformed(
            "segment_ecommerce", {**{k: v for k, v in SEGMENT.items() if k != "revenue"}, "Revenue": 1, "REVENUE": 2}
        )


def test_rest_is_asked_for_by_the_user_and_leaves_the_envelope_out(events: Read) -> None:
    row = SEGMENT | {"coupon": "X", "context_library_name": "a.js", "uuid_ts": AT, "received_at": AT}
    (event,) = events("segment_ecommerce", row)
    assert "coupon" not in event["custom_data"]
    (event,) = events("segment_ecommerce", row, mapping='mapping: {user_defined: {"*": rest}}\n')
    assert event["custom_data"] == {"value": 25.5, "currency": "EUR", "coupon": "X"}
    upper = {name.upper(): value for name, value in row.items()}
    (event,) = events("segment_ecommerce", upper, mapping='mapping: {user_defined: {"*": rest}}\n')
    assert event["custom_data"] == {"value": 25.5, "currency": "EUR", "COUPON": "X"}


def test_three_layers_all_properties_then_the_standard_mapping_then_the_users(events: Read) -> None:
    mapping = 'mapping:\n  custom_data: {content_name: {value: mine}}\n  user_defined: {"*": rest}\n'
    row = COMMANDERS | {"name": "Shirt", "category": "Men", "colour": "red", "items": '[{"id": "a", "quantity": 2}]'}
    (event,) = events("commanders_act", row, mapping=mapping)
    assert event["custom_data"] == {
        "value": 5, "currency": "EUR", "content_name": "mine", "content_category": "Men", "content_type": "product",
        "num_items": 1, "contents": [{"id": "a", "quantity": 2}], "colour": "red", "name": "Shirt",
    }  # fmt: skip


def test_defaults_of_the_project_lie_between_the_pipeline_and_the_preset(tmp_path: Path) -> None:
    load(tmp_path, "segment_ecommerce")
    text = (tmp_path / "syncer.yaml").read_text()
    (tmp_path / "syncer.yaml").write_text(
        text
        + "defaults: {settings: {preset: segment_ecommerce, action_source: email}, mapping: {customer_info: {em: mail}}}\n"
    )
    (tmp_path / "pipelines" / "events.yaml").write_text(
        "name: events\nsource: shop\ntable: events\nkey: no\nstart: now\ndestination: meta\n"
    )
    project, problems = validate_project(tmp_path, environ={}, cwd=tmp_path)
    assert project is not None, problems
    pipeline = project.pipelines["events"]
    assert pipeline.settings.action_source == "email"
    batch = pa.RecordBatch.from_pylist([{"no": 1, **SEGMENT, "mail": "m@n.co"}])
    found = both_ways.transformed(pipeline, batch, SCOPE, now=NOW, start=None)
    assert json.loads(found.events["json"][0])["user_data"]["em"] == [digest("m@n.co")]


# --- Segment -------------------------------------------------------------------------------------


def test_S14_segments_six_names_become_standard_events_in_words_and_as_slugs(events: Read) -> None:
    given = [
        "Checkout Started",
        "Order Completed",
        "Product Added",
        "Product List Viewed",
        "Product Viewed",
        "Products Searched",
    ]
    standard = ["InitiateCheckout", "Purchase", "AddToCart", "ViewContent", "ViewContent", "Search"]
    assert names("segment_ecommerce", events, SEGMENT, "event_text", given) == standard
    slugs = [each.lower().replace(" ", "_") for each in given]
    row = {name: value for name, value in SEGMENT.items() if name != "event_text"}
    assert names("segment_ecommerce", events, row, "event", slugs) == standard


def test_S17_other_events_go_out_under_their_own_names(events: Read) -> None:
    assert names("segment_ecommerce", events, SEGMENT, "event_text", ["Quiz Finished"]) == ["Quiz Finished"]


def test_S14_the_table_of_names_is_switched_off_or_changed_by_a_mapping_of_ones_own(events: Read) -> None:
    mapping = "mapping: {server_event: {event_name: {column: event_text, map: {Quiz Finished: Lead}}}}\n"
    rows = [SEGMENT | {"event_text": "Quiz Finished"}, SEGMENT]
    assert [one["event_name"] for one in events("segment_ecommerce", *rows, mapping=mapping)] == [
        "Lead",
        "Order Completed",
    ]


def test_S19_every_property_of_the_table_finds_its_parameter(events: Read) -> None:
    row = SEGMENT | {
        "context_ip": "203.0.113.7", "context_traits_phone": "+49 151 23456789", "context_traits_first_name": "Ann",
        "context_traits_last_name": "O'Brien", "context_traits_birthday": "1997-02-16",
        "context_traits_address_city": "São Paulo", "context_traits_address_state": "CA",
        "context_traits_address_postal_code": "94035", "context_traits_address_country": "us",
        "fbp": "fb.1.1554763741205.1234567890", "fbc": "fb.1.1554763741205.AbC", "status": "new",
        "products": '[{"product_id": "p1", "quantity": "2", "price": "9.90"}, {"product_id": "p2"}]', "order_id": "o-7",
    }  # fmt: skip
    (event,) = events("segment_ecommerce", row)
    assert (event["event_id"], event["event_time"], event["event_source_url"]) == (
        "msg-1",
        AT,
        "https://shop.example/thanks",
    )
    assert event["user_data"] == {
        "em": [digest("a@b.co")], "ph": [digest("4915123456789")], "fn": [digest("ann")], "ln": [digest("obrien")],
        "db": [digest("19970216")], "ct": [digest("sãopaulo")], "st": [digest("ca")], "zp": [digest("94035")],
        "country": [digest("us")], "external_id": [digest("u1")], "client_ip_address": "203.0.113.7",
        "client_user_agent": "Firefox", "fbp": "fb.1.1554763741205.1234567890", "fbc": "fb.1.1554763741205.AbC",
    }  # fmt: skip
    assert event["custom_data"] == {
        "value": 25.5, "currency": "EUR", "order_id": "o-7", "status": "new", "num_items": 2, "content_type": "product",
        "contents": [{"id": "p1", "quantity": 2, "item_price": 9.9}, {"id": "p2"}],
    }  # fmt: skip


def test_S06_without_a_user_id_the_anonymous_id_is_the_external_id(events: Read) -> None:
    rows = [SEGMENT | {"anonymous_id": "anon"}, SEGMENT | {"anonymous_id": "anon", "user_id": None}]
    found = [event["user_data"]["external_id"] for event in events("segment_ecommerce", *rows)]
    assert found == [[digest("u1")], [digest("anon")]]


def test_S10_action_source_is_website_unless_the_row_says_otherwise_in_either_case(events: Read) -> None:
    rows = [SEGMENT | {"action_source": each} for each in (None, "physical_store", "physicalStore", "phoneCall")]
    found = [event["action_source"] for event in events("segment_ecommerce", *rows)]
    assert found == ["website", "physical_store", "physical_store", "phone_call"]
    (event,) = events("segment_ecommerce", SEGMENT | {"actionSource": "email"})
    assert event["action_source"] == "email"


def test_S15_a_purchase_without_currency_is_in_dollars_and_is_counted(transformed: Transform) -> None:
    gap = SEGMENT | {"currency": None}
    rows = [SEGMENT, gap, gap | {"event_text": "Product Added", "revenue": None, "price": 3}]
    found = transformed("segment_ecommerce", *rows)
    sent = [json.loads(text)["custom_data"].get("currency") for text in found.events["json"]]
    assert sent == ["EUR", "USD", None]
    assert found.tally.filled_defaults["currency"] == 1
    unknown = {name: value for name, value in SEGMENT.items() if name != "currency"}
    without = transformed("segment_ecommerce", unknown, unknown | {"event_text": "Product Added"})
    sent = [json.loads(text)["custom_data"].get("currency") for text in without.events["json"]]
    assert sent == ["USD", None]
    assert without.tally.filled_defaults == Counter(currency=1)


def test_S15_the_default_currency_is_taken_out_by_naming_the_column(transformed: Transform) -> None:
    found = transformed(
        "segment_ecommerce", SEGMENT | {"currency": None}, mapping="mapping: {custom_data: {currency: currency}}\n"
    )
    assert found.rejects["reason"].to_list() == ["currency_missing"]


def test_S25_value_is_the_price_before_the_purchase_and_the_revenue_of_it(events: Read, transformed: Transform) -> None:
    rows = [
        SEGMENT | {"event_text": "Product Viewed", "revenue": None, "price": 3, "product_id": "p1"},
        SEGMENT | {"price": 3},
    ]
    viewed, bought = events("segment_ecommerce", *rows)
    assert (viewed["custom_data"]["value"], viewed["custom_data"]["content_ids"]) == (3, ["p1"])
    assert (bought["custom_data"]["value"], "content_ids" in bought["custom_data"]) == (25.5, False)
    without = transformed("segment_ecommerce", SEGMENT | {"revenue": None, "price": 3})
    assert without.rejects["reason"].to_list() == ["value_missing"]


def test_S21_the_query_of_a_search_is_its_search_string(events: Read) -> None:
    (event,) = events("segment_ecommerce", SEGMENT | {"event_text": "Products Searched", "query": "red shoes"})
    assert event["custom_data"]["search_string"] == "red shoes"


def test_S28_a_row_overrides_the_data_processing_options(events: Read) -> None:
    options = {
        "data_processing_options": '["LDU"]',
        "data_processing_options_country": 1,
        "data_processing_options_state": 1000,
    }
    (event,) = events("segment_ecommerce", SEGMENT | options)
    assert event["data_processing_options"] == ["LDU"]
    assert (event["data_processing_options_country"], event["data_processing_options_state"]) == (1, 1000)


# --- Customer.io ---------------------------------------------------------------------------------


def test_C06_its_actions_have_their_default_triggers(events: Read) -> None:
    given = ["Order Completed", "Checkout Started", "Product Added", "Product Viewed", "Products Searched", "Signed Up"]
    assert names("customer_io", events, SEGMENT, "event_text", given) == [
        "Purchase", "InitiateCheckout", "AddToCart", "ViewContent", "Search", "Signed Up",
    ]  # fmt: skip


def test_C06_a_table_of_page_calls_gives_page_views(events: Read) -> None:
    row = {name: value for name, value in SEGMENT.items() if not name.startswith("event")}
    (event,) = events("customer_io", row, mapping="mapping: {server_event: {event_name: {value: PageView}}}\n")
    assert event["event_name"] == "PageView"


# --- Commanders Act and GA4 ----------------------------------------------------------------------

NINETEEN = {
    "begin_checkout": "InitiateCheckout", "purchase": "Purchase", "add_to_cart": "AddToCart", "view_item": "ViewContent",
    "view_item_list": "ViewContent", "search": "Search", "add_payment_info": "AddPaymentInfo",
    "add_to_wishlist": "AddToWishlist", "generate_lead": "Lead", "page_view": "PageView",
    "sign_up": "CompleteRegistration", "contact": "Contact", "customize_product": "CustomizeProduct", "donate": "Donate",
    "find_location": "FindLocation", "schedule": "Schedule", "start_trial": "StartTrial",
    "submit_application": "SubmitApplication", "subscribe": "Subscribe",
}  # fmt: skip


@pytest.mark.parametrize("name", ["commanders_act", "ga4"])
def test_A13_nineteen_names_become_standard_events_and_others_stay(name: str, events: Read) -> None:
    row = COMMANDERS | {"email": "a@b.co"}
    assert names(name, events, row, "event_name", [*NINETEEN, "own_event"]) == [*NINETEEN.values(), "own_event"]


def test_A09_milliseconds_become_seconds(events: Read) -> None:
    (event,) = events("commanders_act", COMMANDERS)
    assert event["event_time"] == AT
    (event,) = events("ga4", COMMANDERS | {"email": "a@b.co", "event_timestamp": AT * 1_000_000})
    assert event["event_time"] == AT


def test_A10_fbp_and_fbc_come_out_of_the_cookies(events: Read) -> None:
    (event,) = events(
        "commanders_act", COMMANDERS | {"cookies": "x=1; _fbp=fb.1.1554763741205.12; _fbc=fb.1.1554763741205.Ab"}
    )
    assert (event["user_data"]["fbp"], event["user_data"]["fbc"]) == ("fb.1.1554763741205.12", "fb.1.1554763741205.Ab")


def test_A11_items_become_contents_and_prices_in_text_numbers(events: Read) -> None:
    items = '[{"id": "a", "quantity": 1, "price": "9.99", "name": "Shirt", "category_1": "Men"}, {"id": "b", "quantity": 2}]'
    (event,) = events("commanders_act", COMMANDERS | {"items": items})
    assert event["custom_data"]["contents"] == [
        {"id": "a", "quantity": 1, "item_price": 9.99},
        {"id": "b", "quantity": 2},
    ]
    assert event["custom_data"]["num_items"] == 2


def test_A11_a_price_that_lies_in_the_product_is_reached_by_its_path(events: Read) -> None:
    items = '[{"id": "a", "quantity": 1, "product": {"price": 9.99}}, {"id": "b", "quantity": 2, "product": null}]'
    contents = "{from: items, id: id, quantity: quantity, item_price: product.price}"
    mapping = f"mapping:\n  custom_data:\n    contents: {contents}\n"
    (event,) = events("commanders_act", COMMANDERS | {"items": items}, mapping=mapping)
    assert event["custom_data"]["contents"] == [
        {"id": "a", "quantity": 1, "item_price": 9.99},
        {"id": "b", "quantity": 2},
    ]


def test_A15_what_is_offline_took_place_in_a_store_unless_the_row_says_where(events: Read) -> None:
    rows = [
        COMMANDERS | kind
        for kind in (
            {"type": None},
            {"type": "offline"},
            {"type": "web"},
            {"type": "Offline"},
            {"type": "offline", "action_source": "email"},
        )
    ]
    found = [event["action_source"] for event in events("commanders_act", *rows)]
    assert found == ["website", "physical_store", "website", "physical_store", "email"]


def test_A17_the_nested_user_fills_the_customer_information(events: Read) -> None:
    user = {
        "id": "u1", "email": "A@b.co", "phone": "+33 6 12 34 56 78", "gender": "f", "birthdate": "1997-02-16",
        "lastname": "Ann", "firstname": "Mary Ann", "city": "Paris", "state": "CA", "zipcode": "75001", "country": "FR",
    }  # fmt: skip
    row = COMMANDERS | {"user": json.dumps(user), "ip": "203.0.113.7", "user_agent": "Firefox"}
    (event,) = events("commanders_act", row)
    assert event["user_data"] == {
        "em": [digest("a@b.co")], "ph": [digest("33612345678")], "ge": [digest("f")], "db": [digest("19970216")],
        "ln": [digest("ann")], "fn": [digest("maryann")], "ct": [digest("paris")], "st": [digest("ca")],
        "zp": [digest("75001")], "country": [digest("fr")], "external_id": [digest("u1")],
        "client_ip_address": "203.0.113.7", "client_user_agent": "Firefox",
    }  # fmt: skip


def test_A18_name_and_category_are_those_of_the_event_or_of_its_first_item(events: Read) -> None:
    items = '[{"id": "a", "name": "Shirt", "category_2": "Men"}, {"id": "b", "name": "Hat", "category_1": "Women"}]'
    rows = [COMMANDERS | {"items": items, "name": name, "category": None} for name in ("Sale", None)]
    found = [
        (event["custom_data"]["content_name"], event["custom_data"]["content_category"])
        for event in events("commanders_act", *rows)
    ]
    assert found == [("Sale", "Men"), ("Shirt", "Men")]


def test_A19_content_type_is_product_where_the_row_has_none(transformed: Transform) -> None:
    rows = [COMMANDERS | {"content_type": each} for each in (None, "product_group")]
    found = transformed("commanders_act", *rows)
    assert [json.loads(text)["custom_data"]["content_type"] for text in found.events["json"]] == [
        "product",
        "product_group",
    ]
    assert found.tally.filled_defaults == {"content_type": 1}


def test_A19_without_ids_no_content_type_is_filled_in(events: Read) -> None:
    (event,) = events("commanders_act", COMMANDERS)
    assert "content_type" not in event["custom_data"]
    mapping = "mapping: {custom_data: {content_ids: sku}}\n"
    (event,) = events("commanders_act", COMMANDERS | {"sku": "a"}, mapping=mapping)
    assert event["custom_data"]["content_type"] == "product"


def test_A20_the_status_is_sent(events: Read) -> None:
    (event,) = events("commanders_act", COMMANDERS | {"event_name": "sign_up", "status": "confirmed"})
    assert (event["event_name"], event["custom_data"]["status"]) == ("CompleteRegistration", "confirmed")


def test_A21_a_field_of_ones_own_overrides_a_property_of_the_user(events: Read) -> None:
    mapping = "mapping: {customer_info: {em: crm_email}}\n"
    (event,) = events("commanders_act", COMMANDERS | {"crm_email": "x@y.co"}, mapping=mapping)
    assert event["user_data"]["em"] == [digest("x@y.co")]


def test_A22_one_strong_key_and_three_others_are_needed_unless_the_user_takes_that_out(transformed: Transform) -> None:
    users = ['{"email": "a@b.co", "city": "Paris"}', '{"firstname": "Ann", "lastname": "Lee", "city": "Paris"}']
    rows = [COMMANDERS, *(COMMANDERS | {"user": user} for user in users)]
    found = transformed("commanders_act", *rows)
    assert found.rejects.select("row", "reason").rows() == [(1, "require_not_met"), (2, "require_not_met")]
    assert transformed("commanders_act", *rows, mapping="require: null\n").rejects.height == 0


def test_ga4_reads_the_structs_of_its_export(events: Read) -> None:
    row = {
        "event_name": "purchase", "event_timestamp": AT * 1_000_000, "user_pseudo_id": "12.34", "page_location": "https://shop.example/",
        "currency": "EUR", "ecommerce": {"purchase_revenue": 12.5, "transaction_id": "T1"},
        "items": [{"item_id": "a", "item_name": "Shirt", "item_category": "Men", "quantity": 2, "price": 6.25}],
    }  # fmt: skip
    (event,) = events("ga4", row)
    assert event["custom_data"] == {
        "value": 12.5, "currency": "EUR", "order_id": "T1", "content_name": "Shirt", "content_category": "Men",
        "content_type": "product", "num_items": 1, "contents": [{"id": "a", "quantity": 2, "item_price": 6.25}],
    }  # fmt: skip


# --- Bloomreach ----------------------------------------------------------------------------------

BLOOMREACH = {
    "event_type": "purchase", "timestamp": float(AT), "registered": "c1", "email": "a@b.co", "ip": "203.0.113.7", "user_agent": "Firefox",
    "total_price": 9, "currency": "EUR", "location": "https://shop.example/?fbclid=IwAR0123456789abcdef",
}  # fmt: skip


def test_E04_purchase_lead_add_to_cart_and_other_events(events: Read) -> None:
    given = ["purchase", "lead", "add_to_cart", "email_open"]
    assert names("bloomreach", events, BLOOMREACH, "event_type", given) == [
        "Purchase",
        "Lead",
        "AddToCart",
        "email_open",
    ]
    (event,) = events("bloomreach", BLOOMREACH)
    assert (event["custom_data"]["value"], event["custom_data"]["currency"]) == (9, "EUR")


def test_E07_address_agent_click_and_cookie_are_the_identifiers_with_what_is_there(events: Read) -> None:
    (event,) = events("bloomreach", BLOOMREACH | {"fbp": "fb.1.1554763741205.12"})
    assert event["user_data"] == {
        "em": [digest("a@b.co")], "external_id": [digest("c1")], "client_ip_address": "203.0.113.7", "client_user_agent": "Firefox",
        "fbp": "fb.1.1554763741205.12", "fbc": f"fb.1.{AT * 1000}.IwAR0123456789abcdef",
    }  # fmt: skip


# --- rules over a preset -------------------------------------------------------------------------


def test_rules_lie_over_a_preset_and_its_values_go_by_the_names_of_their_events(events: Read) -> None:
    rules = (
        "events:\n"
        "  - {id: seen, name: ViewContent, when: {stage: seen}}\n"
        "  - {id: bought, name: Purchase, when: {stage: bought}, mapping: {custom_data: {status: {value: done}}}}\n"
    )
    row = {**SEGMENT, "price": 5, "revenue": 12.5, "currency": None}
    seen, bought = events(
        "segment_ecommerce",
        {**row, "stage": "seen", "revenue": None},
        {**row, "stage": "bought"},
        mapping=rules,
    )
    assert (seen["event_name"], seen["custom_data"]["value"]) == ("ViewContent", 5)
    assert "currency" not in seen["custom_data"]
    assert (bought["event_name"], bought["custom_data"]["value"]) == ("Purchase", 12.5)
    assert (bought["custom_data"]["currency"], bought["custom_data"]["status"]) == ("USD", "done")
