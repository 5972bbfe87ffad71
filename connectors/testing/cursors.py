"""Cursor values bind back to exactly the boundary they were read at, for every type."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pytest

from connectors.base import Query, Range, Source
from connectors.errors import ColumnError, QueryError
from connectors.incremental import CursorKind, CursorValue, cursor_kind, cursor_value
from connectors.testing.warehouse import Contract, Warehouse, once, values

SECOND_YEAR_1: Final = -62_135_596_800
LAST_SECOND: Final = 253_402_300_799
DST_FOLD: Final = int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp())
"""02:30 in Berlin, for the first time; one hour later it is 02:30 again."""


def _times(unit: str, per_second: int, zone: str | None = None) -> pa.Array:
    reach = (-9_000_000_000, 9_000_000_000) if unit == "ns" else (SECOND_YEAR_1, LAST_SECOND)
    fine = [DST_FOLD * per_second + 1] if per_second > 1 else []
    seconds = (reach[0], -1, 0, DST_FOLD, DST_FOLD + 3600, reach[1])
    numbers = sorted([second * per_second for second in seconds] + fine + [-1 if per_second > 1 else 1])
    return pa.array(numbers, pa.timestamp(unit, zone))


CURSORS: Final[dict[str, pa.Array]] = {
    "int8": pa.array([-128, -1, 0, 1, 127], pa.int8()),
    "int16": pa.array([-(2**15), -1, 0, 1, 2**15 - 1], pa.int16()),
    "int32": pa.array([-(2**31), -1, 0, 1, 2**31 - 1], pa.int32()),
    "int64": pa.array([-(2**63), -(2**53) - 1, 0, 2**53 + 1, 2**63 - 1], pa.int64()),
    "uint8": pa.array([0, 1, 128, 255], pa.uint8()),
    "uint64": pa.array([0, 1, 2**53 + 1, 2**63, 2**64 - 1], pa.uint64()),
    "decimal_4_2": pa.array(
        [Decimal(text) for text in ("-99.99", "-0.01", "0.00", "0.10", "99.99")], pa.decimal128(4, 2)
    ),
    "decimal_38_10": pa.array(
        [
            Decimal(text)
            for text in ("-9999999999999999999999999999.9999999999", "0.0000000001", "12345678901234567890.1")
        ],
        pa.decimal128(38, 10),
    ),
    "decimal_38_0": pa.array([Decimal(-(10**38) + 1), Decimal(10**37 + 1), Decimal(10**38 - 1)], pa.decimal128(38, 0)),
    "text": pa.array(["", " ", "10", "9", "A", "B", "a", 'a"b', "a'b", "a\\b", "é", "ÿ", "Ω", "ﬀ", "😀"], pa.string()),
    "date": pa.array([date.min, date(1969, 12, 31), date(1970, 1, 1), date(2026, 3, 29), date.max], pa.date32()),
    "timestamp_s": _times("s", 1),
    "timestamp_ms": _times("ms", 10**3),
    "timestamp_us": _times("us", 10**6),
    "timestamp_ns": _times("ns", 10**9),
    "timestamptz_us": _times("us", 10**6, "UTC"),
    "timestamptz_ns": _times("ns", 10**9, "UTC"),
}
"""Ascending values of each type."""
NO_CURSORS: Final[dict[str, pa.Array]] = {
    "boolean": pa.array([False, True]),
    "float32": pa.array([0.5, 1.5], pa.float32()),
    "float64": pa.array([0.5, 1.5], pa.float64()),
    "binary": pa.array([b"a", b"b"], pa.binary()),
    "time": pa.array([time(1), time(2)], pa.time64("us")),
    "list": pa.array([[1], [2]]),
    "struct": pa.array([{"a": 1}, {"a": 2}]),
}
"""Types that order rows of a key, but whose values no watermark keeps."""


class CursorContract(Contract):
    """What is read as a cursor value selects, bound again, the same rows."""

    @pytest.mark.parametrize("case", CURSORS)
    def test_cursor_values_cut_the_rows_where_they_were_read(
        self, source: Source, warehouse: Warehouse, case: str
    ) -> None:
        ascending, table = CURSORS[case], self._table(warehouse, case)
        query = Query(sql=f"SELECT * FROM {table}", cursor_column="at", order_by=("rank",), batch_rows=3)

        batches = list(source.read(query))
        found = [cursor_value(batch.column("at"), row) for batch in batches for row in range(batch.num_rows)]
        bounds = list(dict.fromkeys(value for value in found if value is not None))
        parts = [values(source, part, "rank") for part in query.partitions("at", bounds)]

        assert found[0] is None
        assert len(bounds) == len(ascending)
        assert {bound.kind for bound in bounds} == {cursor_kind(batches[0].schema.field("at").type)}
        assert parts == [[None], *([rank, rank] for rank in range(len(ascending)))]

    @pytest.mark.parametrize(
        ("case", "value", "expected"),
        [
            ("int8", CursorValue(CursorKind.INTEGER, "-300"), 5),
            ("int8", CursorValue(CursorKind.INTEGER, "300"), 0),
            ("uint8", CursorValue(CursorKind.INTEGER, "-7"), 4),
            ("int64", CursorValue(CursorKind.DECIMAL, "0.5"), 2),
            ("int64", CursorValue(CursorKind.DECIMAL, "-0.5"), 3),
            ("decimal_4_2", CursorValue(CursorKind.DECIMAL, "0.005"), 2),
            ("decimal_4_2", CursorValue(CursorKind.DECIMAL, "1000"), 0),
            ("decimal_4_2", CursorValue(CursorKind.INTEGER, "-1000"), 5),
            ("date", CursorValue(CursorKind.TIMESTAMP, "1969-12-31T00:00:00.000000001"), 3),
            ("date", CursorValue(CursorKind.TIMESTAMP, "1970-01-01T00:00:00"), 3),
            ("timestamp_s", CursorValue(CursorKind.TIMESTAMP, "1970-01-01T00:00:00.999999999"), 4),
            ("timestamp_s", CursorValue(CursorKind.DATE, "1970-01-02"), 3),
            ("timestamp_us", CursorValue(CursorKind.TIMESTAMP, "1969-12-31T23:59:59.999999001"), 5),
            ("timestamp_ns", CursorValue(CursorKind.TIMESTAMP, "0001-01-01T00:00:00"), 8),
            ("timestamp_ns", CursorValue(CursorKind.TIMESTAMP, "9999-12-31T00:00:00"), 0),
            ("timestamptz_us", CursorValue(CursorKind.TIMESTAMP_TZ, "2026-10-25T01:30:00Z"), 2),
        ],
    )
    def test_a_bound_that_the_type_cannot_hold_is_neither_rounded_nor_refused(
        self, source: Source, warehouse: Warehouse, case: str, value: CursorValue, expected: int
    ) -> None:
        count = len(CURSORS[case])
        query = Query(
            sql=f"SELECT DISTINCT * FROM {self._table(warehouse, case)} WHERE rank IS NOT NULL", cursor_column="at"
        )

        below, above = (values(source, part, "rank") for part in query.partitions("at", [value]))

        assert len(above) == expected
        assert below + above == list(range(count))

    @pytest.mark.parametrize(
        ("case", "value"),
        [
            ("int64", CursorValue(CursorKind.TEXT, "5")),
            ("int64", CursorValue(CursorKind.TIMESTAMP, "2026-01-01T00:00:00")),
            ("text", CursorValue(CursorKind.INTEGER, "5")),
            ("timestamp_us", CursorValue(CursorKind.TIMESTAMP_TZ, "2026-01-01T00:00:00Z")),
            ("timestamptz_us", CursorValue(CursorKind.TIMESTAMP, "2026-01-01T00:00:00")),
            ("date", CursorValue(CursorKind.DECIMAL, "1.5")),
        ],
    )
    def test_a_bound_of_another_kind_is_refused_in_words(
        self, source: Source, warehouse: Warehouse, case: str, value: CursorValue
    ) -> None:
        sql = f"SELECT * FROM {self._table(warehouse, case)}"

        with pytest.raises(QueryError, match=f'"at".*{value.kind.value}'):
            source.schema(Query(sql=sql, ranges=(Range(column="at", low=value),)))

    @pytest.mark.parametrize("case", NO_CURSORS)
    def test_a_type_that_no_watermark_keeps_orders_by_the_key_and_is_no_cursor(
        self, source: Source, warehouse: Warehouse, case: str
    ) -> None:
        if case in self.lacks:
            pytest.skip(f"the warehouse has no {case}")
        at = NO_CURSORS[case]
        table = once(warehouse, f"no_cursor.{case}", lambda: pa.table({"at": at.take(pa.array([1, 0])), "row": [1, 0]}))
        by_cursor = Query(sql=f"SELECT * FROM {table}", columns=("row",), cursor_column="at")

        assert values(source, Query(sql=by_cursor.sql, order_by=("at",)), "row") == [0, 1]
        for ask in (source.schema, lambda query: list(source.read(query))):
            with pytest.raises(ColumnError, match='"at" is of type') as caught:
                ask(by_cursor)
            assert caught.value.column == "at"
            assert "in the query" in caught.value.remedy

    def _table(self, warehouse: Warehouse, case: str) -> str:
        """Return a table with each value of the case twice, its place in `rank`, and a NULL."""
        if case in self.lacks:
            pytest.skip(f"the warehouse has no {case}")
        places = [*range(len(CURSORS[case]) - 1, -1, -1), *range(len(CURSORS[case])), None]
        return once(
            warehouse,
            f"cursors.{case}",
            lambda: pa.table({"at": CURSORS[case].take(pa.array(places)), "rank": pa.array(places, pa.int32())}),
        )
