import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from syncer.mapping import AllOf, Column, Constant, Entry, FirstOf

NOW = 1_795_700_000
Make = Callable[..., Any]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def own(pipeline: Make, events: Make) -> Callable[..., list[Any]]:
    """Return the property that an entry gives for each row."""

    def values(entry: Entry, rows: list[dict[str, Any]]) -> list[Any]:
        found = events(pipeline(own={"it": entry}), rows)
        return [event.get("custom_data", {}).get("it") for event in found]

    return values


def test_a_column_keeps_its_type(own: Make) -> None:
    for value in ("x", 5, 2.5, True, ["a", "b"], {"a": 1, "b": ["x"]}):
        assert own(Column(column="it"), [{"it": value}]) == [value]


def test_decimals_keep_every_digit(pipeline: Make, run: Make) -> None:
    made = pipeline(own={"it": Column(column="it")})
    text = run(made, [{"it": Decimal("827.3100000000000012")}]).events["json"].item()
    assert '"it":827.3100000000000012}' in text


def test_a_float_of_32_bits_is_sent_as_it_is_written(pipeline: Make, events: Make) -> None:
    prices = pa.array([19.99, 0.1], pa.float32())
    made = pipeline(custom={"value": Column(column="price")}, own={"it": Column(column="price")})
    columns = {"id": [1, 2], "at": [NOW - 60] * 2, "price": prices}
    found = events(made, pa.RecordBatch.from_pydict(columns))
    assert [event["custom_data"] for event in found] == [{"value": 19.99, "it": 19.99}, {"value": 0.1, "it": 0.1}]


@pytest.mark.parametrize("digits", [30, 31, 37, 38])
@pytest.mark.parametrize(
    "kind", [pa.decimal128(38, 0), pa.json_() if hasattr(pa, "json_") else pa.string(), pa.string()]
)
def test_an_id_has_as_many_digits_as_the_number(pipeline: Make, events: Make, kind: pa.DataType, digits: int) -> None:
    number = "123456789" * 5
    ids = [number[:digits], "-" + number[:digits]]
    made = pipeline(
        server={"event_id": Column(column="order")},
        custom={"order_id": Column(column="order"), "content_ids": Column(column="order")},
    )
    values = pa.array(list(map(Decimal, ids)), kind) if pa.types.is_decimal(kind) else pa.array(ids, kind)
    found = events(made, pa.RecordBatch.from_pydict({"id": [1, 2], "at": [NOW - 60] * 2, "order": values}))
    assert [event["event_id"] for event in found] == ids
    assert [event["custom_data"] for event in found] == [{"order_id": each, "content_ids": [each]} for each in ids]


OF_JSON = ['{"a": 1}', "[1, 2]", '"abc"', "12", '[{"a": 1}, "b"]']


@pytest.mark.parametrize("from_path", [False, True])
def test_objects_and_lists_of_json_are_no_text(pipeline: Make, run: Make, *, from_path: bool) -> None:
    column = Column(column="it", path="x") if from_path else Column(column="it")
    kind = pa.json_() if hasattr(pa, "json_") and not from_path else pa.string()
    given = [f'{{"x": {text}}}' for text in OF_JSON] if from_path else OF_JSON
    made = pipeline(
        server={"event_id": column},
        custom={"order_id": column, "content_ids": column, "value": column},
    )
    columns = {"id": [1, 2, 3, 4, 5], "at": [NOW - 60] * 5, "it": pa.array(given, pa.string()).cast(kind)}

    found = run(made, pa.RecordBatch.from_pydict(columns))

    sent = [json.loads(text) for text in found.events["json"]]
    derived = [event["event_id"] for event in sent]
    assert derived[2:4] == ["abc", "12"]
    assert all(len(each) == 32 for each in (*derived[:2], derived[4]))
    assert [event.get("custom_data") for event in sent] == [
        None,
        {"content_ids": ["1", "2"]},
        {"order_id": "abc", "content_ids": ["abc"]},
        {"value": 12, "order_id": "12", "content_ids": ["12"]},
        {"content_ids": ["b"]},
    ]
    assert found.tally.dropped_fields == {"event_id": 3, "order_id": 3, "content_ids": 1, "value": 4}


LISTS = [
    pa.array([["a", "b"], [], ["", None, "c"], None]),
    pa.array([[1, 2], [], [None, 3], None]),
    pa.array(['["a", "b"]', "[]", '["", null, {"x": 1}, ["y"], "c"]', None]).cast(pa.json_())
    if hasattr(pa, "json_")
    else pa.array([["a", "b"], [], ["", None, "c"], None]),
]


@pytest.mark.parametrize("lists", LISTS, ids=lambda array: str(array.type))
def test_a_template_stands_around_each_member_of_a_list(pipeline: Make, events: Make, lists: pa.Array) -> None:
    entry = Column(column="it", template="sku_{}")
    made = pipeline(
        customer={"external_id": replace(entry, hash=False), "em": Constant(value="a@b.co")},
        custom={"content_ids": entry, "order_id": entry},
    )
    columns = {"id": [1, 2, 3, 4], "at": [NOW - 60] * 4, "it": lists}
    found = events(made, pa.RecordBatch.from_pydict(columns))
    numbers = pa.types.is_list(lists.type) and pa.types.is_integer(lists.type.value_type)
    both, last = (["sku_1", "sku_2"], "sku_3") if numbers else (["sku_a", "sku_b"], "sku_c")
    assert [event.get("custom_data") for event in found] == [
        {"content_ids": both},
        {"content_ids": []},
        {"content_ids": [last]},
        None,
    ]
    assert [event["user_data"].get("external_id") for event in found] == [both, None, [last], None]


def test_a_template_around_an_object_gives_nothing(pipeline: Make, run: Make) -> None:
    made = pipeline(custom={"order_id": Column(column="it", template="o_{}")})
    found = run(made, [{"it": {"a": 1}}, {"it": None}])
    assert ["custom_data" in json.loads(text) for text in found.events["json"]] == [False, False]
    assert found.tally.dropped_fields == {"order_id": 1}


def test_what_json_has_no_word_for_is_dropped_and_counted(pipeline: Make, run: Make) -> None:
    found = run(pipeline(own={"it": Column(column="it")}), [{"it": float("inf")}, {"it": float("nan")}, {"it": 0.5}])
    assert ['"it"' in text for text in found.events["json"]] == [False, False, True]
    assert found.tally.dropped_fields == {"it": 1}


def test_times_become_iso_text(own: Make) -> None:
    rows = [{"it": datetime(2026, 11, 20, 10, tzinfo=UTC)}, {"it": datetime(2026, 11, 20, 10, 0, 0, 5, tzinfo=UTC)}]
    assert own(Column(column="it"), rows) == ["2026-11-20T10:00:00+00:00", "2026-11-20T10:00:00.000005+00:00"]


@pytest.mark.parametrize("value", ["x", 5, 2.5, True, ["a"], {"a": None, "b": 1}])
def test_a_constant_is_in_every_event(own: Make, value: Any) -> None:
    expected = {"b": 1} if isinstance(value, dict) else value
    assert own(Constant(value=value), [{}, {}]) == [expected, expected]


def test_a_cookie_is_taken_out_of_its_header(own: Make) -> None:
    rows = [{"header": '_ga=1; _fbp="fb.1.2.3"; x'}, {"header": "a_fbp=1"}, {"header": None}]
    assert own(Column(column="header", cookie="_fbp"), rows) == ["fb.1.2.3", None, None]


def test_a_parameter_is_taken_out_of_a_url_and_decoded_once(own: Make) -> None:
    rows = [{"url": "https://a.b/?x=1&q=%2525+%C3%A9#q=no"}, {"url": "https://a.b/q=1"}, {"url": "https://a.b/#?q=1"}]
    assert own(Column(column="url", query_parameter="q"), rows) == ["%25+é", None, None]


@pytest.mark.parametrize(
    ("path", "value"),
    [("a.b[0]", 1.5), ("a.b[1]", "x"), ("a.b[-1]", None), ("a.b[9]", None), ("a", {"b": [1.5, "x"]}), ("z.y", None)],
)
def test_a_path_steps_into_json_text_and_structs_alike(own: Make, path: str, value: Any) -> None:
    assert own(Column(column="it", path=path), [{"it": '{"a": {"b": [1.5, "x", null]}}'}]) == [value]


def test_a_path_steps_into_structs_and_lists(own: Make) -> None:
    rows = [{"it": {"a": [{"b": 1}, {"b": 2}]}}, {"it": {"a": []}}, {"it": None}]
    assert own(Column(column="it", path="a[1].b"), rows) == [2, None, None]


def test_a_path_counts_the_elements_of_a_list(own: Make) -> None:
    rows = [{"it": [{"b": 1}, {"b": 2}]}, {"it": []}, {"it": None}]
    assert own(Column(column="it", path="#"), rows) == [2, 0, None]
    texts = [{"it": '{"a": [1, 2, 3], "#": 7}'}, {"it": '{"a": 1}'}]
    assert own(Column(column="it", path="a.#"), texts) == [3, None]
    assert own(Column(column="it", path="#"), texts) == [7, None]


def test_only_the_named_events_have_the_value_and_its_default(pipeline: Make, run: Make) -> None:
    value = FirstOf(
        first_of=(
            Column(column="revenue", only_for=("Purchase",)),
            Column(column="price", default=1, only_for=("AddToCart",)),
        )
    )
    made = pipeline(
        server={"event_name": Column(column="name")}, custom={"currency": Constant(value="EUR"), "value": value}
    )
    rows = [
        {"name": "Purchase", "revenue": 0, "price": 7},
        {"name": "AddToCart", "revenue": 5, "price": 7},
        {"name": "AddToCart", "revenue": 5, "price": None},
        {"name": "Search", "revenue": 5, "price": 7},
    ]
    found = run(made, rows)
    sent = [json.loads(text)["custom_data"].get("value") for text in found.events["json"]]
    assert sent == [0, 7, 1, None]
    assert found.tally.filled_defaults == {"value": 1}


def test_broken_json_costs_its_field_only(pipeline: Make, run: Make) -> None:
    made = pipeline(own={"it": Column(column="it", path="a")})
    found = run(made, [{"it": '{"a": 1}'}, {"it": '{"a": '}, {"it": " "}])
    assert found.events.height == 3
    assert found.tally.dropped_fields == {"it": 1}


def test_huge_numbers_and_halves_of_surrogate_pairs_survive_json(own: Make) -> None:
    rows = [{"it": '{"a": 12345678901234567890123}'}, {"it": '{"a": "\\ud83dx"}'}, {"it": '{"a": "\\ud83d\\ude00"}'}]
    assert own(Column(column="it", path="a"), rows) == [12345678901234567890123, "\ufffdx", "😀"]


def test_a_template_stands_around_what_is_there(own: Make) -> None:
    entry = Column(column="it", template="order_{}-{}")
    assert own(entry, [{"it": 7}, {"it": None}]) == ["order_7-7", None]
    assert own(entry, [{"it": "a"}, {"it": " "}]) == ["order_a-a", None]


def test_a_map_compares_text_and_keeps_the_rest(own: Make) -> None:
    entry = Column(column="it", map={"1": "one", "true": "yes", "2.5": 7})
    assert own(entry, [{"it": 1}, {"it": 2}]) == ["one", 2]
    assert own(entry, [{"it": True}, {"it": False}]) == ["yes", False]
    assert own(entry, [{"it": Decimal("2.50")}]) == [7]


def test_what_a_map_does_not_name_is_dropped_or_refused(pipeline: Make, run: Make) -> None:
    rows = [{"it": "a"}, {"it": "b"}, {"it": " "}, {"it": None}]
    dropped = run(pipeline(own={"it": Column(column="it", map={"a": "A"}, otherwise="drop")}), rows)
    assert dropped.events.height == 4
    refused = run(pipeline(own={"it": Column(column="it", map={"a": "A"}, otherwise="reject")}), rows)
    assert refused.rejects.select("row", "reason", "field").rows() == [(1, "mapping_rejected", "it")]


def test_two_parameters_of_one_name_refuse_each_for_itself(pipeline: Make, run: Make) -> None:
    def strict(column: str) -> Column:
        return Column(column=column, map={"de": "de"}, otherwise="reject")

    made = pipeline(customer={"country": strict("a"), "em": Constant(value="a@b.co")}, custom={"country": strict("b")})
    found = run(made, [{"a": "fr", "b": "de"}, {"a": "de", "b": "fr"}, {"a": "de", "b": "de"}])
    assert found.rejects.select("row", "field").rows() == [(0, "country"), (1, "country")]


def test_a_default_fills_gaps_and_is_counted(pipeline: Make, run: Make) -> None:
    entry = Column(column="it", map={"x": None}, default=0)
    found = run(pipeline(own={"it": entry}), [{"it": "a"}, {"it": None}, {"it": "  "}, {"it": "x"}])
    assert [text.partition('"it":')[2].rstrip("}") for text in found.events["json"]] == ['"a"', "0", "0", "0"]
    assert found.tally.filled_defaults == {"it": 3}


def test_no_default_is_silent(pipeline: Make, run: Make) -> None:
    made = pipeline(custom={"value": Constant(value=1)}, own={"it": Column(column="it")})
    assert run(made, [{"it": "a"}]).tally.filled_defaults == {}


def test_first_of_takes_the_first_that_is_not_blank(own: Make) -> None:
    entry = FirstOf(first_of=(Column(column="a"), Column(column="b"), Constant(value="c")))
    rows = [{"a": "x", "b": 1}, {"a": " ", "b": 2}, {"a": None, "b": None}]
    assert own(entry, rows) == ["x", 2, "c"]


def test_first_of_reads_each_entry_in_its_own_way(pipeline: Make, events: Make) -> None:
    entry = FirstOf(first_of=(Column(column="a", format="%d/%m/%Y"), Column(column="b")), format="%m/%d/%Y")
    found = events(
        pipeline(customer={"db": entry, "fbp": Constant(value="fb.1.1554763741205.1")}),
        [{"a": "02/03/1990", "b": None}, {"a": None, "b": "02/03/1990"}],
    )
    assert [event["user_data"]["db"] for event in found] == [[sha256("19900302")], [sha256("19900203")]]


def test_a_list_gives_several_values_each_once(pipeline: Make, events: Make) -> None:
    entry = AllOf(entries=(Column(column="a"), Column(column="b")))
    rows = [{"a": "A@b.co", "b": "c@d.co"}, {"a": "a@b.co", "b": " a@B.co"}, {"a": None, "b": "c@d.co"}]
    found = events(pipeline(customer={"em": entry}), rows)
    one, two = sha256("a@b.co"), sha256("c@d.co")
    assert [event["user_data"]["em"] for event in found] == [[one, two], [one], [two]]


def test_a_column_of_lists_gives_several_values(pipeline: Make, events: Make) -> None:
    entry = AllOf(entries=(Column(column="a"), Column(column="b")))
    rows = [{"a": ["A@b.co", None, "c@d.co", "a@b.co"], "b": "e@f.co"}, {"a": None, "b": "e@f.co"}]
    found = events(pipeline(customer={"em": entry}), rows)
    one, two, three = sha256("a@b.co"), sha256("c@d.co"), sha256("e@f.co")
    assert [event["user_data"]["em"] for event in found] == [[one, two, three], [three]]


def test_content_ids_come_from_lists_json_and_single_columns(pipeline: Make, events: Make) -> None:
    entry = AllOf(entries=(Column(column="a"), Column(column="b")))
    rows = [{"a": '["A", 1]', "b": "B"}, {"a": "X", "b": None}]
    found = events(pipeline(custom={"content_ids": entry}), rows)
    assert [event["custom_data"]["content_ids"] for event in found] == [["A", "1", "B"], ["X"]]


def test_a_click_id_becomes_an_fbc_with_the_time_of_the_click(pipeline: Make, events: Make) -> None:
    click = Column(column="url", query_parameter="fbclid", clicked_at="clicked")
    entry = FirstOf(first_of=(Column(column="header", cookie="_fbc"), click))
    url, click_id = "https://a.b/?fbclid=IwAR0123456789abcdef", "IwAR0123456789abcdef"
    rows = [
        {"header": "_fbc=fb.1.1554763741205.AbC", "url": url, "clicked": 1_795_600_000_123},
        {"header": None, "url": url, "clicked": 1_795_600_000_123},
        {"header": None, "url": url, "clicked": None},
    ]
    found = events(pipeline(customer={"fbc": entry}), rows)
    assert [event["user_data"]["fbc"] for event in found] == [
        "fb.1.1554763741205.AbC",
        f"fb.1.1795600000123.{click_id}",
        f"fb.1.{(NOW - 60) * 1000}.{click_id}",
    ]


def test_a_column_that_holds_the_click_id_has_a_time_as_well(pipeline: Make, events: Make) -> None:
    entry = Column(column="fbclid", clicked_at="clicked")
    rows = [{"fbclid": "AbC", "clicked": 1_795_600_000_123}, {"fbclid": "AbC", "clicked": 0}]
    found = events(pipeline(customer={"em": Constant(value="a@b.co"), "fbc": entry}), rows)
    assert [event["user_data"]["fbc"] for event in found] == ["fb.1.1795600000123.AbC", f"fb.1.{(NOW - 60) * 1000}.AbC"]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("us", "UTC")])
def test_clicks_at_both_ends_of_the_calendar_end_no_run(
    pipeline: Make, events: Make, kind: pa.DataType, zone: str
) -> None:
    ends = pa.array([datetime.min, datetime.max], pa.timestamp("us")).cast(kind)  # noqa: DTZ901
    url = ["https://a.b/?fbclid=short", "https://a.b/?fbclid=short"]
    entry = Column(column="url", query_parameter="fbclid", clicked_at="clicked")
    made = pipeline(customer={"em": Constant(value="a@b.co"), "fbc": entry}, timezone=zone)
    columns = {"id": [1, 2], "at": [NOW - 60] * 2, "url": url, "clicked": ends}
    found = events(made, pa.RecordBatch.from_pydict(columns))
    assert found[0]["user_data"]["fbc"] == f"fb.1.{(NOW - 60) * 1000}.short"
    assert found[1]["user_data"]["fbc"].startswith("fb.1.253402")


def test_a_click_id_that_cannot_be_one_is_dropped(pipeline: Make, run: Make) -> None:
    made = pipeline(customer={"em": Constant(value="a@b.co"), "fbc": Column(column="url", query_parameter="fbclid")})
    found = run(made, [{"url": "https://a.b/?fbclid=a%20b"}])
    assert "fbc" not in found.events["json"].item()
    assert found.tally.dropped_fields == {"fbc": 1}


def test_phones_and_states_are_read_by_the_country_of_the_row(pipeline: Make, events: Make) -> None:
    mapped = pipeline(customer={"ph": Column(column="phone"), "country": Column(column="land")})
    named = pipeline(customer={"ph": Column(column="phone", country_column="land")})
    rows = [{"phone": "06 12 34 56 78", "land": "France"}]
    assert [events(made, rows)[0]["user_data"]["ph"] for made in (mapped, named)] == [[sha256("33612345678")]] * 2


def test_objects_are_built_from_dotted_names(pipeline: Make, events: Make) -> None:
    made = pipeline(
        server={
            "app_data.extinfo.version": Constant(value="i2"),
            "app_data.extinfo.os_version": Column(column="os"),
            "app_data.extinfo.screen_width": Constant(value=1920),
            "app_data.advertiser_tracking_enabled": Constant(value=True),
            "original_event_data.event_name": Constant(value="Purchase"),
            "attribution_data.attribution_share": Column(column="share"),
        },
        custom={"mileage.value": Constant(value=5), "mileage.unit": Constant(value="KM")},
    )
    first, second = events(made, [{"os": "17.1", "share": 0.5}, {"os": None, "share": 2.0}])
    assert first["app_data"] == {
        "advertiser_tracking_enabled": 1,
        "extinfo": ["i2", "", "", "", "17.1", "", "", "", "", "1920", *[""] * 6],
    }
    assert first["original_event_data"] == {"event_name": "Purchase"}
    assert first["attribution_data"] == {"attribution_share": 0.5}
    assert first["custom_data"] == {"mileage": {"value": 5, "unit": "KM"}}
    assert second["app_data"]["extinfo"][4] == ""
    assert "attribution_data" not in second


def test_an_empty_list_of_options_is_sent(pipeline: Make, events: Make) -> None:
    made = pipeline(server={"data_processing_options": Column(column="options")})
    found = events(made, [{"options": "[]"}, {"options": None}])
    assert found[0]["data_processing_options"] == []
    assert "data_processing_options" not in found[1]


@pytest.mark.parametrize(
    "text", ['quote " back \\ slash', "tab\tnew\nline\r\x00\x1f\x7f", "\u2028\u2029", "😀 é 정", "</script>", "\\u0041"]
)
def test_text_comes_back_as_it_went_in(own: Make, text: str) -> None:
    assert own(Column(column="it"), [{"it": f"a{text}z"}, {"it": "plain"}]) == [f"a{text}z", "plain"]


def test_names_of_properties_are_escaped(pipeline: Make, events: Make) -> None:
    assert events(pipeline(own={'a "b"\n': Constant(value=1)}), [{}])[0]["custom_data"] == {'a "b"\n': 1}
