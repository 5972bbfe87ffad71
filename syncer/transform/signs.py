"""The bytes of a column of text, for the question of what is nowhere in it: three looks cost a tenth of a pattern on each text."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

FIRST_VISIBLE: Final = 0x20
LAST_ASCII: Final = 0x7F
ASKED: Final = b' "%+@\\0123456789'
"""What `has_any` is asked for; all of it is looked for at once, since the bytes must be copied for that."""


@dataclass(frozen=True)
class Signs:
    """The texts of a column end to end; what was looked for is remembered."""

    data: pa.Buffer | None
    lowest: int
    highest: int

    @classmethod
    def of(cls, values: pl.Series) -> Self:
        """Return the bytes of text, NULL or not."""
        return cls.of_arrow(values.to_arrow(compat_level=pl.CompatLevel.oldest()))

    @classmethod
    def of_arrow(cls, texts: pa.Array) -> Self:
        """Return the bytes of text with offsets, which must be right; none is copied."""
        _, offsets, data = texts.buffers()
        if data is None or not len(texts):
            return cls(None, LAST_ASCII, 0)
        ends = memoryview(offsets).cast("q" if kinds.is_large_string(texts.type) else "i")
        begin = ends[texts.offset]
        size = ends[texts.offset + len(texts)] - begin
        if not size:
            return cls(None, LAST_ASCII, 0)
        data = data.slice(begin, size)
        reach = pc.min_max(pa.Array.from_buffers(pa.uint8(), size, [None, data]))
        return cls(data, reach["min"].as_py(), reach["max"].as_py())

    @property
    def is_ascii(self) -> bool:
        """Return whether certainly no sign of another script is in any text."""
        return self.highest <= LAST_ASCII

    def has_control(self) -> bool:
        """Return whether a control character of ASCII may be in a text."""
        return self.lowest < FIRST_VISIBLE

    def has_any(self, signs: bytes) -> bool:
        """Return whether one of `signs`, which are some of `ASKED`, may be in a text."""
        return any(sign in self._found for sign in signs)

    def stays(self) -> bool:
        """Return whether JSON writes the texts with the same signs, and none but its own besides."""
        return self.is_ascii and not self.has_control() and not self.has_any(b"\\")

    def needs_escape(self) -> bool:
        """Return whether a text may need escaping as a JSON string."""
        return self.has_control() or self.has_any(b'"\\')

    def has_edges(self) -> bool:
        """Return whether white space or an invisible character may be at an end of a text."""
        return self.has_control() or self.highest >= LAST_ASCII or self.has_any(b" ")

    @cached_property
    def _found(self) -> frozenset[int]:
        text = b"" if self.data is None else self.data.to_pybytes()
        return frozenset(sign for sign in ASKED if bytes([sign]) in text)
