"""A Postgres server is only read from, and every refusal says what to do."""

import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from connectors.base import Query
from connectors.errors import QueryError, SourceError, SourceRefusedError, SourceUnavailableError
from connectors.postgres import Options, Way, by_arrow, by_cursor, connect
from connectors.testing.warehouse import all_rows, values
from tests.loopback import Loopback
from tests.postgres_database import PostgresDatabase

pytestmark = pytest.mark.integration

CANARY = "canary%2Fsecret"
ORDERS = Query(sql="SELECT * FROM orders", cursor_column="id", batch_rows=100)
LONG = Query(sql="SELECT g AS id, repeat('x', 1000) AS pad FROM generate_series(1, 100000) AS g", batch_rows=500)
PRESS_CTRL_C = """
import os, signal, sys, threading
from pathlib import Path
from connectors import postgres
from connectors.base import Query
from connectors.postgres_place import place

where = place(postgres.Options(url=sys.argv[1], database=sys.argv[2]), root=Path("/"))
source = postgres.PostgresSource(where, ways=(getattr(postgres, sys.argv[3]),))
threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    list(source.read(Query(sql=sys.argv[4])))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.fixture(scope="module", params=[by_arrow, by_cursor], ids=["arrow", "cursor"])
def database(request: pytest.FixtureRequest, postgres_server: str) -> Iterator[PostgresDatabase]:
    made = PostgresDatabase(postgres_server, request.param)
    made.run(
        "CREATE TABLE orders (id bigint PRIMARY KEY, name text)",
        "INSERT INTO orders SELECT g, 'x' || g FROM generate_series(0, 999) AS g",
        "CREATE SEQUENCE numbers",
        "CREATE SCHEMA hidden",
        "CREATE TABLE hidden.prices (id int)",
        "CREATE TABLE secrets (id int)",
        f"DROP ROLE IF EXISTS reader_{made.name}",
        f"CREATE ROLE reader_{made.name} LOGIN",
        f"GRANT SELECT ON orders TO reader_{made.name}",
    )
    yield made
    role = f"reader_{made.name}"
    made.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")
    made.drop()


@pytest.fixture
def loopback(database: PostgresDatabase) -> Iterator[Loopback]:
    """The server by TCP, which it does not listen on itself."""
    with closing(Loopback(database.url)) as opened:
        yield opened


def told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_a_session_reads_one_moment_and_can_do_nothing_else(database: PostgresDatabase) -> None:
    settings = {
        "transaction_isolation": "read committed",
        "transaction_read_only": "on",
        "application_name": "our syncer",
        "statement_timeout": "15min",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "0",
        "TimeZone": "UTC",
        "search_path": "hidden",
    }
    asked = Query(sql="SELECT " + ", ".join(f"current_setting('{name}') AS \"{name}\"" for name in settings))
    options = {"application_name": "our syncer", "statement_timeout": "15m", "lock_timeout": "2s"}

    with database.connect(**options, options="-c search_path=hidden") as source:
        assert all_rows(source, asked) == [settings]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nextval('numbers') AS n",
        "SELECT * FROM orders FOR UPDATE",
        "SELECT lo_create(0) AS n",
        "SELECT setval('numbers', 9) AS n FROM (SELECT set_config('transaction_read_only', 'off', true)) AS x",
    ],
)
def test_functions_and_locks_that_write_are_refused(database: PostgresDatabase, sql: str) -> None:
    before = database.checksum()

    with database.connect() as source, pytest.raises(QueryError):
        all_rows(source, Query(sql=sql))

    assert database.checksum() == before


def test_rows_are_those_of_the_moment_of_the_first_batch(database: PostgresDatabase) -> None:
    with database.connect() as source:
        reading = source.read(ORDERS)
        found = next(reading).column("id").to_pylist()
        database.run("INSERT INTO orders VALUES (5000, 'new')")
        found += [row for batch in reading for row in batch.column("id").to_pylist()]
        database.run("DELETE FROM orders WHERE id = 5000")

    assert found == list(range(1000))


def test_no_connection_outlives_its_reading_or_its_source(database: PostgresDatabase) -> None:
    name = f"syncer of {database.name}"
    count = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'"
    with database.connect(application_name=name) as source:
        all_rows(source, ORDERS)
        left = source.read(LONG)
        next(left)
        assert database.run(count) == [(1,)]
        left.close()  # type: ignore[attr-defined]  # a generator
        next(cut := source.read(LONG))

    with pytest.raises(SourceRefusedError, match="was closed before its rows were read"):
        next(cut)
    with pytest.raises(SourceRefusedError):
        source.schema(ORDERS)
    ended = "SELECT pg_stat_clear_snapshot(), pg_sleep(0.02)"
    assert any(database.run(ended, count) == [(0,)] for _ in range(200))


@pytest.mark.parametrize("end", ["server", "network"])
def test_a_connection_lost_between_rows_is_unavailable_and_keeps_what_came(
    database: PostgresDatabase, loopback: Loopback, end: str
) -> None:
    name = f"lost {database.name}"
    host = {"url": f"postgresql://postgres@127.0.0.1:{loopback.port}", "sslmode": "disable", "application_name": name}
    with database.connect(**host) as source:
        reading = source.read(LONG)
        first = next(reading)
        if end == "server":
            database.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'")
        else:
            loopback.close()
        with pytest.raises(SourceUnavailableError, match=f"127.0.0.1:{loopback.port}/{database.name}") as caught:
            list(reading)

    assert caught.value.is_transient
    assert first.column("id")[0].as_py() == 1


def test_a_statement_that_takes_too_long_is_unavailable(database: PostgresDatabase) -> None:
    slow = Query(sql="SELECT g, pg_sleep(0.01) IS NULL AS slept FROM generate_series(1, 1000) AS g")

    with (
        database.connect(statement_timeout="300ms") as source,
        pytest.raises(SourceUnavailableError, match="longer than statement_timeout") as caught,
    ):
        all_rows(source, slow)

    assert "raise statement_timeout" in caught.value.remedy


def test_a_transaction_that_takes_too_long_is_unavailable(database: PostgresDatabase) -> None:
    if database.run("SHOW server_version_num") < [("170000",)]:
        pytest.skip("transaction_timeout came with Postgres 17")
    with database.connect(options="-c transaction_timeout=300") as source:
        reading = source.read(LONG)
        next(reading)
        database.run("SELECT pg_sleep(0.6)")
        with pytest.raises(SourceUnavailableError, match="longer than transaction_timeout") as caught:
            list(reading)

    assert "ALTER ROLE" in caught.value.remedy


def test_a_locked_table_is_unavailable_for_now(database: PostgresDatabase) -> None:
    with psycopg.connect(database.url, dbname=database.name) as other, database.connect(lock_timeout="200ms") as source:
        other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SourceUnavailableError, match="locked for longer than lock_timeout"):
            source.schema(ORDERS)
        other.rollback()

        assert len(all_rows(source, ORDERS)) == 1000


def test_a_failing_value_is_told_by_neither_way(database: PostgresDatabase) -> None:
    bad = Query(sql="SELECT CASE WHEN id = 900 THEN CAST('canary' || id AS int) END AS n FROM orders")

    with database.connect() as source, pytest.raises(QueryError, match="a value does not fit") as caught:
        all_rows(source, bad)

    assert "canary900" not in told(caught.value)


@pytest.mark.parametrize(
    ("sql", "thing", "grant"),
    [
        ("SELECT * FROM secrets", "table secrets", "GRANT SELECT ON secrets TO"),
        ("SELECT * FROM hidden.prices", "schema hidden", "GRANT USAGE ON SCHEMA hidden TO"),
    ],
)
def test_a_missing_right_is_named_with_the_grant(database: PostgresDatabase, sql: str, thing: str, grant: str) -> None:
    reader = f"reader_{database.name}"

    with database.connect(user=reader) as source:
        assert len(all_rows(source, ORDERS)) == 1000
        with pytest.raises(SourceRefusedError, match=f"{reader} may not read the {thing}") as caught:
            all_rows(source, Query(sql=sql))

    assert caught.value.remedy == f"{grant} {reader}"


@pytest.mark.parametrize(
    ("sql", "message", "remedy"),
    [
        ("SELECT * FROM ordrs", "line 1", "did you mean orders?"),
        ("SELECT 1 AS one,\n  * FROM hidden.price", "line 2", "did you mean hidden.prices?"),
        ("SELECT * FROM zzz", "zzz", "tables of "),
        ("-- all\nSELECT id,\nnme FROM orders", "line 3.*nme", "orders.name"),
        ("SELECT id FROM FROM orders", "line 1: syntax error", "mend the SQL there"),
        ("SELECT o.id, p.id FROM orders o, orders p", "ambiguous", "another name with AS"),
        ("SELECT nosuch(id) FROM orders", "nosuch", "No function matches"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(
    database: PostgresDatabase, sql: str, message: str, remedy: str
) -> None:
    with database.connect() as source, pytest.raises(QueryError, match=message) as caught:
        source.schema(Query(sql=sql))

    assert remedy in caught.value.remedy


def test_a_user_who_may_read_no_table_is_told_so(database: PostgresDatabase) -> None:
    reader = {"user": f"reader_{database.name}", "database": "postgres"}
    with database.connect(**reader) as source, pytest.raises(QueryError, match="ordrs") as caught:
        source.schema(Query(sql="SELECT * FROM ordrs"))

    assert "GRANT SELECT, or mend `database`" in caught.value.remedy


@pytest.mark.parametrize("kind", ["database", "user"])
def test_a_database_or_user_that_is_not_there_is_refused(database: PostgresDatabase, kind: str) -> None:
    with database.connect(**{kind: "nowhere"}) as source, pytest.raises(SourceRefusedError) as caught:
        source.schema(ORDERS)

    assert caught.value.remedy == f"mend `{kind}`"


@pytest.mark.skipif("SYNCER_TEST_POSTGRES_URL" in os.environ, reason="the server's pg_hba.conf is not ours")
def test_a_wrong_password_is_refused_and_told_nowhere(database: PostgresDatabase) -> None:
    user = f"reader_{database.name}"
    ((file,),) = database.run("SHOW hba_file")
    before = Path(file).read_text()
    Path(file).write_text(f"local all {user} scram-sha-256\n{before}")
    try:
        database.run(f"ALTER ROLE {user} PASSWORD 'right'", "SELECT pg_reload_conf()")
        right = {"user": user, "password": "right"}
        assert any(_refused(database, {"user": user, "password": "wrong"}) for _ in range(200))
        with database.connect(**right) as source:
            assert len(all_rows(source, ORDERS)) == 1000
        for wrong in (CANARY, None):
            with database.connect(user=user, password=wrong) as source, pytest.raises(SourceRefusedError) as caught:
                source.schema(ORDERS)
            assert f"refuses the password of {user}" in str(caught.value)
            assert CANARY not in told(caught.value)
    finally:
        Path(file).write_text(before)
        database.run("SELECT pg_reload_conf()")


def _refused(database: PostgresDatabase, options: dict[str, str]) -> bool:
    """Return whether the server read its new rules, which it does some time after it was told to."""
    try:
        with database.connect(**options) as source:
            source.schema(ORDERS)
    except SourceError:
        return True
    return False


def test_too_many_connections_pass(database: PostgresDatabase) -> None:
    user = f"reader_{database.name}"
    database.run(f"ALTER ROLE {user} CONNECTION LIMIT 1")
    with (
        psycopg.connect(database.url, dbname=database.name, user=user),
        database.connect(user=user) as source,
        pytest.raises(SourceUnavailableError) as caught,
    ):
        source.schema(ORDERS)
    database.run(f"ALTER ROLE {user} CONNECTION LIMIT -1")

    assert "has too many connections" in str(caught.value)
    assert caught.value.is_transient


def test_where_one_connection_is_all_there_is_the_cursor_reads(postgres_server: str) -> None:
    made = PostgresDatabase(postgres_server)
    user = f"single_{made.name}"
    made.run(
        "CREATE TABLE orders (id int)", "INSERT INTO orders VALUES (1)", f"CREATE ROLE {user} LOGIN CONNECTION LIMIT 1"
    )
    made.run(f"GRANT SELECT ON orders TO {user}")

    with made.connect(user=user) as source:
        assert all_rows(source, ORDERS) == [{"id": 1}]

    made.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")
    made.drop()


def test_without_adbc_the_cursor_reads(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "connectors.postgres_adbc", None)
    source = connect(Options(url=postgres_server), root=Path("/"))

    assert values(source, Query(sql="SELECT 1 AS one"), "one") == [1]


def test_a_server_that_is_away_is_unavailable(database: PostgresDatabase, loopback: Loopback) -> None:
    loopback.close()
    for host in ("127.0.0.1", "/nowhere"):
        with database.connect(host=host, port=loopback.port) as source, pytest.raises(SourceUnavailableError) as caught:
            source.schema(ORDERS)

        assert f"{host}" in str(caught.value)
        assert "cannot be reached" in str(caught.value)


def test_a_server_without_tls_is_refused_where_it_is_required(database: PostgresDatabase, loopback: Loopback) -> None:
    host = {"url": f"postgresql://postgres@127.0.0.1:{loopback.port}"}

    with database.connect(**host, sslmode="require") as source, pytest.raises(SourceRefusedError) as caught:
        source.schema(ORDERS)

    assert "offers no TLS" in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT pg_sleep(20) IS NULL AS slept",
        "SELECT g, repeat('x', 900) AS pad FROM generate_series(1, 5000000) AS g ORDER BY g DESC",
    ],
)
def test_ctrl_c_ends_a_query_as_it_ends_everything_else(database: PostgresDatabase, way: Way, sql: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRESS_CTRL_C, database.url, database.name, way.__name__, sql],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert done.stdout == "interrupted\n", done.stderr


@pytest.fixture
def way(database: PostgresDatabase) -> Way:
    (found,) = database.ways or ()
    return found


def test_a_batch_of_wide_rows_ends_before_its_rows_are_complete(database: PostgresDatabase) -> None:
    wide = Query(sql="SELECT repeat('x', 20000) AS pad FROM generate_series(1, 8000)")
    with database.connect() as source:
        sizes = [batch.num_rows for batch in source.read(wide)]

    assert sum(sizes) == 8000
    assert max(sizes) <= 4000
