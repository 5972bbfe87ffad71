"""What columns cannot state: the scalar rules, run once for each distinct value and remembered across batches."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import Final, NamedTuple, ParamSpec, TypeAlias, TypeVar, cast

from syncer.pipeline import Hashing
from syncer.spec import normalize, places, values
from syncer.spec.context import Context
from syncer.spec.fields import Group, Parameter
from syncer.transform.json_text import json_of

REMEMBERED: Final = 2**15
"""Values remembered for each rule: about 15 MB when full."""
SHORT: Final = 500
"""Characters up to which so many texts are remembered whatever a parameter holds; of 5,000 each they would fill 360 MB."""
LONG_REMEMBERED: Final = 256
"""Longer texts that are remembered: the address of one page, and not what is new in each row."""
LONGEST: Final = 10_000
"""Characters of the longest text that is remembered."""
TEXT: Final = (str, bytes)
RULES: Final = 32
"""Rules whose values are remembered; those for dates are new every day."""
T = TypeVar("T")
V = TypeVar("V")
P = ParamSpec("P")


class Sent(NamedTuple):
    """What becomes of one value."""

    wire: str | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """All that decides what becomes of a value of customer information, but the value and its country."""

    parameter: str
    hashing: Hashing
    already_hashed: bool
    hash_external_id: bool
    date_format: str | None
    """Of dates, as is the next; None for other parameters."""
    today: date | None


Judge: TypeAlias = Callable[[object, str | None], Sent]


@lru_cache(maxsize=RULES)
def judge(rule: Rule) -> Judge:
    """Return the function from a value and its country to what is sent, by the scalar rule; it remembers."""

    def sent(value: object, country: str | None) -> Sent:
        context = Context(country=country, date_format=rule.date_format, today=rule.today)
        wire = normalize.hashed(
            rule.parameter,
            value,
            context,
            hashing=rule.hashing,
            already_hashed=rule.already_hashed,
            hash_external_id=rule.hash_external_id,
        )
        return Sent(wire, normalize.warnings(rule.parameter, value, context, hash_external_id=rule.hash_external_id))

    known, of_long = lru_cache(maxsize=REMEMBERED, typed=True)(sent), _remembering_long(sent)
    return lambda value, country: (
        of_long(value, country) if isinstance(value, TEXT) and len(value) > SHORT else known(value, country)
    )


def remembering(rule: Callable[[V], T]) -> Callable[[V], T]:
    """Return `rule`, which then remembers what it said of a value, of long text only the last few."""
    known, of_long = lru_cache(maxsize=REMEMBERED, typed=True)(rule), _remembering_long(rule)
    return lambda value: of_long(value) if isinstance(value, TEXT) and len(value) > SHORT else known(value)


def _remembering_long(rule: Callable[P, T]) -> Callable[P, T]:
    known = cast("Callable[P, T]", lru_cache(maxsize=LONG_REMEMBERED, typed=True)(rule))

    def said(*of: P.args, **named: P.kwargs) -> T:
        return (known if len(cast("str", of[0])) <= LONGEST else rule)(*of, **named)

    return said


@lru_cache(maxsize=REMEMBERED, typed=True)
def row_country(value: object, default: str | None) -> str | None:
    """Return `places.row_country`, remembered."""
    return places.row_country(value, default)


@lru_cache(maxsize=RULES)
def reader(parameter: Parameter, context: Context) -> Callable[[object], str | None]:
    """Return the function from a value to what is sent, text or JSON, by the scalar rule; it remembers."""
    return remembering(partial(text_of, parameter, context))


def text_of(parameter: Parameter, context: Context, value: object) -> str | None:
    """Return what is sent for a value, text or JSON, by the scalar rule."""
    found = values.read(parameter, value, context)
    return json_of(found) if is_json(parameter) else cast("str | None", found)


def is_json(parameter: Parameter) -> bool:
    """Return whether a parameter is sent as something else than a single text."""
    return parameter.group is not Group.EXTINFO and (parameter.type != "string" or parameter.is_list)
