"""Nothing is written, nothing is executed that came as a value or a name, nothing of a row is told."""

import traceback
from dataclasses import replace
from typing import ClassVar, Final

import pyarrow as pa
import pytest

from connectors.base import Query, Range, Source
from connectors.errors import ColumnError, QueryError, SourceError
from connectors.incremental import CursorKind, CursorValue
from connectors.testing.injection import NAMES, STATEMENTS, VALUES
from connectors.testing.warehouse import Contract, Warehouse, all_rows, values

CANARY: Final = "canary.person@example.com"
WRITES: Final = (
    "INSERT INTO {table} SELECT * FROM {table}",
    "INSERT INTO {table} VALUES (9, 9, 'x') RETURNING *",
    "UPDATE {table} SET name = 'x'",
    "DELETE FROM {table}",
    "TRUNCATE TABLE {table}",
    "DROP TABLE {table}",
    "ALTER TABLE {table} ADD COLUMN extra INTEGER",
    "CREATE TABLE owned AS SELECT 1 AS a",
    "CREATE TEMPORARY TABLE owned AS SELECT 1 AS a",
    "CREATE OR REPLACE VIEW owned AS SELECT 1 AS a",
    "CREATE INDEX owned ON {table} (id)",
    "MERGE INTO {table} USING {table} ON TRUE WHEN MATCHED THEN DELETE",
    "WITH gone AS (DELETE FROM {table} RETURNING *) SELECT * FROM gone",
    "WITH more AS (INSERT INTO {table} VALUES (9, 9, 'x') RETURNING *) SELECT * FROM more",
    "COPY {table} TO 'owned.csv'",
    "COPY {table} FROM 'owned.csv'",
    "SELECT * INTO owned FROM {table}",
    "BEGIN; DELETE FROM {table}; COMMIT",
    "COMMIT",
    "SET threads = 1",
    "SET TIME ZONE 'UTC'",
    "PRAGMA user_version = 1",
    "ATTACH 'owned.db' AS owned",
    "LOAD 'owned'",
    "INSTALL owned",
    "VACUUM",
    "CHECKPOINT",
    "CALL owned()",
    "EXPLAIN SELECT 1",
    "EXECUTE owned",
    "PREPARE owned AS SELECT 1",
    "GRANT ALL ON {table} TO PUBLIC",
)


class SafetyContract(Contract):
    """Reading is all a source does."""

    names: ClassVar[tuple[str, ...]] = NAMES
    """Names of columns, without those that the warehouse allows nobody to give."""

    @pytest.mark.parametrize("sql", WRITES)
    def test_a_query_that_does_more_than_read_is_refused(self, warehouse: Warehouse, people: str, sql: str) -> None:
        before = warehouse.checksum()
        with warehouse.connect() as source, pytest.raises(QueryError):
            all_rows(source, Query(sql=sql.format(table=people)))

        assert warehouse.checksum() == before

    def test_text_of_any_content_is_compared_as_a_value(self, warehouse: Warehouse) -> None:
        texts = sorted(text for text in VALUES if "\0" not in text)
        table = warehouse.create(pa.table({"at": texts, "row": list(range(len(texts)))}))
        bounds = [CursorValue(CursorKind.TEXT, text) for text in texts]
        query = Query(sql=f"SELECT * FROM {table}", cursor_column="at")
        above_all = replace(query, ranges=tuple(Range(column="at", low=bound) for bound in bounds))
        below_all = replace(query, ranges=tuple(Range(column="at", high=bound) for bound in bounds[1:]))
        before = warehouse.checksum()

        with warehouse.connect() as source:
            assert values(source, above_all, "row") == [len(texts) - 1]
            assert values(source, below_all, "row") == [0]
            parts = [values(source, part, "row") for part in query.partitions("at", bounds[::8])]

        assert len(texts) + len(NAMES) >= 200
        assert parts == [list(range(max(low, 0), min(low + 8, len(texts)))) for low in range(-8, len(texts), 8)]
        assert warehouse.checksum() == before

    @pytest.mark.parametrize("kind", [CursorKind.INTEGER, CursorKind.DECIMAL, CursorKind.TIMESTAMP, CursorKind.DATE])
    def test_text_that_is_no_number_or_time_is_no_bound(
        self, source: Source, warehouse: Warehouse, kind: CursorKind
    ) -> None:
        column = pa.array([1], pa.int64()) if kind in {"integer", "decimal"} else pa.array([1], pa.timestamp("us"))
        table = warehouse.create(pa.table({"at": column}))

        for text in ("1; DROP TABLE people", "' OR '1'='1", "nan", "2026-13-01"):
            bound = Range(column="at", high=CursorValue(kind, text))
            with pytest.raises(QueryError, match="at") as caught:
                source.schema(Query(sql=f"SELECT * FROM {table}", ranges=(bound,)))
            assert text not in str(caught.value)

    def test_columns_of_any_name_can_be_read_compared_and_ordered_by(self, warehouse: Warehouse) -> None:
        places = {name: pa.array([None, 0, place], pa.int64()) for place, name in enumerate(self.names, start=1)}
        table = warehouse.create(pa.table(places))
        bounds = [CursorValue(CursorKind.INTEGER, str(place)) for place in range(1, len(self.names) + 1)]
        by_all = Query(
            sql=f"SELECT * FROM {table}",
            columns=tuple(reversed(self.names)),
            ranges=tuple(Range(column=name, low=bound) for name, bound in zip(self.names, bounds, strict=True)),
            order_by=self.names,
        )
        before = warehouse.checksum()

        with warehouse.connect() as source:
            assert source.schema(Query(sql=f"SELECT * FROM {table}")).names == list(self.names)
            assert all_rows(source, by_all) == [dict(zip(self.names, range(1, len(self.names) + 1), strict=True))]
            for name in self.names[:6]:
                query = Query(sql=f"SELECT * FROM {table}", columns=(name,), cursor_column=name)
                assert values(source, query, name)[:2] == [None, 0]

        assert len(self.names) >= 60
        assert warehouse.checksum() == before

    def test_a_name_that_is_no_column_is_never_sent(self, source: Source, people: str) -> None:
        for name in STATEMENTS[:5]:
            with pytest.raises(ColumnError):
                source.schema(Query(sql=f"SELECT * FROM {people}", columns=(name,)))

    def test_an_error_tells_no_value_of_a_row(self, source: Source, warehouse: Warehouse) -> None:
        table = warehouse.create(pa.table({"id": list(range(3000)), "name": ["1"] * 2999 + [CANARY]}))

        for sql in self.failing:
            with pytest.raises(SourceError) as caught:
                all_rows(source, Query(sql=f"SELECT id, {sql} AS bad FROM {table}", cursor_column="id"))

            assert CANARY not in "".join(traceback.format_exception(caught.value))
            assert not caught.value.is_transient

    @pytest.mark.parametrize(
        "sql",
        [
            f"SELECT * FROM {{table}} WHERE name = '{CANARY}' 'again' nosuch",
            f"SELECT nosuch FROM {{table}} WHERE name = '{CANARY}'",
            f"SELECT nosuch('{CANARY}') FROM {{table}}",
        ],
    )
    def test_an_error_tells_no_literal_of_the_query(self, source: Source, people: str, sql: str) -> None:
        with pytest.raises(QueryError) as caught:
            all_rows(source, Query(sql=sql.format(table=people)))

        assert CANARY not in "".join(traceback.format_exception(caught.value))

    def test_an_error_while_rows_are_read_tells_no_literal_either(self, source: Source, people: str) -> None:
        failing = self.failing[0].replace("name", f"'{CANARY}'")

        with pytest.raises(QueryError) as caught:
            all_rows(source, Query(sql=f"SELECT {failing} AS bad FROM {people}"))

        assert CANARY not in "".join(traceback.format_exception(caught.value))
