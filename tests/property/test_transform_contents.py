"""Items of `contents` in columns are those of the scalar rule, however their JSON is written."""

import json
from collections import Counter
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.transform.contents import contents, read_contents

NAMES = {"id": "sku", "quantity": "n", "item_price": "price", "title": "t"}
PATHS = {"id": "sku", "quantity": "more.n", "item_price": "more.p[0]", "title": "t"}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 9)
    | st.floats()
    | st.decimals(0, 99, places=2).map(float)
    | st.text(max_size=6)
    | st.sampled_from(["A", " x ", "9.90", "1e5", "-0", "null", "\u2028", '"'])
)
MORE = SCALARS | st.fixed_dictionaries({}, optional={"n": SCALARS, "p": SCALARS | st.lists(SCALARS, max_size=2)})
ITEMS = st.fixed_dictionaries({}, optional={**dict.fromkeys((*NAMES.values(), "other"), SCALARS), "more": MORE})
ODD = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sku", "n"]), inner, max_size=2),
    max_leaves=6,
)
DOCUMENTS = st.lists(ITEMS, max_size=3) | st.lists(ITEMS | ODD, max_size=3) | ITEMS | ODD
DEEP = st.sampled_from([198, 199, 600]).map(
    lambda levels: '[{"sku":"A","n":1,"other":' + "[" * levels + "]" * levels + "}]"
)
TEXTS = (
    st.builds(
        lambda document, escaped, separators: json.dumps(document, ensure_ascii=escaped, separators=separators),
        DOCUMENTS,
        st.booleans(),
        st.sampled_from([(",", ":"), (", ", ": ")]),
    )
    | st.text(max_size=8)
    | st.just('[{"sku":"A","n":1,"price":9.90,"t":"x"}]')
    | DEEP
)


@given(rows=st.lists(st.none() | TEXTS, min_size=1, max_size=6), names=st.sampled_from([NAMES, NAMES, PATHS]))
@settings(max_examples=300, deadline=None)
def test_columns_read_items_as_the_scalar_rule_does(rows: list[str | None], names: dict[str, str]) -> None:
    sent = contents(pl.Series(rows, dtype=pl.String), names)
    read = [read_contents(text, names) for text in rows]
    exact = [
        None if text is None else json.loads(text, parse_float=Decimal, parse_int=Decimal)
        for text in sent.wire.to_list()
    ]
    assert exact == [items for items, _ in read]
    assert dict(sent.warnings) == sum((warnings for _, warnings in read), Counter())
