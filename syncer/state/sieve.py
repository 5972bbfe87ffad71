"""A sieve: a bit or some for each identity of a file, all in memory; what does not get through it is not in the file."""

import polars as pl
import pyarrow as pa

MOST_BYTES = 12 * 1024 * 1024
"""Of a sieve: of 100,000,000 identities it has a bit for each, and 63 new ones of 100 get through."""
MOST_OF_LINE = 16
"""Bytes, four bits for each of 32 identities: 22 new ones of 100 get through."""
LEAST_OF_LINE = 3
"""Of fewer so much gets through that reading it does not pay."""
BITS = 8


def bytes_a_line(lines: int) -> int:
    """Return how many bytes of its sieve a file has for each of its `lines`; 0 where it has too many lines for one."""
    most = min(MOST_OF_LINE, MOST_BYTES // lines)
    return most if most >= LEAST_OF_LINE else 0


def packed(places: pl.Series, size: int) -> bytes:
    """Return a part of a sieve, `size` bytes whose bits at `places` are set."""
    if not size:
        return b""
    data = pl.zeros(size * BITS, pl.Boolean, eager=True).scatter(places, values=True).to_arrow().buffers()[1]
    return b"" if data is None else bytes(data[:size])


def unpacked(packed: bytes) -> pl.Series:
    """Return the bits of a whole sieve, without a copy."""
    return pl.Series(pa.Array.from_buffers(pa.bool_(), len(packed) * BITS, [None, pa.py_buffer(packed)]))
