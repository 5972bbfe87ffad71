"""The schema: made from nothing, brought forward whole or not at all, never past what this release knows."""

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, inspect, text

from syncer.errors import StateError
from syncer.state import migrate
from syncer.state.store import Store, open_store
from syncer.state.tables import METADATA, SCHEMA, VERSION_TABLE

REPOSITORY = Path(__file__).parents[3]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEXT = f'''
"""Adds a note to each run, and fills it."""

import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "{SCHEMA}"


def upgrade() -> None:
    op.add_column("runs", sa.Column("note", sa.Text))
    op.execute("UPDATE runs SET note = 'kept'")
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("later")
    op.drop_column("runs", "note")
'''

Open = Callable[..., Store]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
def open_empty(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Open a store that holds nothing yet."""
    url = "sqlite:///.syncer/state.db"
    if request.param == "postgres":
        url = request.getfixturevalue("empty_postgres_url")

    def open_it(**options: Any) -> Store:
        return open_store(url, root=tmp_path, home=tmp_path / ".syncer", **options)

    return open_it


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """The migrations of a later release."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.SOURCE_TREE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "later_note.py").write_text(NEXT)
    return folder


def test_an_empty_store_gets_the_newest_schema_and_a_salt_that_stays(open_empty: Open) -> None:
    with open_empty() as first, open_empty() as second:
        assert first.schema == SCHEMA
        assert len(first.salt) == 16
        assert second.salt == first.salt
        assert second.upgrade() == (SCHEMA, SCHEMA)


def test_a_store_may_be_looked_at_before_it_is_migrated(open_empty: Open, acts: Any) -> None:
    with open_empty(migrate=False) as store:
        assert store.schema is None
        with pytest.raises(StateError, match="its schema is missing; run `syncer state upgrade`"):
            acts.begin(store)
        assert store.upgrade() == (None, SCHEMA)
        with acts.begin(store) as run:
            acts.deliver(run, 1, 1)


def test_the_tables_the_code_knows_are_those_the_migrations_make(open_empty: Open) -> None:
    with open_empty() as store, store.database.single.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, METADATA) == []


def test_the_code_asks_for_the_newest_migration() -> None:
    assert migrate._newest(migrate.scripts()) == SCHEMA


def test_a_downgrade_leaves_nothing_behind_and_may_be_undone(open_empty: Open, tmp_path: Path) -> None:
    with open_empty() as store:
        migrate.downgrade(store.database, to="base")
        with store.database.single.connect() as connection:
            assert set(inspect(connection).get_table_names()) <= {VERSION_TABLE, "sqlite_sequence"}
        (tmp_path / ".syncer" / "state.db.guard").unlink(missing_ok=True)
        assert store.upgrade() == (None, SCHEMA)


def test_processes_that_start_together_migrate_once(open_empty: Open) -> None:
    together = Barrier(4)

    def start(_: int) -> bytes:
        together.wait()
        with open_empty() as store:
            return store.salt

    with ThreadPoolExecutor(4) as pool:
        salts = set(pool.map(start, range(4)))
    assert len(salts) == 1


def test_R30_a_schema_of_a_newer_release_is_refused_and_left_alone(open_empty: Open) -> None:
    with open_empty() as store, store.tx("test") as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StateError, match=r"a newer syncer wrote it \(schema 9999\); install that release"):
        open_empty()
    with open_empty(migrate=False) as store:
        assert store.schema == "9999"
        with pytest.raises(StateError, match="a newer syncer wrote it"):
            _ = store.salt


def test_R33_a_later_migration_keeps_the_rows_and_can_be_taken_back(
    open_empty: Open, next_release: Path, acts: Any
) -> None:
    with open_empty() as store:
        with acts.begin(store) as run:
            acts.deliver(run, 1, 2)
        assert migrate.upgrade(store.database, now=NOW, folder=next_release) == (SCHEMA, "later")
        with store.reading() as connection:
            assert connection.execute(text("SELECT note FROM runs")).scalar() == "kept"
        migrate.downgrade(store.database, to=SCHEMA, folder=next_release)
        with acts.begin(store, "run-2") as run:
            assert run.ledger.settled(acts.identities(1, 2)).all()


def test_R33_a_crash_at_any_statement_of_a_migration_is_made_good_by_the_next_start(
    open_empty: Open, next_release: Path, acts: Any
) -> None:
    with open_empty(migrate=False) as store:
        statements = crash_until_done(store, lambda: migrate.upgrade(store.database, now=NOW))
        assert store.schema == SCHEMA
        with acts.begin(store) as run:
            acts.deliver(run, 1, 2)
        more = crash_until_done(store, lambda: migrate.upgrade(store.database, now=NOW, folder=next_release))
        assert store.schema == "later"
        with store.reading() as connection:
            assert connection.execute(text("SELECT note FROM runs")).scalar() == "kept"
    assert statements > 15
    assert more >= 4


class CrashError(Exception):
    """The process ends here."""


def crash_until_done(store: Store, upgrade: Callable[[], object]) -> int:
    """Crash at the first statement that changes something, then at the second, until the upgrade is through."""
    seen, crash_at = 0, 0

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal seen
        seen += not statement.lstrip().startswith(("SELECT", "PRAGMA", "BEGIN", "SET", "SHOW"))
        if seen == crash_at:
            raise CrashError(statement)

    event.listen(store.database.stepwise, "after_cursor_execute", look)
    while True:
        seen, crash_at = 0, crash_at + 1
        try:
            upgrade()
        except CrashError:
            continue
        event.remove(store.database.stepwise, "after_cursor_execute", look)
        return crash_at


def test_R33_the_file_is_copied_before_it_is_changed(tmp_path: Path, next_release: Path, acts: Any) -> None:
    with open_store("sqlite:///.syncer/state.db", root=tmp_path, home=tmp_path / ".syncer") as store:
        with acts.begin(store) as run:
            acts.deliver(run, 1, 2)
        migrate.upgrade(store.database, now=NOW, folder=next_release)
    copies = list((tmp_path / ".syncer").glob("state.db.before-*"))
    assert [path.name for path in copies] == ["state.db.before-later-20261122T120000Z"]
    assert stat.S_IMODE(copies[0].stat().st_mode) == 0o600
    with sqlite3.connect(copies[0]) as copy:
        assert copy.execute("SELECT sum(events) FROM requests").fetchone() == (2,)
        assert copy.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() == (SCHEMA,)
    copy.close()


def test_R33_nothing_is_changed_where_no_copy_can_be_made(tmp_path: Path, next_release: Path) -> None:
    with open_store("sqlite:///.syncer/state.db", root=tmp_path, home=tmp_path / ".syncer") as store:
        (tmp_path / ".syncer" / "state.db.part").mkdir()
        with pytest.raises(StateError, match=r"no copy can be made beside .*; nothing was changed"):
            migrate.upgrade(store.database, now=NOW, folder=next_release)
        assert store.schema == SCHEMA


def test_the_first_schema_needs_no_copy(tmp_path: Path) -> None:
    open_store("sqlite:///.syncer/state.db", root=tmp_path, home=tmp_path / ".syncer").close()
    assert list((tmp_path / ".syncer").glob("state.db.before-*")) == []


def test_migrations_run_where_a_folder_called_alembic_is_on_the_path(tmp_path: Path) -> None:
    code = "from syncer.state.store import open_store; from pathlib import Path; import sys; root = Path(sys.argv[1]); "
    code += "open_store('sqlite:///state.db', root=root, home=root / 'home').close(); import alembic; print(alembic.__file__)"
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).parts[-2:] == ("alembic", "__init__.py")
    assert done.stderr == ""
    assert (REPOSITORY / "alembic" / "env.py").exists()
    assert not (REPOSITORY / "alembic" / "__init__.py").exists()


def test_alembic_itself_is_told_who_migrates(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "alembic", "current"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "run `syncer state upgrade`" in done.stderr


@pytest.mark.integration
def test_a_schema_shared_with_another_programs_tables_is_refused(empty_postgres_url: str, tmp_path: Path) -> None:
    with open_store(empty_postgres_url, root=tmp_path, home=tmp_path, migrate=False) as store:
        with store.tx("test") as connection:
            connection.execute(text("CREATE TABLE runs (id int)"))
            connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        with pytest.raises(StateError, match=r"tables of another program \(runs\); name a database or schema"):
            store.upgrade()
