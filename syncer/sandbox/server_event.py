"""Rules of the event itself: name, time, source, address, limited data use."""

from syncer.sandbox.facts import (
    ACTION_SOURCES,
    LDU_COUNTRIES,
    LDU_STATES,
    LONGEST_EVENT_NAME,
    MESSAGING_CHANNELS,
    PHYSICAL_STORE_WINDOW_S,
    SEGMENTS,
    SERVER_EVENT_KEYS,
    STANDARD_EVENTS,
    WINDOW_S,
)
from syncer.sandbox.notes import Judging
from syncer.sandbox.refusal import Refusal, bad_parameter, invalid
from syncer.sandbox.shapes import Check, Json, boolean, holds_email, is_absent, is_blank, listed, text, url
from syncer.sandbox.wording import EVENT_IN_FUTURE, EVENT_TOO_OLD

_STANDARD_BY_LETTERS = {name.lower(): name for name in STANDARD_EVENTS}


def judge_name(event: Json, judging: Judging) -> Refusal | None:
    """Judge `event_name`: always there, case-sensitive."""
    name = event.get("event_name")
    if is_absent(name):
        return bad_parameter(("event_name",), "is required")
    if not isinstance(name, str) or is_blank(name):
        return bad_parameter(("event_name",), "must be a non-empty string")
    if name in STANDARD_EVENTS:
        return None
    if len(name) > LONGEST_EVENT_NAME:
        return judging.note("event_name_long", "event_name")
    if "".join(name.split()).lower() in _STANDARD_BY_LETTERS:
        judging.note("event_name_like_standard", "event_name")
    return judging.note("contact_data", "event_name") if holds_email(name) else None


def judge_time(event: Json, judging: Judging) -> Refusal | None:
    """Judge `event_time`: whole Unix seconds, within 7 days (62 for physical stores), not ahead of now."""
    moment = event.get("event_time")
    if moment is None:
        return bad_parameter(("event_time",), "is required")
    if not isinstance(moment, int) or isinstance(moment, bool):
        return bad_parameter(("event_time",), "must be an integer: a Unix timestamp in seconds")
    if moment > judging.now + judging.future_tolerance_s:
        return invalid(EVENT_IN_FUTURE, ("event_time",))
    is_offline = event.get("action_source") == "physical_store"
    if judging.now - moment > (PHYSICAL_STORE_WINDOW_S if is_offline else WINDOW_S):
        return invalid(EVENT_TOO_OLD, ("event_time",))
    return None


def judge_source(event: Json, judging: Judging) -> Refusal | None:
    """Judge `action_source` and what a website event brings along."""
    source = event.get("action_source")
    if is_absent(source):
        return bad_parameter(("action_source",), "is required")
    if not isinstance(source, str) or source not in ACTION_SOURCES:
        return bad_parameter(("action_source",), f"must be one of {{{', '.join(sorted(ACTION_SOURCES))}}}")
    if source != "website":
        return None
    if is_absent(event.get("event_source_url")) and (
        refusal := judging.note("website_without_url", "event_source_url")
    ):
        return refusal
    user_data = event.get("user_data")
    if isinstance(user_data, dict) and is_absent(user_data.get("client_user_agent")):
        return judging.note("website_without_user_agent", "user_data", "client_user_agent")
    return None


def judge_rest(event: Json, judging: Judging) -> Refusal | None:
    """Judge the types of what else may stand in an event."""
    if "event_id" not in event:
        judging.note("event_id_missing", "event_id")
    for key, value in event.items():
        check = _CHECKS.get(key)
        if check is not None:
            if value is not None and (refusal := check(value, judging, (key,))):
                return refusal
        elif key not in SERVER_EVENT_KEYS:
            judging.note("unknown_parameter", key)
    return None


def judge_limited_data_use(event: Json, judging: Judging) -> Refusal | None:
    """Judge the data processing options: LDU with a country, a country with a state; an empty list means none."""
    options = event.get("data_processing_options")
    country, state = event.get("data_processing_options_country"), event.get("data_processing_options_state")
    if options is None and country is None and state is None:
        return None
    if options is not None and (not isinstance(options, list) or any(option != "LDU" for option in options)):
        return bad_parameter(("data_processing_options",), 'must be an array of "LDU"')
    for key, value, allowed in (
        ("data_processing_options_country", country, LDU_COUNTRIES),
        ("data_processing_options_state", state, LDU_STATES),
    ):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value not in allowed):
            return bad_parameter((key,), f"must be one of {{{', '.join(map(str, sorted(allowed)))}}}")
    if not options:
        is_given = country is not None or state is not None
        return judging.note("limited_data_use_without_ldu", "data_processing_options") if is_given else None
    return _with_ldu(country, state, event, judging)


def _with_ldu(country: object, state: object, event: Json, judging: Judging) -> Refusal | None:
    if country is None:
        return bad_parameter(("data_processing_options_country",), "is required with LDU")
    if state is None:
        return bad_parameter(("data_processing_options_state",), "is required with data_processing_options_country")
    user_data = event.get("user_data")
    has_address = isinstance(user_data, dict) and not is_absent(user_data.get("client_ip_address"))
    if country == 0 and state == 0 and not has_address:
        return bad_parameter(("data_processing_options_state",), "is required with LDU without client_ip_address")
    if (state == 0 and not has_address) or (country == 0 and state != 0):
        return judging.note("limited_data_use_state", "data_processing_options_state")
    return None


def _channel(value: object, _judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    if isinstance(value, str) and value in MESSAGING_CHANNELS:
        return None
    return bad_parameter(path, f"must be one of {{{', '.join(sorted(MESSAGING_CHANNELS))}}}")


_CHECKS: dict[str, Check] = {
    "event_id": text,
    "event_source_url": url,
    "referrer_url": text,
    "opt_out": boolean,
    "messaging_channel": _channel,
    "customer_segmentation": listed(SEGMENTS),
    "advanced_measurement_table": text,
}
