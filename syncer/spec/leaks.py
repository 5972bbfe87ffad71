"""Personal data where none belongs: shapes of e-mail addresses, phone numbers and cards outside customer information.

Shapes only: whether a number is a phone is a guess, so what follows from a find is the pipeline's choice (`pii`). The
rules lean towards ids: a bare run of digits is a phone only behind `+`, `00` or a trunk zero.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote

Kind: TypeAlias = Literal["email", "phone", "card"]
KINDS: Final[tuple[Kind, ...]] = ("email", "phone", "card")

_STOPS = r"\s@<>()\[\]{},;:\"'/\\?&=#%|`"
EMAIL = re.compile(
    rf"(?<=[^{_STOPS}])@(?![1-4]x\.)(?:[^{_STOPS}.]{{1,63}}\.){{1,8}}[^\W\d_]{{2,24}}(?![^{_STOPS}.])", re.UNICODE
)
"""From the at sign on; not `icon@2x.png`, nor a version behind a package's name."""

_SEP = r"[ \u00a0.\-/()]"
_BEFORE, _BEHIND = r"(?<![\w.,:#/+\-])", r"(?![\w])(?![.,:\-/]\d)"
INTERNATIONAL = re.compile(rf"(?<![\w.,])\+{_SEP}?[1-9](?:{_SEP}{{0,3}}[0-9]){{7,14}}(?!\w)")
DOUBLE_ZERO = re.compile(rf"{_BEFORE}00[ ]?([1-9](?:{_SEP}{{0,2}}[0-9]){{7,14}}){_BEHIND}")
TRUNK_ZERO = re.compile(rf"{_BEFORE}\(?0[1-9][0-9]{{0,4}}\)?(?:{_SEP}{{1,2}}[0-9]+){{1,5}}{_BEHIND}")
BARE_TRUNK_ZERO = re.compile(rf"{_BEFORE}0[1-9][0-9]{{8,9}}{_BEHIND}")
NORTH_AMERICAN = re.compile(
    rf"{_BEFORE}(?:1{_SEP})?\(?[2-9][0-9]{{2}}\)?{_SEP}{{1,2}}[2-9][0-9]{{2}}{_SEP}[0-9]{{4}}{_BEHIND}"
)
BRACKETED = re.compile(
    rf"(?<![\w.,:#/+])\([0-9]{{2,5}}\){_SEP}{{0,2}}[0-9]{{3,5}}(?:{_SEP}?[0-9]{{2,5}}){{1,3}}{_BEHIND}"
)
SPACED = re.compile(rf"{_BEFORE}[1-9][0-9]{{1,4}}(?:[ \u00a0][0-9]{{2,4}}){{1,4}}{_BEHIND}")
DATE = re.compile(
    r"(?<![0-9])(?:[0-3]?[0-9][./-][01]?[0-9][./-](?:19|20)?[0-9]{2}|(?:19|20)[0-9]{2}[./-][01]?[0-9][./-][0-3]?[0-9])"
    r"(?:[T ][0-2][0-9][:.][0-5][0-9](?:[:.][0-5][0-9](?:\.[0-9]+)?)?)?(?![0-9])"
)
CARD = re.compile(r"(?<![\w.,:#/+\-])[2-6](?:[ \-]?[0-9]){12,18}(?![\w])(?![.,:\-/]\d)")
_BRANDS = re.compile(
    r"4[0-9]{15}|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[689][0-9])[0-9]{11}|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}|35(?:2[89]|[3-8][0-9])[0-9]{12}|62[0-9]{14,17}"
)
_PLAUSIBLE = re.compile(rf"[0-9](?:{_SEP}{{0,4}}[0-9]){{7}}")
"""What every number of a person has."""
_GROUPED = re.compile(rf"[0-9]{_SEP}+[0-9]")
_PARAMETER = re.compile(r"[?&#;]([^&#;]*)")
LOOKALIKES = r"\uff01-\uff5e\ufe6b\u0660-\u0669\u06f0-\u06f9"
"""Other forms of the signs of ASCII, as within `[...]` of a pattern: full width, a small at sign, digits of Arabic and
Persian."""
ODD_SIGNS = r"\u00ad\u2000-\u2015\u202f\u205f\u2060\u2212\u3000\ufeff"
"""Spaces, hyphens and marks without width that may stand within a number."""
_AS_ASCII: Final = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **{first + digit: 0x30 + digit for first in (0x0660, 0x06F0) for digit in range(10)},
    **dict.fromkeys((*range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212), "-"),
    **dict.fromkeys((0x00AD, *range(0x200B, 0x2010), 0x2060, 0xFEFF), None),
    0xFE6B: "@",
}
DECODED_AT_MOST: Final = 3
"""Times that a URL's text is decoded: an address within an address within an address."""
FEWEST_DIGITS, MOST_DIGITS = 9, 12
"""Digits of a national number, its trunk zero included."""


def found_in(text: str, *, country: str | None = None, numbers: bool = True) -> tuple[Kind, ...]:
    """Return the kinds of personal data whose shape is in `text`.

    `country` (ISO 3166, two letters) adds the grouped national numbers of that country; without `numbers` only
    addresses of e-mail are looked for.
    """
    text = _plain(text)
    kinds: list[Kind] = ["email"] if "@" in text and EMAIL.search(text) else []
    if numbers and _PLAUSIBLE.search(text):
        cards = [each for each in CARD.finditer(text) if _is_card(_digits(each[0]))]
        for each in cards:
            text = text.replace(each[0], " ")
        kinds += ["phone"] if _has_phone(text, country) else []
        kinds += ["card"] if cards else []
    return tuple(kinds)


def is_person(key: Iterable[str]) -> bool:
    """Return whether a part of a row's key is an address of e-mail or an international phone number."""
    return any(EMAIL.search(part) or INTERNATIONAL.search(part) for part in map(_plain, key))


def leaves(value: object) -> Iterator[str]:
    """Yield every text and every whole number of a value of JSON as text, names of members included."""
    match value:
        case bool():
            return
        case str():
            yield value
        case int():
            yield str(value)
        case Decimal():
            if value.is_finite() and value == value.to_integral_value():
                yield str(int(value))
        case list():
            for item in value:
                yield from leaves(item)
        case dict():
            for name, item in value.items():
                yield str(name)
                yield from leaves(item)


@dataclass(frozen=True, slots=True)
class Url:
    """What is personal in a URL."""

    elsewhere: tuple[Kind, ...]
    """Before the parameters; phone numbers are not looked for there, since paths are full of ids."""
    parameters: tuple[Kind, ...]
    """Within them: names, values, and what stands in a fragment."""
    without: str
    """The URL without such parameters."""


def read_url(url: str, *, country: str | None = None, kinds: Iterable[Kind] = KINDS) -> Url:
    """Return what of `kinds` is in `url`."""
    wanted = frozenset(kinds)
    begin = min((place for place in (url.find("?"), url.find("#")) if place >= 0), default=len(url))
    head = found_in(_decoded(url[:begin]), country=country)
    found: set[Kind] = set()
    without = _PARAMETER.sub(partial(_kept, country=country, wanted=wanted, found=found), url[begin:])
    if found and without and without[0] in "&;":
        without = f"?{without[1:]}"
    return Url(
        elsewhere=tuple(kind for kind in head if kind in wanted and kind != "phone"),
        parameters=tuple(kind for kind in KINDS if kind in found),
        without=url[:begin] + without,
    )


def _kept(parameter: re.Match[str], *, country: str | None, wanted: frozenset[Kind], found: set[Kind]) -> str:
    """Return a parameter with the sign before it, or nothing where it is personal."""
    texts = {_plain(_decoded(text)) for text in (parameter[1], parameter[1].replace("+", " "))}
    if not any("@" in text or _PLAUSIBLE.search(text) for text in texts):
        return parameter[0]
    personal = {kind for text in texts for part in text.split("=") for kind in found_in(part, country=country)} & wanted
    found |= personal
    return "" if personal else parameter[0]


def _plain(text: str) -> str:
    """Return `text` with the signs that people read as signs of ASCII as those."""
    return text if text.isascii() else text.translate(_AS_ASCII)


def _decoded(text: str) -> str:
    for _ in range(DECODED_AT_MOST):
        if "%" not in text:
            break
        text = unquote(text)
    return text


def _has_phone(text: str, country: str | None) -> bool:
    if "+" in text and INTERNATIONAL.search(text):
        return True
    if "00" in text and any(_is_valid(f"+{_digits(found[1])}") for found in DOUBLE_ZERO.finditer(text)):
        return True
    if "0" in text and BARE_TRUNK_ZERO.search(text):
        return True
    if not _GROUPED.search(text):
        return False
    text = DATE.sub(" x ", text)
    if NORTH_AMERICAN.search(text):
        return True
    grouped = [*TRUNK_ZERO.finditer(text), *BRACKETED.finditer(text)]
    if any(FEWEST_DIGITS <= len(_digits(found[0])) <= MOST_DIGITS + 1 for found in grouped):
        return True
    return country is not None and _has_national(text, country)


def _has_national(text: str, country: str) -> bool:
    """Return whether a valid number of `country` without trunk zero is in `text`, in groups between spaces."""
    return any(_is_valid(found[0], country.upper()) for found in SPACED.finditer(text))


def _is_valid(number: str, country: str | None = None) -> bool:
    from phonenumbers import NumberParseException, is_valid_number, parse

    try:
        return is_valid_number(parse(number, country))
    except NumberParseException:
        return False


def _is_card(digits: str) -> bool:
    if not _BRANDS.fullmatch(digits):
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
