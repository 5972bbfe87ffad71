"""Settled events while they are few: a set, which no column is made for."""

import polars as pl

from syncer.state.requests import IDENTITY_BYTES, split


class FewSettled:
    """At most `most` identities; whoever adds asks `is_many`, and goes on with columns. Mutable."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.stored = self.added = b""
        """What was read and what was added, packed, in its order."""
        self._known: set[bytes] = set()

    @property
    def is_many(self) -> bool:
        """Return whether there are more than it is made for."""
        return len(self._known) > self._most

    def can_tell(self, digests: bytes) -> bool:
        """Return whether so many packed `digests` may be asked for."""
        return len(digests) <= self._most * IDENTITY_BYTES

    def has(self, digests: bytes) -> pl.Series:
        """Return, for each of the packed `digests`, whether it is known."""
        return pl.Series([name in self._known for name in split(digests)], dtype=pl.Boolean)

    def store(self, digests: bytes) -> None:
        """Take note of packed identities that were read."""
        self.stored += digests
        self._known.update(split(digests))

    def add(self, digests: bytes) -> None:
        """Take note of packed identities."""
        self.added += digests
        self._known.update(split(digests))
