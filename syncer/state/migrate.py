"""Moves a state store to the schema of this release: under a lock, step by step, with a copy of the file first."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, select, table
from sqlalchemy import column as sql_column

from syncer.errors import StateError
from syncer.state.backup import back_up, sync
from syncer.state.database import Database
from syncer.state.failures import explained
from syncer.state.locks import waiting_lock
from syncer.state.place import make_private_file
from syncer.state.tables import METADATA, SCHEMA, VERSION_TABLE

if TYPE_CHECKING:
    from alembic.config import Config

PACKAGED = Path(__file__).with_name("_migrations")
SOURCE_TREE = Path(__file__).parents[2] / "alembic"
LOCK = "migration"


def scripts() -> Path:
    """Return the folder of the migrations: inside the installed package, else in the source tree."""
    return PACKAGED if PACKAGED.is_dir() else SOURCE_TREE


def current(database: Database) -> str | None:
    """Return the revision of the stored schema, None for an empty store; refuses another program's tables."""
    with explained(database.place), database.transaction(writes=False) as connection:
        return _current(connection, database)


def _current(connection: Connection, database: Database) -> str | None:
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE in tables:
        return connection.execute(select(sql_column("version_num")).select_from(table(VERSION_TABLE))).scalar()
    foreign = tables if database.kind == "sqlite" else tables & set(METADATA.tables)
    if foreign:
        raise StateError(
            f"state: {database.place}: it holds tables of another program ({', '.join(sorted(foreign)[:3])}); "
            "name a database or schema of its own in `state:`; nothing was written"
        )
    return None


def upgrade(database: Database, *, now: datetime, folder: Path | None = None) -> tuple[str | None, str]:
    """Bring the schema to the newest revision; return the revisions before and after.

    Each step is one transaction, so a crash leaves a whole revision and the next start goes on from it.
    """
    folder = folder or scripts()
    with waiting_lock(database, LOCK):
        before = current(database)
        newest = _newest(folder)
        if before == newest:
            return before, newest
        refuse_newer(database, before, folder)
        if before is not None and database.place.path is not None:
            with explained(database.place):
                _copy(database.place.path, f"before-{newest}-{now:%Y%m%dT%H%M%SZ}")
        _run(database, folder, to=newest)
        return before, newest


def downgrade(database: Database, *, to: str, folder: Path | None = None) -> None:
    """Bring the schema back to revision `to`; `base` drops every table."""
    with waiting_lock(database, LOCK):
        _run(database, folder or scripts(), to=to, down=True)


def require_newest(database: Database, found: str | None) -> None:
    """Raise `StateError` unless `found` is the schema that this release works with."""
    if found == SCHEMA:
        return
    refuse_newer(database, found)
    raise StateError(f"state: {database.place}: its schema is {found or 'missing'}; run `syncer state upgrade`")


def _config(folder: Path) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _newest(folder: Path) -> str:
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(_config(folder)).get_current_head()
    if head is None:
        raise StateError(f"state: no migrations in {folder}; install syncer again")
    return head


def refuse_newer(database: Database, found: str | None, folder: Path | None = None) -> None:
    """Raise `StateError` where `found` is a revision that this release does not know."""
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(_config(folder or scripts())).walk_revisions()}
    if found is not None and found not in known:
        raise StateError(
            f"state: {database.place}: a newer syncer wrote it (schema {found}); install that release, nothing was written"
        )


def _run(database: Database, folder: Path, *, to: str, down: bool = False) -> None:
    from alembic import command

    config = _config(folder)
    with explained(database.place), database.stepwise.connect() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, to)
        connection.commit()


def _copy(path: Path, suffix: str) -> None:
    """Copy the whole database beside it; only a complete copy gets the final name."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        make_private_file(part)
        back_up(path, part)
        sync(part)
        part.replace(path.with_name(f"{path.name}.{suffix}"))
        sync(path.parent)
    except OSError as error:
        words = os.strerror(error.errno or 0)
        failure = StateError(f"state: no copy can be made beside {path}: {words}; nothing was changed")
    else:
        return
    raise failure
