"""JSON text of a stranger, read without ever raising."""

import json
from typing import Any

from syncer.spec.nesting import is_too_deep

LONGEST_INTEGER = 18
"""Digits; every number of Meta's is shorter, and larger ones would not fit the state store."""


def read_json(text: bytes | str) -> object:
    """Return the value that `text` holds, or None where it is no strict JSON in UTF-8.

    Refused as well: NaN and infinities, what nests too deeply, and an object that names a key twice, because readers
    disagree on which of the two counts. An integer that is too long comes as a float.
    """
    try:
        words = text if isinstance(text, str) else text.decode()
        value = _DECODER.decode(words)
    except (ValueError, RecursionError):
        return None
    return None if is_too_deep(words, value) else value


def read_object(text: bytes | str) -> dict[str, object] | None:
    """Return the JSON object that `text` holds, or None where it holds anything else."""
    value = read_json(text)
    return value if isinstance(value, dict) else None


def whole(value: object) -> int | None:
    """Return `value` if it is an integer; True and 1.0 are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is named twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _bounded(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_bounded)
