"""What Meta would refuse, asked of all rows at once; the order of the questions is the order of the reasons."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, and_, or_
from typing import Final, TypeAlias

import polars as pl

from syncer.pipeline import Require, Settings
from syncer.spec import events, limits
from syncer.transform.masks import Mask, certain
from syncer.transform.verdicts import Verdicts

Place: TypeAlias = tuple[str, ...]
"""Where a value stands in the event, from the outside in."""
OPTIONS: Final = "data_processing_options"
COUNTRY: Final = "data_processing_options_country"
STATE: Final = "data_processing_options_state"
SAME_EVENTS_MAX_AGE_S: Final = 47 * 3_600
"""An hour less than the 48 in which Meta takes equal events of Pixel and server for one."""


def max_age_s(settings: Settings) -> int | None:
    """Return how old an event may be by the pipeline's own word."""
    if settings.max_age is None and settings.browser_pixel == "same_events":
        return SAME_EVENTS_MAX_AGE_S
    return settings.max_age


def refuse_gone(verdicts: Verdicts, event_time: pl.Series, long_window: Mask, *, now: int, start: int | None) -> None:
    """Refuse events that no later run can send either: before the pipeline's start, or too old for Meta.

    `event_time` is in Unix seconds; `long_window` says where the window of physical_store holds.
    """
    age = now - event_time
    expired = age > limits.WINDOW_S - limits.WINDOW_MARGIN_S
    if long_window is not None:
        expired &= ~long_window | (age > limits.PHYSICAL_STORE_WINDOW_S - limits.WINDOW_MARGIN_S)
    verdicts.refuse(None if start is None else event_time < start, "before_start")
    verdicts.refuse(expired, "event_time_too_old")


def refuse_by_time(verdicts: Verdicts, event_time: pl.Series, settings: Settings, *, now: int) -> None:
    """Refuse events that lie in the future, and those outside the time in which the pipeline sends them."""
    age = now - event_time
    longest = max_age_s(settings)
    verdicts.refuse(age < -limits.FUTURE_S, "event_time_in_future")
    verdicts.refuse(None if longest is None else age > longest, "past_max_age")
    verdicts.refuse(age < settings.delay if settings.delay else None, "too_early")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the questions are about; every series has an entry for each event."""

    event_name: pl.Series
    names: frozenset[str]
    """Those of all events."""
    action_source: pl.Series
    messaging_channel: pl.Series
    has_options: pl.Series
    """Where data_processing_options is a list that is not empty."""
    is_located_by_ip: pl.Series
    """Where country and state of the options are both 0."""
    present: Mapping[Place, pl.Series]
    """Where the event has a value, after normalising."""
    dropped: Mapping[Place, pl.Series]
    """Where a value was given and none is left; of data_processing_options, where any was lost."""
    refused: Sequence[tuple[str, pl.Series]]
    """Fields whose `otherwise: reject` spoke, and where."""
    blocked: Sequence[tuple[str, str, pl.Series]]
    """Fields with personal data that must not be there, the reason, and where."""
    nowhere: pl.Series
    """False for each event."""

    def has(self, *place: str) -> pl.Series:
        """Return where the event has a value at `place`."""
        return self.present.get(place, self.nowhere)

    def is_named(self, names: Collection[str]) -> pl.Series:
        """Return where the event has one of `names`; what is so of all of them, or of none, is asked of no row."""
        known = self.names.intersection(names)
        if not known:
            return self.nowhere
        if known == self.names and not self.event_name.null_count():
            return ~self.nowhere
        return certain(self.event_name.is_in(sorted(known)))

    def lost(self, *place: str) -> pl.Series:
        """Return where the value for `place` could not be normalised."""
        return self.dropped.get(place, self.nowhere)

    def lacks_any(self, outer: str, names: Iterable[str]) -> pl.Series:
        """Return where one of the values `names` below `outer` is missing, and `outer` is not given as a whole."""
        return ~self.has(outer) & ~reduce(and_, (self.has(outer, *name.split(".")) for name in names))


def refuse(verdicts: Verdicts, facts: Facts, settings: Settings) -> None:
    """Refuse what Meta would refuse for another reason than its time, and what `otherwise: reject` or `pii` name."""
    _refuse_name_and_source(verdicts, facts)
    _refuse_website(verdicts, facts, is_strict=settings.strict)
    if ("event_id",) in facts.present and settings.browser_pixel == "same_events":
        verdicts.refuse(~facts.has("event_id"), "event_id_missing")
    _refuse_privacy(verdicts, facts)
    _refuse_channels(verdicts, facts)
    for field, mask in facts.refused:
        verdicts.refuse(mask, "mapping_rejected", field)
    _refuse_money(verdicts, facts)
    keys = {place[1]: mask for place, mask in facts.present.items() if place[0] == "user_data"}
    verdicts.refuse(_is_insufficient(keys, facts.nowhere), "customer_info_insufficient")
    for field, reason, mask in facts.blocked:
        verdicts.refuse(mask, reason, field)


def refuse_short(verdicts: Verdicts, facts: Facts, wanted: Iterable[Require]) -> None:
    """Refuse events that have fewer match keys, after normalising, than the pipeline asks for."""
    for each in wanted:
        has = [facts.has("user_data", key).cast(pl.UInt32) for key in each.any]
        verdicts.refuse(reduce(add, has) < each.count, "require_not_met", ", ".join(each.any))


def _refuse_name_and_source(verdicts: Verdicts, facts: Facts) -> None:
    no_name, no_source = facts.event_name.is_null(), facts.action_source.is_null()
    verdicts.refuse(no_name & ~facts.lost("event_name"), "event_name_missing")
    verdicts.refuse(no_name, "event_name_too_long")
    verdicts.refuse(no_source & ~facts.lost("action_source"), "action_source_missing")
    verdicts.refuse(no_source, "action_source_invalid")


def _refuse_website(verdicts: Verdicts, facts: Facts, *, is_strict: bool) -> None:
    website, lost = facts.action_source == "website", facts.lost("event_source_url")
    verdicts.refuse(website & lost, "event_source_url_invalid")
    if is_strict:
        verdicts.refuse(website & ~facts.has("event_source_url"), "event_source_url_missing")
        verdicts.refuse(website & ~facts.has("user_data", "client_user_agent"), "client_user_agent_missing")


def _refuse_privacy(verdicts: Verdicts, facts: Facts) -> None:
    """Refuse privacy choices that cannot be passed on as they are."""
    verdicts.refuse(facts.lost("opt_out"), "opt_out_invalid")
    if not {(OPTIONS,), (COUNTRY,), (STATE,)} & facts.present.keys():
        return
    invalid = facts.lost(OPTIONS) | facts.lost(COUNTRY) | facts.lost(STATE)
    verdicts.refuse(invalid, "data_processing_options_invalid")
    nowhere_located = facts.is_located_by_ip & ~facts.has("user_data", "client_ip_address")
    lacking = ~facts.has(COUNTRY) | ~facts.has(STATE) | nowhere_located
    stray = ~facts.has_options & (facts.has(COUNTRY) | facts.has(STATE))
    verdicts.refuse((facts.has_options & lacking) | stray, "data_processing_options_incomplete")


def _refuse_channels(verdicts: Verdicts, facts: Facts) -> None:
    """Refuse what the action source, or the beta for attribution, asks for and does not find."""
    is_app = facts.action_source == "app"
    if is_app.any():
        verdicts.refuse(is_app & facts.lacks_any("app_data", events.APP_NEEDS), "app_data_incomplete")
    messaging = facts.action_source == "business_messaging"
    if messaging.any():
        channel_lacks = ~facts.has("messaging_channel")
        for channel, needs in events.MESSAGING_NEEDS.items():
            met = reduce(and_, (reduce(or_, (facts.has("user_data", key) for key in keys)) for keys in needs))
            channel_lacks |= (facts.messaging_channel == channel) & ~met
        verdicts.refuse(messaging & channel_lacks, "messaging_incomplete")
        verdicts.refuse(messaging & ~facts.is_named(events.MESSAGING_EVENTS), "messaging_event_unknown")
    attribution = facts.is_named({"AppendAttribution"})
    if attribution.any():
        lacks = facts.lacks_any("attribution_data", events.ATTRIBUTION_NEEDS)
        lacks |= facts.lacks_any("original_event_data", events.ORIGINAL_EVENT_NEEDS)
        verdicts.refuse(attribution & lacks, "attribution_incomplete")


def _refuse_money(verdicts: Verdicts, facts: Facts) -> None:
    for parameter in ("value", "currency"):
        names = [event.name for event in events.STANDARD_EVENTS.values() if parameter in event.required]
        lacks = facts.is_named(names) & ~facts.has("custom_data", parameter)
        lost = facts.lost("custom_data", parameter)
        verdicts.refuse(lacks & ~lost, f"{parameter}_missing")
        verdicts.refuse(lacks, f"{parameter}_invalid")


def _is_insufficient(keys: Mapping[str, pl.Series], nowhere: pl.Series) -> pl.Series:
    """Return where the customer information that is left is a subset of what Meta calls insufficient."""
    return reduce(
        or_,
        (
            ~reduce(or_, (mask for key, mask in keys.items() if key not in combination), nowhere)
            for combination in events.INSUFFICIENT
        ),
    )
