"""Packed identities as columns of numbers, one or two each, and back: without a Python object for each."""

import polars as pl
import pyarrow as pa

from syncer.state.requests import IDENTITY_BYTES

WORD_BYTES = 8
NONE = pl.Series("identity", [], dtype=pl.Int128)

_NUMBERS = pa.decimal128(38)
"""What of Arrow has 16 bytes, and in polars those of an integer, whatever digits it is said to have."""


def identities(digests: bytes) -> pl.Series:
    """Return packed digests as numbers that sort and compare as fast as integers do."""
    if len(digests) % IDENTITY_BYTES:
        raise ValueError("identities have 16 bytes each")
    if not digests:
        return pl.Series("identity", [], dtype=pl.Int128)
    count = len(digests) // IDENTITY_BYTES
    array = pa.Array.from_buffers(_NUMBERS, count, [None, pa.py_buffer(digests)])
    return pl.Series("identity", array).cast(pl.Int128)


def words_of(digests: bytes) -> tuple[pl.Series, pl.Series]:
    """Return packed identities as the numbers that their first and their last eight bytes are, least first."""
    words = words_in(digests)
    return words.gather_every(2), words.gather_every(2, 1)


def packed_of(low: pl.Series, high: pl.Series) -> bytes:
    """Return the packed identities of two words each; turns `words_of` round."""
    pairs = pl.DataFrame({"low": low, "high": high}).select(pl.concat_arr("low", "high")).to_series()
    return bytes_of(pairs.explode()) if len(low) else b""


def words_in(packed: bytes) -> pl.Series:
    """Return the numbers of eight bytes each that lie one behind the other, without a copy."""
    return pl.Series(pa.Array.from_buffers(pa.uint64(), len(packed) // WORD_BYTES, [None, pa.py_buffer(packed)]))


def bytes_of(words: pl.Series) -> bytes:
    """Return numbers of eight bytes as they lie; turns `words_in` round."""
    array = words.rechunk().to_arrow()
    data, first = array.buffers()[1], array.offset * WORD_BYTES
    return b"" if data is None else bytes(data[first : first + len(array) * WORD_BYTES])
