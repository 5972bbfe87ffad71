"""A copy of a whole state file, made while runs may go on, and looked through before it is believed."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from syncer.errors import StateError
from syncer.state.place import PRIVATE_FILE


def copy_to(path: Path, copy: Path) -> None:
    """Copy the database in `path` to the new file `copy`, for this user alone; only a sound copy stays there.

    Raises `StateError` where `copy` exists, cannot be written, or is damaged.
    """
    part = copy.with_name(f"{copy.name}.part")
    made: list[Path] = []
    try:
        for each in (copy, part):  # the name itself is taken first, so that nobody's file is written over
            _make_new(each)
            made.append(each)
        back_up(path, part)
        _require_sound(part)
        sync(part)
        part.replace(copy)
        made.clear()
        sync(copy.parent)
    except FileExistsError as error:
        failure = StateError(f"state: {error.filename} exists already and is not written over; name another file")
    except OSError as error:
        failure = StateError(f"state: {copy} cannot be written: {os.strerror(error.errno or 0)}; name another place")
    except sqlite3.Error:
        failure = StateError(f"state: {path} cannot be copied to {copy}: the file is damaged, or a disk is full")
    else:
        return
    finally:
        for each in made:
            each.unlink(missing_ok=True)
    raise failure


def back_up(path: Path, copy: Path) -> None:
    """Write the database in `path`, as it is at one moment, over the file `copy`."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def sync(path: Path) -> None:
    """Wait until what was written to the file or folder is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _make_new(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE))


def _require_sound(path: Path) -> None:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)
