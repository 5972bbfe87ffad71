"""Whatever stands in a consent column: columns let through what a reading of ten lines lets through, and no more."""

import json
from datetime import UTC
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.pipeline import Consent
from syncer.transform.condition import Condition
from syncer.transform.consent import ANSWERS, Gate
from syncer.transform.lookup import Row
from syncer.transform.rows import read_rows
from tests.counts import count

NAMES = st.sampled_from(["1", "3", "13", "ads", " 3", "ADS", "3 ", ""])
WORDS = st.sampled_from(["yes", "No", " true ", "0", "1", "maybe", "granted", "", " ", "[", '["3"', "N/A", "{}"])
TEXT = (
    WORDS
    | st.text(max_size=3)
    | st.lists(NAMES, max_size=4).map(",".join)
    | st.lists(NAMES | st.integers(0, 13), max_size=4).map(json.dumps)
)
CELLS: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "text": (pa.string(), TEXT),
    "flag": (pa.bool_(), st.booleans()),
    "number": (pa.int64(), st.integers(-1, 13)),
    "ratio": (pa.float64(), st.sampled_from([0.0, 1.0, 3.0, 0.5, float("nan")])),
    "names": (pa.list_(pa.string()), st.lists(st.none() | NAMES, max_size=3)),
    "numbers": (pa.list_(pa.int32()), st.lists(st.integers(0, 13), max_size=3)),
    "deep": (pa.list_(pa.list_(pa.string())), st.lists(st.lists(NAMES, max_size=2), max_size=2)),
    "object": (pa.struct({"ads": pa.string(), "3": pa.bool_()}), st.fixed_dictionaries({"ads": WORDS, "3": st.none()})),
    "document": (pa.json_(), st.sampled_from(["true", '["3"]', '"ads,3"', '{"ads":"yes"}', "null", "[", '""', "3"])),
}


def reading(cell: str | None, category: str | None) -> str:
    """Return what text says of consent, read one cell at a time."""
    if cell is None or not cell.strip():
        return "missing"
    if category is None:
        word = cell.strip().lower()
        yes, no = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")
        return "granted" if word in yes else "denied" if word in no else "unknown"
    try:
        items = json.loads(cell) if cell.strip()[0] in "[{" else cell.split(",")
    except ValueError:
        return "unknown"
    return "granted" if category in [str(item).strip() for item in items] else "denied"


VISIBLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=4)


@pytest.mark.faults
@settings(max_examples=count(2_000), deadline=None)
@given(
    cells=st.lists(st.none() | VISIBLE | TEXT.filter(str.isprintable), max_size=6),
    category=st.sampled_from([None, "3", "ads"]),
)
def test_S17_columns_of_text_say_what_a_reading_of_each_cell_says(
    cells: list[str | None], category: str | None
) -> None:
    rows = read_rows(pa.RecordBatch.from_pydict({"ok": pa.array(cells, pa.string())}), ["ok"])
    gate = Gate.of(Consent(column="ok", category=category), "ok", None, UTC)
    assert [ANSWERS[number].value for number in gate.judge(rows)] == [reading(cell, category) for cell in cells]


@pytest.mark.faults
@settings(max_examples=count(1_000), deadline=None)
@given(
    rows=st.lists(st.fixed_dictionaries({name: st.none() | each for name, (_, each) in CELLS.items()}), max_size=4),
    column=st.sampled_from(list(CELLS)),
    category=st.sampled_from([None, "3", "ads", " ads "]),
    granted=st.sampled_from([(), ("granted", 3), ("no",)]),
    applies_to=st.none()
    | st.dictionaries(
        st.sampled_from(list(CELLS)),
        WORDS | st.booleans() | st.sampled_from([{"not": "NO"}, {"lt": "Y"}, {"gte": 1}, {"is_null": False}]),
        min_size=1,
        max_size=2,
    ),
    tiles=st.sampled_from([1, 100]),
)
def test_S17_columns_of_any_type_say_what_each_row_says(
    rows: list[dict[str, Any]], column: str, category: str | None, granted: tuple[Any, ...], applies_to: Any, tiles: int
) -> None:
    schema = pa.schema({name: kind for name, (kind, _) in CELLS.items()})
    arrays = [pa.array([row[name] for row in rows] * tiles, kind) for name, (kind, _) in CELLS.items()]
    read = read_rows(pa.RecordBatch.from_arrays(arrays, schema=schema), schema.names)
    condition = None if applies_to is None else Condition.of(applies_to)
    gate = Gate.of(Consent(column=column, category=category, granted=granted), column, condition, UTC)
    nulls = [{**row, "document": None if row["document"] == "null" else row["document"]} for row in rows]
    expected = [gate.judge_row(Row(values=row, json_columns=frozenset({"document"}))) for row in nulls]
    assert [ANSWERS[number] for number in gate.judge(read)] == expected * tiles
