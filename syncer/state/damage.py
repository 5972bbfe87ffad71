"""Damage of an embedded store's file, looked for at each start: in all of a small one, in all of a large one once a day."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Timer

from syncer.errors import StateError
from syncer.state.database import Database, driver
from syncer.state.failures import explained
from syncer.state.place import PRIVATE_FILE, make_private_folder

LONG_S = 1.0
"""How long a start may spend on looking through all of a file: about 2 GB that are in the system's cache."""
SHORT_S = 0.03
"""How long, where all of it was looked through less than a day before."""
LARGE_BYTES = 64 * 1024 * 1024
"""A file of less is looked through whole at each start: it takes no more than some hundredths of a second."""
AGAIN = timedelta(days=1)
LOOKED = "looked"
"""Name of the file, beside the store, that says which file was looked through whole, and when."""
DECIDING = ("install", "pipelines", "erased", "requests")
"""Tables whose rows decide over what is sent."""


def look_for_damage(
    database: Database, *, beside: Path | None = None, now: datetime, large_bytes: int = LARGE_BYTES
) -> None:
    """Raise `StateError` if SQLite finds the file damaged.

    A file of more than `large_bytes` that was looked through less than a day before `now`, as a note in the folder
    `beside` says, is looked at for a moment. The note goes where that finds damage: a copy may be put into the same file.
    """
    path = database.place.path
    note = None
    if beside is not None and path is not None and path.stat().st_size > large_bytes:
        note = beside / LOOKED
    if note is not None and path is not None and _is_noted(note, path, now):
        try:
            check_for_damage(database, seconds=SHORT_S, is_long=False)
        except StateError:
            with suppress(OSError):
                note.unlink()
            raise
        return
    check_for_damage(database)
    if note is not None and path is not None:
        with suppress(OSError, StateError):  # then the next start looks through it again
            _write(note, path, now)


def check_for_damage(database: Database, *, seconds: float = LONG_S, is_long: bool = True) -> None:
    """Raise `StateError` if SQLite finds the file damaged; a big file is looked through only as far as time allows.

    What decides over what is sent comes first, held against its indexes too: a row that an index does not find would be
    sent again. A look that is not long leaves the requests out, which are nearly all of a large file.
    """
    place = database.place
    with explained(place), database.single.connect() as connection:
        found = _check(driver(connection), seconds, is_long=is_long)
    if found != "ok":
        raise StateError(f"state: {place}: the file is damaged; restore a copy of it, nothing was overwritten")


def _check(raw: sqlite3.Connection, seconds: float, *, is_long: bool) -> str:
    limit = Timer(seconds, raw.interrupt)
    limit.start()
    try:
        answers = (str(raw.execute(check).fetchone()[0]) for check in _checks(raw, is_long=is_long))
        return next((answer for answer in answers if answer != "ok"), "ok")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_INTERRUPT":
            return "ok"
        raise
    finally:
        limit.cancel()
        limit.join()


def _checks(raw: sqlite3.Connection, *, is_long: bool) -> Iterator[str]:
    tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    deciding = [name for name in DECIDING if name in tables]
    others = [name for name in tables if name not in DECIDING]
    for name in deciding if is_long else [name for name in (*deciding, *others) if name != "requests"]:
        quoted = name.replace('"', '""')
        yield f'PRAGMA integrity_check("{quoted}")'
    if is_long:
        yield "PRAGMA quick_check(1)"


def _is_noted(note: Path, path: Path, now: datetime) -> bool:
    """Return whether this very file was looked through within a day; not where a clock was set."""
    try:
        *inode, at_s = (int(word) for word in note.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return False
    return inode == _inode(path) and 0 <= now.timestamp() - at_s < AGAIN.total_seconds()


def _write(note: Path, path: Path, now: datetime) -> None:
    make_private_folder(note.parent.parent)
    make_private_folder(note.parent)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(note, flags, PRIVATE_FILE), "w", encoding="ascii") as file:
        file.write(" ".join(map(str, (*_inode(path), int(now.timestamp())))))


def _inode(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_dev, found.st_ino]
