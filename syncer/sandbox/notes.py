"""What the sandbox finds worth saying about an event that Meta takes."""

from dataclasses import dataclass

from syncer.sandbox.facts import FUTURE_TOLERANCE_S, words
from syncer.sandbox.refusal import Path, Refusal, bad_parameter

SENTENCES = {
    "unknown_parameter": "Meta documents no such parameter; it is ignored.",
    "empty_value": "An empty value counts as absent; leave the key out.",
    "text_for_number": "Text in place of a number is tolerated, not documented.",
    "number_for_text": "A number in place of text is tolerated, not documented.",
    "value_not_listed": "The value is none of the documented ones.",
    "event_name_long": "The Pixel takes names of up to 50 characters.",
    "event_name_like_standard": "Names are case-sensitive: this is a custom event, no standard one.",
    "event_id_missing": "Without event_id the event cannot be matched with one from another channel.",
    "website_without_url": "event_source_url is documented as required for website events.",
    "website_without_user_agent": "client_user_agent is documented as required for website events.",
    "url_invalid": "A URL begins with http:// or https://.",
    "digest_of_nothing": "The digest of an empty text matches nobody.",
    "digest_not_lowercase": "Meta asks for digests in lower case.",
    "digest_in_plain_field": "This field is never hashed; the value looks like a digest.",
    "ip_invalid": "The value is neither an IPv4 nor an IPv6 address.",
    "fbc_form": "The form is fb.<index>.<milliseconds>.<id>, with an optional appendix.",
    "fbc_seconds": "The time inside is in milliseconds; this one looks like seconds.",
    "value_without_currency": "A value needs a currency.",
    "value_negative": "A value below zero is unusual.",
    "currency_not_listed": "The currency is no ISO 4217 code.",
    "contents_incomplete": "Each item of contents needs id and quantity.",
    "contact_data": "Contact data belongs into user_data, hashed; here it looks like an e-mail address.",
    "limited_data_use_without_ldu": "Country and state mean something only with LDU in data_processing_options.",
    "limited_data_use_state": "The state does not fit the country, or nothing says where the person is.",
    "messaging_channel_unused": "messaging_channel belongs to business_messaging events.",
    "attribution_late": "AppendAttribution is taken within 48 hours after the original event.",
}

REFUSED_WHEN_STRICT = words(
    "event_name_long website_without_url website_without_user_agent url_invalid digest_of_nothing digest_in_plain_field "
    "ip_invalid fbc_form value_without_currency currency_not_listed contents_incomplete contact_data "
    "limited_data_use_without_ldu value_not_listed attribution_late"
)
"""Documented or advised, but Meta was seen to take such events or nobody has shown that it refuses them."""


@dataclass(frozen=True, slots=True)
class Note:
    """One remark: its code, a key of `SENTENCES`, and the value it is about."""

    code: str
    path: Path


@dataclass(slots=True)
class Judging:
    """How one event is judged, and the remarks found so far."""

    now: float
    strict: bool = False
    future_tolerance_s: int = FUTURE_TOLERANCE_S
    notes: list[Note] | None = None

    def note(self, code: str, *path: str | int) -> Refusal | None:
        """Write a remark down; return the refusal that a strict judge makes of it."""
        if self.strict and code in REFUSED_WHEN_STRICT:
            return bad_parameter(path, f"is not as documented. {SENTENCES[code]}")
        if self.notes is None:
            self.notes = []
        self.notes.append(Note(code, path))
        return None
