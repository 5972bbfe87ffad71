"""One file of settled identities in which a look-up of a thousand reads a thousand small pieces, and not the file.

The identities lie in groups, by their highest bits: digests spread evenly, so a group has some thirty. A line for each
group says where it lies and, by a Bloom filter, what is not in it: for a new identity that line is all that is read. Of a
long file a run that asks for much holds a sieve in memory: for what does not get through it nothing is read.

Each line has a word that makes the weighted sum of its words its number and one, each group begins with a slot that has its
CRC, the head has that of the sieve, so what a disk has spoiled is found when it is read: zeros as well, and what lies where
something else did. Files are written once, whole, and never changed. What is in them is in the state too: a file that is
missing or spoiled is made anew.
"""

import os
import struct
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, repeat
from pathlib import Path
from typing import BinaryIO, Self

import polars as pl

from syncer.state import sieve
from syncer.state.requests import IDENTITY_BYTES, holds
from syncer.state.segment_head import LINE_BYTES, LINE_WORDS, Covered, Sizes, SpoiledError, read_head
from syncer.state.words import bytes_of, packed_of, words_in, words_of

HEAD = struct.Struct("<QQ")
"""The slot before a group."""
IN_GROUP = 32
"""Identities in a group, about."""
FILTER_WORDS = LINE_WORDS - 2
"""Beside them a line has the slots from which and up to which its group lies, and what makes its sum right."""
OFTEN = 4
"""The lines are kept in memory once one of so many was asked for."""
KEPT_LINES = 131_072
"""A file with more lines, 8 MiB, keeps none of them in memory: each is read when it is asked for."""
SIEVE_BYTES = 1_024
"""A sieve is read once there were so many identities asked for as it has times so many bytes: that costs what it spares."""
CHECKED_LINES = 4_096
"""Of all lines of a file that are kept, so many are looked through for damage at a time."""
AT_ONCE = 65_536
"""Identities that are grouped at a time, for bounded memory; about."""
HALF = 2**32
"""Half of a word is enough for the numbers of lines and slots."""
WORD = 2**64
WEIGHTS = (
    0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F,
    0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3, 0x1D8E4E27C47D124F,
)  # fmt: skip
"""By which the words of a line count in its sum: odd, so that each bit of each word does, and without a pattern."""
PAIRS = pl.Series([1 << pair % 64 | 1 << pair // 64 for pair in range(64 * 64)], dtype=pl.UInt64)
"""Words with two of their bits set, by the numbers of both."""
NO = pl.Series([False])
PRIVATE = 0o600
DRAFT = ".new"
"""How the name of a file ends that is being written."""

Part = Callable[[int, int], bytes]
"""Gives the packed identities of a source whose last eight bytes are a number from `low` up to, without, `high`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Identities that are looked for in several files: what of them is the same for each."""

    digests: bytes
    """Packed."""
    order: pl.Series
    """Their places, so that what lies side by side in a file follows each other."""
    low: pl.Series
    high: pl.Series
    """Their first and their last words, in that order."""

    @classmethod
    def of(cls, digests: bytes) -> Self:
        """Return packed `digests` as they are asked for."""
        low, high = words_of(digests)
        order = high.arg_sort()
        return cls(digests, order, low.gather(order), high.gather(order))

    def filter(self, is_wanted: pl.Series) -> Self:
        """Return some of them, in the same order."""
        order, low, high = (each.filter(is_wanted) for each in (self.order, self.low, self.high))
        return replace(self, order=order, low=low, high=high)

    def digest(self, place: int) -> bytes:
        """Return the identity at a place among those that are asked for."""
        return self.digests[place * IDENTITY_BYTES : (place + 1) * IDENTITY_BYTES]


class Segment:
    """An open file of identities; it stays readable where another process takes it away, and closes with its last user.

    Of one with at most `kept_lines` that much is asked of, the lines are kept in memory.
    """

    def __init__(self, path: Path, *, kept_lines: int = KEPT_LINES) -> None:
        """Open the file; raises `OSError` where it cannot be read, which a `SpoiledError` is, where it is not whole."""
        self.path = path
        self._file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        weakref.finalize(self, os.close, self._file)
        self.covered, sizes = read_head(self._file, path.name)
        self._lines, self._slots, self._sizes = sizes.lines, sizes.slots, sizes
        self._lines_at = self.covered.lines_at
        self._slots_at = self._lines_at + sizes.slots_at
        self._kept: pl.Series | None = None
        self._sieve: pl.Series | None = None
        self._asked, self._kept_lines = 0, kept_lines

    @property
    def count(self) -> int:
        """How many identities there are."""
        return self._slots - self._lines

    def has(self, asked: Asked) -> pl.Series:
        """Return, for each that is `asked`, whether it is here; raises `SpoiledError` where what says so is not whole."""
        self._asked += len(asked.high)
        bits = self._sieve_in_memory()
        left = asked if bits is None else asked.filter(bits.gather(_line_of(asked.high, len(bits))))
        is_there = noes(len(asked.high))
        return is_there.scatter(self._found(left), values=True) if len(left.high) else is_there

    def _found(self, asked: Asked) -> pl.Series:
        """Return the places of those that are here."""
        line = _line_of(asked.high, self._lines)
        read, place = self._lines_of(line)
        word, mask = _bits_of(asked.low)
        maybe = (read.gather(place + word + 1) & mask) == mask
        places, bounds = asked.order.filter(maybe), read.gather(place.filter(maybe))
        groups = zip(places.to_list(), line.filter(maybe).to_list(), bounds.to_list(), strict=True)
        is_there = [self._has(asked.digest(at), *group) for at, *group in groups]
        return places.filter(pl.Series(is_there, dtype=pl.Boolean))

    def _sieve_in_memory(self) -> pl.Series | None:
        """Return the sieve, which is read once so much was asked that this pays; None before, and where there is none."""
        size, crc = self._sizes.sieve, self._sizes.sieve_crc
        if self._sieve is None and 0 < size <= self._asked * SIEVE_BYTES:
            packed = os.pread(self._file, size, self._lines_at + self._sizes.sieve_at)
            if len(packed) != size or zlib.crc32(packed) != crc:
                raise SpoiledError(f"{self.path.name} is not as it was written")
            self._sieve = sieve.unpacked(packed)
        return self._sieve

    def _lines_of(self, line: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Return words among which the lines with these numbers are, and the place where each of them begins."""
        if self._kept is None and self._lines <= min(self._kept_lines, self._asked * OFTEN):
            self._kept = self._all_lines()
        if self._kept is not None:
            return self._kept, line * LINE_WORDS
        packed = _pieces(self._file, line * LINE_BYTES + self._lines_at, repeat(LINE_BYTES))
        place = pl.int_range(0, len(line) * LINE_WORDS, LINE_WORDS, dtype=pl.UInt64, eager=True)
        return self._whole_lines(packed, line), place

    def part(self, low: int, high: int) -> bytes:
        """Return the packed identities whose last word is from `low` up to, without, `high`; a `Part`."""
        first, last = (low // HALF * self._lines) // HALF, ((high - 1) // HALF * self._lines) // HALF + 1
        numbers = pl.int_range(first, last, dtype=pl.UInt64, eager=True)
        starts, ends = _bounds(self._lines_from(first, last).gather_every(LINE_WORDS))
        begin, end = int(starts[0]), int(ends[-1])
        packed = os.pread(self._file, (end - begin) * IDENTITY_BYTES, self._slots_at + begin * IDENTITY_BYTES)
        words = self._whole_groups(packed, numbers, ends - starts)
        is_wanted = pl.ones(end - begin, pl.Boolean, eager=True).scatter(starts - begin, values=False)
        is_wanted &= words[1].is_between(low, high - 1)
        return packed_of(*(each.filter(is_wanted) for each in words))

    def _all_lines(self) -> pl.Series:
        firsts = range(0, self._lines, CHECKED_LINES)
        parts = [self._lines_from(first, min(first + CHECKED_LINES, self._lines)) for first in firsts]
        return pl.concat(parts, rechunk=True)

    def _lines_from(self, first: int, last: int) -> pl.Series:
        """Return the words of the lines from one up to, without, another."""
        packed = os.pread(self._file, (last - first) * LINE_BYTES, self._lines_at + first * LINE_BYTES)
        return self._whole_lines(packed, pl.int_range(first, last, dtype=pl.UInt64, eager=True))

    def _has(self, digest: bytes, line: int, bounds: int) -> bool:
        """Return whether an identity is in the group of its line, which lies within `bounds`."""
        end, start = divmod(bounds, HALF)
        size = (end - start) * IDENTITY_BYTES
        group = os.pread(self._file, size, self._slots_at + start * IDENTITY_BYTES)
        if len(group) != size:
            raise SpoiledError(f"{self.path.name} is too short")
        if group[:IDENTITY_BYTES] != _head(memoryview(group)[IDENTITY_BYTES:], line):
            raise SpoiledError(f"{self.path.name} is not as it was written")
        return holds(group[IDENTITY_BYTES:], digest)

    def _whole_lines(self, packed: bytes, numbers: pl.Series) -> pl.Series:
        """Return the words of the lines with these `numbers`, each of which is whole."""
        if len(packed) != len(numbers) * LINE_BYTES:
            raise SpoiledError(f"{self.path.name} is too short")
        words = words_in(packed)
        weighted = _folded(words) * _weights(1 << (len(numbers) - 1).bit_length()).head(len(words))
        if not (weighted.reshape((-1, LINE_WORDS)).arr.sum() == numbers + 1).all():
            raise SpoiledError(f"{self.path.name} is not as it was written")
        return words

    def _whole_groups(self, packed: bytes, numbers: pl.Series, sizes: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Return the words of the groups with these `numbers`, each of which is whole."""
        if len(packed) != int(sizes.sum()) * IDENTITY_BYTES:
            raise SpoiledError(f"{self.path.name} is too short")
        groups = _cut(packed, (sizes * IDENTITY_BYTES).cum_sum().to_list())
        for number, group in zip(numbers.to_list(), groups, strict=True):
            if group[:IDENTITY_BYTES] != _head(group[IDENTITY_BYTES:], number):
                raise SpoiledError(f"{self.path.name} is not as it was written")
        return words_of(packed)


def write(path: Path, covered: Covered, source: Part, count: int, *, sieve_above: int = KEPT_LINES) -> None:
    """Write the `count` identities of `source` into a new file at `path`, durably, in bounded memory.

    The file is there whole or not at all, and has a sieve if it has more lines than `sieve_above`. Raises `OSError`.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}{DRAFT}")
    lines = count // IN_GROUP + 1
    sizes = Sizes(lines, of_sieve=sieve.bytes_a_line(lines) if lines > sieve_above else 0)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, PRIVATE), "wb") as file:
            _fill(file, covered, source, sizes)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _fill(file: BinaryIO, covered: Covered, source: Part, sizes: Sizes) -> None:
    lines, of_sieve, at_once = sizes.lines, sizes.of_sieve, AT_ONCE // IN_GROUP
    for first in range(0, lines, at_once):
        last = min(lines, first + at_once)
        low, high = _each_once(source(_lowest(first, lines), _lowest(last, lines)))
        line = (_line_of(high, lines) - first).cast(pl.UInt32)
        groups = _Groups.of(line, first=first, last=last)
        bits = _line_of(high, sizes.sieve * sieve.BITS) - first * of_sieve * sieve.BITS
        sieved = sieve.packed(bits, (last - first) * of_sieve)
        file.seek(covered.lines_at + sizes.end)
        file.write(groups.slots(low, high))
        file.seek(covered.lines_at + first * LINE_BYTES)
        file.write(groups.lines(low, line, after=sizes.slots))
        file.seek(covered.lines_at + sizes.sieve_at + first * of_sieve)
        file.write(sieved)
        slots = sizes.slots + int(groups.ends[-1])
        sizes = sizes._replace(slots=slots, sieve_crc=zlib.crc32(sieved, sizes.sieve_crc))
    file.seek(0)
    file.write(covered.packed(sizes))


@dataclass(frozen=True, slots=True)
class _Groups:
    """Groups one behind the other: their numbers, and how many identities end with each."""

    numbers: pl.Series
    counts: pl.Series

    @classmethod
    def of(cls, line: pl.Series, *, first: int, last: int) -> Self:
        """Return the groups from `first` up to, without, `last`, of identities that are sorted by their line."""
        places = pl.int_range(last - first, dtype=pl.UInt32, eager=True)
        return cls(places.cast(pl.UInt64) + first, line.search_sorted(places, "right"))

    @property
    def ends(self) -> pl.Series:
        """Return before which slot each ends."""
        return self.counts.cast(pl.UInt64) + pl.int_range(1, len(self.counts) + 1, dtype=pl.UInt64, eager=True)

    def slots(self, low: pl.Series, high: pl.Series) -> bytes:
        """Return the groups as they lie in the file."""
        ends = (self.counts.cast(pl.UInt64) * IDENTITY_BYTES).to_list()
        groups = zip(self.numbers.to_list(), _cut(packed_of(low, high), ends), strict=True)
        return b"".join(piece for number, group in groups for piece in (_head(group, number), group))

    def lines(self, low: pl.Series, line: pl.Series, *, after: int) -> bytes:
        """Return their lines, for slots that lie behind so many others."""
        word, mask = _bits_of(low)
        bits = pl.DataFrame({"place": line * FILTER_WORDS + word, "mask": mask})
        filled = bits.group_by("place").agg(pl.col("mask").bitwise_or())
        filters = pl.zeros(len(self.counts) * FILTER_WORDS, pl.UInt64, eager=True).scatter(
            filled["place"], filled["mask"]
        )
        ends = self.ends + after
        columns = [ends * HALF + ends.shift(1, fill_value=after)]
        columns += [filters.gather_every(FILTER_WORDS, offset) for offset in range(FILTER_WORDS)]
        weighted = [_folded(column) * weight for column, weight in zip(columns, WEIGHTS, strict=False)]
        rest = (~_sum(weighted) + self.numbers + 2) * pow(WEIGHTS[-1], -1, WORD)
        named = {str(number): column for number, column in enumerate([*columns, _folded(rest)])}
        return bytes_of(pl.DataFrame(named).select(pl.concat_arr(pl.all())).to_series().explode())


def _each_once(digests: bytes) -> tuple[pl.Series, pl.Series]:
    """Return the words of packed identities, each of these once, sorted by the last."""
    low, high = words_of(digests)
    frame = pl.DataFrame({"low": low, "high": high}).sort("high")
    if (frame["high"] == frame["high"].shift(1)).any():
        frame = frame.unique().sort("high")
    return frame["low"], frame["high"]


def noes(count: int) -> pl.Series:
    """Return a column of so many: a tenth of what `pl.zeros` takes."""
    return NO.new_from_index(0, count)


def in_memory(low: pl.Series, high: pl.Series) -> Part:
    """Return a source of identities whose words are in memory."""

    def part(first: int, last: int) -> bytes:
        is_wanted = high.is_between(first, last - 1)
        return packed_of(low.filter(is_wanted), high.filter(is_wanted))

    return part


def _line_of(high: pl.Series, lines: int) -> pl.Series:
    """Return the number of the line of identities with these last words; it never falls as they grow."""
    return high // HALF * lines // HALF


def _lowest(line: int, lines: int) -> int:
    """Return the lowest last word of an identity that belongs to a line."""
    return -(-line * HALF // lines) * HALF


def _bits_of(low: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return in which word of its line's filter an identity with this first word sets bits, and these bits."""
    pairs = [PAIRS.gather(low // 2**shift % len(PAIRS)) for shift in (32, 44)]
    return low % HALF * FILTER_WORDS // HALF, pairs[0] | pairs[1]


def _bounds(words: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the slots from which on and before which groups lie, of the first words of their lines."""
    return words % HALF, words // HALF


def _head(group: memoryview | bytes, number: int) -> bytes:
    """Return the slot before a group; never zeros."""
    return HEAD.pack(HALF + zlib.crc32(group, number), 0)


def _cut(packed: bytes, ends: Sequence[int]) -> Iterator[memoryview]:
    """Yield what lies before each of `ends` and behind the one before."""
    view = memoryview(packed)
    return (view[start:end] for start, end in pairwise((0, *ends)))


def _folded(words: pl.Series) -> pl.Series:
    """Return words whose upper half is in their lower one too, or two of its highest bits would weigh nothing together.

    Folded twice they are as they were.
    """
    return words ^ words // HALF


@cache
def _weights(lines: int) -> pl.Series:
    return pl.Series(WEIGHTS, dtype=pl.UInt64).gather(pl.int_range(lines * LINE_WORDS, eager=True) % LINE_WORDS)


def _sum(columns: list[pl.Series]) -> pl.Series:
    total = columns[0]
    for column in columns[1:]:
        total = total + column
    return total


def _pieces(file: int, places: pl.Series, sizes: Iterable[int]) -> bytes:
    return b"".join(map(os.pread, repeat(file), sizes, places.to_list()))
