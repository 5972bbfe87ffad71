"""Numbers that Meta sets, each with its source, and our margins to them.

"Docs" is Meta's documentation of the Conversions API as of 2026-11; "ours" marks a choice where Meta names no number.
"""

DAY_S = 86_400

EVENTS_PER_REQUEST = 1_000
"""Docs, Using the API: most events in one POST."""

WINDOW_S = 7 * DAY_S
"""Docs, event_time: an event is at most 7 days old; one older event fails its whole request."""
PHYSICAL_STORE_WINDOW_S = 62 * DAY_S
"""Docs, offline events: physical_store events may come within 62 days."""
WINDOW_MARGIN_S = 600
"""Ours: an event this close to the end of its window is not sent, since a request may wait before it leaves."""
FUTURE_S = 60
"""Ours: Meta names no tolerance for a future event_time; clocks differ by less than this."""
DEDUPLICATION_S = 2 * DAY_S
"""Docs, Deduplication: equal event_name and event_id count once within 48 hours."""

EVENT_NAME_CHARACTERS = 50
"""Docs of the Pixel, own event names; not confirmed for this API."""
EXTINFO_PLACES = 16
"""Docs, app_data.extinfo: every place is present, unknown ones are empty text."""
PROPERTY_NAME_CHARACTERS = 100
"""Ours: Meta publishes no rule for names of own properties."""
JSON_DEPTH = 10
"""Ours: how deep the value of an own property may nest."""

PHONE_DIGITS = (7, 15)
"""E.164 has at most 15 digits; below 7 none is a number with its country code."""
LEAD_ID_DIGITS = (15, 17)
"""Docs, lead_id: 15 to 17 digits; an invalid one can fail the whole request."""
BIRTH_YEAR = 1900
"""Docs, db: the year is 1900 or later."""
EMAIL_CHARACTERS = 254
"""RFC 5321 through erratum 1690: longest address."""
CUSTOMER_INFO_CHARACTERS = 1_000
"""Ours: longer text is no name, city, id or number of a person."""

API_VERSION = "v26.0"
"""Newest Graph version (released 2026-07-29); the Conversions API follows its calendar."""


def window_s(action_source: str | None) -> int:
    """Return how many seconds after event_time Meta still takes an event of `action_source`."""
    return PHYSICAL_STORE_WINDOW_S if action_source == "physical_store" else WINDOW_S
