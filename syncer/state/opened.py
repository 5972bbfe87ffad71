"""The state files that this process has open, each of which nothing but SQLite may open beside it.

POSIX takes all locks of a process on a file away when the process closes any handle of it. SQLite would go on without
them, and another process would take the file for unused and delete its log.
"""

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

Inode = tuple[int, int]
_mutex = threading.Lock()
_open: Counter[Inode] = Counter()


class Opened:
    """The word that this process has the file at `path` open, from now until `close`. Mutable.

    `prepare` makes it ready; it is told whether the file is open already, and must not open it then.
    """

    def __init__(self, path: Path, prepare: Callable[[bool], None]) -> None:
        self._path = path
        self._inode: Inode | None = None
        with _mutex:
            before = _inode(path)
            prepare(before is not None and _open[before] > 0)
            self._inode = _inode(path)
            if self._inode is not None:
                _open[self._inode] += 1

    @property
    def is_gone(self) -> bool:
        """Return whether the file was taken away or replaced, so that what is written is in none that has a name."""
        return self._inode is not None and _inode(self._path) != self._inode

    def close(self) -> None:
        """Take it back; does nothing the second time."""
        with _mutex:
            if self._inode is not None:
                _open[self._inode] -= 1
            self._inode = None


def _inode(path: Path) -> Inode | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
