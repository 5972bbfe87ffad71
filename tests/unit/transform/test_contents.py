import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from syncer.transform.contents import ODD, contents, read_contents
from syncer.transform.item_shape import item_shape

NAMES = {"id": "sku", "quantity": "n", "item_price": "price"}
PLAIN = '[{"sku":"A-1","n":2,"price":9.90},{"sku":"B 2","n":1,"price":0}]'


def parsed(values: pl.Series, names: Mapping[str, str] | None = None) -> list[Any]:
    return [None if text is None else json.loads(text) for text in contents(values, names).wire]


def test_json_text_and_structs_give_the_same_items() -> None:
    items = [{"sku": "A-1", "n": 2, "price": Decimal("9.90")}, {"sku": "B 2", "n": 1, "price": Decimal(0)}]
    expected = [{"id": "A-1", "quantity": 2, "item_price": 9.9}, {"id": "B 2", "quantity": 1, "item_price": 0}]
    assert parsed(pl.Series([items, None]), NAMES) == [expected, None]
    assert parsed(pl.Series([PLAIN, None]), NAMES) == [expected, None]


def test_a_path_reaches_into_an_item_of_json_text_and_of_structs() -> None:
    names = {"id": "product.sku", "quantity": "n", "item_price": "product.prices[-1]"}
    item = {"product": {"sku": "A-1", "prices": [7.5, 9.9]}, "n": 2}
    bare: dict[str, Any] = {"product": None, "n": 1}
    expected = [{"id": "A-1", "quantity": 2, "item_price": 9.9}]
    assert parsed(pl.Series([json.dumps([item, bare]), None]), names) == [expected, None]
    assert parsed(pl.Series([[item, bare], None]), names) == [expected, None]
    assert parsed(pl.Series([json.dumps(item)]), names) == [expected]


def test_a_name_with_a_dot_in_it_is_a_name_where_an_item_has_it() -> None:
    names = {"id": "id", "item_price": "product.price"}
    item = {"id": "A", "product.price": 5, "product": {"price": 7}}
    assert parsed(pl.Series([json.dumps([item])]), names) == [[{"id": "A", "item_price": 5}]]
    assert parsed(pl.Series([[item]]), names) == [[{"id": "A", "item_price": 5}]]


def test_a_name_in_brackets_is_one_in_columns_as_in_the_scalar_rule() -> None:
    names = {"id": '["product.id"]', "item_price": "[0]"}
    item = {"product.id": "A", "n": 1}
    expected = [{"id": "A"}]
    assert read_contents([item], names)[0] == expected
    assert parsed(pl.Series([json.dumps([item])]), names) == [expected]
    assert parsed(pl.Series([[item]]), names) == [expected]


def test_without_names_the_keys_are_metas_own() -> None:
    assert parsed(pl.Series(['[{"id": "A", "quantity": "2", "color": "red"}]'])) == [[{"id": "A", "quantity": 2}]]


def test_one_object_is_a_list_of_one() -> None:
    assert parsed(pl.Series(['{"id": "A", "quantity": 1}'])) == [[{"id": "A", "quantity": 1}]]


def test_an_item_without_id_is_left_out_and_one_without_quantity_is_counted() -> None:
    sent = contents(pl.Series(['[{"sku": "A"}, {"n": 1}, null]', '[{"sku": null}]']), NAMES)
    assert sent.wire.to_list() == ['[{"id":"A"}]', None]
    assert dict(sent.warnings) == {"content_without_id": 3, "content_without_quantity": 1}
    assert sent.dropped is not None
    assert sent.dropped.to_list() == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(":", ": ").replace(",", ", "),
        '[{"price":9.90,"sku":"A","n":1}]',
        '[{"sku":"A","n":1,"price":1e3},{"sku":"B","n":1,"price":-0.0}]',
        '[{"sku":12345678901234567890123,"n":2.0,"price":"7.5"}]',
        '[{"sku":" A ","n":"x","price":true}]',
        '[{"sku":"\\ud83d\\ude00 \\" \\\\","n":1,"price":0.1234567890123456789}]',
        '[{"sku":"A","n":{"a":1},"price":[1]}]',
        '[{"sku":"A","n":1,"price":NaN}]',
        '[{"sku":6.74e-64,"n":1,"price":1}]',
        '[{"sku":1e39,"n":1,"price":1}]',
        '[{"sku":"A","n":1',
        "[1, null]",
        "[{},{}]",
        "[]",
        "{}",
        "word",
        " ",
        "\u00a0[]",
    ],
)
def test_columns_read_items_as_the_scalar_rule_does(text: str) -> None:
    found, warnings = read_contents(text, NAMES)
    for given in ([text], [PLAIN, text, None], [text, PLAIN]):
        sent = contents(pl.Series(given, dtype=pl.String), NAMES)
        wire = sent.wire.to_list()[given.index(text)]
        exact = None if wire is None else json.loads(wire, parse_float=Decimal, parse_int=Decimal)
        assert exact == found
        if len(given) == 1:
            assert dict(sent.warnings) == warnings


@pytest.mark.parametrize("text", ["4f1e10a2-93e4-4e55", "1E39", "A-2e-64"])
def test_digits_with_an_e_between_within_a_text_are_read_in_columns(text: str) -> None:
    """As half of all UUIDs have them, which took ten times as long."""
    assert not pl.Series([json.dumps([{"sku": text, "n": 1}])]).str.contains(ODD).any()


def test_items_of_one_plain_shape_only_get_other_names() -> None:
    shape = item_shape(pl.Series([None, PLAIN]), NAMES)
    assert shape is not None
    assert shape.renamed == {'"sku":': '"id":', '"n":': '"quantity":', '"price":': '"item_price":'}


@pytest.mark.parametrize(
    "text",
    ['[{"sku":"A","n":1}]', '[{"sku":"A","n":1,"price":1,"x":1}]', "[]", "[1]", "{", '[{"sku":1,"n":1,"price":1}'],
)
def test_other_shapes_are_read_in_full(text: str) -> None:
    assert item_shape(pl.Series([text]), NAMES) is None


def test_swapped_names_are_swapped_at_once() -> None:
    names = {"id": "title", "quantity": "quantity", "title": "id"}
    text = '[{"id":"name","quantity":1,"title":"code"}]'
    assert parsed(pl.Series([text]), names) == [[{"title": "name", "quantity": 1, "id": "code"}]]


def test_a_slice_of_lists_gives_its_own_items() -> None:
    values = pl.Series(pa.array([[{"sku": "A"}], [{"sku": "B"}, {"sku": "C"}], None, [], [{"sku": "D"}]]))
    assert parsed(values.slice(1, 4), {"id": "sku"}) == [[{"id": "B"}, {"id": "C"}], None, None, [{"id": "D"}]]
