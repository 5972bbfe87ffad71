"""Conditions in columns are met, missed and unknown exactly where they are in rows."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.transform.condition import Condition
from syncer.transform.lookup import Row
from syncer.transform.rows import read_rows
from tests.counts import count

ZONE = ZoneInfo("Europe/Paris")
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001
WORDS = st.sampled_from(
    ["paid", "Paid", "", " ", "true", "no", "1", "1.50", "-3", "1e3", "maybe", "2026-11-01", "é", "10:00"]
)
NUMBERS = st.sampled_from([0, 1, 2, -3, 1.5, 0.1, 1e30, 10**15, 10**15 + 1, 2**53 + 1])
COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), WORDS),
    "flag": (pa.bool_(), st.booleans()),
    "count": (pa.int64(), st.integers(-3, 3) | st.sampled_from([10**15, 10**15 + 1, 2**53 + 1])),
    "large": (pa.uint64(), st.integers(0, 3) | st.just(2**64 - 1)),
    "ratio": (pa.float64(), st.sampled_from([0.1, 1.5, 1e30, float("nan"), float("inf"), 0.0, -0.0, 2.0**53])),
    "single": (pa.float32(), st.sampled_from([0.5, 1.5, float("nan")])),
    "total": (pa.decimal128(20, 2), st.decimals(-3, 3, places=2)),
    "fine": (pa.decimal128(38, 30), st.decimals(-3, 3, places=3)),
    "day": (pa.date32(), st.dates(datetime(2026, 10, 30).date(), datetime(2026, 11, 2).date())),  # noqa: DTZ001
    "at": (pa.timestamp("us", "UTC"), MOMENTS.map(lambda at: at.replace(tzinfo=UTC))),
    "clock": (pa.timestamp("us"), MOMENTS),
    "hour": (pa.time64("us"), st.times()),
    "json": (pa.json_(), st.sampled_from(['"paid"', "1", "true", "[1]", "{", '"1.5"', "null"])),
    "words": (pa.list_(pa.string()), st.lists(WORDS, max_size=2)),
}
WRITTEN = WORDS | NUMBERS | st.booleans() | MOMENTS.map(str)
CLAUSES = (
    WRITTEN
    | st.lists(WRITTEN, min_size=1, max_size=3)
    | st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte", "not"]), WRITTEN, min_size=1, max_size=2)
    | st.builds(lambda values: {"not": values}, st.lists(WRITTEN, min_size=1, max_size=3))
    | st.booleans().map(lambda wanted: {"is_null": wanted})
)


@pytest.mark.faults
@settings(max_examples=count(1_000), deadline=None)
@given(
    rows=st.lists(st.fixed_dictionaries({name: st.none() | each for name, (_, each) in COLUMNS.items()}), max_size=5),
    when=st.dictionaries(st.sampled_from(list(COLUMNS)), CLAUSES, min_size=1, max_size=3),
    tiles=st.sampled_from([1, 100]),
)
def test_a_condition_in_columns_says_what_it_says_of_each_row(
    rows: list[dict[str, Any]], when: dict[str, Any], tiles: int
) -> None:
    schema = pa.schema({name: dtype for name, (dtype, _) in COLUMNS.items()})
    arrays = [
        pa.array([row[name] for row in rows] * tiles, field.type)
        for name, field in zip(schema.names, schema, strict=True)
    ]
    read = read_rows(pa.RecordBatch.from_arrays(arrays, schema=schema), schema.names)
    condition = Condition.of(when)
    found = condition.judge(read, ZONE)
    nulls = [{**row, "json": None if row["json"] == "null" else row["json"]} for row in rows]
    expected = [condition.judge_row(Row(values=row, json_columns=frozenset({"json"})), ZONE) for row in nulls]
    assert found.met.to_list() == [each.met for each in expected] * tiles
    odd = [False] * len(expected) * tiles if found.odd is None else found.odd.to_list()
    assert odd == [each.odd for each in expected] * tiles
