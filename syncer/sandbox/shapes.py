"""Kinds of JSON values, and how far Meta tolerates one in place of another."""

import re
from collections.abc import Callable
from math import isfinite
from unicodedata import category

from syncer.sandbox.notes import Judging
from syncer.sandbox.refusal import Refusal, bad_parameter

Json = dict[str, object]
Check = Callable[[object, Judging, tuple[str | int, ...]], Refusal | None]
"""Judges one value that is not null; the path leads to it."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_EMAIL = re.compile(r"[^\s@/:?&=\"'<>,;()]{1,64}@[\w-]+(?:\.[\w-]+)+")
UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")
"""Controls, formats and separators; what Unicode has not assigned yet may be seen tomorrow."""
IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""What else Unicode calls default ignorable: fillers, variation selectors, places kept for such."""


def is_absent(value: object) -> bool:
    """Return whether a value counts as not sent."""
    return value is None or value in ("", [], {}) or (isinstance(value, str) and value.isspace())


def is_blank(value: object) -> bool:
    """Return whether a value is absent, or a text without a visible character."""
    if isinstance(value, str):
        return all(category(letter) in UNSEEN or IGNORABLE.match(letter) for letter in value)
    return is_absent(value)


def number_of(value: object) -> float | None:
    """Return the number that Meta reads, also out of text; None where there is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        found = float(value)
        return found if isfinite(found) else None
    return None


def holds_email(text: str) -> bool:
    """Return whether something like an e-mail address stands in the text."""
    return "@" in text and _EMAIL.search(text) is not None


def text(value: object, judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    """Judge a text; a number is tolerated."""
    if isinstance(value, str):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return judging.note("number_for_text", *path)
    return bad_parameter(path, "must be a string")


def number(value: object, judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    """Judge a number; numeric text is tolerated."""
    if number_of(value) is None:
        return bad_parameter(path, "must be a number")
    return judging.note("text_for_number", *path) if isinstance(value, str) else None


def integer(value: object, judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    """Judge a whole number; numeric text is tolerated."""
    if isinstance(value, int) and not isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return None
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return judging.note("text_for_number", *path)
    return bad_parameter(path, "must be an integer")


def boolean(value: object, judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    """Judge a yes or no; 1, 0 and their text are the same to Meta."""
    if isinstance(value, bool) or value in (0, 1):
        return None
    if value in ("0", "1", "true", "false"):
        return judging.note("text_for_number", *path)
    return bad_parameter(path, "must be a boolean")


def mapping(value: object, _judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    """Judge an object."""
    return None if isinstance(value, dict) else bad_parameter(path, "must be an object")


def texts(value: object, judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    """Judge a list of texts or numbers."""
    if not isinstance(value, list):
        return bad_parameter(path, "must be an array")
    for place, item in enumerate(value):
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            return text(item, judging, (*path, place))
    return None


def url(value: object, judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    """Judge a web address."""
    if not isinstance(value, str):
        return bad_parameter(path, "must be a string")
    if not value.startswith(("http://", "https://")):
        return judging.note("url_invalid", *path)
    return judging.note("contact_data", *path) if holds_email(value) else None


def listed(values: frozenset[str]) -> Check:
    """Return the check that a text is one of `values`; another is worth a remark."""

    def check(value: object, judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
        if not isinstance(value, str):
            return text(value, judging, path)
        return None if value in values else judging.note("value_not_listed", *path)

    return check
