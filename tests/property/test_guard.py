"""The leak guard in columns finds what the readable rules find, however it is written (promise S16)."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncer.mapping import Column, Constant, Mapping
from syncer.pipeline import Pii, Pipeline, Settings
from tests.counts import count
from tests.property.test_transform import GUARDS, NOW, require_the_same
from tests.unit.spec.test_leaks import NEGATIVES, POSITIVES

PIECES = st.sampled_from([text for _, _, text in POSITIVES] + NEGATIVES)
SIGNS = st.sampled_from(
    ["", " ", "\n", "\t", "\u00a0", "é", "x", "_", "-", ".", "/", "+", "(", ")", "0", "4", "00", "@", "%40", "%2540", "%20", "%2B", "%3D", "%",
     "＠", "\u202f", "\u2011", "\u200b", "７", "٣", "％", "%EF%BC%A0", "%E2%80%AF", "%e2%2580%2591",
     "\\", '"', "\u2028", "\x1f", "&", "=", "?", "#", ";"]
)  # fmt: skip
TEXTS = st.lists(PIECES | SIGNS | st.text(max_size=3), min_size=1, max_size=5).map("".join)
URLS = st.lists(PIECES | SIGNS, max_size=6).map(lambda parts: f"https://shop.example/{''.join(parts)}")
THINGS = st.recursive(
    TEXTS | st.integers(0, 10**18) | st.sampled_from([4111111111111111, 3.5, True, None]),
    lambda child: st.lists(child, max_size=2) | st.dictionaries(TEXTS, child, max_size=2),
    max_leaves=4,
)
MOST = 24
"""Rows of one example: what a plan costs is paid once for all of them."""


@pytest.mark.faults
@pytest.mark.timeout(1_200)
@example(
    keys=[""] * MOST,
    rows=[("612 96 67 04b", "https://shop.example/", []), ("x9 612 96 67", "https://shop.example/", [])],
    pii=Pii(phone="block"),
    country="de",
)
@given(
    keys=st.lists(st.just("") | TEXTS, min_size=MOST, max_size=MOST),
    rows=st.lists(st.tuples(TEXTS, URLS, THINGS), min_size=8, max_size=MOST),
    pii=GUARDS,
    country=st.sampled_from([None, "us", "de", "es"]),
)
@settings(max_examples=count(200), deadline=None)
def test_S16_columns_guard_as_the_reference_does(
    keys: list[str], rows: list[tuple[str, str, Any]], pii: Pii, country: str | None
) -> None:
    count = len(rows)
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array([f"{number}{key}" for number, key in enumerate(keys[:count])], pa.string()),
            pa.array([text for text, _, _ in rows], pa.string()),
            pa.array([url for _, url, _ in rows], pa.string()),
            pa.array([json.dumps(thing, ensure_ascii=False) for _, _, thing in rows], pa.json_()),
        ],
        names=["key", "text", "url", "document"],
    )
    pipeline = Pipeline(
        name="orders", source="warehouse", query="SELECT 1", key=("key",), start="beginning", destinations=("meta",),
        mapping=Mapping(
            server_event={
                "event_name": Constant(value="Lead"), "event_time": Constant(value=NOW - 60),
                "event_source_url": Column(column="url"), "referrer_url": Column(column="text"),
            },
            customer_info={"em": Constant(value="someone@example.com")},
            custom_data={"order_id": Column(column="text"), "content_name": Column(column="text")},
            user_defined={"tier": Column(column="text"), "page": Column(column="url"), "thing": Column(column="document")},
        ),
        settings=Settings(action_source="other", default_country=country), pii=pii, file=Path("orders.yaml"), fingerprint="0",
    )  # fmt: skip
    require_the_same(pipeline, batch, None)
