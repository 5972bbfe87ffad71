"""Connections to the state store, set so that a commit is on disk when it returns."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import NullPool
from sqlalchemy.util import LRUCache

from syncer.state.failures import explained
from syncer.state.place import Place

BUSY_S = 10
JOURNAL_BYTES = 64 * 1024 * 1024
CHECKPOINT_PAGES = 1_000
"""4 MB of log before it is written into the file: from then on it is overwritten, which is less for the disk than to grow it."""
SPACE_PAGES = 2_000
"""8 MB that are given back in one go: others can write in between."""
SQLITE_SETTINGS = (
    f"PRAGMA busy_timeout = {BUSY_S * 1000}",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cell_size_check = ON",
    "PRAGMA trusted_schema = OFF",
    f"PRAGMA journal_size_limit = {JOURNAL_BYTES}",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
)
POSTGRES_SETTINGS = (
    "SET synchronous_commit = on",
    f"SET lock_timeout = '{BUSY_S}s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    # or the server keeps the locks of a machine that lost its network or its power for two hours
    (
        "SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false), "
        "set_config('tcp_keepalives_count', '3', false)"
    ),
)
COMPILED: LRUCache[Any, Any] = LRUCache(500)
"""What was compiled for SQLite in this process: one library, so one SQL for all files."""


class OneDialect(SQLiteDialect_pysqlite):
    """Equal to each other one, so that what one engine compiled serves all: an engine compiles each statement anew else.

    A fifth of a small run's time was that.
    """

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


registry.register("sqlite.syncer", __name__, OneDialect.__name__)


class Writer:
    """The one connection by which an embedded store is written, for one thread at a time. Mutable.

    It is kept: to have one of the pool and give it back takes as long as half of what a request writes.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit at the end of the block; where it raises, roll back and keep the connection no longer.

        SQLAlchemy begins by itself once it is asked for a statement. Most transactions ask the driver alone: its part in
        them costs as much as a page of the log.
        """
        connection, self._kept = self._kept or self._engine.connect(), None
        try:
            raw = driver(connection)
            raw.execute("BEGIN IMMEDIATE")
            yield connection
            if connection.in_transaction():
                connection.commit()
            else:
                raw.commit()
            self._kept = connection
        finally:
            if self._kept is None:
                self._give_up(connection)

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """Give the connection without a transaction: for one look. Where it raises, it is kept no longer."""
        connection, self._kept = self._kept or self._engine.connect(), None
        try:
            yield connection
            self._kept = connection
        finally:
            if self._kept is None:
                self._give_up(connection)

    @staticmethod
    def _give_up(connection: Connection) -> None:
        """Roll back and give it back; SQLAlchemy holds that there is nothing to roll back where its own commit has failed."""
        try:
            driver(connection).rollback()
        except sqlite3.Error:  # what made it fail is what is told
            connection.invalidate()
        finally:
            connection.close()

    def close(self) -> None:
        """Give the connection back."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None


@dataclass(frozen=True, slots=True)
class Database:
    """Ways to connect to one place."""

    kind: Literal["sqlite", "postgres"]
    place: Place
    engine: Engine
    single: Engine
    """Connections outside the pool that never begin by themselves: for locks, settings and checks."""
    stepwise: Engine
    """Connections whose every transaction takes the write lock at its begin: for migrations."""
    writer: Writer | None = None
    """For what is written to an embedded store."""

    def transaction(self, *, writes: bool) -> AbstractContextManager[Connection]:
        """Commit at the end of the block, roll back where it raises.

        On SQLite a writing one takes the file's write lock at its begin, never half-way. An event of SQLAlchemy
        could say BEGIN as well, but listening to one costs every statement a third of its time.
        """
        return self.writer.transaction() if writes and self.writer is not None else self._pooled()

    def looking(self) -> AbstractContextManager[Connection]:
        """Give a connection for a look at the newest that was committed, which changes nothing."""
        return self._pooled() if self.writer is None else self.writer.looking()

    @contextmanager
    def _pooled(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            if self.kind == "sqlite":
                driver(connection).execute("BEGIN")
            yield connection

    def close(self) -> None:
        """Close every connection."""
        if self.writer is not None:
            self.writer.close()
        self.engine.dispose()


def connect(place: Place) -> Database:
    """Return the database at `place`; no connection is made yet."""
    with explained(place):
        if place.path is not None:
            return _sqlite(place)
        return _postgres(place)


def _sqlite(place: Place) -> Database:
    url = place.url.set(drivername="sqlite+syncer")
    options: dict[str, Any] = {
        "hide_parameters": True,
        "connect_args": {
            "timeout": BUSY_S,
            "isolation_level": None,  # sqlite3 begins nothing by itself
            "check_same_thread": False,
            "cached_statements": 256,
        },
    }
    compiled = {"compiled_cache": COMPILED}  # but for migrations, which make their tables anew each time
    engine = create_engine(url, execution_options=compiled, **options)
    single = create_engine(url, poolclass=NullPool, execution_options=compiled, **options)
    stepwise = create_engine(url, poolclass=NullPool, **options)
    for each in (engine, single, stepwise):
        event.listen(each, "connect", _running(SQLITE_SETTINGS))
    event.listen(stepwise, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return Database("sqlite", place, engine, single, stepwise, Writer(engine))


def _postgres(place: Place) -> Database:
    query = place.url.query
    defaults = {
        "connect_timeout": "10",
        "application_name": "syncer",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "3",
        "tcp_user_timeout": "60000",
    }
    options: dict[str, Any] = {
        "hide_parameters": True,
        "connect_args": {name: value for name, value in defaults.items() if name not in query},
    }
    engine = create_engine(place.url, pool_timeout=30, pool_pre_ping=True, **options)
    single = create_engine(place.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", **options)
    for each in (engine, single):
        event.listen(each, "connect", _running(POSTGRES_SETTINGS))
    return Database("postgres", place, engine, single, engine)


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


def journal_mode(database: Database, *, wanted: str | None = None) -> str:
    """Return how an embedded store keeps its transactions apart; with `wanted`, after asking for that."""
    with explained(database.place), database.single.connect() as connection:
        raw = driver(connection)
        if wanted is None:
            return str(raw.execute("PRAGMA journal_mode").fetchone()[0])
        raw.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heard while the file is empty; said later, it is a write
        return str(raw.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0])


def give_back_space(database: Database) -> None:
    """Give the pages that a state file does not use any more back to the disk, some at a time.

    A VACUUM would copy the whole file while everybody waits. Postgres sees to its own; so does a file that was made
    without the setting: it keeps its size and fills the pages again.
    """
    if database.kind == "sqlite":
        with explained(database.place), database.single.connect() as connection:
            raw, before = driver(connection), -1
            while (free := raw.execute("PRAGMA freelist_count").fetchone()[0]) not in (0, before):
                before = free
                raw.execute(f"PRAGMA incremental_vacuum({SPACE_PAGES})").fetchall()


def forget_deleted(database: Database) -> None:
    """Overwrite what a state file still holds of deleted rows: its log is written into it and emptied."""
    if database.kind == "sqlite":
        with explained(database.place), database.single.connect() as connection:
            driver(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def driver(connection: Connection) -> Any:
    """Return the driver's own connection."""
    return connection.connection.dbapi_connection
