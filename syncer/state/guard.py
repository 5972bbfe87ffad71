"""A file beside the embedded store that says how far it came: an older copy in its place is noticed, not obeyed.

It is written behind each commit, so it never says more than the store had on disk, and before each POST, so it says
no less than what was sent. It is overwritten in place: a disk that is full does not hinder it.
"""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from syncer.errors import StateError
from syncer.state.place import PRIVATE_FILE
from syncer.state.seal import seal

LINE = re.compile(r"syncer guard 1 ([0-9a-f]{32}) ([0-9]{20}) ([0-9]{20}) ([0-9]{20}) ([0-9a-f]{32})\n")
LINE_BYTES = 144
PATIENCE_S = 10.0
"""For another process that writes, which takes microseconds unless it was stopped half-way."""
BETWEEN_TRIES_S = 0.005
REMEDY = "restore its newest copy, or read what `syncer state accept` would mean"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a store came; none of the numbers ever falls."""

    install: str
    """32 hex letters that differ with every store that was ever made."""
    epochs: int = 0
    """Take-overs of all pipelines together."""
    requests: int = 0
    """The newest request."""
    acts: int = 0
    """The newest line of the audit log."""

    @classmethod
    def of_line(cls, line: bytes) -> Self | None:
        """Return what a guard file says; None where it is damaged."""
        found = LINE.fullmatch(line.decode("ascii", "replace"))
        if found is None:
            return None
        mark = cls(found[1], *(int(number) for number in found.groups()[1:4]))
        return mark if mark.seal == found[5] else None

    @property
    def seal(self) -> str:
        """Checksum of it all, in hex."""
        return seal(self.install, self.epochs, self.requests, self.acts).hex()

    @property
    def line(self) -> bytes:
        """The content of a guard file, always of the same length: it never grows."""
        numbers = f"{self.epochs:020} {self.requests:020} {self.acts:020}"
        return f"syncer guard 1 {self.install} {numbers} {self.seal}\n".encode()

    @property
    def words(self) -> str:
        """What people read of it."""
        return f"{self.epochs:,} runs, {self.requests:,} requests, {self.acts:,} operator actions"

    def lacks(self, other: "Mark") -> tuple[int, int, int]:
        """Return how many runs, requests and acts of `other` this one has not seen."""
        pairs = ((other.epochs, self.epochs), (other.requests, self.requests), (other.acts, self.acts))
        return tuple(max(0, theirs - mine) for theirs, mine in pairs)  # type: ignore[return-value]  # three of them

    def joined(self, other: "Mark") -> "Mark":
        """Return what both of one store have seen."""
        return Mark(
            self.install,
            max(self.epochs, other.epochs),
            max(self.requests, other.requests),
            max(self.acts, other.acts),
        )


class Guard:
    """The guard of the store at `state`. Remembers what it wrote last; mutable."""

    def __init__(self, state: Path, *, patience_s: float = PATIENCE_S) -> None:
        self.path = state.with_name(f"{state.name}.guard")
        self._state = state
        self._patience_s = patience_s
        self._last: Mark | None = None
        self._line, self._said = b"", Mark("")
        """What the file was left with, and the mark it says: nobody else wrote since where it still has that."""

    def read(self) -> Mark | None:
        """Return how far the store had come; None where it has no guard yet. Raises `StateError` for a damaged one."""
        if not self.path.exists() and not self.path.is_symlink():
            return None
        with self._opened(os.O_RDONLY) as handle:
            return self._read(handle)

    def require_reached(self, mark: Mark, found: Mark | None) -> None:
        """Raise `StateError` where a store that is at `found`, None: empty, is not as far as `mark` says."""
        if found is None:
            raise self.missing()
        if found.install != mark.install:
            raise StateError(f"state: {self._state} is another store than the one that was here; {REMEDY}")
        runs, requests, acts = found.lacks(mark)
        if runs or requests or acts:
            counts = ((runs, "run"), (requests, "request"), (acts, "operator action"))
            lacking = ", ".join(f"{count:,} {what}{'s' * (count != 1)}" for count, what in counts if count)
            raise StateError(f"state: {self._state} is older than it was: {lacking} that it had are gone; {REMEDY}")

    def missing(self) -> StateError:
        """Return the error for a store that is gone."""
        return StateError(f"state: {self._state} is missing or empty, although there was one; {REMEDY}")

    def absent(self) -> StateError:
        """Return the error for a store that is not there: gone, or made by nobody yet."""
        if self.read() is not None:
            return self.missing()
        return StateError(f"state: {self._state} does not exist yet; the first run makes it")

    def raise_to(self, mark: Mark) -> None:
        """Write that the store came as far as `mark`; what others wrote meanwhile stands."""
        if mark == self._last:
            return
        if not self.path.exists():
            self.replace(mark)
            return
        with self._opened(os.O_RDWR) as handle:
            before = self._read(handle)
            if before is not None and before.install != mark.install:
                raise StateError(f"state: {self._state} was exchanged while it was open; {REMEDY}")
            said = mark if before is None else before.joined(mark)
            line = said.line
            os.pwrite(handle, line, 0)
        self._last, self._line, self._said = mark, line, said

    def replace(self, mark: Mark) -> None:
        """Write `mark` down whatever was there."""
        with self._opened(os.O_RDWR | os.O_CREAT) as handle:
            os.fchmod(handle, PRIVATE_FILE)
            os.ftruncate(handle, LINE_BYTES)
            os.pwrite(handle, mark.line, 0)
            os.fsync(handle)
        self._last = mark

    @contextmanager
    def _opened(self, flags: int) -> Iterator[int]:
        """Give the file, for one process at a time; raises `StateError` where it cannot be had."""
        try:
            handle = os.open(self.path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
            try:
                _lock(handle, self._patience_s)
                yield handle
            finally:
                os.close(handle)
        except BlockingIOError:
            failure = StateError(
                f"state: {self.path}: another process keeps it locked for more than {self._patience_s:.0f} s; is one stopped?"
            )
        except OSError as error:
            failure = StateError(
                f"state: {self.path}: {os.strerror(error.errno or 0)}; it tells whether the state is the newest: mend it"
            )
        else:
            return
        raise failure

    def _read(self, handle: int) -> Mark | None:
        line = os.pread(handle, LINE_BYTES + 1, 0)
        if not line:
            return None
        if line == self._line:
            return self._said
        mark = Mark.of_line(line)
        if mark is None:
            raise StateError(f"state: {self.path} is damaged, so an old state would go unnoticed; {REMEDY}")
        return mark


def _lock(handle: int, patience_s: float) -> None:
    """Lock the file; raises `BlockingIOError` where another process, one that is stopped, does not let go of it."""
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(BETWEEN_TRIES_S)
        else:
            return
