"""The head of a file of identities: of which requests it has them, and how much of what lies behind it."""

import os
import struct
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from syncer.state.requests import IDENTITY_BYTES

HEADER = struct.Struct("<8sQQQQQQQQQ16s")
"""Magic, lines, slots, the ids below and up to which requests are covered, the lowest id of one that is, how many persons
were erased by then, how many requests were held, the bytes of the sieve for a line, its CRC, and the checksum of the last
request. The ids of the held ones follow."""
ID_BYTES = 8
CRC = struct.Struct("<I")
MAGIC = b"syncerL4"
"""The last letter is the layout's: a file of another release is left where it is until it is made anew."""
LINE_WORDS = 8
LINE_BYTES = LINE_WORDS * 8


class SpoiledError(OSError):
    """The file is none of ours, or not as it was written."""


class OtherLayoutError(OSError):
    """The file is as another release writes them."""


class Sizes(NamedTuple):
    """How much there is of what lies behind the head."""

    lines: int
    slots: int = 0
    of_sieve: int = 0
    """Bytes of the sieve for each line; 0: there is none."""
    sieve_crc: int = 0

    @property
    def sieve(self) -> int:
        """Return how many bytes the sieve has."""
        return self.lines * self.of_sieve

    @property
    def sieve_at(self) -> int:
        """Return how far behind the head the sieve begins."""
        return self.lines * LINE_BYTES

    @property
    def slots_at(self) -> int:
        """Return how far behind the head the slots begin."""
        return self.sieve_at + self.sieve

    @property
    def end(self) -> int:
        """Return how far behind the head the file ends."""
        return self.slots_at + self.slots * IDENTITY_BYTES


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
    held: tuple[int, ...] = ()
    """Ids of those whose identities it has not, since somebody may still decide what becomes of them."""

    @property
    def lines_at(self) -> int:
        """Where in the file the lines begin."""
        return HEADER.size + len(self.held) * ID_BYTES + CRC.size

    def packed(self, sizes: Sizes) -> bytes:
        """Return the head of a file."""
        lines, slots, *sieve = sizes
        numbers = (lines, slots, self.after, self.upto, self.first, self.erased, len(self.held), *sieve)
        head = HEADER.pack(MAGIC, *numbers, self.checksum) + struct.pack(f"<{len(self.held)}Q", *self.held)
        return head + CRC.pack(zlib.crc32(head))


def read_head(file: int, name: str) -> tuple[Covered, Sizes]:
    """Return what the head of an open file says; raises `SpoiledError` where the head or what should follow is not whole."""
    head = os.pread(file, HEADER.size, 0)
    if len(head) != HEADER.size:
        raise SpoiledError(f"{name} is too short")
    magic, lines, slots, after, upto, first, erased, held, of_sieve, sieve_crc, checksum = HEADER.unpack(head)
    if magic != MAGIC and magic[:-1] == MAGIC[:-1]:
        raise OtherLayoutError(f"{name} is of another release")
    if magic != MAGIC:
        raise SpoiledError(f"{name} is no file of identities")
    sizes = Sizes(lines, slots, of_sieve, sieve_crc)
    if os.fstat(file).st_size != HEADER.size + held * ID_BYTES + CRC.size + sizes.end:
        raise SpoiledError(f"{name} is not whole")
    ids = struct.unpack(f"<{held}Q", os.pread(file, held * ID_BYTES, HEADER.size))
    covered = Covered(after=after, upto=upto, first=first, erased=erased, checksum=checksum, held=ids)
    packed = covered.packed(sizes)
    if os.pread(file, len(packed), 0) != packed:
        raise SpoiledError(f"{name} is not whole")
    return covered, sizes
