"""Locks that die with their process: one for each pipeline, one for migrations."""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from syncer.errors import StateError
from syncer.state.database import Database
from syncer.state.failures import explained
from syncer.state.place import PRIVATE_FILE, make_private_folder

WAIT_S = 60.0
PAUSE_S = 0.05
HELD = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND CAST(classid AS bigint) = :high AND CAST(objid AS bigint) = :low)"
)


class Lock(Protocol):
    """A lock that this process holds."""

    def release(self) -> None:
        """Let others take it; does nothing the second time."""
        ...

    def is_alive(self) -> bool:
        """Return whether it is still held: a database forgets the locks of a connection that broke."""
        ...


def try_lock(database: Database, name: str) -> Lock | None:
    """Return the lock called `name`, or None where another process or thread holds it."""
    if database.place.path is not None:
        return _try_file(database.place.path, name, how=fcntl.LOCK_EX)
    return _try_advisory(database, name)


def is_held(database: Database, name: str) -> bool:
    """Return whether some process holds the lock called `name`."""
    if database.place.path is None:
        return _is_advisory_held(database, name)
    look = _try_file(database.place.path, name, how=fcntl.LOCK_SH)  # which other looks may have as well
    if look is not None:
        look.release()
    return look is None


@contextmanager
def waiting_lock(database: Database, name: str, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the lock called `name`; raises `StateError` where another process keeps it for longer than `wait_s`."""
    until = time.monotonic() + wait_s
    while (lock := try_lock(database, name)) is None:
        if time.monotonic() > until:
            raise StateError(f"state: {database.place}: another process is still at {name}; wait for it or stop it")
        time.sleep(PAUSE_S)
    try:
        yield
    finally:
        lock.release()


class _FileLock:
    """A flock: the system drops it when the process ends, however it ends."""

    def __init__(self, handle: int) -> None:
        self._handle: int | None = handle

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def is_alive(self) -> bool:
        return self._handle is not None


def _try_file(database: Path, name: str, *, how: int) -> Lock | None:
    folder = database.parent / "locks"
    try:
        make_private_folder(folder)
        handle = os.open(
            folder / _file_name(database.name, name),
            os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC,
            PRIVATE_FILE,
        )
    except OSError as error:
        failure = StateError(f"state: no lock file can be made in {folder}: {os.strerror(error.errno or 0)}")
    else:
        return _flock(handle, how)
    raise failure


def _flock(handle: int, how: int) -> Lock | None:
    try:
        os.fchmod(handle, PRIVATE_FILE)
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except BaseException:
        os.close(handle)
        raise
    return _FileLock(handle)


def _file_name(database: str, name: str) -> str:
    readable = re.sub(r"[^\w-]+", "-", name)[:40]
    # never deleted: a lock on a deleted file would lock nobody out
    unique = _digest(f"{database}\0{name}").hex()[:16]
    return f"{readable}-{unique}.lock"


class _AdvisoryLock:
    """A session's advisory lock: Postgres drops it when the connection ends."""

    def __init__(self, connection: Connection, key: int) -> None:
        self._connection = connection
        self._key = key

    def release(self) -> None:
        try:
            # the server notices the end of a connection later than this process goes on
            if not self._connection.closed and not self._connection.invalidated:
                self._connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": self._key})
            self._connection.close()
        except SQLAlchemyError:  # broken now, or found to be so before
            self._connection.invalidate()

    def is_alive(self) -> bool:
        try:
            self._connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True


def _is_advisory_held(database: Database, name: str) -> bool:
    """Ask the server, which takes no connection of its own and keeps nobody from taking the lock."""
    key = _digest(f"syncer\0{name}")[:8]
    halves = {"high": int.from_bytes(key[:4], "big"), "low": int.from_bytes(key[4:], "big")}
    with explained(database.place), database.transaction(writes=False) as connection:
        return bool(connection.execute(HELD, halves).scalar())


def _try_advisory(database: Database, name: str) -> Lock | None:
    key = int.from_bytes(_digest(f"syncer\0{name}")[:8], "big", signed=True)
    with explained(database.place):
        connection = database.single.connect()
        if connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar():
            return _AdvisoryLock(connection, key)
        connection.close()
    return None


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
