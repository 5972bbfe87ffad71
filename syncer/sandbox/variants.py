"""Rules of the special kinds of events: app, messaging, attribution."""

from syncer.sandbox.facts import EXTINFO_PLACES, EXTINFO_VERSIONS, MESSAGING_EVENTS, words
from syncer.sandbox.notes import Judging
from syncer.sandbox.refusal import Refusal, bad_parameter, invalid
from syncer.sandbox.shapes import Check, Json, boolean, integer, is_blank, number, number_of, text, texts
from syncer.sandbox.wording import EXTINFO_INVALID, MESSAGING_EVENT_NAME

_ATTRIBUTION_AFTER_S = 48 * 3_600

_CHANNEL_NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "messenger": (("page_id",), ("page_scoped_user_id",)),
    "whatsapp": (("whatsapp_business_account_id",), ("ctwa_clid",)),
    "instagram": (("instagram_business_account_id", "ig_account_id"), ("ig_sid",)),
}
"""Each channel's keys of user_data; of keys in one pair of brackets one is enough."""


def judge_app(event: Json, judging: Judging) -> Refusal | None:
    """Judge `app_data`: an app event needs the tracking choice and extinfo; given anywhere, they must be well formed."""
    app_data = event.get("app_data")
    is_app = event.get("action_source") == "app"
    if app_data is None:
        return bad_parameter(("app_data",), "is required for app events") if is_app else None
    if not isinstance(app_data, dict):
        return bad_parameter(("app_data",), "must be an object")
    if is_app and app_data.get("advertiser_tracking_enabled") is None:
        return bad_parameter(("app_data", "advertiser_tracking_enabled"), "is required for app events")
    for key, value in app_data.items():
        check = _APP_CHECKS.get(key)
        if check is not None and value is not None and (refusal := check(value, judging, ("app_data", key))):
            return refusal
    if is_app and app_data.get("extinfo") is None:
        return bad_parameter(("app_data", "extinfo"), "is required for app events")
    return None


def _extinfo(value: object, _judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    if not isinstance(value, list) or len(value) != EXTINFO_PLACES:
        return invalid(EXTINFO_INVALID, path)
    if any(isinstance(place, bool) or not isinstance(place, str | int | float) for place in value):
        return invalid(EXTINFO_INVALID, path)
    if value[0] not in EXTINFO_VERSIONS or is_blank(value[4]):
        return invalid(EXTINFO_INVALID, path)
    return None


def judge_messaging(event: Json, judging: Judging) -> Refusal | None:
    """Judge a messaging event: channel, the channel's keys, and the names that are allowed."""
    channel = event.get("messaging_channel")
    if event.get("action_source") != "business_messaging":
        return None if channel is None else judging.note("messaging_channel_unused", "messaging_channel")
    if not isinstance(channel, str):
        return bad_parameter(("messaging_channel",), "is required for business_messaging")
    user_data = event.get("user_data")
    if isinstance(user_data, dict):
        for names in _CHANNEL_NEEDS.get(channel, ()):
            if all(is_blank(user_data.get(name)) for name in names):
                return bad_parameter(("user_data", names[0]), f"is required for {channel}")
    if event.get("event_name") not in MESSAGING_EVENTS:
        return invalid(MESSAGING_EVENT_NAME, ("event_name",))
    return None


def judge_attribution(event: Json, judging: Judging) -> Refusal | None:
    """Judge AppendAttribution and what such an event carries; `original_event_data` may also stand elsewhere."""
    is_attribution = event.get("event_name") == "AppendAttribution"
    for key, checks in (("original_event_data", _ORIGINAL_CHECKS), ("attribution_data", _ATTRIBUTION_CHECKS)):
        part = event.get(key)
        if part is None:
            if is_attribution:
                return bad_parameter((key,), "is required for AppendAttribution")
            continue
        if not isinstance(part, dict):
            return bad_parameter((key,), "must be an object")
        for name, check in checks.items():
            value = part.get(name)
            if value is not None and (refusal := check(value, judging, (key, name))):
                return refusal
    return _append_attribution(event, judging) if is_attribution else None


def _share(value: object, _judging: Judging, path: tuple[str | int, ...]) -> Refusal | None:
    amount = number_of(value)
    return None if amount is not None and 0 <= amount <= 1 else bad_parameter(path, "must be a number from 0 to 1")


def _append_attribution(event: Json, judging: Judging) -> Refusal | None:
    """Judge what AppendAttribution cannot do without, and that it is not late."""
    for outer, names in (
        ("attribution_data", ("ad_id", "touchpoint_ts", "attribution_share", "attribution_value")),
        ("original_event_data", ("event_name", "event_time")),
        ("custom_data", ("currency",)),
    ):
        part = event.get(outer)
        for name in names:
            if not isinstance(part, dict) or is_blank(part.get(name)):
                return bad_parameter((outer, name), "is required for AppendAttribution")
    original = event.get("original_event_data")
    first, later = original.get("event_time") if isinstance(original, dict) else None, event.get("event_time")
    if isinstance(first, int) and isinstance(later, int) and later - first > _ATTRIBUTION_AFTER_S:
        return judging.note("attribution_late", "original_event_data", "event_time")
    return None


_ORIGINAL_CHECKS: dict[str, Check] = {
    "event_name": text,
    "event_time": integer,
    "order_id": text,
    "event_id": text,
}

_ATTRIBUTION_CHECKS: dict[str, Check] = {
    "ad_id": text,
    "touchpoint_ts": integer,
    "attribution_share": _share,
    "attribution_value": number,
}

_APP_CHECKS: dict[str, Check] = {
    "advertiser_tracking_enabled": boolean,
    "application_tracking_enabled": boolean,
    "consider_views": boolean,
    "include_dwell_data": boolean,
    "include_video_data": boolean,
    "extinfo": _extinfo,
    **dict.fromkeys(
        words("install_referrer installer_package vendor_id windows_attribution_id receipt_data campaign_ids"), text
    ),
    "url_schemes": lambda value, judging, path: (texts if isinstance(value, list) else text)(value, judging, path),
}
