"""Order, batches, projection, partitions, several readings at once."""

from pathlib import Path

import pyarrow as pa
import pytest

from connectors.base import Query, Range, Source
from connectors.errors import ColumnError, QueryError, SourceError
from connectors.incremental import CursorKind, CursorValue
from connectors.testing.warehouse import Contract, Warehouse, all_rows, values

MEGABYTE = 2**20


def integer(number: int) -> CursorValue:
    """Return the cursor value of `number`."""
    return CursorValue(CursorKind.INTEGER, str(number))


def resident_bytes() -> int:
    """Return the memory this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class ReadingContract(Contract):
    """Which rows come, in which order, in which pieces."""

    def test_schema_gives_the_columns_in_the_order_of_the_query(self, source: Source, people: str) -> None:
        schema = source.schema(Query(sql=f"SELECT name, id FROM {people}"))

        assert schema.names == ["name", "id"]
        assert pa.types.is_integer(schema.field("id").type)

    def test_schema_reads_no_row(self, source: Source, people: str) -> None:
        fails = Query(sql=f"SELECT {self.failing[0]} AS number FROM {people}")

        assert source.schema(fails).names == ["number"]
        with pytest.raises(QueryError):
            all_rows(source, fails)

    def test_batches_have_the_types_of_the_schema(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", columns=("name", "seen"), expressions=(("next", "id + 1"),))

        assert {batch.schema for batch in source.read(query)} == {source.schema(query)}

    def test_rows_come_by_cursor_then_key_with_nulls_first(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", cursor_column="seen", order_by=("id",))

        assert values(source, query, "id") == [1, 2, 4, 3, 5]

    def test_nulls_of_the_key_come_first_too(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", order_by=("seen", "id"))

        assert values(source, query, "seen") == [None, None, 10, 20, 20]

    def test_the_cursor_orders_rows_that_do_not_select_it(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", columns=("id",), cursor_column="seen", order_by=("id",))

        assert all_rows(source, query) == [{"id": row} for row in (1, 2, 4, 3, 5)]

    def test_an_empty_result_yields_nothing(self, source: Source, people: str) -> None:
        assert list(source.read(Query(sql=f"SELECT * FROM {people} WHERE 1 = 0"))) == []

    @pytest.mark.parametrize("batch_rows", [1, 2, 3, 5, 1000])
    def test_no_batch_is_empty_or_larger_than_asked(self, source: Source, people: str, batch_rows: int) -> None:
        query = Query(sql=f"SELECT * FROM {people}", cursor_column="id", batch_rows=batch_rows)

        sizes = [batch.num_rows for batch in source.read(query)]

        assert sum(sizes) == 5
        assert all(1 <= size <= batch_rows for size in sizes)

    def test_ties_keep_the_order_of_the_key_over_the_borders_of_batches(
        self, source: Source, warehouse: Warehouse
    ) -> None:
        table = warehouse.create(pa.table({"id": list(range(999, -1, -1)), "seen": [row % 3 for row in range(1000)]}))
        query = Query(sql=f"SELECT * FROM {table}", cursor_column="seen", order_by=("id",), batch_rows=7)

        rows = [(row["seen"], row["id"]) for row in all_rows(source, query)]

        assert rows == sorted(rows)
        assert len(rows) == 1000

    def test_only_the_asked_columns_come_and_in_the_asked_order(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", columns=("name", "id"))

        assert source.schema(query).names == ["name", "id"]
        assert all(batch.schema.names == ["name", "id"] for batch in source.read(query))

    def test_a_column_that_nobody_asks_for_is_not_computed(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT id, {self.failing[0]} AS bad FROM {people}", columns=("id",))

        assert sorted(values(source, query, "id")) == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize(
        "query",
        [
            Query(sql="", columns=("nmae",)),
            Query(sql="", cursor_column="nmae"),
            Query(sql="", order_by=("nmae",)),
            Query(sql="", ranges=(Range(column="nmae"),)),
        ],
    )
    def test_a_missing_column_is_named_with_the_nearest_and_all_there_are(
        self, source: Source, people: str, query: Query
    ) -> None:
        asked = Query(
            sql=f"SELECT id, name FROM {people}",
            columns=query.columns,
            cursor_column=query.cursor_column,
            order_by=query.order_by,
            ranges=query.ranges,
        )

        with pytest.raises(ColumnError, match='no column "nmae"; did you mean "name"\\? columns: id, name') as caught:
            source.schema(asked)
        assert caught.value.columns == ("id", "name")
        assert not caught.value.is_transient

    def test_low_is_inclusive_and_high_is_exclusive(self, source: Source, people: str) -> None:
        query = Query(
            sql=f"SELECT * FROM {people}",
            ranges=(Range(column="id", low=integer(2), high=integer(4)),),
            order_by=("id",),
        )

        assert values(source, query, "id") == [2, 3]

    def test_ranges_hold_together_and_take_nulls_only_when_told(self, source: Source, people: str) -> None:
        seen = Range(column="seen", low=integer(20))
        small = Range(column="id", high=integer(4))
        without = Query(sql=f"SELECT * FROM {people}", ranges=(seen, small), order_by=("id",))
        with_null = Query(
            sql=f"SELECT * FROM {people}",
            ranges=(Range(column="seen", low=integer(20), with_null=True), small),
            order_by=("id",),
        )

        assert values(source, without, "id") == [3]
        assert values(source, with_null, "id") == [1, 2, 3]

    def test_an_open_range_leaves_out_nulls_alone(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", ranges=(Range(column="seen"),), order_by=("id",))

        assert values(source, query, "id") == [3, 4, 5]

    @pytest.mark.parametrize("bounds", [(), (15,), (10, 11, 20, 21), (-5, 99)])
    def test_partitions_give_each_row_exactly_once(self, source: Source, people: str, bounds: tuple[int, ...]) -> None:
        query = Query(sql=f"SELECT * FROM {people}", cursor_column="seen", order_by=("id",))

        parts = query.partitions("seen", [integer(bound) for bound in bounds])

        assert len(parts) == len(bounds) + 1
        assert [row for part in parts for row in values(source, part, "id")] == [1, 2, 4, 3, 5]

    @pytest.mark.parametrize(("limit", "expected"), [(0, []), (2, [1, 2]), (99, [1, 2, 3, 4, 5])])
    def test_limit_cuts_behind_the_order(self, source: Source, people: str, limit: int, expected: list[int]) -> None:
        query = Query(sql=f"SELECT * FROM {people}", cursor_column="id", limit=limit)

        assert values(source, query, "id") == expected

    def test_a_reading_may_be_left_early_and_another_begun(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", cursor_column="id", batch_rows=1)
        reading = source.read(query)
        first = next(reading)

        reading.close()  # type: ignore[attr-defined]  # every connector's `read` is a generator

        assert list(reading) == []
        assert values(source, query, "id") == [1, 2, 3, 4, 5]
        assert first.column("id").to_pylist() == [1]

    def test_two_readings_of_one_source_do_not_meet(self, source: Source, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", cursor_column="id", batch_rows=2)

        pairs = zip(source.read(query), source.read(query), strict=True)

        assert all(one.equals(other) for one, other in pairs)

    def test_two_sources_read_at_once(self, warehouse: Warehouse, people: str) -> None:
        query = Query(sql=f"SELECT * FROM {people}", cursor_column="id", batch_rows=2)
        with warehouse.connect() as one, warehouse.connect() as other:
            pairs = list(zip(one.read(query), other.read(query), strict=True))

        assert all(first.equals(second) for first, second in pairs)
        assert len(pairs) == 3

    def test_batches_outlive_their_source(self, warehouse: Warehouse, people: str) -> None:
        with warehouse.connect() as source:
            batches = list(source.read(Query(sql=f"SELECT * FROM {people}", cursor_column="id", batch_rows=2)))

        assert [row["name"] for batch in batches for row in batch.to_pylist()] == ["ann", "bob", "cid", "dan", "eve"]

    def test_a_reading_that_its_source_cut_off_does_not_look_complete(self, warehouse: Warehouse, people: str) -> None:
        with warehouse.connect() as source:
            reading = source.read(Query(sql=f"SELECT * FROM {people}", cursor_column="id", batch_rows=1))
            next(reading)

        with pytest.raises(SourceError):
            next(reading)

    def test_a_result_larger_than_memory_allows_comes_piece_by_piece(
        self, source: Source, warehouse: Warehouse
    ) -> None:
        table = warehouse.create(pa.table({"id": list(range(600)), "pad": ["x" * 500] * 600}))
        many = Query(sql=f"SELECT a.id AS id, a.pad || b.pad AS pad FROM {table} a CROSS JOIN {table} b")
        before, rows, most = resident_bytes(), 0, 0

        for batch in source.read(many):
            rows += batch.num_rows
            most = max(most, resident_bytes() - before)

        assert rows == 360_000
        assert most < 200 * MEGABYTE, "360 MB of text were not streamed"
