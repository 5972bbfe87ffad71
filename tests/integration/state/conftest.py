"""A state store of each kind, fresh for every test; Postgres is a real server that the tests start."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from connectors.incremental import CursorKind, CursorValue
from syncer.ports import NO_POINTS, Points
from syncer.report import Tally
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.requests import NewRequest, RequestState
from syncer.state.runs import RunLog
from syncer.state.scope import Scope
from syncer.state.store import Store, open_store
from syncer.state.tables import METADATA
from syncer.watermark import Watermark

ORDERS = Scope("default", "orders", "meta")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class TestClock:
    """Stands still at noon unless it is moved; waits by moving. Mutable."""

    __test__ = False

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a database with the newest schema."""
    name = f"syncer_test_{uuid4().hex[:8]}"
    _execute(postgres_server, f"CREATE DATABASE {name}")
    url = _database(postgres_server, name)
    root = tmp_path_factory.mktemp("root")
    with open_store(url, root=root, home=root / ".syncer"):
        pass
    yield url
    _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_url(postgres_database: str) -> Iterator[str]:
    """URL of a database with the newest schema and no rows but the install's."""
    saved = "CREATE TABLE saved AS SELECT * FROM install"
    restored = "DELETE FROM install; INSERT INTO install SELECT * FROM saved; DROP TABLE saved"
    tables = ", ".join(table for table in METADATA.tables if table != "install")
    _execute(postgres_database, saved)
    yield postgres_database
    _execute(postgres_database, f"TRUNCATE {tables} RESTART IDENTITY CASCADE; {restored}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema."""
    root = tmp_path_factory.mktemp("root")
    with open_store("sqlite:///state.db", root=root, home=root / ".syncer"):
        pass
    return root / "state.db"


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """URL of a database of the test's own without any table."""
    name = f"syncer_test_{uuid4().hex[:8]}"
    _execute(postgres_server, f"CREATE DATABASE {name}")
    yield _database(postgres_server, name)
    _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a store of each kind, with the newest schema."""
    if request.param == "sqlite":
        (tmp_path / ".syncer").mkdir(mode=0o700)
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / ".syncer" / "state.db")
        return "sqlite:///.syncer/state.db"
    return str(request.getfixturevalue("postgres_url"))


Opener = Callable[..., Store]


@pytest.fixture
def opened(state_url: str, tmp_path: Path) -> Iterator[Opener]:
    """Open the test's store, as often as wanted; closed at the end."""
    stores: list[Store] = []

    def open_it(points: Points = NO_POINTS) -> Store:
        store = open_store(state_url, root=tmp_path, home=tmp_path / ".syncer", points=points, clock=TestClock())
        stores.append(store)
        return store

    yield open_it
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Opener) -> Store:
    """The test's store."""
    return opened()


def _database(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


class Acts:
    """What a run does, in words short enough for a test."""

    def begin(self, store: Store, run_id: str = "run-1", *, scope: Scope = ORDERS) -> RunLog:
        return store.start_run(
            scope, run_id=run_id, now=store.clock.now(), fingerprint="f1", trigger="manual", holder="tester"
        )

    def identities(self, first: int, count: int) -> bytes:
        return b"".join(number.to_bytes(16, "big") for number in range(first, first + count))

    def at(self, number: int) -> CursorValue:
        return CursorValue(CursorKind.INTEGER, str(number))

    def mark(self, number: int) -> Watermark:
        return Watermark(self.at(number))

    def read(self, run: RunLog, rows: int) -> None:
        run.page(Tally(rows_read=rows), [], rows)

    def arm(self, run: RunLog, first: int, count: int, *, parent: int | None = None) -> int:
        return run.arm(
            NewRequest(
                digests=self.identities(first, count),
                events=count,
                event_time_min=1_000,
                event_time_max=2_000,
                cursor_low=self.at(first),
                cursor_high=self.at(first + count - 1),
                parent=parent,
            )
        )

    def deliver(self, run: RunLog, first: int, count: int) -> int:
        self.read(run, count)
        request = self.arm(run, first, count)
        run.settle(request, self.accepted(), state=RequestState.ACKED)
        return request

    def accepted(self) -> Outcome:
        return Outcome(kind=OutcomeClass.ACKED, status=200, fbtrace_id="Trace1")

    def refused(self) -> Outcome:
        return Outcome(
            kind=OutcomeClass.REJECTED, status=400, code=100, subcode=2804050, fbtrace_id="T", reason="remote_rejected"
        )

    def unknown(self) -> Outcome:
        return Outcome(kind=OutcomeClass.DOUBT, reason="read_timeout")


@pytest.fixture
def acts() -> Acts:
    return Acts()


@pytest.fixture(scope="module")
def module_acts() -> Acts:
    return Acts()


def consistency(store: Store) -> list[str]:
    """Return every contradiction between requests and counters in the store; none is right."""
    counted: Counter[tuple[str, str]] = Counter()
    with store.reading() as connection:
        for run_id, kind, name, count in connection.execute(text("SELECT run_id, kind, name, count FROM run_counts")):
            counted[run_id, f"{kind} {name}"] = int(count)
            counted[run_id, "events"] += int(count) if kind == "bucket" or name == "acknowledged" else 0
        events = text("SELECT run_id, state, SUM(events) FROM requests GROUP BY run_id, state")
        stored = Counter({(run_id, state): int(count) for run_id, state, count in connection.execute(events)})
        runs = connection.execute(text("SELECT id FROM runs")).scalars().all()
    pairs = [
        ("total rows_read", counted, "events"),
        ("total acknowledged", stored, "acked"),
        ("bucket rejected_remote", stored, "dead"),
        ("bucket held", stored, "held"),
    ]
    return [
        f"{run}: {name}: {counted[run, name]} is not {other[run, part]}"
        for run in runs
        for name, other, part in pairs
        if counted[run, name] != other[run, part]
    ]


@pytest.fixture
def contradictions() -> Callable[[Store], list[str]]:
    return consistency
