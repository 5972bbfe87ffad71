"""What is not hashed: numbers, booleans, words of a closed set, times, URLs, lists, the items of `contents`.

Each function takes any value of a warehouse and returns what goes into the JSON of the event, or None where nothing
usable is in it. Numbers are exact: a `Decimal` stands for the number its text writes. Whether None means "not there"
or "unreadable" tells `text.is_blank`. Sources: Meta's pages on server event, custom data and app data parameters.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

from syncer.spec import limits, times
from syncer.spec.context import Context
from syncer.spec.fields import EXTINFO_PLACES, PARAMETERS, Group, Parameter
from syncer.spec.nesting import is_too_deep
from syncer.spec.paths import member
from syncer.spec.text import as_text, is_blank, says_something, trim, whole

Value: TypeAlias = str | int | Decimal | bool | list["Value"] | dict[str, "Value"]

# --- scalars -------------------------------------------------------------------------------------

WRITTEN_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
SMALLEST, LARGEST = Decimal("1e-30"), Decimal("1e30")
"""A number outside, but zero, is no amount, and its plain notation would be absurd."""
INTEGERS = (-(2**63), 2**63 - 1)


def string(value: object) -> str | None:
    """Return the text of `value` without outer white space.

    Numbers are written plainly, without exponent and without zeros behind the point, whole ones of up to 38 digits; booleans as `true` and `false`;
    times as ISO 8601. Lists and objects are no text.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            exact = number(value)
            if exact is not None:
                return number_text(exact)
            digits = whole(value)  # which a number of a warehouse may have more of than an amount
            return None if digits is None else str(digits)
        case date() | time():
            return value.isoformat()
    text = as_text(value)
    return (trim(text) or None) if text is not None else None


def identifier(value: object) -> str | None:
    """Return the text of `value`, or None where it says nothing, such as `null`: no event bears that as its id.

    A float is an id only where it certainly is a whole number.
    """
    if isinstance(value, float) and whole(value) is None:
        return None
    text = string(value)
    return text if text is not None and says_something(text) else None


def number(value: object) -> Decimal | None:
    """Return the number, exactly, or None: no NaN, no infinity, no grouping, no currency sign, no boolean."""
    match value:
        case None | bool():
            return None
        case float():
            exact = Decimal(repr(float(value))) if math.isfinite(value) else None
        case int():
            exact = Decimal(value) if abs(value) < LARGEST else None
        case Decimal():
            exact = value if value.is_finite() else None
        case _:
            text = as_text(value)
            text = None if text is None else trim(text)
            exact = Decimal(text) if text and len(text) <= 100 and WRITTEN_NUMBER.fullmatch(text) else None
    if exact is None:
        return None
    if exact.is_zero():
        return Decimal(0)
    return exact if SMALLEST <= exact.copy_abs() < LARGEST else None


def number_text(value: Decimal) -> str:
    """Return the number in plain notation, without exponent and without zeros behind the point: valid JSON."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def integer(value: object) -> int | None:
    """Return the integer; 3.0 and "3.0" are 3. None beyond 64 bits."""
    exact = number(value)
    if exact is None or exact != exact.to_integral_value():
        return None
    found = int(exact)
    return found if INTEGERS[0] <= found <= INTEGERS[1] else None


YES = frozenset({"true", "t", "yes", "y", "on", "1"})
NO = frozenset({"false", "f", "no", "n", "off", "0"})


def boolean(value: object) -> bool | None:
    """Return yes or no, from booleans, 1 and 0, and the usual words in any case."""
    if isinstance(value, bool):
        return value
    word = string(value)
    word = None if word is None else word.lower()
    return True if word in YES else False if word in NO else None


def one_of(value: object, allowed: Sequence[str | int]) -> str | None:
    """Return the word of `allowed` that `value` means, spelled as Meta does.

    Case, camel case, spaces and dashes do not matter: `physicalStore` and `Physical Store` are physical_store.
    """
    text = string(value)
    if text is None:
        return None
    words = _by_snake(tuple(allowed))
    return words.get(text.lower()) or words.get(_snake(text))


def currency(value: object) -> str | None:
    """Return the ISO 4217 code in upper case, or None for what is none. Source: custom data, `currency`."""
    text = string(value)
    code = text.upper() if text is not None and text.isascii() else ""
    return code if code in CURRENCIES else None


def url(value: object) -> str | None:
    """Return the URL as stored, or None where it does not begin with http:// or https:// and a host."""
    text = string(value)
    return text if text is not None and URL.match(text) else None


URL = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)

_CURRENCIES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR "
    "RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD "
    "TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL"
)
CURRENCIES = frozenset(_CURRENCIES.split())
"""ISO 4217 without metals, funds and test codes; codes withdrawn since 2022 are kept, as Meta may still take them."""

OFTEN_REFUSED = frozenset({"MRU"})
"""Valid codes that Meta was seen to refuse on a Purchase (subcode 2804011)."""

# --- lists and objects ---------------------------------------------------------------------------


def members(value: object) -> list[object] | None:
    """Return the members of a list: native, or JSON text that begins with `[`; anything else is a list of one.

    None for what is not there and for broken JSON.
    """
    if is_blank(value):
        return None
    if isinstance(value, list | tuple):
        return list(value)
    text = trim(value) if isinstance(value, str) else ""
    if text.startswith("["):
        found = _parsed(text)
        return found if isinstance(found, list) else None
    return [value]


def strings(value: object) -> list[str] | None:
    """Return the members as text, without those that say nothing; an empty list stays one, an emptied one is None."""
    items = members(value)
    if items is None:
        return None
    found = [text for item in items if (text := string(item)) is not None]
    return found if found or not items else None


def data_processing_options(value: object) -> list[str] | None:
    """Return `["LDU"]`, or `[]`, which says explicitly that no limit is asked for; None for anything else."""
    items = strings(value)
    if items is None:
        return None
    return items and ["LDU"] if all(item.upper() == "LDU" for item in items) else None


def contents(value: object, names: Mapping[str, str] | None = None) -> list[Value] | None:
    """Return the items of `contents`, each as Meta's parameters; items without id are left out.

    `value` is a list of objects, one object, or JSON text of either. `names` says under which name, or path, an item
    holds each parameter; without it the names are Meta's own, and others are left out.
    """
    if isinstance(value, str) and trim(value).startswith("{"):
        value = _parsed(trim(value))
    items = members(value)
    if items is None:
        return None
    keys = names if names is not None else {name: name for name in PARAMETERS[Group.CONTENTS_ITEM]}
    found = [content for item in items if isinstance(item, Mapping) and "id" in (content := _content(item, keys))]
    return [dict(content) for content in found] or None


def _content(item: Mapping[object, object], keys: Mapping[str, str]) -> dict[str, Value]:
    parameters = PARAMETERS[Group.CONTENTS_ITEM]
    read_items = ((name, read(parameters[name], member(item, key), Context())) for name, key in keys.items())
    return {name: found for name, found in read_items if found is not None}


def extinfo(places: Mapping[str, object]) -> list[str]:
    """Return the 16 places of `app_data.extinfo`, with empty text where nothing is known."""
    return [extinfo_place(name, places.get(name)) or "" for name in EXTINFO_PLACES]


def extinfo_place(name: str, value: object) -> str | None:
    """Return the text for one place: all are text, numbers too; `version` is a2 or i2, also for Android and iOS."""
    text = string(value)
    if name != "version" or text is None:
        return text
    return SYSTEMS.get(text.lower())


SYSTEMS: Mapping[str, str] = MappingProxyType({"a2": "a2", "android": "a2", "i2": "i2", "ios": "i2"})


def any_json(value: object, depth: int = limits.JSON_DEPTH) -> Value | None:
    """Return the value of a property of one's own: text, number, boolean, list or object, None where it is neither.

    Times become ISO 8601 text. Inside lists and objects what is unusable is left out.
    """
    match value:
        case bool():
            return value
        case int() | float() | Decimal():
            return number(value)
        case list() | tuple() if depth > 0:
            items = (any_json(item, depth - 1) for item in value)
            return [item for item in items if item is not None]
        case Mapping() if depth > 0:
            pairs = ((string(key), any_json(item, depth - 1)) for key, item in value.items())
            return {key: item for key, item in pairs if key is not None and item is not None}
    return string(value)


# --- by parameter --------------------------------------------------------------------------------

TIMES = frozenset({"event_time", "touchpoint_ts", "visit_time"})

UNREADABLE: Mapping[str, str] = MappingProxyType(
    {
        "event_time": "event_time_invalid",
        "event_name": "event_name_too_long",
        "action_source": "action_source_invalid",
        "event_source_url": "event_source_url_invalid",
        "opt_out": "opt_out_invalid",
        "data_processing_options": "data_processing_options_invalid",
        "data_processing_options_country": "data_processing_options_invalid",
        "data_processing_options_state": "data_processing_options_invalid",
        "value": "value_invalid",
        "currency": "currency_invalid",
    }
)
"""Reason code where `read` gives None for a value that is there; `value` and `currency` only where they are needed.

Of every other parameter such a value is dropped and counted.
"""


def read(parameter: Parameter, value: object, context: Context) -> Value | None:
    """Return `value` as `parameter` of any group but customer information wants it, or None."""
    if parameter.name == "data_processing_options":
        return data_processing_options(value)  # type: ignore[return-value]  # a list of text is a list of values
    if parameter.group is Group.EXTINFO:
        return extinfo_place(parameter.name, value)
    if parameter.name == "contents":
        return contents(value)
    if parameter.is_list:
        return strings(value)  # type: ignore[return-value]  # the same
    if parameter.name in TIMES and parameter.type == "integer":
        return times.unix_seconds(value, context)
    return _scalar(parameter, value)


def _scalar(parameter: Parameter, value: object) -> Value | None:
    match parameter.type:
        case "number":
            return _within(parameter, number(value))
        case "integer":
            return _within(parameter, integer(value))
        case "boolean":
            flag = boolean(value)
            return int(flag) if flag is not None and parameter.allowed else flag
        case "object":
            found = _parsed(trim(value)) if isinstance(value, str) else value
            return (any_json(found) or None) if isinstance(found, Mapping) else None
        case "string":
            return _word(parameter, value)


def _word(parameter: Parameter, value: object) -> str | None:
    match parameter.name:
        case "currency":
            return currency(value)
        case "event_source_url":
            return url(value)
        case "event_id":
            return identifier(value)
    if parameter.allowed:
        found = one_of(value, parameter.allowed)
        return string(value) if found is None and parameter.is_open else found
    text = string(value)
    return text if text is not None and (parameter.max is None or len(text) <= parameter.max) else None


def _within(parameter: Parameter, value: Decimal | int | None) -> Decimal | int | None:
    if value is None or (parameter.allowed and value not in parameter.allowed):
        return None
    is_low = parameter.min is not None and value < parameter.min
    is_high = parameter.max is not None and value > parameter.max
    return None if is_low or is_high else value


@cache
def _by_snake(allowed: tuple[str | int, ...]) -> dict[str, str]:
    return {_snake(str(word)): str(word) for word in allowed}


def _snake(word: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower().replace(" ", "_").replace("-", "_")


def _parsed(text: str) -> object:
    """Return what the JSON `text` says, numbers exact, None where it is broken or nests too deeply."""
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError, ArithmeticError):
        return None
    return None if is_too_deep(text, value) else value


def _refuse(constant: str) -> object:
    raise ValueError(constant)
