"""The bytes of a column of text, for the question of what is nowhere in it: three looks cost a tenth of a pattern on each text."""

from typing import Final, NamedTuple, Self

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

FIRST_VISIBLE: Final = 0x20
LAST_ASCII: Final = 0x7F


class Signs(NamedTuple):
    """The texts of a column end to end."""

    text: bytes
    lowest: int
    highest: int

    @classmethod
    def of(cls, values: pl.Series) -> Self:
        """Return the bytes of text, NULL or not."""
        data = values.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()[2]
        if data is None or data.size == 0:
            return cls(b"", LAST_ASCII, 0)
        reach = pc.min_max(pa.Array.from_buffers(pa.uint8(), data.size, [None, data]))
        return cls(data.to_pybytes(), reach["min"].as_py(), reach["max"].as_py())

    @property
    def is_ascii(self) -> bool:
        """Return whether certainly no sign of another script is in any text."""
        return self.highest <= LAST_ASCII

    def has_control(self) -> bool:
        """Return whether a control character of ASCII may be in a text."""
        return self.lowest < FIRST_VISIBLE

    def has_any(self, signs: bytes) -> bool:
        """Return whether one of `signs`, of ASCII, may be in a text."""
        return any(bytes([sign]) in self.text for sign in signs)
