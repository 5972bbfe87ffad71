"""MariaDB behind SQLAlchemy keeps the contract of every connector, where there is one to test."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from connectors.base import Query, Range
from connectors.errors import QueryError, SourceRefusedError
from connectors.incremental import CursorKind, CursorValue
from connectors.sqlalchemy import Options, connect
from connectors.testing import SourceContract
from connectors.testing.injection import NAMES
from connectors.testing.warehouse import all_rows, values
from tests.acceptance.pages import statements
from tests.contract.sqlalchemy_databases import Database, execute, mysql_url

__all__ = ["mysql_url"]

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def warehouse(mysql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Database:
    return Database(f"{mysql_url}&sql_mode=PIPES_AS_CONCAT", root=tmp_path_factory.mktemp("root"))


class TestMysqlBySqlalchemy(SourceContract):
    lacks = frozenset(
        {"boolean"}  # a TINYINT
        | {"timestamp_ns", "timestamptz_ns", "list", "struct", "list_of_structs"}
        | {"float64"}  # no NaN and no infinity
        | {"timestamptz_us"}  # TIMESTAMP begins in 1970
    )
    names = tuple(name for name in NAMES if max(name) <= "\uffff" and not name.endswith((" ", "\n")))
    failing = (
        "exp(CASE name WHEN '1' THEN 1 ELSE 9999 END)",
        "pow(9999, CASE name WHEN '1' THEN 1 ELSE 9999 END)",
        "9223372036854775807 + CASE name WHEN '1' THEN 0 ELSE 1 END",
    )


def test_the_role_of_the_page_can_read_and_nothing_else(warehouse: Database) -> None:
    url = sa.make_url(warehouse.url)
    user = f"syncer_{url.database}"[:32]
    given = statements("docs/how-to/read-only-roles.md", "MySQL and MariaDB").replace("'syncer'", f"'{user}'")
    made = [each for each in given.replace("shop.*", f"{url.database}.*").replace("%", "%%").split(";") if each.strip()]
    execute(warehouse.url, "CREATE TABLE readable (n int)", "INSERT INTO readable VALUES (7)", *made)
    reader = url.set(username=user, password="a long random one").render_as_string(hide_password=False)

    with connect(Options(url=reader), root=warehouse.root) as source:
        assert all_rows(source, Query(sql="SELECT * FROM readable")) == [{"n": 7}]

    with pytest.raises(sa.exc.OperationalError, match="denied"):
        execute(reader, "INSERT INTO readable VALUES (8)")
    execute(warehouse.url, f"DROP USER '{user}'@'%%'")


def test_types_of_mysql_arrive_as_what_they_are(warehouse: Database) -> None:
    columns = "t TIMESTAMP(3) NULL, n DECIMAL(40, 2), d DATE, e ENUM('x', 'y'), b BLOB, o TIME, big BIGINT UNSIGNED"
    execute(
        warehouse.url,
        "SET sql_mode = ''",
        f"CREATE TABLE odd ({columns})",
    )
    execute(
        f"{warehouse.url}&init_command=SET sql_mode = '', time_zone = '%2B02:00'",
        "INSERT INTO odd VALUES ('2026-01-01 12:00:00.5', 1.5, '0000-00-00', 'y', x'00ff', '25:00', 18446744073709551615)",
    )

    with warehouse.connect() as source:
        schema = source.schema(Query(sql="SELECT * FROM odd"))
        found = all_rows(source, Query(sql="SELECT * FROM odd"))

    assert str(schema.field("t").type) == "timestamp[us, tz=UTC]"
    at = datetime(2026, 1, 1, 10, 0, 0, 500_000, UTC)
    rest = {"n": "1.50", "d": None, "e": "y", "b": b"\x00\xff", "o": None, "big": 2**64 - 1}
    assert found == [{"t": at, **rest}]


@pytest.mark.parametrize(
    ("kind", "low"),
    [
        ("DATE NULL", CursorValue(CursorKind.DATE, "2026-01-01")),
        ("DATETIME NOT NULL", CursorValue(CursorKind.TIMESTAMP, "2026-01-01T00:00:00")),
        ("DATETIME NULL", CursorValue(CursorKind.TIMESTAMP, "2026-01-01T00:00:00")),
        ("TIMESTAMP NOT NULL", CursorValue(CursorKind.TIMESTAMP_TZ, "2026-01-01T00:00:00Z")),
    ],
)
def test_a_time_that_is_zero_is_null_to_a_range_as_well(warehouse: Database, kind: str, low: CursorValue) -> None:
    execute(
        f"{warehouse.url}&init_command=SET sql_mode = ''",
        f"CREATE OR REPLACE TABLE zeros (id int, at {kind} DEFAULT 0)",
        "INSERT INTO zeros VALUES (1, '0000-00-00'), (2, '2025-02-01'), (3, '2026-02-01')",
    )
    query = Query(sql="SELECT * FROM zeros", cursor_column="at", order_by=("id",))
    ranges = (
        Range(column="at", low=low, with_null=True),
        Range(column="at", high=low),
        Range(column="at", high=low, with_null=True),
        Range(column="at"),
    )

    with warehouse.connect() as source:
        found = [values(source, replace(query, ranges=(each,)), "id") for each in ranges]

    assert found == [[1, 3], [2], [1, 2], [2, 3]]


def test_sums_and_texts_are_known_before_a_row_is_read(warehouse: Database) -> None:
    query = Query(sql="SELECT sum(1.25) AS total, 'it\\'s # no comment' AS note -- the end")

    with warehouse.connect() as source:
        assert [str(field.type) for field in source.schema(query)] == ["decimal128(38, 2)", "string"]
        assert all_rows(source, query) == [{"total": Decimal("1.25"), "note": "it's # no comment"}]


def test_a_comment_that_mysql_runs_is_refused(warehouse: Database) -> None:
    with warehouse.connect() as source, pytest.raises(QueryError):
        source.schema(Query(sql="SELECT 1 AS id /*! INTO OUTFILE 'x' */"))


def test_a_long_result_may_be_left_at_once(warehouse: Database) -> None:
    endless = Query(sql="SELECT seq AS id, repeat('x', 1000) AS pad FROM seq_1_to_3000000")
    with warehouse.connect() as source:
        reading = source.read(endless)
        next(reading)
        began = time.monotonic()

        reading.close()  # type: ignore[attr-defined]  # a generator

    assert time.monotonic() - began < 5


def test_a_user_that_is_unknown_is_refused(warehouse: Database) -> None:
    url = warehouse.url.replace("//root@", "//nobody:canary@")

    with pytest.raises(SourceRefusedError, match="refuses the connection") as caught:
        connect(Options(url=url), root=warehouse.root).schema(Query(sql="SELECT 1"))

    assert "canary" not in str(caught.value)


def test_the_server_waits_while_the_caller_takes_its_time(warehouse: Database) -> None:
    execute(warehouse.url, "SET GLOBAL net_write_timeout = 1")
    rows = Query(sql="SELECT seq AS id, repeat('x', 1000) AS pad FROM seq_1_to_100000", batch_rows=1000)
    try:
        with warehouse.connect() as source:
            reading = source.read(rows)
            found = next(reading).num_rows
            execute(warehouse.url, "DO sleep(2.5)")
            assert found + sum(batch.num_rows for batch in reading) == 100_000
    finally:
        execute(warehouse.url, "SET GLOBAL net_write_timeout = 60")
