"""Which events were settled before: looked up by the thousand, in bounded memory where files can be made."""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain
from operator import or_
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from syncer.state import outbox
from syncer.state.few_settled import FewSettled
from syncer.state.ledger_sizes import LedgerSizes
from syncer.state.requests import IDENTITY_BYTES, SETTLED, RequestState

if TYPE_CHECKING:
    from syncer.state.ledger_files import LedgerFiles
    from syncer.state.store import Store

    Cover = Callable[[Callable[[bytes], None]], LedgerFiles | None]
    """Makes files of what has come to its end, tells the packed identities of new ones, and returns all; None: it cannot."""

SIZES = LedgerSizes()
PAGE_ROWS = 256
"""Requests that are read at a time."""
AT_ONCE = 262_144
"""Identities that are put into the filter at a time."""
SLOTS = 16
"""Bits of the filter for each identity: about one look-up in sixteen of a new event gets past it."""
FIRST_SLOTS = 1 << 20
MOST_PARTS = 8
"""Sorted parts that are looked through one after the other; more become one."""
NONE = pl.Series("identity", [], dtype=pl.Int128)
NO_FILTER = pl.Series([True])
"""Leaves nothing out."""

_NUMBERS = pa.decimal128(38)
"""What of Arrow has 16 bytes, and in polars those of an integer: identities are read where they lie."""

Pages = Callable[[int], list[tuple[int, bytes]]]
"""The next (id, packed identities) with an id above the one given; empty at the end."""
Tell = Callable[[bytes], None]
"""Is told packed identities, some at a time."""
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
        self._sizes, self._newest, self._cover_at = sizes, sizes.recent // 4, sizes.in_file
        self._is_first = True
        self._few: FewSettled | None = FewSettled(min(sizes.few, sizes.in_memory))
        """All that is known, while it is few; None once it is not, or somebody asked for many."""
        self._is_loaded = self._is_paged = False
        self._sorted: list[pl.Series] = []
        """In parts: to sort what is new in among all costs several times as much, and room for all of it once more."""
        self._recent = NONE
        self._filter = NO_FILTER

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
        asked = identities(digests)
        if self._is_paged:
            return self._read_through(asked, self._groups())
        maybe = self._filter.gather(_slots(digests, self._filter.len()))
        if not maybe.any():
            return maybe
        places = maybe.arg_true()
        candidates = asked.gather(places)
        is_false = ~(self._is_sorted(candidates) | self._is_recent(candidates))
        return maybe.scatter(places.filter(is_false), values=False)

    def add(self, digests: bytes) -> None:
        """Take note of events that must not be sent again by this run."""
        if self._few is not None:
            self._few.add(digests)
            if self._few.is_many and not self._is_first:
                self._use_columns()
            return
        self._recent = pl.concat([self._recent, identities(digests)])
        if self._is_paged:
            if self._recent.len() > self._sizes.recent:
                self._forget()
        elif self._is_loaded:
            self._take_in(digests)

    def _begin(self) -> Iterator[bytes]:
        """Read the stored ledger while it is few, and return all that it is made of; it is few no more where there is more."""
        groups, read = self._groups(), []
        few = self._few or FewSettled(0)
        for packed in groups:
            read.append(packed)
            few.store(packed)
            if few.is_many:
                self._few, self._recent = None, identities(few.added)
                break
        return chain(read, groups)

    def _use_columns(self) -> None:
        """Go on with all that is known in columns, which many are looked up in."""
        few, self._few = self._few, None
        if few is None:
            return
        self._is_loaded = True
        self._sorted, self._recent = [identities(few.stored).sort()], identities(few.added)
        if self._known > self._sizes.in_memory:
            self._forget()
        else:
            self._filter = self._filter_of_all()

    def _load(self) -> None:
        if self._is_loaded:
            return
        stored = self._stored()
        if stored is not None:
            self._sorted = [stored.sort()]
            self._filter = self._filter_of_all()
        self._is_paged = stored is None
        self._is_loaded = True  # not before, as above: half a ledger would pass for all of it

    def _stored(self) -> pl.Series | None:
        """Return what the store has and no file, once files have what they can of much; None where it is too much for memory."""
        for is_last in (False, True) if self._cover else (True,):
            chunks, count, most = [NONE], 0, self._sizes.in_memory if is_last else self._sizes.in_file
            for digests in self._groups():
                chunks.append(identities(digests))
                count += chunks[-1].len()
                if count > most:
                    break
            else:
                return pl.concat(chunks)
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

    def _take_in(self, digests: bytes) -> None:
        is_full = self._recent.len() > self._sizes.recent
        if is_full and self._cover is not None and self._known > self._cover_at:
            self._put_in_files()
            return
        if self._known > self._sizes.in_memory:
            self._forget()
            return
        if is_full:
            older = self._recent.len() - self._newest
            self._sorted.append(self._recent.head(older).sort())
            self._recent = self._recent.tail(self._newest)
            if len(self._sorted) > MOST_PARTS:
                self._sorted = [pl.concat(self._sorted).sort()]
        if self._known * SLOTS > self._filter.len():
            self._filter = self._filter_of_all()
        else:
            self._filter = self._filter.scatter(_slots(digests, self._filter.len()), values=True)

    def _put_in_files(self) -> None:
        """Let files have what is settled in the store, and keep in memory what they have not."""
        self._keep_untold(self._extend_files)
        self._filter = self._filter_of_all()
        self._cover_at = max(self._sizes.in_file, self._known + self._sizes.in_file // 4)

    def _forget(self) -> None:
        """Keep in memory what the store has not as settled; the store is read for each look-up from now on."""
        self._is_paged = True
        self._keep_untold(self._tell_stored)

    def _keep_untold(self, tell_all: Callable[[Tell], bool]) -> None:
        """Keep in memory what is not told, where that ends well: it may be under way, whatever was settled meanwhile."""
        parts = [*self._sorted, self._recent.sort()]
        left = [pl.ones(part.len(), pl.Boolean, eager=True) for part in parts]
        self._filter = NO_FILTER

        def tell(digests: bytes) -> None:
            for number, part in enumerate(parts):
                places, is_there = _look_up(identities(digests), part)
                left[number] = left[number].scatter(places.filter(is_there), values=False)

        if tell_all(tell):
            parts = [part.filter(is_left) for part, is_left in zip(parts, left, strict=True)]
        self._sorted, self._recent = [pl.concat(parts).sort()], NONE

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

    @property
    def _known(self) -> int:
        """How many identities are in memory."""
        return sum(map(len, self._sorted)) + self._recent.len()

    def _filter_of_all(self) -> pl.Series:
        return _filter_of(pl.concat([*self._sorted, self._recent]))

    def _is_sorted(self, asked: pl.Series) -> pl.Series:
        return reduce(or_, (_look_up(asked, part)[1] for part in self._sorted), _empty_filter(asked.len()))

    def _is_recent(self, asked: pl.Series) -> pl.Series:
        common = _common(self._recent, asked)
        return asked.is_in(common.implode()) if common.len() else _empty_filter(asked.len())

    def _read_through(self, asked: pl.Series, groups: Iterable[bytes]) -> pl.Series:
        wanted = asked.unique()
        found = (_common(identities(digests), wanted) for digests in groups)
        known = pl.concat([_common(self._recent, wanted), *found])
        is_known = asked.is_in(known.implode()) if known.len() else _empty_filter(asked.len())
        return is_known | self._is_sorted(asked)


def _look_up(asked: pl.Series, among: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return where each would be among others, which are sorted, and whether it is there."""
    places = among.search_sorted(asked, "left")
    if among.is_empty():
        return places, _empty_filter(asked.len())
    places = places.clip(upper_bound=among.len() - 1)
    return places, among.gather(places) == asked


def _common(many: pl.Series, few: pl.Series) -> pl.Series:
    return many.filter(many.is_in(few.implode())) if many.len() else many


def identities(digests: bytes) -> pl.Series:
    """Return packed digests as numbers that sort and compare as fast as integers do."""
    if len(digests) % IDENTITY_BYTES:
        raise ValueError("identities have 16 bytes each")
    if not digests:
        return pl.Series("identity", [], dtype=pl.Int128)
    count = len(digests) // IDENTITY_BYTES
    array = pa.Array.from_buffers(_NUMBERS, count, [None, pa.py_buffer(digests)])
    return pl.Series("identity", pl.from_arrow(array)).to_physical()


def known_among(digests: bytes, known: Collection[bytes]) -> list[bytes]:
    """Return those of the packed `digests` that are `known`."""
    is_known = identities(digests).is_in(identities(b"".join(known)).implode())
    return [digests[IDENTITY_BYTES * at :][:IDENTITY_BYTES] for at in is_known.arg_true()]


def packed(identities: pl.Series) -> bytes:
    """Return 16-byte identities one behind the other; raises `ValueError` where one is NULL.

    Joined by Arrow, without a Python object for each: a tenth of what `bytes.join` takes.
    """
    if identities.null_count():
        raise ValueError("an identity is missing")
    data = identities.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2] if len(identities) else None
    return b"" if data is None else bytes(data.to_pybytes())


def _slots(digests: bytes, size: int) -> pl.Series:
    words = pa.Array.from_buffers(pa.uint32(), len(digests) // 4, [None, pa.py_buffer(digests)])
    return pl.Series(pl.from_arrow(words)).gather_every(IDENTITY_BYTES // 4) & (size - 1)


def _filter_of(identities: pl.Series) -> pl.Series:
    size = FIRST_SLOTS
    while size < identities.len() * SLOTS:
        size *= 2
    made = _empty_filter(size)
    for part in identities.to_frame().iter_slices(AT_ONCE):
        low = (part.to_series() & 0xFFFF_FFFF).cast(pl.UInt32)
        made = made.scatter(low & (size - 1), values=True)
    return made


def _empty_filter(size: int) -> pl.Series:
    return pl.zeros(size, pl.Boolean, eager=True)
