"""Postgres behind SQLAlchemy keeps the contract of every connector."""

import json
import traceback
from decimal import Decimal

import psycopg
import pytest
import sqlalchemy as sa

from connectors.base import Query
from connectors.errors import QueryError, SourceRefusedError, SourceUnavailableError
from connectors.sqlalchemy import Options, SqlalchemySource, connect
from connectors.testing import SourceContract
from connectors.testing.warehouse import all_rows
from tests.contract.early_times import EXPECTED, in_ranges
from tests.contract.sqlalchemy_databases import Database, execute, postgres_url

__all__ = ["postgres_url"]

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def warehouse(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Database:
    return Database(postgres_url, root=tmp_path_factory.mktemp("root"))


class TestPostgresBySqlalchemy(SourceContract):
    lacks = frozenset(
        {"uint64", "timestamp_ns", "timestamptz_ns"} | {"struct", "list_of_structs"}  # only types that somebody named
    )


def with_option(warehouse: Database, option: str) -> str:
    url = sa.make_url(warehouse.url).update_query_dict({"options": f"-c {option}"})
    return url.render_as_string(hide_password=False)


def test_values_that_python_cannot_hold_cost_their_row_only(warehouse: Database) -> None:
    sql = (
        "SELECT 'infinity'::timestamp AS a, '-infinity'::date AS b, '0044-03-15 BC'::timestamptz AS c, "
        "'24:00'::time AS d, 'NaN'::numeric(5, 2) AS e, array[[1, 2]] AS f, 7 AS rest"
    )

    with warehouse.connect() as source:
        assert all_rows(source, Query(sql=sql)) == [{**dict.fromkeys("abcdef"), "rest": 7}]


@pytest.mark.parametrize("kind", ["timestamptz", "timestamp", "date"])
@pytest.mark.parametrize("early", ["-infinity", "0044-03-15 BC"])
def test_a_time_before_the_calendar_is_null_to_a_range_as_well(warehouse: Database, kind: str, early: str) -> None:
    with warehouse.connect() as source:
        assert in_ranges(source, kind, early) == EXPECTED


def test_decimals_json_and_types_of_postgres_alone_lose_nothing(warehouse: Database) -> None:
    sql = """SELECT 12.50::numeric(12, 2) AS price, sum(1.234567890123456789) AS total, '{"a": 1.10}'::jsonb AS data,
        'e4eaaaf2-d142-11e1-b3e4-080027620cdd'::uuid AS id, interval '1 month' AS term, 'ab'::char(5) AS code,
        '%s :x $1' AS note, $tag$;'$tag$ AS quoted"""

    with warehouse.connect() as source:
        schema = source.schema(Query(sql=sql))
        (row,) = all_rows(source, Query(sql=sql))

    assert str(schema.field("price").type) == "decimal128(12, 2)"
    assert row == {
        "price": Decimal("12.50"),
        "total": "1.234567890123456789",
        "data": '{"a": 1.10}',
        "id": "e4eaaaf2-d142-11e1-b3e4-080027620cdd",
        "term": "1 mon",
        "code": "ab",
        "note": "%s :x $1",
        "quoted": ";'",
    }
    assert json.loads(row["data"]) == {"a": 1.1}


def test_two_columns_of_one_name_are_refused(warehouse: Database) -> None:
    with warehouse.connect() as source, pytest.raises(QueryError, match='two columns "id"; rename one'):
        source.schema(Query(sql="SELECT 1 AS id, 2 AS id"))


def test_a_function_that_writes_is_refused(warehouse: Database) -> None:
    with warehouse.connect() as source, pytest.raises(QueryError, match="more than read"):
        all_rows(source, Query(sql="SELECT lo_create(0) AS id"))


def test_what_a_function_says_while_the_query_is_planned_is_not_told(warehouse: Database) -> None:
    execute(
        warehouse.url,
        "CREATE FUNCTION refuses(word text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS "
        "$$ BEGIN RAISE EXCEPTION 'no customer %%', word; END $$",
    )
    with warehouse.connect() as source, pytest.raises(QueryError) as caught:
        all_rows(source, Query(sql="SELECT refuses('can' || 'ary') AS a"))

    assert "canary" not in str(caught.value)
    assert "a function of the query" in str(caught.value)


def test_a_wrong_password_is_refused_and_not_told(warehouse: Database) -> None:
    url = sa.make_url(warehouse.url).set(username="nobody", password="canary-s3cret")

    with pytest.raises(SourceRefusedError, match="refuses the connection") as caught:
        connect(Options(url=url.render_as_string(hide_password=False)), root=warehouse.root).schema(
            Query(sql="SELECT 1")
        )

    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_a_user_without_rights_is_refused(warehouse: Database) -> None:
    execute(warehouse.url, "CREATE TABLE closed (id int)", "CREATE ROLE syncer_nobody")
    url = with_option(warehouse, "role=syncer_nobody")
    try:
        with connect(Options(url=url), root=warehouse.root) as source, pytest.raises(SourceRefusedError, match="right"):
            source.schema(Query(sql="SELECT * FROM closed"))
    finally:
        execute(warehouse.url, "DROP TABLE closed", "DROP ROLE syncer_nobody")


def test_a_query_that_the_server_stops_may_be_tried_again(warehouse: Database) -> None:
    url = with_option(warehouse, "statement_timeout=200")

    with connect(Options(url=url), root=warehouse.root) as source, pytest.raises(SourceUnavailableError) as caught:
        all_rows(source, Query(sql="SELECT pg_sleep(20)::text AS x"))

    assert caught.value.is_transient


def test_what_a_reading_sets_holds_for_its_transaction_alone(warehouse: Database) -> None:
    wanted = {"TimeZone": "UTC", "cursor_tuple_fraction": "1", "idle_in_transaction_session_timeout": "0"}
    asked = "SELECT " + ", ".join(f"current_setting('{name}') AS \"{name}\"" for name in wanted)
    url = with_option(warehouse, "idle_in_transaction_session_timeout=60000 -c TimeZone=Asia/Tokyo")

    engine = sa.create_engine(url, pool_size=1)

    with SqlalchemySource(engine) as source:
        assert all_rows(source, Query(sql=asked)) == [wanted]
    with engine.connect() as same:
        assert same.exec_driver_sql("SHOW TimeZone").scalar() == "Asia/Tokyo"
    engine.dispose()


def test_a_connection_that_is_cut_off_does_not_look_complete(warehouse: Database) -> None:
    endless = Query(
        sql="WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n", batch_rows=10
    )
    with warehouse.connect() as source:
        reading = source.read(endless)
        next(reading)
        with psycopg.connect(warehouse.url.replace("+psycopg", ""), autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(SourceUnavailableError, match="connection to the database was lost"):
            for _ in reading:
                pass


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM ordrs", 'relation "ordrs" does not exist'),
        ("SELECT 1 FROM FROM x", 'syntax error at or near "FROM"'),
        ("SELECT nosuch AS x", 'column "nosuch" does not exist'),
        ("SELECT $1 AS x", "parameters"),
    ],
)
def test_what_the_database_says_of_a_query_is_passed_on(warehouse: Database, sql: str, said: str) -> None:
    with warehouse.connect() as source, pytest.raises(QueryError) as caught:
        source.schema(Query(sql=sql))

    assert said in str(caught.value)
