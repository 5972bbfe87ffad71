"""Which way Postgres takes to the few rows of a table that a run reads."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from connectors.base import Query, Range
from connectors.incremental import CursorKind, CursorValue
from connectors.postgres_columns import Described, column
from connectors.sqlalchemy_columns import Column, Kind
from connectors.sqlalchemy_select import Rows
from connectors.wrapping import wrapped
from tests.postgres_database import PostgresDatabase

pytestmark = pytest.mark.integration

SQL = "SELECT * FROM orders"
LOW = CursorValue(CursorKind.TIMESTAMP_TZ, "2026-11-20T10:00:00Z")
QUERY = Query(sql=SQL, cursor_column="at", ranges=(Range(column="at", low=LOW, with_null=True),))


@pytest.fixture(scope="module")
def database(postgres_server: str) -> Iterator[PostgresDatabase]:
    """A table that was just made, of which Postgres has no statistics yet."""
    made = PostgresDatabase(postgres_server)
    made.run(
        "CREATE TABLE orders WITH (autovacuum_enabled = off) AS SELECT timestamptz '2026-01-01Z' "
        "+ place * interval '1 minute' AS at, repeat('x', 100) AS note FROM generate_series(1, 50000) AS place",
        "CREATE INDEX ON orders (at)",
    )
    yield made
    made.drop()


def by_psycopg() -> str:
    kind = Described("timestamptz", "timestamptz", "b", is_array=False, items="", modifier=-1)
    return wrapped(
        QUERY, f"({SQL})", {"at": column("at", kind)}, lambda text, of: f"CAST('{text}' AS {of})", limit=None
    )


def by_sqlalchemy() -> str:
    statement = Rows(QUERY, SQL, ["at"], "postgresql").select(
        QUERY, {"at": Column("at", Kind.TIMESTAMP_TZ)}, limit=None
    )
    dialect = sa.make_url("postgresql+psycopg://").get_dialect()()
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize("text", [by_psycopg(), by_sqlalchemy()], ids=["psycopg", "sqlalchemy"])
def test_an_index_serves_the_cursor_of_a_table_without_statistics(database: PostgresDatabase, text: str) -> None:
    plan = "\n".join(line for (line,) in database.run(f"EXPLAIN {text}"))
    assert "orders_at_idx" in plan
    assert "Seq Scan" not in plan
