"""A folder of temporary files that only this user can enter, gone when it is left, even after a kill."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "lock"


@contextmanager
def private_folder(name: str, *, parent: Path | None = None, path: Path | None = None) -> Iterator[Path]:
    """Give a new folder (0700) under `parent`, the system's temporary folder unless set, and delete it at the end.

    Folders of the same `name` that killed processes left behind are deleted first: the lock in each tells whether
    its process lives. `path` is that of one that was left, to be made anew. Raises `OSError` where `parent` cannot be
    written or `path` is not free.
    """
    place = Path(tempfile.gettempdir() if parent is None else parent)
    _sweep(place, name)
    unlocked = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=place))
    lock, folder = _lock(unlocked / LOCK, create=True), unlocked
    try:
        folder = unlocked.rename(path or place / unlocked.name.removeprefix("."))
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _sweep(place: Path, name: str) -> None:
    for left in place.glob(f"{name}-*"):
        with suppress(OSError):
            if left.is_symlink() or left.stat().st_uid != os.geteuid():
                continue
            lock = _lock(left / LOCK, create=False)
            try:
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(lock)


def _lock(path: Path, *, create: bool) -> int:
    """Return the locked file; raises `OSError` where another process holds it or it is not ours."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_CREAT if create else 0)
    file = os.open(path, flags, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        raise
    return file
