"""Stores of earlier releases, with rows in every table: brought forward whole, whatever happens meanwhile (R33, F39)."""

import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, event, inspect, text

from syncer.report import Bucket, RunStatus, Tally
from syncer.state import migrate
from syncer.state.database import Database, connect
from syncer.state.erased import erase
from syncer.state.locks import waiting_lock
from syncer.state.place import parse
from syncer.state.requests import Rejected
from syncer.state.store import Store, open_store
from syncer.state.tables import METADATA, VERSION_TABLE
from tests.counts import FULL
from tests.integration.state.conftest import ORDERS
from tests.integration.state.some_states import STATES
from tests.integration.state.test_state_migrations import NEXT

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RELEASED = sorted(
    script.revision for script in ScriptDirectory.from_config(migrate._config(migrate.scripts())).walk_revisions()
)
Rows = dict[str, list[tuple[object, ...]]]
OF_DAEMONS = {
    "run_requests (target, pipeline, requested_at, requested_by, state)": "('default', 'orders', '2026', 'tester', 'done')",
    "daemons (id, target, holder, started_at, seen_at)": "('d1', 'default', 'tester', '2026', '2026')",
    "schedules (target, pipeline, kind, schedule, due_at)": "('default', 'orders', 'run', 'every 1h', '2026')",
    "alerts (target, about, condition, since, text)": "('default', 'orders/meta', 'failed', '2026', 'it failed')",
    "alert_messages (target, receiver, body, created_at, attempts, next_at)": (
        "('default', 'slack', '{}', '2026', 0, '2026')"
    ),
    "missed_times (target, pipeline, kind, first_at, last_at, times, reason, noticed_at)": (
        "('default', 'orders', 'run', '2026', '2026', 1, 'asleep', '2026')"
    ),
}


class CrashError(Exception):
    """The process ends here."""


@dataclass(frozen=True)
class Old:
    """A store with the schema of an earlier release."""

    url: str
    root: Path
    revision: str
    next_release: Path

    def opened(self) -> Database:
        return connect(parse(self.url, root=self.root))

    def upgrade(self, *, crash_at: int | None = None, now: datetime = NOW) -> int:
        """Start the next release, and end at one statement that changes something; return how many there were."""
        database, seen = self.opened(), 0

        def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            nonlocal seen
            seen += not statement.lstrip().startswith(("SELECT", "PRAGMA", "BEGIN", "SET", "SHOW"))
            if seen == crash_at:
                raise CrashError(statement)

        event.listen(database.stepwise, "after_cursor_execute", look)
        try:
            migrate.upgrade(database, now=now, folder=self.next_release)
        finally:
            database.close()
        return seen


def rows_of(database: Database, columns: dict[str, list[str]] | None = None) -> Rows:
    """Return every row, of the columns there are or of those that are named."""
    with database.single.connect() as connection:
        return _rows(connection, columns or {table: [] for table in inspect(connection).get_table_names()})


def _rows(connection: Connection, columns: dict[str, list[str]]) -> Rows:
    found: Rows = {}
    for table, wanted in columns.items():
        names = wanted or [column["name"] for column in inspect(connection).get_columns(table)]
        listed = ", ".join(f'"{name}"' for name in names)
        result = connection.execute(text(f'SELECT {listed} FROM "{table}"'))
        found[table] = sorted((tuple(row) for row in result), key=repr)
    return found


def columns_of(database: Database) -> dict[str, list[str]]:
    reflected = MetaData()
    with database.single.connect() as connection:
        reflected.reflect(connection)
    return {table.name: [column.name for column in table.columns] for table in reflected.tables.values()}


def fill(store: Store, acts: Any) -> None:
    """Put rows into every table."""
    reject = Rejected(
        identity=bytes(16), cursor=acts.at(9), bucket=Bucket.REJECTED_LOCAL, reason="value_missing", field="v"
    )
    with acts.begin(store) as run:
        run.fix_start(1)
        acts.deliver(run, 1, 2)
        unsent = {"consent_denied": acts.identities(70, 1)}
        run.page(Tally(rows_read=1, buckets=Counter({Bucket.REJECTED_LOCAL: 1})), [reject], 0, unsent)
        acts.arm(run, 100, 3)
        run.advance(acts.mark(5))
        run.finish(RunStatus.FAILED, now=NOW)
    erase(store, ORDERS, [acts.identities(50, 1)], actor="tester")
    with store.tx("test") as connection:
        for place, values in OF_DAEMONS.items():
            connection.execute(text(f"INSERT INTO {place} VALUES {values}"))


@pytest.fixture(params=STATES)
def empty_url(request: pytest.FixtureRequest) -> str:
    """URL of a store of each kind that holds nothing yet."""
    postgres = request.param == "postgres"
    return str(request.getfixturevalue("empty_postgres_url")) if postgres else "sqlite:///.syncer/state.db"


@pytest.fixture(params=RELEASED)
def old(request: pytest.FixtureRequest, empty_url: str, tmp_path: Path, acts: Any) -> Old:
    """A store as this release leaves it, taken back to each earlier schema, and a later release."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.SOURCE_TREE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "later_note.py").write_text(NEXT)
    with open_store(empty_url, root=tmp_path, home=tmp_path / ".syncer") as store:
        fill(store, acts)
        migrate.downgrade(store.database, to=request.param)
    return Old(empty_url, tmp_path, request.param, folder)


@pytest.mark.faults
@pytest.mark.parametrize("empty_url", STATES if FULL else STATES[:1], indirect=True)
def test_R33_F39_a_crash_at_any_statement_from_any_release_leaves_every_row_for_the_next_start(
    old: Old, contradictions: Callable[[Store], list[str]], acts: Any
) -> None:
    database = old.opened()
    columns = columns_of(database)
    before = rows_of(database, columns)
    assert {table for table, found in before.items() if not found} == set()
    crash_at = 0
    while True:
        crash_at += 1 if FULL else 3
        try:
            old.upgrade(crash_at=crash_at, now=NOW + timedelta(seconds=crash_at))
        except CrashError:
            assert migrate.current(database) in RELEASED
            continue
        break
    after = rows_of(database, columns)
    assert (crash_at > 3, migrate.current(database)) == (True, "later")
    assert {**after, VERSION_TABLE: []} == {**before, VERSION_TABLE: []}
    migrate.downgrade(database, to=RELEASED[-1], folder=old.next_release)
    database.close()
    with open_store(old.url, root=old.root, home=old.root / ".syncer") as store:
        assert contradictions(store) == []
        with acts.begin(store, "run-2") as run:
            assert run.ledger.settled(acts.identities(1, 3)).to_list() == [True, True, False]
            assert ([each.events for each in run.unfinished()], run.watermark, run.start) == ([3], acts.mark(5), 1)
            assert (len(run.rejects()), run.erased) == (1, frozenset([acts.identities(50, 1)]))


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
def test_R33_the_copy_that_is_made_first_is_of_the_release_before(old: Old) -> None:
    before = rows_of(old.opened())
    with pytest.raises(CrashError):
        old.upgrade(crash_at=1)
    (copy,) = (old.root / ".syncer").glob("state.db.before-later-*")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [(old.revision,)]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    copied = connect(parse(f"sqlite:///{copy}", root=old.root))
    assert rows_of(copied) == before


def test_R33_a_migration_waits_for_the_one_that_is_under_way(old: Old) -> None:
    database = old.opened()
    with waiting_lock(database, migrate.LOCK):
        second = threading.Thread(target=old.upgrade)
        second.start()
        second.join(timeout=0.3)
        assert (second.is_alive(), migrate.current(database)) == (True, old.revision)
    second.join(timeout=30)
    assert migrate.current(database) == "later"
    database.close()


def test_a_downgrade_leaves_the_schema_that_its_release_made(old: Old, tmp_path: Path) -> None:
    fresh = connect(parse("sqlite:///fresh.db", root=tmp_path))
    migrate.upgrade(fresh, now=NOW)
    migrate.downgrade(fresh, to="base")
    migrate._run(fresh, migrate.scripts(), to=old.revision)
    database = old.opened()
    made = columns_of(fresh)
    assert {name: made[name] for name in METADATA.tables if name in made} == {
        name: columns for name, columns in columns_of(database).items() if name in METADATA.tables
    }
    fresh.close()
    database.close()
