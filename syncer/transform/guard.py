"""The leak guard: what becomes of personal data outside customer information, one value at a time and in columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from json import JSONDecoder
from typing import Any, Final, NamedTuple, Self, cast

import polars as pl

from syncer.pipeline import Pii, Pipeline
from syncer.spec.leaks import KINDS, LOOKALIKES, ODD_SIGNS, Kind, found_in, leaves, read_url
from syncer.spec.leaks import is_person as is_person_key
from syncer.transform.binding import Field, is_person
from syncer.transform.encode import string
from syncer.transform.masks import Mask, either, nowhere
from syncer.transform.members import Member
from syncer.transform.signs import Signs
from syncer.transform.slow import remembering
from syncer.transform.texts import texts

URLS: Final = frozenset({("event_source_url",), ("referrer_url",)})
IDS: Final = frozenset({"event_id", "order_id", "content_ids", "contents"})
"""Names whose values have the shapes of numbers by their nature; addresses of e-mail are looked for there too."""
STRIPPED: Final = "url_parameter_stripped"
_BEFORE, _BEHIND = r"(?:^|[^0-9A-Za-z]|\\[nrtbf]|\\u[0-9a-f]{4}|%(?:25)*[0-9A-Fa-f]{2})", "(?:$|[^0-9A-Za-z])"
_SIGN = r"(?:[ .\-/()+\x{A0}]|%(?:25)*2[0-9A-Fa-f]|%(?:25)*[cC]2%(?:25)*[aA]0)"
_CODED: Final = "%(?:25)*".join(
    [
        "",
        "(?:[eE]2",
        "(?:8[01]|88)|[eE]3",
        "80",
        "80|[eE][fF]",
        "[bB][89bBcCdD]|[dD](?:9",
        "[aA]|[bB]",
        "[bB])|[cC]2",
        "[aA][dD])",
    ]
)
"""What `ODD` is in a URL."""
ODD: Final = rf"[{LOOKALIKES}]|[0-9]{_SIGN}*[{ODD_SIGNS}]|[{ODD_SIGNS}]{_SIGN}*[0-9]|{_CODED}"
ADDRESS: Final = rf"@|%(?:25)*40|[\x{{FF20}}\x{{FE6B}}]|{_CODED}"
BARE: Final = rf"{_BEFORE}(?:0[0-9]{{9,}}|[2-6][0-9]{{12,18}}){_BEHIND}|(?:\+|%(?:25)*2[bB])[1-9][0-9]{{7,14}}{_BEHIND}"
RUN: Final = rf"[0-9](?:{_SIGN}{{0,4}}[0-9]){{7}}"
GROUPED: Final = rf"[0-9]{_SIGN}{{1,4}}[0-9]"
"""What stands in every JSON text in which something may be found, encoded or not: an address, a number without signs
within it, or a run of digits and signs. The others are not looked at one by one."""


KEY: Final = rf"@|\+|[{LOOKALIKES}]"


class Verdict(NamedTuple):
    """What becomes of one value."""

    value: Any
    """As it is sent, if it is."""
    warnings: tuple[str, ...] = ()
    blocked: str | None = None
    """The reason why the event is not sent."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Looks at the values of one pipeline's events."""

    pii: Pii
    country: str | None
    """Of national phone numbers."""
    kinds: tuple[Kind, ...]
    """What is looked for."""

    @classmethod
    def of(cls, pipeline: Pipeline) -> Self:
        """Return the guard of a pipeline."""
        return cls.by(pipeline.pii, pipeline.settings.default_country)

    @classmethod
    def by(cls, pii: Pii, country: str | None) -> Self:
        """Return the guard with the policies `pii`."""
        return cls(pii, country, tuple(kind for kind in KINDS if getattr(pii, kind) != "allow"))

    def looks_at(self, field: Field) -> bool:
        """Return whether a field can hold personal data, and may not."""
        parameter = field.parameter
        if is_person(field) or field.name in self.pii.allow or not self.kinds:
            return False
        if parameter is None:
            return True
        return parameter.type in ("string", "object") and (not parameter.allowed or parameter.is_open)

    def judge(self, field: Field, value: object) -> Verdict:
        """Return what becomes of `value`, a value of JSON as it would be sent."""
        if field.place in URLS and isinstance(value, str):
            return self._of_url(value)
        return self._of_kinds(value, self._found(field, value))

    def refuses_key(self, key: Sequence[str]) -> bool:
        """Return whether no event_id may be made of `key`."""
        return self._looks_at_keys and is_person_key(key)

    def refused_keys(self, parts: Sequence[pl.Series]) -> Mask:
        """Return of which keys no event_id may be made; `parts` are their columns. Twin of `refuses_key`."""
        if not self._looks_at_keys or not any(map(_may_be_person, parts)):
            return None
        keys = zip(*map(texts, parts), strict=True)
        refused = [is_person_key([text for text in key if text is not None]) for key in keys]
        return pl.Series(refused, dtype=pl.Boolean)

    @property
    def _looks_at_keys(self) -> bool:
        return self.pii.email != "allow" and "event_id" not in self.pii.allow

    def column(self, field: Field, member: Member) -> Member:
        """Return the member with what becomes of each of its values; twin of `judge`."""
        values = member.text.values
        signs = member.signs or Signs.of(values)
        found_at = _candidates(values, signs, numbers=field.place[-1] not in IDS)
        if found_at is None or not found_at.any():
            return member
        rows = found_at.arg_true()
        found = member.text._replace(values=values.gather(rows)).joined()
        verdicts = list(map(_judge(self, field), found.to_list()))
        codes = dict.fromkeys(code for verdict in verdicts for code in verdict.warnings)
        reasons = dict.fromkeys(verdict.blocked for verdict in verdicts if verdict.blocked)
        judged = replace(
            member,
            leaked={code: _mask(member, rows, [code in verdict.warnings for verdict in verdicts]) for code in codes},
            blocked={
                reason: _mask(member, rows, [verdict.blocked == reason for verdict in verdicts]) for reason in reasons
            },
        )
        if STRIPPED not in codes:
            return judged
        wire = member.wire.clone().scatter(rows, pl.Series([verdict.value for verdict in verdicts], dtype=pl.String))
        return replace(judged, wire=wire, text=string(wire))

    def _policy(self, kind: Kind) -> str:
        return cast("str", getattr(self.pii, kind))

    def _found(self, field: Field, value: object) -> tuple[Kind, ...]:
        numbers = field.place[-1] not in IDS
        found = {kind for text in leaves(value) for kind in found_in(text, country=self.country, numbers=numbers)}
        return tuple(kind for kind in self.kinds if kind in found)

    def _of_kinds(self, value: object, kinds: tuple[Kind, ...]) -> Verdict:
        blocked = next((f"pii_{kind}" for kind in kinds if self._policy(kind) == "block"), None)
        return Verdict(value, tuple(f"pii_{kind}_sent" for kind in kinds if self._policy(kind) == "warn"), blocked)

    def _of_url(self, url: str) -> Verdict:
        read = read_url(url, country=self.country, kinds=self.kinds)
        verdict = self._of_kinds(url, read.elsewhere)
        match self.pii.url_parameters if read.parameters else "allow":
            case "strip":
                return verdict._replace(value=read.without, warnings=(*verdict.warnings, STRIPPED))
            case "warn":
                sent = (f"pii_{kind}_sent" for kind in read.parameters)
                return verdict._replace(warnings=tuple(dict.fromkeys((*verdict.warnings, *sent))))
            case "block":
                return verdict._replace(blocked=verdict.blocked or f"pii_{read.parameters[0]}")
        return verdict


@lru_cache(maxsize=256)
def _remembering(pii: Pii, country: str | None, name: str, place: tuple[str, ...]) -> Callable[[str], Verdict]:
    field = Field(name=name, place=place, parameter=None, entry=None)  # type: ignore[arg-type]  # only its place counts
    guard, read = Guard.by(pii, country), JSONDecoder(parse_float=Decimal).decode
    return remembering(lambda text: guard.judge(field, read(text)))


def _judge(guard: Guard, field: Field) -> Callable[[str], Verdict]:
    """Return the function from the JSON of a value to what becomes of it; it remembers."""
    return _remembering(guard.pii, guard.country, field.name, field.place)


def _may_be_person(part: pl.Series) -> bool:
    if part.dtype.is_integer():
        return False
    text = texts(part)
    signs = Signs.of(text)
    return (signs.has_any(b"@+") or not signs.is_ascii) and bool(text.str.contains(KEY).any())


def _candidates(values: pl.Series, signs: Signs, *, numbers: bool) -> Mask:
    """Return which texts, made of `signs`, deserve a closer look; None: none does."""
    has_marks = signs.has_any(b"@%") or not signs.is_ascii
    if not numbers:
        return values.str.contains(ADDRESS) if has_marks else None
    marked = values.str.contains(f"{ADDRESS}|{BARE}|{ODD}") if has_marks else None
    runs = values.str.contains(RUN) if signs.has_any(b"0123456789") else None
    if runs is None or not runs.any():  # which every number of `BARE` is
        return marked
    return either(marked, runs & values.str.contains(f"{GROUPED}|{BARE}"))


def _mask(member: Member, rows: pl.Series, values: list[bool]) -> pl.Series:
    """Return `values` in their `rows`, false elsewhere."""
    return nowhere(len(member.wire)).scatter(rows, pl.Series(values, dtype=pl.Boolean))
