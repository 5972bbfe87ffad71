"""Room for callers that stay a while: so many at once, and no more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from syncer.errors import SyncerError


class BusyError(SyncerError):
    """Too much is under way; it is for the caller to come again."""


class Places:
    """So many places. Threads share it; mutable."""

    def __init__(self, most: int, full: str) -> None:
        """`full` says what they are taken by."""
        self._free, self._full = threading.BoundedSemaphore(most), full

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a place for the block; raises `BusyError` at once where none is free."""
        if not self._free.acquire(blocking=False):
            raise BusyError(self._full)
        try:
            yield
        finally:
            self._free.release()
