"""A part of a whole as people write it: `2%`."""

import re
from typing import Any, Self

PATTERN = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*%")


class Share(str):
    """A share of 0% to 100%; prints as it was written."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the share that `text` writes; raises `ValueError` with the remedy."""
        found = PATTERN.fullmatch(text.strip())
        if found is None or float(found[1]) > 100:
            raise ValueError(f"{text!r} is no share; write it in per cent, from 0% to 100%")
        return cls(f"{found[1]}%")

    @property
    def ratio(self) -> float:
        """The share as a number from 0 to 1."""
        return float(self[:-1]) / 100

    @classmethod
    def _read(cls, value: object) -> Self:
        if not isinstance(value, str):
            raise ValueError("a share is a text")  # noqa: TRY004 - a validator may raise nothing else
        return cls.parse(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object, /) -> dict[str, Any]:
        """Validate text with `parse`; written as plain data, so that this file imports nothing."""
        return {"type": "function-plain", "function": {"type": "no-info", "function": cls._read}}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: object, handler: object, /) -> dict[str, Any]:
        """Describe the text for editors."""
        return {"type": "string", "pattern": r"^\s*[0-9]{1,3}(\.[0-9]{1,6})?\s*%\s*$", "examples": ["0%", "2%", "50%"]}
