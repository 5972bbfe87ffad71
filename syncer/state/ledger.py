"""Which events were settled before: looked up by the thousand, in bounded memory where files can be made."""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import polars as pl

from syncer.state import outbox
from syncer.state.few_settled import FewSettled
from syncer.state.ledger_sizes import LedgerSizes
from syncer.state.many_settled import ManySettled, Tell
from syncer.state.requests import IDENTITY_BYTES, SETTLED, RequestState
from syncer.state.words import NONE, identities

if TYPE_CHECKING:
    from syncer.state.ledger_files import LedgerFiles
    from syncer.state.store import Store

    Cover = Callable[[Callable[[bytes], None]], LedgerFiles | None]
    """Makes files of what has come to its end, tells the packed identities of new ones, and returns all; None: it cannot."""

SIZES = LedgerSizes()
PAGE_ROWS = 256
"""Requests that are read at a time."""

Pages = Callable[[int], list[tuple[int, bytes]]]
"""The next (id, packed identities) with an id above the one given; empty at the end."""
Held = Callable[[Sequence[int]], Iterator[bytes]]
"""The packed identities of the requests with these ids that are settled, some hundred requests at a time."""


def ledger_of(
    store: "Store",
    pipeline_id: int,
    *,
    states: Collection[RequestState] = SETTLED,
    cover: "Cover | None" = None,
) -> "Ledger":
    """Return what was settled of a pipeline, in `states`; it is read when first asked, and grows into files by `cover`."""
    from syncer.state.ledger_files import LedgerFiles

    files = LedgerFiles.of(store, pipeline_id) if set(states) == set(SETTLED) else None

    def pages(after: int) -> list[tuple[int, bytes]]:
        with store.reading() as connection:
            return list(outbox.settled_digests(connection, pipeline_id, after=after, rows=PAGE_ROWS, states=states))

    def held(every: Sequence[int]) -> Iterator[bytes]:
        for some in (every[first : first + PAGE_ROWS] for first in range(0, len(every), PAGE_ROWS)):
            with store.reading() as connection:
                yield b"".join(outbox.held_digests(connection, some, states=states))

    return Ledger(pages, files=files, held=held, cover=cover, sizes=store.ledger_sizes)


def empty_ledger() -> "Ledger":
    """Return the ledger of a pipeline that never ran."""
    return Ledger(lambda _: [], sizes=SIZES._replace(in_memory=sys.maxsize))  # there is nowhere else to look


class Ledger:
    """The settled identities of one scope, read when first asked. Grows by `add`.

    What `files` have, its oldest part, is looked up there. What was `held` among that, and what came after, is read from
    the store: attribute `read` is how many of the latter. As it grows, `cover` makes files of what the store has; None:
    nobody may, so it grows in memory.
    """

    def __init__(
        self,
        pages: Pages,
        *,
        files: "LedgerFiles | None" = None,
        held: Held = lambda _: iter(()),
        cover: "Cover | None" = None,
        sizes: LedgerSizes = SIZES,
    ) -> None:
        self._pages, self._files, self._held, self._cover = pages, files, held, cover
        self.read = 0
        self._sizes, self._cover_at = sizes, sizes.in_file
        self._is_first = True
        self._few: FewSettled | None = FewSettled(min(sizes.few, sizes.in_memory))
        """All that is known, while it is few; None once it is not, or somebody asked for many."""
        self._is_loaded = self._is_paged = False
        self._many = ManySettled(part=sizes.part)
        """What else is known in memory: all that no file has, unless it `is_paged`."""
        self._recent = 0
        """How many were added since the store was read for what it has of them."""

    @property
    def has_untidy_files(self) -> bool:
        """Return whether files of it lie about that nobody reads, or that are more than they need be."""
        return self._files is not None and self._files.is_untidy

    def settled(self, digests: bytes) -> pl.Series:
        """Return, for each of the packed 16-byte `digests`, whether it must not be sent again.

        The first look-up reads the ledger through, which is all that most runs need; the second loads it.
        """
        found = self._settled_of_late(digests)
        has_files = self._files is not None and self._files.segments
        return found | self._files.settled(digests) if self._files and has_files and digests else found

    def _settled_of_late(self, digests: bytes) -> pl.Series:
        if self._is_first:
            begun = self._begin()
            self._is_first = False  # not before: what was read in part only is not all that is known
            if self._few is None:
                return self._read_through(identities(digests), begun)
        if self._few is not None and self._few.can_tell(digests):
            return self._few.has(digests)
        self._use_columns()
        self._load()
        if self._is_paged:
            return self._read_through(identities(digests), self._groups())
        return self._many.has(digests)

    def add(self, digests: bytes) -> None:
        """Take note of events that must not be sent again by this run."""
        if self._few is not None:
            self._few.add(digests)
            if self._few.is_many and not self._is_first:
                self._use_columns()
            return
        self._many.add(digests)
        self._recent += len(digests) // IDENTITY_BYTES
        if self._is_paged and self._recent > self._sizes.recent:
            self._forget()
        elif self._is_loaded and not self._is_paged:
            self._bound()

    def _begin(self) -> Iterator[bytes]:
        """Read the stored ledger while it is few, and return all that it is made of; it is few no more where there is more."""
        groups, read = self._groups(), []
        few = self._few or FewSettled(0)
        for packed in groups:
            read.append(packed)
            few.store(packed)
            if few.is_many:
                self._many.add(few.added)
                self._few = None
                break
        return chain(read, groups)

    def _use_columns(self) -> None:
        """Go on with all that is known in columns, which many are looked up in."""
        if self._few is None:
            return
        self._many.add(self._few.stored + self._few.added)
        self._few, self._is_loaded = None, True  # not before, as above
        if len(self._many) > self._sizes.in_memory:
            self._forget()

    def _load(self) -> None:
        if self._is_loaded:
            return
        stored = self._stored()
        if stored is not None:
            self._many.add(stored)
        self._is_paged = stored is None
        self._is_loaded = True  # not before, as above: half a ledger would pass for all of it

    def _stored(self) -> bytes | None:
        """Return what the store has and no file, once files have what they can of much; None where it is too much for memory."""
        for is_last in (False, True) if self._cover else (True,):
            chunks, size, most = list[bytes](), 0, self._sizes.in_memory if is_last else self._sizes.in_file
            for digests in self._groups():
                chunks.append(digests)
                size += len(digests)
                if size > most * IDENTITY_BYTES:
                    break
            else:
                return b"".join(chunks)
            if not is_last:
                chunks.clear()
                self._extend_files()
        return None

    def _groups(self) -> Iterator[bytes]:
        """Yield the stored ledger, some hundred thousand identities at a time."""
        yield from self._held(self._files.held if self._files else ())
        last, size = self._upto, 0
        while page := self._pages(last):
            packed = b"".join(digests for _, digests in page)
            size += len(packed)
            self.read = max(self.read, size // IDENTITY_BYTES)
            yield packed
            last = page[-1][0]

    def _bound(self) -> None:
        """Keep no more in memory than there may be."""
        if self._cover is not None and len(self._many) > self._cover_at:
            self._put_in_files()
        elif len(self._many) > self._sizes.in_memory:
            self._forget()

    def _put_in_files(self) -> None:
        """Let files have what is settled in the store, and keep in memory what they have not."""
        self._many = self._many.without_told(self._extend_files)
        self._cover_at = max(self._sizes.in_file, len(self._many) + self._sizes.in_file // 4)

    def _forget(self) -> None:
        """Keep in memory what the store has not as settled; the store is read for each look-up from now on."""
        self._is_paged, self._recent = True, 0
        self._many = self._many.without_told(self._tell_stored)

    def _tell_stored(self, tell: Tell) -> bool:
        for digests in self._groups():
            tell(digests)
        return True

    def _extend_files(self, tell: Tell = lambda _: None) -> bool:
        """Let files have more and `tell` what; return whether they are to be asked from now on.

        Not where they have less than those at hand, which can be read as long as they are open: somebody took them away,
        and the disk is full.
        """
        files = self._cover(tell) if self._cover is not None else None
        if files is None or files.upto < self._upto:
            return False
        self._files = files
        return True

    @property
    def _upto(self) -> int:
        return self._files.upto if self._files else 0

    def _read_through(self, asked: pl.Series, groups: Iterable[bytes]) -> pl.Series:
        wanted = asked.unique()
        found = (_common(identities(digests), wanted) for digests in groups)
        return asked.is_in(pl.concat([NONE, *found]).implode()) | self._many.among(asked)


def _common(many: pl.Series, few: pl.Series) -> pl.Series:
    return many.filter(many.is_in(few.implode())) if many.len() else many


def known_among(digests: bytes, known: Collection[bytes]) -> list[bytes]:
    """Return those of the packed `digests` that are `known`."""
    is_known = identities(digests).is_in(identities(b"".join(known)).implode())
    return [digests[IDENTITY_BYTES * at :][:IDENTITY_BYTES] for at in is_known.arg_true()] if is_known.any() else []


def packed(identities: pl.Series) -> bytes:
    """Return 16-byte identities one behind the other; raises `ValueError` where one is NULL.

    Joined by Arrow, without a Python object for each: a tenth of what `bytes.join` takes.
    """
    if identities.null_count():
        raise ValueError("an identity is missing")
    data = identities.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2] if len(identities) else None
    return b"" if data is None else bytes(data.to_pybytes())
