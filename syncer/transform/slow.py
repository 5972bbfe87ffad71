"""What columns cannot state: the scalar rules, run once for each distinct value and remembered across batches."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from syncer.pipeline import Hashing
from syncer.spec import normalize, places
from syncer.spec.context import Context

REMEMBERED: Final = 2**15
"""Values remembered for each rule: about 15 MB when full."""
RULES: Final = 64
"""Rules whose values are remembered."""


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
        return Sent(wire, normalize.warnings(rule.parameter, value, context))

    return lru_cache(maxsize=REMEMBERED, typed=True)(sent)


@lru_cache(maxsize=REMEMBERED, typed=True)
def row_country(value: object, default: str | None) -> str | None:
    """Return `places.row_country`, remembered."""
    return places.row_country(value, default)
