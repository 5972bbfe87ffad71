"""How a value of a warehouse becomes text, and the steps that all rules for text share.

Customer information is text. A number stands for its digits only where they are certainly meant: integers, and
floats and decimals without fraction (a float beyond 2**53 has lost digits). A boolean, a time or a nested value is
nobody's name or number, so it gives None; native dates are read by the rules for dates alone.
"""

import math
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from syncer.spec import characters, limits

REMOVED = re.compile(f"[{characters.REMOVED}]")
REMOVED_ASCII = dict.fromkeys(code for code in range(128) if REMOVED.match(chr(code)))
"""For `str.translate`, which takes a tenth of the time of a pattern."""
KEPT = re.compile(f"[^{characters.REMOVED}]")
INVISIBLE = re.compile(f"[{characters.INVISIBLE}]")
WHITE_SPACE = re.compile(f"[{characters.WHITE_SPACE}]")
EDGE = re.compile(f"[{characters.WHITE_SPACE}{characters.INVISIBLE}]")

PLACEHOLDERS = frozenset(
    {
        r"\n",
        "#n/a",
        "(null)",
        "<null>",
        "[null]",
        "n/a",
        "nan",
        "nil",
        "none",
        "not available",
        "null",
        "undefined",
        "unknown",
    }
)
r"""Text, in lower case, that stands for a missing value; `\N` is how Hive and COPY write NULL."""

EXACT_FLOAT = 2**53
LARGEST_INTEGER = 10**38
"""Integers and decimals of warehouses have at most 38 digits."""


def as_text(value: object) -> str | None:
    """Return the text that `value` stands for, untouched, or None where it stands for none."""
    match value:
        case None | bool():
            return None
        case str():
            return _encodable(value)
        case int() | float() | Decimal():
            number = whole(value)
            return None if number is None else str(number)
        case bytes() | bytearray():
            return _decoded(bytes(value))
        case UUID():
            return str(value)
    return None


def whole(value: float | Decimal) -> int | None:
    """Return the integer that a number certainly is, or None."""
    if isinstance(value, Decimal):
        if not value.is_finite() or value.copy_abs() >= LARGEST_INTEGER or value != value.to_integral_value():
            return None
        return int(value)
    if isinstance(value, int):
        return int(value) if abs(value) < LARGEST_INTEGER else None
    return int(value) if math.isfinite(value) and value.is_integer() and abs(value) <= EXACT_FLOAT else None


def plain(value: object) -> str | None:
    """Return the text of `value` without invisible characters and outer white space, in normal form C, or None.

    None where it says nothing: blank text, placeholders such as `N/A`, text of punctuation alone, and text that is
    too long to name a person.
    """
    text = as_text(value)
    return None if text is None or len(text) > limits.CUSTOMER_INFO_CHARACTERS else _plain(text)


@lru_cache(maxsize=8)  # digest, rule and warning ask about one value in turn
def _plain(text: str) -> str | None:
    if not _is_simple(text):
        text = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    text = trim(text)
    return text if says_something(text) else None


def verbatim(value: object) -> str | None:
    """Return the text of `value` as it is but for its edges, or None where it says nothing."""
    text = as_text(value)
    if text is None:
        return None
    text = trim(text)
    return text if says_something(text) else None


def says_something(text: str) -> bool:
    """Return whether `text` holds a letter or digit and is no placeholder."""
    return KEPT.search(text) is not None and text.lower() not in PLACEHOLDERS


def is_blank(value: object) -> bool:
    """Return whether a value is not there: NULL, NaN, or text of white space and invisible characters."""
    match value:
        case None:
            return True
        case float():
            return math.isnan(value)
        case Decimal():
            return value.is_nan()
        case str():
            return trim(value) == ""
        case bytes() | bytearray():
            text = _decoded(bytes(value))
            return text is not None and trim(text) == ""
    return False


def trim(text: str) -> str:
    """Return `text` without white space and invisible characters at its ends."""
    if _is_simple(text):
        return text.strip(" ")
    start, end = 0, len(text)
    while start < end and EDGE.match(text, start):
        start += 1
    while start < end and EDGE.match(text, end - 1):
        end -= 1
    return text[start:end]


def lowered(text: str) -> str:
    """Return `text` in lower case by Unicode's rules without a locale, in normal form C.

    Lower case, not case folding: `ß` stays, a capital sigma at the end of a word becomes `ς`, `İ` becomes i with
    U+0307. Source: Customer information parameters; the published digest of "valéry" is that of form C.
    """
    return unicodedata.normalize("NFC", text.lower())


def squeezed(text: str) -> str:
    """Return `text` in lower case without punctuation, symbols, white space and invisible characters.

    Lower case comes first: what a capital sigma becomes depends on the punctuation behind it.
    """
    return unicodedata.normalize("NFC", kept(text.lower()))


def kept(text: str) -> str:
    """Return the letters, digits and marks of `text`: what is no punctuation, symbol, white space or invisible."""
    return text.translate(REMOVED_ASCII) if text.isascii() else REMOVED.sub("", text)


def western_digits(text: str) -> str:
    """Return `text` with the digits of all scripts as 0 to 9, and full-width ASCII as ASCII."""
    if text.isascii():
        return text
    return "".join(map(_western, text))


def _is_simple(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _western(character: str) -> str:
    code = ord(character)
    if 0xFF01 <= code <= 0xFF5E:
        return chr(code - 0xFEE0)
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _encodable(text: str) -> str | None:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return text


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
