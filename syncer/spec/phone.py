"""Phone numbers: digits only, country code first, no leading zeros (Customer information parameters, `ph`)."""

import re
from traceback import clear_frames
from typing import TYPE_CHECKING

from syncer.spec import limits
from syncer.spec.context import Context
from syncer.spec.text import kept, plain, western_digits

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

CALLING_CODE = (
    r"(?:1|7|2(?:[07]|[1-689][0-9])|3(?:[0-469]|[578][0-9])|4(?:[013-9]|2[0-9])|5(?:[1-8]|[09][0-9])"
    r"|6(?:[0-6]|[7-9][0-9])|8(?:[1246]|[035789][0-9])|9(?:[0-58]|[679][0-9]))"
)
"""Calling codes of E.164 as a pattern: none begins another one."""

TRUNK_ZERO = re.compile(rf"({CALLING_CODE})0")
SCHEME = re.compile(r"\A(?:tel|p):", re.IGNORECASE)
"""`tel:` of RFC 3966; `p:` is how files of Meta's lead ads mark a number as text."""
EXTENSION = re.compile(r"[\s,;]*(?:extension|extn?|x|#|доб)[\s.:=#]*[0-9]{0,7}\s*\Z", re.IGNORECASE)
EXTENSION_SIGN = re.compile("[x#д]", re.IGNORECASE)
"""Without one of these there is no extension."""
WRITTEN_FLOAT = re.compile(r"(\+?[0-9]{7,15})\.0")


def phone(value: object, context: Context) -> str | None:
    """Return the number with its country code, or None where `value` holds no phone number.

    - `+`, or 00 in front, says that the country code is there; every symbol goes, and so does an extension.
    - A zero between country code and number, as in `+44 (0)20`, goes where the country has such a zero; Italy's stays.
    - A national number takes the country code of `context.country`. If that code stands in front already and what
      follows is valid, or if the number cannot be one of that country but is valid with a country code of its own, it
      is taken as international. What fits neither is dropped: "911" is nobody's number.
    - Without a known country leading zeros go, and the number is sent as it is: see `phone_lacks_country`.

    National numbers are read by libphonenumber. Source: Customer information parameters, `ph`.
    """
    written = _written(value)
    if written is None:
        return None
    digits, is_international = written
    if is_international:
        digits = _without_trunk_zero(digits)
    elif context.country is not None and _has_plan(context.country):
        return _national(digits, context.country)
    digits = digits.lstrip("0")
    return digits if _is_length(digits) else None


def phone_lacks_country(value: object, context: Context) -> bool:
    """Return whether `value` is sent although it seems to have no country code: Meta cannot match it.

    It seems so without `+` or 00 and with a leading zero, or with ten digits or fewer, where no country is known.
    """
    if context.country is not None and _has_plan(context.country):
        return False
    written = _written(value)
    if written is None or written[1]:
        return False
    digits = written[0].lstrip("0")
    return _is_length(digits) and (written[0].startswith("0") or len(digits) < 11)


def _written(value: object) -> tuple[str, bool] | None:
    """Return the digits of `value`, and whether they begin with a country code for sure."""
    text = plain(value)
    if text is None:
        return None
    text = SCHEME.sub("", western_digits(text))
    if found := WRITTEN_FLOAT.fullmatch(text):
        text = found[1]
    if EXTENSION_SIGN.search(text):
        text = EXTENSION.sub("", text)
    digits = kept(text)
    if not (digits.isascii() and digits.isdigit()):
        return None
    has_plus = "+" in text[: text.index(digits[0])]
    if digits.startswith("00"):
        return digits.lstrip("0"), True
    if has_plus and not digits.startswith("0"):
        return digits, True
    return digits, False


def _without_trunk_zero(digits: str) -> str:
    found = TRUNK_ZERO.match(digits)
    if found is None:
        return digits
    for candidate in (digits, found[1] + digits[found.end() :]):
        number = _parsed(f"+{candidate}", None)
        if number is not None and _is_possible(number):
            return _e164(number)
    return digits


def _national(digits: str, country: str) -> str | None:
    from phonenumbers import country_code_for_region

    if digits.startswith(str(country_code_for_region(country.upper()))) and _is_valid(digits):
        return digits
    number = _parsed(digits, country.upper())
    if number is not None and _is_possible(number):
        found = _e164(number)
        return found if _is_length(found) else None
    return digits if _is_valid(digits) else None


def _is_valid(digits: str) -> bool:
    """Return whether `digits` are a valid number beginning with its country code."""
    from phonenumbers import is_valid_number

    number = None if digits.startswith("0") else _parsed(f"+{digits}", None)
    return number is not None and is_valid_number(number) and _e164(number) == digits


def _has_plan(country: str) -> bool:
    from phonenumbers import SUPPORTED_REGIONS

    return country.upper() in SUPPORTED_REGIONS


def _parsed(digits: str, region: str | None) -> "PhoneNumber | None":
    from phonenumbers import NumberParseException, parse

    try:
        return parse(digits, region)
    except NumberParseException as error:
        clear_frames(error.__traceback__)  # parse() keeps its own trace: a ring with every frame below, and their batch
        return None


def _is_possible(number: "PhoneNumber") -> bool:
    """Return whether the number could be dialled from abroad: a number without area code could not."""
    from phonenumbers import ValidationResult, is_possible_number_with_reason

    return bool(is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE)


def _e164(number: "PhoneNumber") -> str:
    from phonenumbers import PhoneNumberFormat, format_number

    return format_number(number, PhoneNumberFormat.E164).removeprefix("+")


def _is_length(digits: str) -> bool:
    fewest, most = limits.PHONE_DIGITS
    return fewest <= len(digits) <= most
