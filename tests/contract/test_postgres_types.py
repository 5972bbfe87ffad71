"""How the values of Postgres's types travel, by either way of reading."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import Query, Range
from connectors.errors import ColumnError, QueryError
from connectors.incremental import CursorKind, CursorValue, cursor_value
from connectors.postgres import by_arrow, by_cursor
from connectors.testing.warehouse import values
from tests.contract.early_times import EXPECTED, in_ranges
from tests.postgres_database import PostgresDatabase

pytestmark = pytest.mark.integration

JSON = pa.json_() if hasattr(pa, "json_") else pa.string()
TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN cents AS numeric(9, 2) CHECK (VALUE >= 0);
CREATE DOMAIN tags AS text[];
CREATE TYPE item AS (id text, price numeric(9, 2), at timestamptz)
"""
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module", params=[by_arrow, by_cursor], ids=["arrow", "cursor"])
def database(request: pytest.FixtureRequest, postgres_server: str) -> Iterator[PostgresDatabase]:
    made = PostgresDatabase(postgres_server, request.param)
    made.run(*TYPES.split(";"))
    yield made
    made.drop()


def of(*expressions: str) -> Query:
    """Return the query of one column `x` with these values."""
    rows = ", ".join(f"({place}, {expression})" for place, expression in enumerate(expressions))
    return Query(sql=f"SELECT * FROM (VALUES {rows}) AS held (row, x)", columns=("x",), cursor_column="row")


@pytest.mark.parametrize(
    ("query", "kind", "expected"),
    [
        (of("'EUR '::char(6)", "NULL"), pa.string(), ["EUR", None]),
        (of("'a'::varchar(9)", "''"), pa.string(), ["a", ""]),
        (of("'a'::name"), pa.string(), ["a"]),
        (of("4000000000::oid"), pa.int64(), [4_000_000_000]),
        (
            of("1.10::numeric(6, 2)", "'NaN'::numeric(6, 2)", "NULL::numeric(6, 2)"),
            pa.decimal128(6, 2),
            [Decimal("1.10"), None, None],
        ),
        (of("0.00012::numeric(2, 5)"), pa.decimal128(5, 5), [Decimal("0.00012")]),
        (of("12300::numeric(3, -2)"), pa.decimal128(5, 0), [Decimal(12300)]),
        (of("1.10::cents"), pa.decimal128(9, 2), [Decimal("1.10")]),
        (
            of("1.10", "'NaN'::numeric", "'-Infinity'", "1e-40"),
            pa.string(),
            ["1.10", "NaN", "-Infinity", f"0.{'0' * 39}1"],
        ),
        (of("(10::numeric ^ 45)::numeric(50, 1)"), pa.string(), [f"1{'0' * 45}.0"]),
        (
            of("'{1.50,NULL}'::numeric(9,2)[]", "'{{1,2},{3,4}}'", "NULL"),
            pa.list_(pa.string()),
            [["1.50", None], None, None],
        ),
        (of("'{1,NULL}'::int[]", "'{}'"), pa.list_(pa.int32()), [[1, None], []]),
        (of("'{t}'::bool[]", "NULL"), pa.list_(pa.bool_()), [[True], None]),
        (of("'{a,é}'::char(3)[]"), pa.list_(pa.string()), [["a", "é"]]),
        (of("'{glad}'::mood[]"), pa.list_(pa.string()), [["glad"]]),
        (of("ARRAY[date '2026-11-20']"), JSON, ['["2026-11-20"]']),
        (of("ARRAY[jsonb '1']"), JSON, ["[1]"]),
        (of("'{a,b}'::tags"), pa.list_(pa.string()), [["a", "b"]]),
        (
            of("ROW('a', 1.5, '2026-11-20 13:00+01')::item", "NULL"),
            JSON,
            ['{"id":"a","price":1.50,"at":"2026-11-20T12:00:00+00:00"}', None],
        ),
        (of("ROW(1, 'b')"), JSON, ['{"f1":1,"f2":"b"}']),
        (of("""'{"b": 1.10,  "a":[]}'::json"""), JSON, ['{"b": 1.10,  "a":[]}']),
        (of("""'{"b": 1.10,  "a":[]}'::jsonb"""), JSON, ['{"a": [], "b": 1.10}']),
        (of("'glad'::mood"), pa.string(), ["glad"]),
        (of("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid"), pa.string(), ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
        (of("'1.2.3.4'::inet", "'1.2.3.4/8'", "'2001:db8::1'"), pa.string(), ["1.2.3.4", "1.2.3.4/8", "2001:db8::1"]),
        (of("'10.0.0.0/8'::cidr"), pa.string(), ["10.0.0.0/8"]),
        (of("12.5::money", "(-1234567.89)::money"), pa.string(), ["12.50", "-1234567.89"]),
        (of("int4range(1, 5)"), pa.string(), ["[1,5)"]),
        (of("interval '1 month 2 days 3.5 s'"), pa.string(), ["1 mon 2 days 00:00:03.5"]),
        (of("'12:00:00+01'::timetz"), pa.string(), ["12:00:00+01"]),
        (of("time '23:59:59.999999'", "time '24:00'"), pa.time64("us"), [time(23, 59, 59, 999999), None]),
        (of("B'101'"), pa.string(), ["101"]),
        (of("'\\xdeadbeef'::bytea", "''"), pa.binary(), [bytes.fromhex("deadbeef"), b""]),
        (of("date '2026-11-20'"), pa.date32(), [date(2026, 11, 20)]),
        (of("timestamptz '2026-11-20 13:00+01'"), pa.timestamp("us", "UTC"), [NOON]),
        (of("timestamp '2026-11-20 12:00'"), pa.timestamp("us"), [NOON.replace(tzinfo=None)]),
    ],
)
def test_values_travel_as_the_type_says(
    database: PostgresDatabase, query: Query, kind: Any, expected: list[Any]
) -> None:
    with database.connect() as source:
        assert source.schema(query).field("x").type == kind
        assert values(source, query, "x") == expected


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
def test_times_that_no_calendar_holds_cost_no_other_row(database: PostgresDatabase, kind: str) -> None:
    texts = ("-infinity", "0044-03-15 BC", "2026-11-20", "20000-01-01", "infinity")
    query = of(*(f"'{text}'::{kind}" for text in texts), "NULL")
    by_x = Query(sql=query.sql, cursor_column="x")

    with database.connect() as source:
        (batch,) = source.read(by_x)
        found = [cursor_value(batch.column("x"), row) for row in range(batch.num_rows)]
        bound = Range(column="x", low=next(value for value in found if value is not None))
        later = values(source, Query(sql=query.sql, cursor_column="x", ranges=(bound,)), "row")

    assert [value is not None for value in found] == [False, False, False, True, False, False]
    assert later == [2, 3, 4]


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
@pytest.mark.parametrize("early", ["-infinity", "0044-03-15 BC"])
def test_a_time_before_the_calendar_is_null_to_a_range_as_well(
    database: PostgresDatabase, kind: str, early: str
) -> None:
    with database.connect() as source:
        assert in_ranges(source, kind, early) == EXPECTED


@pytest.mark.parametrize(
    ("expression", "remedy"),
    [
        ("sum(1.5)", "numeric(38, 9)"),
        ("'glad'::mood", "text"),
        ("ARRAY[1]", "in the query"),
        ("jsonb '1'", "in the query"),
        ("interval '1 s'", "timestamp"),
        ("inet '1.2.3.4'", "text"),
    ],
)
def test_a_type_that_is_no_cursor_says_what_makes_one(database: PostgresDatabase, expression: str, remedy: str) -> None:
    with database.connect() as source, pytest.raises(ColumnError, match="no cursor can follow") as caught:
        source.schema(Query(sql=f"SELECT {expression} AS x", cursor_column="x"))

    assert remedy in caught.value.remedy


def test_a_number_without_digits_is_compared_as_a_number(database: PostgresDatabase) -> None:
    query = of("10::numeric", "9.5", "9", "100")

    with database.connect() as source:
        for kind in (CursorKind.DECIMAL, CursorKind.TEXT):  # a key of it is written as it travels
            bound = Range(column="x", low=CursorValue(kind, "9.5"))
            assert values(source, Query(sql=query.sql, ranges=(bound,), order_by=("x",)), "x") == ["9.5", "10", "100"]


def test_uuids_are_a_cursor_and_a_bound_that_is_none_is_refused(database: PostgresDatabase) -> None:
    uuids = sorted(f"{place:08x}-0000-7000-8000-000000000000" for place in (1, 2**31, 2**32 - 1))
    query = of(*(f"'{text}'::uuid" for text in reversed(uuids)))

    with database.connect() as source:
        at = Range(column="x", low=CursorValue(CursorKind.TEXT, uuids[1]))
        assert values(source, Query(sql=query.sql, cursor_column="x", ranges=(at,)), "x") == uuids[1:]
        wrong = Range(column="x", low=CursorValue(CursorKind.TEXT, "canary"))
        with pytest.raises(QueryError, match='"x" with is no uuid; write it as the column holds it') as caught:
            source.schema(Query(sql=query.sql, ranges=(wrong,)))
    assert "canary" not in str(caught.value)


def test_a_text_that_is_no_utf_8_costs_its_row_only(postgres_server: str, database: PostgresDatabase) -> None:
    name = f"{database.name}_ascii"
    database.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    old = Query(
        sql=r"SELECT * FROM (VALUES (1, E'\xff'), (2, E'\xc3\xa9'), (3, NULL)) AS held (row, x)", cursor_column="row"
    )

    with database.connect(database=name) as source:
        assert values(source, old, "x") == [None, "é", None]
        lists = Query(sql=r"SELECT ARRAY['a', E'\xff'] AS x")
        assert values(source, lists, "x") == [["a", None]]
    database.run(f"DROP DATABASE {name} WITH (FORCE)")
