"""A copy of a whole state file, made while runs may go on, and looked through before it is believed."""

import glob
import os
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path

from syncer.errors import StateError
from syncer.state.place import PRIVATE_FILE


def copy_to(path: Path, copy: Path) -> None:
    """Copy the database in `path` to the new file `copy`, for this user alone; only a sound copy stays there.

    Raises `StateError` where `copy` exists, cannot be written, or is damaged.
    """
    part = copy.with_name(f".{copy.name}.{secrets.token_hex(4)}.part")
    try:
        _require_free(copy)  # said before a long copy; what takes the name meanwhile, `_give_name` sees
        _make_new(part)
        back_up(path, part)
        _require_sound(part)
        sync(part)
        _give_name(part, copy)
        sync(copy.parent)
    except FileExistsError:
        failure = StateError(f"state: {copy} exists already and is not written over; name another file")
    except OSError as error:
        failure = StateError(f"state: {copy} cannot be written: {os.strerror(error.errno or 0)}; name another place")
    except sqlite3.Error:
        failure = StateError(f"state: {path} cannot be copied to {copy}: the file is damaged, or a disk is full")
    else:
        return
    finally:
        part.unlink(missing_ok=True)
    raise failure


def _require_free(copy: Path) -> None:
    if os.path.lexists(copy):
        raise FileExistsError


def _give_name(part: Path, copy: Path) -> None:
    """Give the finished file its name, which must be free until the last moment; raises `FileExistsError`."""
    try:
        copy.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links
        _make_new(copy)
        part.replace(copy)


def back_up(path: Path, copy: Path) -> None:
    """Write the database in `path`, as it is at one moment, over the file `copy`."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def upgrade_copies(path: Path) -> list[Path]:
    """Return the copies that upgrades left beside the database in `path`: nobody prunes or erases in them."""
    return sorted(path.parent.glob(f"{glob.escape(path.name)}.before-*"))


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
