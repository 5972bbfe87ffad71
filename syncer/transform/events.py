"""The events of one batch as columns: facts for Meta's rules, what is odd about them, their JSON."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

import polars as pl

from syncer.spec.events import like_standard
from syncer.spec.fields import EXTINFO_PLACES
from syncer.spec.values import OFTEN_REFUSED
from syncer.transform.encode import Text, Whole, json_object, positions, string
from syncer.transform.masks import certain, nowhere
from syncer.transform.members import Member
from syncer.transform.validate import COUNTRY, OPTIONS, STATE, Facts, Place

EXTINFO: Final = "extinfo"
NULL: Final = pl.Series([None], dtype=pl.String)


@dataclass(frozen=True, slots=True)
class Events:
    """Events, one a row in every column."""

    event_time: pl.Series
    """Unix seconds."""
    action_source: pl.Series
    members: Mapping[Place, Member]
    """Everything else, by place, in the order in which it is sent."""
    nothing: pl.Series
    """Text that is NULL for each event."""

    @classmethod
    def of(cls, event_time: pl.Series, action_source: pl.Series, members: Mapping[Place, Member]) -> Self:
        """Return events of the given columns."""
        return cls(event_time, action_source, members, NULL.new_from_index(0, len(event_time)))

    @property
    def height(self) -> int:
        """Return how many events there are."""
        return len(self.event_time)

    def wire(self, *place: str) -> pl.Series:
        """Return the text of a single value of each event."""
        member = self.members.get(place)
        return self.nothing if member is None else member.wire

    def _seconds(self) -> pl.Series:
        """Return the text of each `event_time`, which a mapped one was made of."""
        member = self.members.get(("event_time",))
        return self.event_time.cast(pl.String) if member is None else member.wire

    def facts(self) -> Facts:
        """Return what Meta's rules ask about."""
        none = nowhere(self.height)
        options = self.members.get((OPTIONS,))
        texts = pl.DataFrame(
            [member.text.values.alias(str(number)) for number, member in enumerate(self.members.values())]
        )
        there = texts.select(pl.all().is_not_null())
        present = dict(zip(self.members, there.iter_columns(), strict=True))
        dropped = {place: mask for place, member in self.members.items() if (mask := member.dropped()) is not None}
        refused = [(member.name, member.refused) for member in self.members.values()]
        event_name = self.wire("event_name")
        return Facts(
            event_name=event_name,
            names=frozenset(event_name.unique().drop_nulls().to_list()),
            action_source=self.action_source,
            messaging_channel=self.wire("messaging_channel"),
            has_options=none if options is None else certain(options.text.joined() != "[]"),
            is_located_by_ip=none if options is None else self._is_zero(COUNTRY) & self._is_zero(STATE),
            present=present,
            dropped={place: mask if place == (OPTIONS,) else mask & ~present[place] for place, mask in dropped.items()},
            refused=[(name, mask) for name, mask in refused if mask is not None],
            blocked=[
                (each.name, reason, mask) for each in self.members.values() for reason, mask in each.blocked.items()
            ],
            nowhere=none,
        )

    def _is_zero(self, name: str) -> pl.Series:
        return certain(self.wire(name) == "0")

    def warnings(self, facts: Facts, passed: pl.Series | None) -> Counter[str]:
        """Return how many of the events that passed are odd, by warning code."""
        website = facts.action_source == "website"
        alike = set(filter(like_standard, facts.names))
        odd = {
            "website_without_url": website & ~facts.has("event_source_url"),
            "website_without_user_agent": website & ~facts.has("user_data", "client_user_agent"),
            "custom_event_name_like_standard": facts.is_named(alike),
            "value_negative": self.wire("custom_data", "value").str.starts_with("-"),
            "value_without_currency": facts.has("custom_data", "value") & ~facts.has("custom_data", "currency"),
            "currency_often_refused": self.wire("custom_data", "currency").is_in(list(OFTEN_REFUSED)),
        }
        if ("event_id",) in facts.present:
            odd["event_id_derived"] = ~facts.has("event_id")
        masks = [*odd.items(), *(each for member in self.members.values() for each in member.leaked.items())]
        counts: Counter[str] = Counter()
        for code, mask in masks:
            counts[code] += int((mask if passed is None else mask & passed).sum())
        return +counts

    def json(self, event_ids: pl.Series) -> pl.Series:
        """Return the JSON text of each event."""
        name = self.members.get(("event_name",))
        first = {
            ("event_name",): Text(self.nothing) if name is None else name.text,
            ("event_time",): Text(self._seconds()),
            ("action_source",): string(self.action_source, is_safe=True),
            ("event_id",): string(event_ids, is_safe=("event_id",) not in self.members),
        }
        others = {place: member.text for place, member in self.members.items() if place not in first}
        return _object([*first.items(), *others.items()]).joined()


def _object(members: Iterable[tuple[Place, Text]]) -> Text | Whole:
    """Return objects within objects, in the order of the members."""
    inner: dict[str, list[tuple[Place, Text]]] = {}
    for place, text in members:
        inner.setdefault(place[0], []).append((place[1:], text))
    return json_object((name, _value(name, parts)) for name, parts in inner.items())


def _value(name: str, parts: list[tuple[Place, Text]]) -> Text | Whole:
    if parts[0][0] == ():
        return parts[0][1]
    if name == EXTINFO:
        known = {place[0]: text for place, text in parts}
        return positions([known.get(place) for place in EXTINFO_PLACES], gap='""')
    return _object(parts)
