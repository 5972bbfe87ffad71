"""Values arrive as they are in the warehouse: no precision, zone, NULL or byte is lost."""

import json
from datetime import date, time
from decimal import Decimal
from math import inf, nan
from typing import Any, Final

import pyarrow as pa
import pytest

from connectors.base import Query, Source
from connectors.testing.warehouse import Contract, Warehouse, once

KEPT: Final[dict[str, pa.Array]] = {
    "boolean": pa.array([True, False, None]),
    "int8": pa.array([-128, 127, None], pa.int8()),
    "int16": pa.array([-(2**15), 2**15 - 1, None], pa.int16()),
    "int32": pa.array([-(2**31), 2**31 - 1, None], pa.int32()),
    "int64": pa.array([-(2**63), 2**53 + 1, 2**63 - 1, None], pa.int64()),
    "uint8": pa.array([0, 255, None], pa.uint8()),
    "uint64": pa.array([0, 2**64 - 1, None], pa.uint64()),
    "float32": pa.array([0.5, -1.5, None], pa.float32()),
    "float64": pa.array([0.1, 1e308, 5e-324, -0.0, inf, -inf, nan, None], pa.float64()),
    "decimal_4_2": pa.array([Decimal("-99.99"), Decimal("0.10"), None], pa.decimal128(4, 2)),
    "decimal_38_10": pa.array([Decimal("1234567890123456789012345678.0123456789"), None], pa.decimal128(38, 10)),
    "decimal_38_0": pa.array([Decimal(10**38 - 1), Decimal(-1), None], pa.decimal128(38, 0)),
    "text": pa.array(
        ["", " x ", "O'Neil", "line\nbreak\ttab", "ÄÖÜß é", "日本語", "👩‍👧", "NULL", "x" * 100_000, None]
    ),
    "binary": pa.array([b"", b"\x00\xff'", None], pa.binary()),
    "date": pa.array([date(1, 1, 1), date(1969, 12, 31), date(9999, 12, 31), None], pa.date32()),
    "time": pa.array([time(0, 0), time(23, 59, 59, 999999), None], pa.time64("us")),
    "timestamp_s": pa.array([-62_135_596_800, 1_774_751_400, None], pa.timestamp("s")),
    "timestamp_ms": pa.array([-1, 1_763_632_800_123, None], pa.timestamp("ms")),
    "timestamp_us": pa.array([-1, 1_763_632_800_123_456, None], pa.timestamp("us")),
    "timestamp_ns": pa.array([-1, 1_763_632_800_123_456_789, None], pa.timestamp("ns")),
    "timestamptz_us": pa.array([-1, 1_763_632_800_123_456, None], pa.timestamp("us", "UTC")),
    "timestamptz_ns": pa.array([-1, 1_763_632_800_123_456_789, None], pa.timestamp("ns", "UTC")),
    "list": pa.array([["a", None], [], None], pa.list_(pa.string())),
    "struct": pa.array([{"id": 1, "name": "x"}, {"id": None, "name": None}, None]),
    "list_of_structs": pa.array([[{"id": "a", "price": Decimal("1.10")}], [], None]),
    "only_null": pa.array([None, None], pa.string()),
}


def plain(value: Any) -> str:
    """Return `value` as text in which NaN equals itself and 0.0 is not -0.0."""
    return repr(value)


class TypeContract(Contract):
    """What was written is read."""

    @pytest.mark.parametrize("case", KEPT)
    def test_values_arrive_as_they_are(self, source: Source, warehouse: Warehouse, case: str) -> None:
        written = KEPT[case]

        read = list(source.read(self._query(warehouse, case)))

        arrived = pa.chunked_array([batch.column("value") for batch in read]).combine_chunks()
        if pa.types.is_temporal(written.type):
            numbers = pa.int64() if written.type.bit_width == 64 else pa.int32()
            assert arrived.cast(written.type).view(numbers).equals(written.view(numbers))
            return
        if pa.types.is_integer(written.type):  # a warehouse may have decimals without fraction alone
            assert arrived.cast(written.type).equals(written)
            return
        found = arrived.to_pylist()
        if case in self.as_json:
            found = [value and json.loads(value, parse_float=Decimal) for value in found]
        assert plain(found) == plain(written.to_pylist())

    @pytest.mark.parametrize("case", ["timestamp_us", "timestamp_ns", "timestamptz_us", "timestamptz_ns"])
    def test_a_zone_stays_a_zone_and_none_stays_none(self, source: Source, warehouse: Warehouse, case: str) -> None:
        kind = source.schema(self._query(warehouse, case)).field("value").type

        assert kind.tz == ("UTC" if case.startswith("timestamptz") else None)

    def _query(self, warehouse: Warehouse, case: str) -> Query:
        if case in self.lacks:
            pytest.skip(f"the warehouse has no {case}")
        written = KEPT[case]
        table = once(warehouse, f"kept.{case}", lambda: pa.table({"row": list(range(len(written))), "value": written}))
        return Query(sql=f"SELECT * FROM {table}", cursor_column="row")
