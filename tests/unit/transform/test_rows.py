"""What warehouses call a value, and what is made of it."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from syncer.transform.rows import read_column, read_rows

INFINITE_US = 2**63 - 1
BROKEN_UTF_8 = pa.Array.from_buffers(
    pa.string(), 3, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0\4\0\0\0"), pa.py_buffer(b"\xff\xfeok")]
)
DIGEST = bytes(range(200, 232))
OF_FLOATS = {"a": pa.float32(), "b": pa.list_(pa.float32())}


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (pa.array(["a", None], pa.string_view()), ["a", None]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.RunEndEncodedArray.from_arrays([2, 3], ["x", None]), ["x", "x", None]),
        (pa.array([1.5, None], pa.float16()), [1.5, None]),
        (pa.array([19.99, 1e-7, -0.0, float("inf"), None], pa.float32()), [19.99, 1e-7, -0.0, float("inf"), None]),
        (pa.array([[19.99, None], [], None], pa.list_(pa.float32())), [[19.99, None], [], None]),
        (pa.array([{"a": 19.99, "b": [1.1]}], pa.struct(OF_FLOATS)), [{"a": 19.99, "b": [1.1]}]),
        (pa.array([b"text", None]), ["text", None]),
        (pa.array([b"abcd"], pa.binary(4)), ["abcd"]),
        (pa.array([DIGEST], pa.binary(32)), [DIGEST.hex()]),
        (pa.array([bytes(16)], pa.uuid()), ["00000000-0000-0000-0000-000000000000"]),
        (pa.array([Decimal("1.500")], pa.decimal256(50, 3)), ["1.5"]),
        (pa.array([Decimal(1_200)], pa.decimal128(4, -2)), [Decimal(1_200)]),
        (pa.array([Decimal(1_200)], pa.decimal128(38, -2)), ["1200"]),
        (pa.array([["z", None], None, ["a", "b"]], pa.list_(pa.string(), 2)).slice(1), [None, ["a", "b"]]),
        (pa.array([date(2026, 1, 2)], pa.date64()), [date(2026, 1, 2)]),
        (pa.array([-1, 86_400_001], pa.int64()).view(pa.date64()), [date(1969, 12, 31), date(1970, 1, 2)]),
        (pa.array([0], pa.timestamp("ns", "+02:00")), [datetime(1970, 1, 1, tzinfo=UTC)]),
        (pa.array([time(10, 30)]), [time(10, 30)]),
        (pa.nulls(2), [None, None]),
        (pa.array([[1, 2], None, []]), [[1, 2], None, []]),
        (pa.array([{"a": 1}, None]), [{"a": 1}, None]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_every_type_becomes_one_of_a_few(array: pa.Array, values: list[Any]) -> None:
    read = read_column(array)
    assert read.values.to_list() == values
    assert (read.unreadable, read.is_json) == (None, False)


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (pa.array(['{"a":1}', None, "null"], pa.json_()), ['{"a":1}', None, None]),
        (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), ['{"k":1}', None]),
        (pa.array([[("k", 19.99)]], pa.map_(pa.string(), pa.float32())), ['{"k":19.99}']),
        (pa.array([[datetime(2026, 1, 2, tzinfo=UTC)]]), ['["2026-01-02T00:00:00Z"]']),
        (pa.array([{"a": [("k", b"x")]}], pa.struct({"a": pa.map_(pa.string(), pa.binary())})), ['{"a":{"k":"x"}}']),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_what_nests_oddly_becomes_json(array: pa.Array, texts: list[str | None]) -> None:
    read = read_column(array)
    assert read.values.to_list() == texts
    assert read.is_json


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (pa.array([INFINITE_US, 0, None], pa.timestamp("us")), [None, datetime.fromisoformat("1970-01-01"), None]),
        (pa.array([-(2**63), 0, None], pa.timestamp("s")), [None, datetime.fromisoformat("1970-01-01"), None]),
        (pa.array([2**31 - 1, 0, None], pa.date32()), [None, date(1970, 1, 1), None]),
        (pa.array([-(2**31), 0, None], pa.date32()), [None, date(1970, 1, 1), None]),
        (pa.array([2**63 - 1, 0, None], pa.int64()).view(pa.date64()), [None, date(1970, 1, 1), None]),
        (pa.array([b"\xff", b"ok", None]), [None, "ok", None]),
        (BROKEN_UTF_8, [None, "ok", ""]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_r13_what_cannot_be_read_is_marked_and_its_neighbours_stay(array: pa.Array, values: list[Any]) -> None:
    read = read_column(array)
    assert read.values.to_list() == values
    assert read.unreadable is not None
    assert read.unreadable.to_list() == [True, False, False]


@pytest.mark.parametrize(
    "array",
    [
        pa.array([date.min, date.max], pa.date32()),
        pa.array([date.min, date.max], pa.date64()),
        *(pa.array([datetime.min, datetime.max.replace(microsecond=0)], pa.timestamp(unit)) for unit in ("s", "ms")),  # noqa: DTZ901
        pa.array([datetime.min, datetime.max], pa.timestamp("us")),  # noqa: DTZ901
    ],
    ids=lambda array: str(array.type),
)
def test_the_first_and_the_last_day_of_the_calendar_are_read_as_any_other(array: pa.Array) -> None:
    read = read_column(array)
    assert read.values.to_list() == [value.as_py() for value in array]
    assert read.unreadable is None


def test_only_the_columns_asked_for_are_read() -> None:
    batch = pa.RecordBatch.from_pydict({"a": [1], "b": pa.array([INFINITE_US], pa.timestamp("us")), "c": ["x"]})
    rows = read_rows(batch, ("c", "a"))
    assert rows.frame.to_dicts() == [{"c": "x", "a": 1}]
    assert rows.unreadable == ()


def test_a_slice_is_read_as_the_slice() -> None:
    batch = pa.RecordBatch.from_pydict({"a": pa.array([1, 2, 3], pa.timestamp("s")), "b": ["x", "y", "z"]})
    rows = read_rows(batch.slice(1, 1), ("a", "b"))
    assert rows.frame.select("b").to_series().to_list() == ["y"]
    assert rows.frame.get_column("a").cast(pl.Int64).to_list() == [2000]
