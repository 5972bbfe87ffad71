"""A length of time as people write it: `90d`, `1h`, `15m`, `30s`."""

import re
from typing import Any, Self

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
PATTERN = re.compile(r"([0-9]{1,9})\s*([smhdw])")
LONGEST_S = 36_500 * 86_400
"""A hundred years; further from now the calendar of the standard library ends."""


class Duration(int):
    """Whole seconds; prints as it would be written."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the duration that `text` writes; raises `ValueError` with the remedy."""
        found = PATTERN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no duration; write a number and a unit: 30s, 15m, 1h, 7d, 2w")
        seconds = int(found[1]) * UNITS_S[found[2]]
        if seconds > LONGEST_S:
            raise ValueError(f"{text!r} is longer than a hundred years; write 36500d at most")
        return cls(seconds)

    def __str__(self) -> str:
        for unit, seconds in reversed(UNITS_S.items()):
            if self and self % seconds == 0 and unit != "w":
                return f"{self // seconds}{unit}"
        return f"{int(self)}s"

    @classmethod
    def _read(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise ValueError("a duration is a text")  # noqa: TRY004 - a validator may raise nothing else
        return cls.parse(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object, /) -> dict[str, Any]:
        """Validate text with `parse`; written as plain data, so that this file imports nothing."""
        return {"type": "function-plain", "function": {"type": "no-info", "function": cls._read}}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: object, handler: object, /) -> dict[str, Any]:
        """Describe the text for editors."""
        return {"type": "string", "pattern": r"^\s*[0-9]{1,9}\s*[smhdw]\s*$", "examples": ["30s", "15m", "1h", "7d"]}
