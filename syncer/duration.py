"""A length of time as people write it: `90d`, `1h`, `15m`, `30s`."""

import re
from typing import Self

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
PATTERN = re.compile(r"(\d+)\s*([smhdw])")


class Duration(int):
    """Whole seconds; prints as it would be written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the duration that `text` writes; raises `ValueError` with the remedy."""
        found = PATTERN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no duration; write a number and a unit: 30s, 15m, 1h, 7d, 2w")
        return cls(int(found[1]) * UNITS_S[found[2]])

    def __str__(self) -> str:
        for unit, seconds in reversed(UNITS_S.items()):
            if self and self % seconds == 0 and unit != "w":
                return f"{self // seconds}{unit}"
        return f"{int(self)}s"
