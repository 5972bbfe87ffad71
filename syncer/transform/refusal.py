"""Why one row gives no event: the readable twin of `validate`, with the questions in the same order."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from syncer.pipeline import Require, Settings
from syncer.spec import events, limits
from syncer.transform.validate import COUNTRY, OPTIONS, STATE, Place, max_age_s

Refusal: TypeAlias = tuple[str, str | None]
"""Reason code, and the field where the reason itself names none."""


def gone_refusal(event_time: int, action_source: str | None, *, now: int, start: int | None) -> str | None:
    """Return the reason code of an event that no later run can send either, or None."""
    if start is not None and event_time < start:
        return "before_start"
    is_too_old = now - event_time > limits.window_s(action_source) - limits.WINDOW_MARGIN_S
    return "event_time_too_old" if is_too_old else None


def time_refusal(event_time: int, settings: Settings, *, now: int) -> str | None:
    """Return the reason code of an event in the future, or outside the time in which the pipeline sends it, or None."""
    age = now - event_time
    longest = max_age_s(settings)
    if age < -limits.FUTURE_S:
        return "event_time_in_future"
    if longest is not None and age > longest:
        return "past_max_age"
    return "too_early" if settings.delay and age < settings.delay else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An event as far as the questions go."""

    settings: Settings
    present: Mapping[Place, Any]
    """What is left of each value after normalising, by place."""
    dropped: Collection[Place]
    """Where a value was given and none is left; of data_processing_options, where any was lost."""
    refused: Sequence[str]
    """Fields whose `otherwise: reject` spoke."""
    blocked: Sequence[Refusal]
    """Reason and field of personal data that must not be there."""
    maps_event_id: bool
    require: Sequence[Require] = ()

    def has(self, *place: str) -> bool:
        """Return whether the event has a value at `place`."""
        return place in self.present

    def lost(self, *place: str) -> bool:
        """Return whether the value for `place` could not be normalised."""
        return place in self.dropped

    def lacks_any(self, outer: str, names: Sequence[str]) -> bool:
        """Return whether one of the values `names` below `outer` is missing, and `outer` is not given as a whole."""
        return not self.has(outer) and not all(self.has(outer, *name.split(".")) for name in names)

    @property
    def event_name(self) -> str | None:
        """Return the name of the event."""
        return self.present.get(("event_name",))

    @property
    def action_source(self) -> str | None:
        """Return where the event took place."""
        return self.present.get(("action_source",))


def refusal(case: Case) -> Refusal | None:
    """Return the first reason why Meta, or `otherwise: reject`, would refuse the event, or None."""
    questions: tuple[Callable[[Case], Iterator[Refusal]], ...] = (
        _name_and_source,
        _website,
        _privacy,
        _channels,
        _mapping,
        _money,
        _customer,
        _leaks,
        _require,
    )
    return next((found for question in questions for found in question(case)), None)


def _name_and_source(case: Case) -> Iterator[Refusal]:
    if case.event_name is None:
        yield ("event_name_too_long" if case.lost("event_name") else "event_name_missing", None)
    if case.action_source is None:
        yield ("action_source_invalid" if case.lost("action_source") else "action_source_missing", None)


def _website(case: Case) -> Iterator[Refusal]:
    if case.action_source == "website":
        if case.lost("event_source_url"):
            yield ("event_source_url_invalid", None)
        if case.settings.strict and not case.has("event_source_url"):
            yield ("event_source_url_missing", None)
        if case.settings.strict and not case.has("user_data", "client_user_agent"):
            yield ("client_user_agent_missing", None)
    if case.maps_event_id and case.settings.browser_pixel == "same_events" and not case.has("event_id"):
        yield ("event_id_missing", None)


def _privacy(case: Case) -> Iterator[Refusal]:
    if case.lost("opt_out"):
        yield ("opt_out_invalid", None)
    if case.lost(OPTIONS) or case.lost(COUNTRY) or case.lost(STATE):
        yield ("data_processing_options_invalid", None)
    country, state = case.present.get((COUNTRY,)), case.present.get((STATE,))
    if case.present.get((OPTIONS,)):
        is_nowhere = country == 0 and state == 0 and not case.has("user_data", "client_ip_address")
        if country is None or state is None or is_nowhere:
            yield ("data_processing_options_incomplete", None)
    elif country is not None or state is not None:
        yield ("data_processing_options_incomplete", None)


def _channels(case: Case) -> Iterator[Refusal]:
    if case.action_source == "app" and case.lacks_any("app_data", events.APP_NEEDS):
        yield ("app_data_incomplete", None)
    if case.action_source == "business_messaging":
        channel = case.present.get(("messaging_channel",))
        keys = [place[1] for place in case.present if place[0] == "user_data"]
        if channel is None or events.missing_for_messaging(channel, keys):
            yield ("messaging_incomplete", None)
        if case.event_name not in events.MESSAGING_EVENTS:
            yield ("messaging_event_unknown", None)
    if case.event_name == "AppendAttribution" and (
        case.lacks_any("attribution_data", events.ATTRIBUTION_NEEDS)
        or case.lacks_any("original_event_data", events.ORIGINAL_EVENT_NEEDS)
    ):
        yield ("attribution_incomplete", None)


def _mapping(case: Case) -> Iterator[Refusal]:
    for field in case.refused:
        yield ("mapping_rejected", field)


def _money(case: Case) -> Iterator[Refusal]:
    event = events.STANDARD_EVENTS.get(case.event_name or "")
    for parameter in ("value", "currency"):
        if event and parameter in event.required and not case.has("custom_data", parameter):
            is_lost = case.lost("custom_data", parameter)
            yield (f"{parameter}_invalid" if is_lost else f"{parameter}_missing", None)


def _customer(case: Case) -> Iterator[Refusal]:
    if not events.is_sufficient([place[1] for place in case.present if place[0] == "user_data"]):
        yield ("customer_info_insufficient", None)


def _leaks(case: Case) -> Iterator[Refusal]:
    yield from case.blocked


def _require(case: Case) -> Iterator[Refusal]:
    for each in case.require:
        if sum(case.has("user_data", key) for key in each.any) < each.count:
            yield ("require_not_met", ", ".join(each.any))
