"""Connections to the state store, set so that a commit is on disk when it returns."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from syncer.errors import StateError
from syncer.state.failures import explained
from syncer.state.place import Place

BUSY_S = 10
CHECK_S = 2.0
"""How long a start may spend on looking for damage."""
STEPS_BETWEEN_LOOKS = 20_000
JOURNAL_BYTES = 64 * 1024 * 1024
SQLITE_SETTINGS = (
    f"PRAGMA busy_timeout = {BUSY_S * 1000}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cell_size_check = ON",
    "PRAGMA trusted_schema = OFF",
    f"PRAGMA journal_size_limit = {JOURNAL_BYTES}",
)
POSTGRES_SETTINGS = (
    "SET synchronous_commit = on",
    f"SET lock_timeout = '{BUSY_S}s'",
    "SET idle_in_transaction_session_timeout = '60s'",
)


@dataclass(frozen=True, slots=True)
class Database:
    """Ways to connect to one place."""

    kind: Literal["sqlite", "postgres"]
    place: Place
    reader: Engine
    """Transactions that only read."""
    writer: Engine
    """Transactions that write: on SQLite they take the file's write lock at their begin, never half-way."""
    single: Engine
    """Connections outside the pool that never begin by themselves, for locks."""

    def close(self) -> None:
        """Close every connection."""
        self.reader.dispose()
        self.single.dispose()


def connect(place: Place) -> Database:
    """Return the database at `place`; no connection is made yet."""
    with explained(place):
        if place.path is not None:
            return _sqlite(place)
        return _postgres(place)


def _sqlite(place: Place) -> Database:
    options: dict[str, Any] = {
        "hide_parameters": True,
        "connect_args": {
            "timeout": BUSY_S,
            "isolation_level": None,
            "check_same_thread": False,
            "cached_statements": 256,
        },
    }
    reader = create_engine(place.url, **options)
    single = create_engine(place.url, poolclass=NullPool, **options)
    for engine in (reader, single):
        event.listen(engine, "connect", _running(SQLITE_SETTINGS))
    event.listen(reader, "begin", _begin)
    writer = reader.execution_options(begin="BEGIN IMMEDIATE")
    return Database("sqlite", place, reader, writer, single)


def _begin(connection: Connection) -> None:
    """Python's sqlite3 begins nothing by itself (isolation_level None), so each transaction says how it begins."""
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _postgres(place: Place) -> Database:
    query = place.url.query
    defaults = {
        "connect_timeout": "10",
        "application_name": "syncer",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
    }
    options: dict[str, Any] = {
        "hide_parameters": True,
        "connect_args": {name: value for name, value in defaults.items() if name not in query},
    }
    engine = create_engine(place.url, pool_timeout=30, **options)
    single = create_engine(place.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", **options)
    for each in (engine, single):
        event.listen(each, "connect", _running(POSTGRES_SETTINGS))
    return Database("postgres", place, engine, engine, single)


def _running(statements: tuple[str, ...]) -> Callable[[Any, Any], None]:
    def run(connection: Any, _record: Any) -> None:
        before = connection.autocommit if hasattr(connection, "autocommit") else None
        if before is False:
            connection.autocommit = True  # psycopg: a SET that is rolled back with its transaction is undone
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        if before is False:
            connection.autocommit = False

    return run


def use_write_ahead_log(database: Database) -> None:
    """Let readers work beside a writer; kept in the file. Raises `StateError` where the disk cannot do it."""
    with explained(database.place), database.single.connect() as connection:
        driver = _driver(connection)
        mode = driver.execute("PRAGMA journal_mode").fetchone()[0]
        if mode != "wal":
            mode = driver.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StateError(f"state: {database.place}: this disk cannot hold SQLite's write-ahead log; use a local disk")


def check_for_damage(database: Database, *, seconds: float = CHECK_S) -> None:
    """Raise `StateError` if SQLite finds the file damaged; a big file is looked through only as far as time allows."""
    place = database.place
    with explained(place), database.single.connect() as connection:
        found = _quick_check(_driver(connection), seconds)
    if found != "ok":
        raise StateError(f"state: {place}: the file is damaged; restore a copy of it, nothing was overwritten")


def _quick_check(driver: sqlite3.Connection, seconds: float) -> str:
    until = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > until, STEPS_BETWEEN_LOOKS)
    try:
        return str(driver.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_INTERRUPT":
            return "ok"
        raise
    finally:
        driver.set_progress_handler(None, 0)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
