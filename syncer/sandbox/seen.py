"""Which keys were seen within a window, in 12 to 24 bytes a key."""

from array import array
from collections.abc import Hashable

_EMPTY = 0
_MASK = 2**64 - 1


class Seen:
    """An open hash table of 64-bit fingerprints with the second each was first seen.

    Two of a million keys are taken for one another with a chance of about 1 in 30 million.
    """

    def __init__(self, window_s: int) -> None:
        self._window_s = window_s
        self._size = self._used = 0
        self._prints: array[int] = array("Q")
        self._seconds: array[int] = array("I")
        self._clear(1 << 12)

    def __len__(self) -> int:
        return self._used

    def add(self, key: Hashable, now: float) -> bool:
        """Return whether `key` was seen within the window before `now`; the first time counts from then on."""
        second = max(0, int(now))
        slot = self._slot(hash(key) & _MASK or 1)
        if self._prints[slot] == _EMPTY:
            self._prints[slot] = hash(key) & _MASK or 1
            self._seconds[slot] = second
            self._used += 1
            if self._used * 3 > self._size * 2:
                self._grow(second)
            return False
        if second - self._seconds[slot] <= self._window_s:
            return True
        self._seconds[slot] = second
        return False

    def _slot(self, fingerprint: int) -> int:
        prints, mask = self._prints, self._size - 1
        slot = fingerprint & mask
        while prints[slot] != _EMPTY and prints[slot] != fingerprint:
            slot = (slot + 1) & mask
        return slot

    def _grow(self, now: int) -> None:
        """Move to a table twice as large, or as large where much left the window."""
        oldest = now - self._window_s
        old = (self._prints, self._seconds)
        kept = sum(second >= oldest and fingerprint != _EMPTY for fingerprint, second in zip(*old, strict=True))
        self._clear(self._size * 2 if kept * 3 > self._size else self._size)
        for fingerprint, second in zip(*old, strict=True):
            if fingerprint != _EMPTY and second >= oldest:
                slot = self._slot(fingerprint)
                self._prints[slot], self._seconds[slot] = fingerprint, second
        self._used = kept

    def _clear(self, size: int) -> None:
        self._size, self._used = size, 0
        self._prints = array("Q", bytes(8 * size))
        self._seconds = array("I", bytes(4 * size))
