"""How each of DuckDB's own types travels, and what its odd values do."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from connectors.base import Query, Range
from connectors.duckdb import DuckDBSource, Options, connect
from connectors.errors import ColumnError, QueryError
from connectors.incremental import CursorKind, CursorValue, cursor_value
from connectors.testing.warehouse import all_rows, values
from tests.contract.early_times import EXPECTED, in_ranges

needs_2 = pytest.mark.skipif(duckdb.__version__ < "2", reason="comes with DuckDB 2.0")
JSON = pa.json_() if hasattr(pa, "json_") else pa.string()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("types") / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')")
        connection.execute("CREATE TABLE moods AS SELECT unnest(['happy', 'sad', 'ok'])::mood AS word")
        connection.execute("CREATE TABLE names (word VARCHAR COLLATE NOCASE)")
        connection.execute("INSERT INTO names VALUES ('b'), ('A'), ('a'), ('B')")
    return path


@pytest.fixture
def source(file: Path) -> DuckDBSource:
    return connect(Options(path=str(file)), root=file.parent)


@pytest.mark.parametrize(
    ("sql", "kind", "expected"),
    [
        ("170141183460469231731687303715884105727::HUGEINT", pa.decimal128(38, 0), Decimal(2**127 - 1)),
        ("sum(range)", pa.decimal128(38, 0), Decimal(0)),
        ("340282366920938463463374607431768211455::UHUGEINT", pa.string(), str(2**128 - 1)),
        ("123456789012::BIGNUM", pa.string(), "123456789012"),
        ("0.5::DECIMAL(38, 38)", pa.decimal128(38, 38), Decimal("0.5")),
        ("'10:00:00.123456789'::TIME_NS", pa.time64("ns"), None),
        ("TIMETZ '10:00:00+02'", pa.string(), "10:00:00+02"),
        ("'2f4e1c7a-0000-4000-8000-0123456789ab'::UUID", pa.string(), "2f4e1c7a-0000-4000-8000-0123456789ab"),
        ("'happy'::mood", pa.string(), "happy"),
        ("""'{"a": [1, null]}'::JSON""", JSON, '{"a": [1, null]}'),
        ("MAP {'a': 1.50, 'b': NULL}", JSON, '{"a":1.5,"b":null}'),
        ("""['{"a": 1}'::JSON, NULL]""", JSON, '[{"a":1},null]'),
        ("[MAP {'a': 1}, MAP {'b': 2}]", JSON, '[{"a":1},{"b":2}]'),
        ("""[[MAP {'a': '{"b": 1}'::JSON}]]""", JSON, '[[{"a":{"b":1}}]]'),
        ("""['{"a": 1}'::JSON]::JSON[1]""", JSON, '[{"a":1}]'),
        ("NULL::JSON[]", JSON, None),
        ("union_value(n := 2)", pa.string(), "2"),
        ("INTERVAL '1 month 2 days 3 seconds'", pa.string(), "1 month 2 days 00:00:03"),
        ("'10101'::BIT", pa.string(), "10101"),
        ("'\\xAA\\x00'::BLOB", pa.binary(), b"\xaa\x00"),
        ("['a', 'b']::VARCHAR[2]", pa.list_(pa.string()), ["a", "b"]),
        ("['ok'::mood]", pa.list_(pa.string()), ["ok"]),
        ("[INTERVAL '1 day']::INTERVAL[1]", pa.list_(pa.string()), ["1 day"]),
        ("{'m': 'ok'::mood, 'n b\"c': 1.5}", None, {"m": "ok", 'n b"c': Decimal("1.5")}),
        ("row(1, 'x')", None, {"element1": 1, "element2": "x"}),
        ("[{'tags': MAP {'k': 1}, 'price': 1.10}]", None, [{"tags": '{"k":1}', "price": Decimal("1.10")}]),
        ("chr(0) || 'a'", pa.string(), "\0a"),
        ("NULL", None, None),
        ("[]", None, []),
    ],
)
def test_a_type_travels_as_documented(source: DuckDBSource, sql: str, kind: pa.DataType, expected: Any) -> None:
    query = Query(sql=f"SELECT {sql} AS x FROM range(1)")

    (batch,) = source.read(query)

    assert batch.schema.types == source.schema(query).types
    assert kind is None or batch.schema.field("x").type == kind
    if not pa.types.is_time(batch.schema.field("x").type):
        assert batch.column("x").to_pylist() == [expected]
    assert pl.DataFrame({"x": batch.column("x")}).height == 1


@needs_2
@pytest.mark.parametrize(
    ("sql", "expected"),
    [("{'a': 1}::VARIANT", '{"a":1}'), ("'hi'::VARIANT", '"hi"'), ("NULL::VARIANT", None)],
)
def test_a_variant_travels_as_json_and_null_stays_null(source: DuckDBSource, sql: str, expected: str | None) -> None:
    assert values(source, Query(sql=f"SELECT {sql} AS x"), "x") == [expected]


ODD = (
    "DATE 'infinity'",
    "DATE '-infinity'",
    "DATE '0044-03-15 (BC)'",
    "DATE '5877642-06-25 (BC)'",
    "DATE '10000-01-01'",
    "TIMESTAMP 'infinity'",
    "TIMESTAMP '-infinity'",
    "TIMESTAMP '0044-03-15 (BC) 00:00:00'",
    "TIMESTAMP '294247-01-10 04:00:54'",
    "TIMESTAMPTZ 'infinity'",
    "TIMESTAMPTZ '-infinity'",
    "TIMESTAMPTZ '294247-01-10 04:00:54+00'",
    "'infinity'::TIMESTAMP_S",
    "'-infinity'::TIMESTAMP_MS",
    "'infinity'::TIMESTAMP_NS",
    "'-infinity'::TIMESTAMP_NS",
)


@pytest.mark.parametrize("odd", ODD)
def test_a_time_that_no_calendar_holds_costs_no_other_row(source: DuckDBSource, odd: str) -> None:
    query = Query(
        sql=f"SELECT 1 AS id, {odd} AS moment UNION ALL SELECT 2, DATE '2026-01-02' UNION ALL SELECT 3, NULL",
        cursor_column="id",
    )

    (batch,) = source.read(query)

    at = batch.column("moment")
    assert batch.column("id").to_pylist() == [1, 2, 3]
    assert cursor_value(at, 0) is None
    assert str(cursor_value(at, 1)).count("2026-01-02") == 1
    assert cursor_value(at, 2) is None
    assert at.null_count == 1


@pytest.mark.parametrize("odd", ODD)
def test_a_time_that_no_calendar_holds_is_in_exactly_one_partition(source: DuckDBSource, odd: str) -> None:
    query = Query(sql=f"SELECT 1 AS id, {odd} AS moment UNION ALL SELECT 2, DATE '2026-01-02'", cursor_column="moment")
    kind = CursorKind.TIMESTAMP_TZ if "TZ" in odd else CursorKind.DATE
    bound = CursorValue(kind, "2026-01-02T00:00:00Z" if "TZ" in odd else "2026-01-02")

    found = [row for part in query.partitions("moment", [bound]) for row in values(source, part, "id")]

    assert sorted(found) == [1, 2]


@pytest.mark.parametrize(
    ("kind", "early"),
    [
        ("date", "-infinity"),
        ("date", "0044-03-15 (BC)"),
        ("timestamp", "0044-03-15 (BC) 00:00:00"),
        *((kind, "-infinity") for kind in ("timestamptz", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns")),
    ],
)
def test_a_time_before_the_calendar_is_null_to_a_range_as_well(source: DuckDBSource, kind: str, early: str) -> None:
    assert in_ranges(source, kind, early) == EXPECTED


def test_midnight_at_the_end_of_the_day_costs_no_other_row(source: DuckDBSource) -> None:
    query = Query(sql="SELECT 1 AS id, TIME '24:00:00' AS moment UNION ALL SELECT 2, TIME '10:00'", cursor_column="id")

    assert values(source, query, "id") == [1, 2]


def test_text_is_compared_by_its_bytes_whatever_the_collation(source: DuckDBSource) -> None:
    query = Query(sql="SELECT * FROM names", cursor_column="word")
    from_a = Query(
        sql="SELECT * FROM names",
        cursor_column="word",
        ranges=(Range(column="word", low=CursorValue(CursorKind.TEXT, "a")),),
    )

    assert values(source, query, "word") == ["A", "B", "a", "b"]
    assert values(source, from_a, "word") == ["a", "b"]


def test_words_of_an_enum_are_compared_as_text(source: DuckDBSource) -> None:
    query = Query(sql="SELECT * FROM moods", order_by=("word",))
    from_ok = Query(
        sql="SELECT * FROM moods",
        order_by=("word",),
        ranges=(Range(column="word", low=CursorValue(CursorKind.TEXT, "ok")),),
    )

    assert values(source, query, "word") == ["happy", "ok", "sad"]
    assert values(source, from_ok, "word") == ["ok", "sad"]


def test_text_with_a_nul_is_a_bound_like_any_other(source: DuckDBSource) -> None:
    query = Query(sql="SELECT unnest(['a', 'a' || chr(0), 'b']) AS moment", cursor_column="moment")

    parts = query.partitions("moment", [CursorValue(CursorKind.TEXT, "a\0"), CursorValue(CursorKind.TEXT, "b")])

    assert [values(source, part, "moment") for part in parts] == [["a"], ["a\0"], ["b"]]


def test_numbers_may_be_cut_whatever_their_type(source: DuckDBSource) -> None:
    query = Query(sql="SELECT unnest([0.5::DOUBLE, 1.5, 'nan', NULL, '-infinity']) AS moment", order_by=("moment",))

    parts = query.partitions("moment", [CursorValue(CursorKind.DECIMAL, "1.5")])

    assert [str(values(source, part, "moment")) for part in parts] == ["[None, -inf, 0.5]", "[1.5, nan]"]


ONLY_TEXT = {
    "9::UHUGEINT": "cast it to HUGEINT",
    "9::BIGNUM": "cast it to HUGEINT",
    "INTERVAL '9 days'": "add it to a TIMESTAMP",
    "'ok'::mood": "cast it to VARCHAR",
    "'10101'::BIT": "cast it",
    "TIMETZ '10:00:00+02'": "which makes a TIMESTAMPTZ",
    "TIME '10:00'": "which makes a TIMESTAMP",
    "'10:00'::TIME_NS": "which makes a TIMESTAMP",
    "union_value(n := 2)": "cast it",
    "'9'::JSON": "cast it",
    "['9'::JSON]": "cast it",
    "{'a': '9'::JSON}": "cast it",
    "MAP {'a': 9}": "cast it",
    "[MAP {'a': 9}]": "cast it",
    "[1, 2]::INT[2]": "cast it",
    "'x'::BLOB": "give hex() of it",
    "0.5::FLOAT": "cast it to a DECIMAL",
    "0.5::DOUBLE": "cast it to a DECIMAL",
    "true": "cast it",
}
"""Values whose text does not ascend as they do, and what the message advises."""


@pytest.mark.parametrize(("sql", "advice"), ONLY_TEXT.items())
def test_a_type_that_does_not_ascend_as_its_text_is_no_cursor(source: DuckDBSource, sql: str, advice: str) -> None:
    query = Query(sql=f"SELECT 1 AS id, {sql} AS moment", columns=("id",), cursor_column="moment")

    for ask in (source.schema, lambda asked: list(source.read(asked))):
        with pytest.raises(ColumnError, match=r'"moment" is of type .*no cursor can follow') as caught:
            ask(query)
        assert caught.value.columns == ("id", "moment")
        assert advice in caught.value.remedy
        assert "happy" not in str(caught.value)


@pytest.mark.parametrize("sql", ONLY_TEXT)
def test_a_key_may_be_of_any_type(source: DuckDBSource, sql: str) -> None:
    query = Query(sql=f"SELECT 2 AS id, {sql} AS key UNION ALL SELECT 1, NULL", order_by=("key", "id"))

    assert source.schema(query).names == ["id", "key"]
    assert values(source, query, "id") == [1, 2]


@needs_2
def test_a_variant_is_a_key_and_no_cursor(source: DuckDBSource) -> None:
    query = Query(sql="SELECT unnest([9, 10, NULL])::VARIANT AS key", order_by=("key",))

    assert values(source, query, "key") == [None, "10", "9"]
    with pytest.raises(ColumnError, match="VARIANT"):
        source.schema(Query(sql=query.sql, cursor_column="key"))


def test_json_is_ordered_and_compared_as_text(source: DuckDBSource) -> None:
    query = Query(sql="SELECT unnest(['9', '100', NULL, '[1]'])::JSON AS key", order_by=("key",))

    parts = query.partitions("key", [CursorValue(CursorKind.TEXT, "9")])

    assert [values(source, part, "key") for part in parts] == [[None, "100"], ["9", "[1]"]]


def test_uuids_ascend_as_their_text(source: DuckDBSource) -> None:
    query = Query(sql="SELECT uuid() AS id FROM range(5000)", cursor_column="id")

    found = values(source, query, "id")

    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE ids AS SELECT unnest($1)::UUID AS id", [found])
        assert [str(row[0]) for row in connection.execute("SELECT id FROM ids ORDER BY id").fetchall()] == found
    assert found == sorted(found)


def test_a_cast_lets_a_wide_number_be_the_cursor(source: DuckDBSource) -> None:
    query = Query(sql="SELECT unnest([100, 9])::UHUGEINT::HUGEINT AS moment", cursor_column="moment")
    later = query.partitions("moment", [CursorValue(CursorKind.DECIMAL, "10")])[1]

    assert values(source, query, "moment") == [9, 100]
    assert values(source, later, "moment") == [100]


@pytest.mark.parametrize("sql", ["true", "[1]", "'x'::BLOB", "TIME '10:00'"])
def test_a_type_without_an_order_is_no_bound(source: DuckDBSource, sql: str) -> None:
    wanted = Range(column="moment", low=CursorValue(CursorKind.INTEGER, "1"))

    with pytest.raises(QueryError, match='"moment" is of type'):
        source.schema(Query(sql=f"SELECT {sql} AS moment", ranges=(wanted,)))


def test_columns_of_one_name_get_a_number_each(source: DuckDBSource) -> None:
    query = Query(sql='SELECT 1 AS id, 2 AS id, 3 AS "ID"', columns=("id", "id_1", "ID_2"))

    assert all_rows(source, query) == [{"id": 1, "id_1": 2, "ID_2": 3}]


def test_times_of_the_query_are_those_of_utc(source: DuckDBSource) -> None:
    query = Query(sql="SELECT TIMESTAMPTZ '2026-01-01 01:00:00+02'::DATE::VARCHAR AS day")

    assert values(source, query, "day") == ["2025-12-31"]
