"""One file of settled identities in which a look-up of a thousand reads a thousand small pieces, and not the file.

The identities lie in groups, by their highest bits: digests spread evenly, so a group has some twenty. Each group begins
with a slot that makes the sum of its words the group's number and one, so what a disk has spoiled is found when it is
read: zeros as well, and what lies where something else did. Files are written once, whole, and never changed. What is in
them is in the state too: a file that is missing or spoiled is made anew.
"""

import os
import struct
import weakref
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow as pa

from syncer.state.requests import IDENTITY_BYTES

HEADER = struct.Struct("<8sB7xQQQQQ16s")
"""Magic, bits of a group's number, slots, the ids below and up to which requests are covered, the lowest id of one that
is, how many persons were erased by then, and the checksum of the last request."""
CRC = struct.Struct("<I")
MAGIC = b"syncerL1"
IN_GROUP = 24
"""Identities in a group, about."""
MOST_BITS = 28
AT_ONCE = 131_072
"""Identities that are grouped at a time, for bounded memory; about."""
WORD_BITS = 64
PRIVATE = 0o600
DRAFT = ".new"
"""How the name of a file ends that is being written."""

Part = Callable[[int, int, int], bytes]
"""Gives the packed identities of a source whose highest `bits` are a number from `low` up to, without, `high`."""


class SpoiledError(Exception):
    """The file is none of ours, or not as it was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Of which requests a file has the identities."""

    after: int
    """Those above this id ..."""
    upto: int
    """... up to this one."""
    first: int
    """The lowest id that there was."""
    erased: int
    """How many persons of the pipeline were erased before."""
    checksum: bytes
    """Of the request `upto`, 16 bytes: ids of another state mean other requests."""


class Segment:
    """An open file of identities; it stays readable where another process takes it away, and closes with its last user."""

    def __init__(self, path: Path) -> None:
        """Open the file; raises `OSError` where it cannot be read, `SpoiledError` where it is not whole."""
        self.path = path
        self._file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        weakref.finalize(self, os.close, self._file)
        self.covered, self._bits, self._slots = self._head()
        self._begin = HEADER.size + ((1 << self._bits) + 1) * 4 + CRC.size
        self._starts = self._directory()

    @property
    def count(self) -> int:
        """How many identities there are."""
        return self._slots - (1 << self._bits)

    def has(self, digests: bytes) -> pl.Series:
        """Return, for each of the packed `digests`, whether it is here; raises `SpoiledError` where a group is not whole."""
        low, high = words_of(digests)
        of_group = high // 2 ** (WORD_BITS - self._bits)
        groups = of_group.unique().sort()  # each is read once: a mistake that counts twice could make a right sum
        starts = self._starts.gather(groups)
        sizes = self._starts.gather(groups + 1) - starts
        pieces = [
            os.pread(self._file, size, self._begin + start)
            for size, start in zip(_in_bytes(sizes), _in_bytes(starts), strict=True)
        ]
        there_low, there_high = self._whole(b"".join(pieces), groups, slots=int(sizes.sum()))
        place = groups.search_sorted(of_group)
        size, end = sizes.gather(place), sizes.cum_sum().gather(place)
        asked = pl.select(pl.int_range(len(low), dtype=pl.UInt32).repeat_by(pl.lit(size)).explode()).to_series()
        slot = pl.select(pl.int_ranges(end - size, end, dtype=pl.UInt32).explode()).to_series()
        is_there = (there_low.gather(slot) == low.gather(asked)) & (there_high.gather(slot) == high.gather(asked))
        return pl.zeros(len(low), pl.Boolean, eager=True).scatter(asked.filter(is_there), values=True)

    def part(self, low: int, high: int, bits: int) -> bytes:
        """Return the packed identities whose highest `bits` are from `low` up to, without, `high`; a `Part`."""
        finer = max(0, bits - self._bits)
        first, last = (low << self._bits) >> bits, -((-high << self._bits) >> bits)
        begin, end = int(self._starts[first]), int(self._starts[last])
        packed = os.pread(self._file, (end - begin) * IDENTITY_BYTES, self._begin + begin * IDENTITY_BYTES)
        groups = pl.int_range(first, last, dtype=pl.UInt64, eager=True)
        words = self._whole(packed, groups, slots=end - begin)
        heads = self._starts.slice(first, last - first) - begin
        is_wanted = pl.ones(end - begin, pl.Boolean, eager=True).scatter(heads, values=False)
        if finer:
            is_wanted &= (words[1] // 2 ** (WORD_BITS - bits)).is_between(low, high - 1)
        return packed_of(*(each.filter(is_wanted) for each in words))

    def _head(self) -> tuple[Covered, int, int]:
        head = os.pread(self._file, HEADER.size, 0)
        if len(head) != HEADER.size:
            raise SpoiledError(f"{self.path.name} is too short")
        magic, bits, slots, after, upto, first, erased, checksum = HEADER.unpack(head)
        if magic != MAGIC or not 1 <= bits <= MOST_BITS or slots < 1 << bits:
            raise SpoiledError(f"{self.path.name} is no file of identities")
        return Covered(after=after, upto=upto, first=first, erased=erased, checksum=checksum), bits, slots

    def _directory(self) -> pl.Series:
        read = os.pread(self._file, self._begin, 0)
        is_whole = len(read) == self._begin and zlib.crc32(read[: -CRC.size]) == CRC.unpack(read[-CRC.size :])[0]
        if not is_whole or os.fstat(self._file).st_size != self._begin + self._slots * IDENTITY_BYTES:
            raise SpoiledError(f"{self.path.name} is not whole")
        return _numbers(read[HEADER.size : -CRC.size], pa.uint32())

    def _whole(self, packed: bytes, groups: pl.Series, *, slots: int) -> tuple[pl.Series, pl.Series]:
        """Return the words of whole `groups`, each of them once."""
        if len(packed) != slots * IDENTITY_BYTES:
            raise SpoiledError(f"{self.path.name} is too short")
        low, high = words_of(packed)
        if (int(low.sum()) + int(high.sum()) - int(groups.sum()) - len(groups)) % 2**WORD_BITS:
            raise SpoiledError(f"{self.path.name} is not as it was written")
        return low, high


def write(path: Path, covered: Covered, source: Part, count: int) -> None:
    """Write the `count` identities of `source` into a new file at `path`, durably, in bounded memory.

    The file is there whole or not at all. Raises `OSError`.
    """
    bits = min(MOST_BITS, max(1, (count // IN_GROUP).bit_length()))
    parts = min(bits, max(0, (count // AT_ONCE).bit_length()))
    draft = path.with_name(f"{path.name}.{os.getpid()}{DRAFT}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, PRIVATE), "wb") as file:
            _fill(file, covered, source, bits=bits, parts=parts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _fill(file: BinaryIO, covered: Covered, source: Part, *, bits: int, parts: int) -> None:
    groups = 1 << bits
    file.seek(HEADER.size + (groups + 1) * 4 + CRC.size)
    sizes = []
    for number in range(1 << parts):
        low, high = words_of(source(number, number + 1, parts))
        each = 1 << (bits - parts)
        packed, some = _grouped(low, high, bits=bits, first=number * each, groups=each)
        file.write(packed)
        sizes.append(some)
    starts = pl.concat([pl.Series([0], dtype=pl.UInt32), *sizes]).cum_sum().cast(pl.UInt32)
    head = HEADER.pack(
        MAGIC, bits, int(starts[-1]), covered.after, covered.upto, covered.first, covered.erased, covered.checksum
    ) + _raw(starts)
    file.seek(0)
    file.write(head + CRC.pack(zlib.crc32(head)))


def _grouped(low: pl.Series, high: pl.Series, *, bits: int, first: int, groups: int) -> tuple[bytes, pl.Series]:
    """Return the slots of `groups` groups from `first` on, and how many each has."""
    frame = pl.DataFrame({"low": low, "high": high}).unique()
    frame = frame.with_columns(group=(pl.col("high") // 2 ** (WORD_BITS - bits) - first).cast(pl.UInt32))
    sums = frame.group_by("group").agg(size=pl.len() + 1, sum=pl.col("low").sum() + pl.col("high").sum())
    every = pl.DataFrame({"group": pl.int_range(groups, dtype=pl.UInt32, eager=True)})
    heads = every.join(sums, on="group", how="left", maintain_order="left").with_columns(
        size=pl.col("size").fill_null(1),
        low=~pl.col("sum").fill_null(0) + pl.col("group").cast(pl.UInt64) + (first + 2),
        high=pl.lit(0, pl.UInt64),
    )
    slots = pl.concat(
        [
            heads.select("group", "low", "high", is_head=pl.lit(value=False)),
            frame.select("group", "low", "high", is_head=pl.lit(value=True)),
        ]
    ).sort("group", "is_head")
    return packed_of(slots["low"], slots["high"]), heads["size"].cast(pl.UInt32)


def grouped_in_memory(digests: bytes) -> Part:
    """Return a source of packed identities that are in memory."""
    low, high = words_of(digests)
    order = high.arg_sort()
    low, high = low.gather(order), high.gather(order)

    def part(first: int, last: int, bits: int) -> bytes:
        step = 2 ** (WORD_BITS - bits)
        begin = int(high.search_sorted(first * step, "left"))
        end = len(high) if last * step >= 2**WORD_BITS else int(high.search_sorted(last * step, "left"))
        return packed_of(low.slice(begin, end - begin), high.slice(begin, end - begin))

    return part


def words_of(digests: bytes) -> tuple[pl.Series, pl.Series]:
    """Return packed identities as the numbers that their first and their last eight bytes are, least first."""
    words = _numbers(digests, pa.uint64())
    return words.gather_every(2), words.gather_every(2, 1)


def packed_of(low: pl.Series, high: pl.Series) -> bytes:
    """Return the packed identities of two words each; turns `words_of` round."""
    pairs = pl.DataFrame({"low": low, "high": high}).select(pl.concat_arr("low", "high")).to_series()
    return _raw(pairs.explode()) if len(low) else b""


def _numbers(packed: bytes, kind: pa.DataType) -> pl.Series:
    array = pa.Array.from_buffers(kind, len(packed) * 8 // kind.bit_width, [None, pa.py_buffer(packed)])
    return pl.Series(array)


def _raw(numbers: pl.Series) -> bytes:
    array = numbers.rechunk().to_arrow()
    width = array.type.bit_width // 8
    data = array.buffers()[1]
    return b"" if data is None else bytes(data[array.offset * width : (array.offset + len(array)) * width])


def _in_bytes(slots: pl.Series) -> Iterator[int]:
    return iter((slots.cast(pl.Int64) * IDENTITY_BYTES).to_list())
