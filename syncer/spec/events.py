"""Meta's events: standard names and what they need, messaging events, and how much customer information is enough."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

ACTION_SOURCES = (
    "email",
    "website",
    "app",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardEvent:
    """An event that Meta knows by name, and the `custom_data` it asks for."""

    name: str
    required: tuple[str, ...] = ()
    """Meta refuses the event without these."""
    recommended: tuple[str, ...] = ()
    """Meta's documentation lists these."""
    note: str = ""


CATALOG = "catalog ads need contents or content_ids"

STANDARD_EVENTS: Mapping[str, StandardEvent] = MappingProxyType(
    {
        event.name: event
        for event in (
            StandardEvent(name="AddPaymentInfo", recommended=("contents", "content_ids", "value", "currency")),
            StandardEvent(
                name="AddToCart",
                recommended=("contents", "content_ids", "content_type", "value", "currency"),
                note="catalog ads need contents",
            ),
            StandardEvent(name="AddToWishlist", recommended=("contents", "content_ids", "value", "currency")),
            StandardEvent(name="CompleteRegistration", recommended=("value", "currency", "status")),
            StandardEvent(name="Contact"),
            StandardEvent(name="CustomizeProduct"),
            StandardEvent(name="Donate"),
            StandardEvent(name="FindLocation"),
            StandardEvent(
                name="InitiateCheckout", recommended=("contents", "content_ids", "num_items", "value", "currency")
            ),
            StandardEvent(name="Lead", recommended=("value", "currency")),
            StandardEvent(
                name="Purchase",
                required=("value", "currency"),
                recommended=("contents", "content_ids", "content_type", "num_items", "order_id"),
                note=CATALOG,
            ),
            StandardEvent(name="Schedule"),
            StandardEvent(
                name="Search",
                recommended=("search_string", "contents", "content_ids", "content_type", "value", "currency"),
                note=CATALOG,
            ),
            StandardEvent(name="StartTrial", recommended=("value", "currency", "predicted_ltv")),
            StandardEvent(name="SubmitApplication"),
            StandardEvent(name="Subscribe", recommended=("value", "currency", "predicted_ltv")),
            StandardEvent(
                name="ViewContent",
                recommended=("contents", "content_ids", "content_type", "value", "currency"),
                note=CATALOG,
            ),
            StandardEvent(name="PageView", note="the Pixel sends it by itself; the API takes it"),
            StandardEvent(
                name="AppendAttribution",
                required=("currency",),
                note="beta: adds attribution to an earlier event within 48 hours; gives no event of its own",
            ),
        )
    }
)
"""Docs, Standard events; upper and lower case count."""

MESSAGING_EVENTS = frozenset(
    {
        "Purchase",
        "LeadSubmitted",
        "InitiateCheckout",
        "AddToCart",
        "ViewContent",
        "OrderCreated",
        "OrderShipped",
        "OrderDelivered",
        "OrderCanceled",
        "OrderReturned",
        "CartAbandoned",
        "QualifiedLead",
        "RatingProvided",
        "ReviewProvided",
    }
)
"""Docs, Business messaging: the only names that business_messaging takes; `Lead` is `LeadSubmitted` there."""

MESSAGING_NEEDS: Mapping[str, tuple[frozenset[str], ...]] = MappingProxyType(
    {
        "messenger": (frozenset({"page_id"}), frozenset({"page_scoped_user_id"})),
        "whatsapp": (frozenset({"whatsapp_business_account_id"}), frozenset({"ctwa_clid"})),
        "instagram": (frozenset({"instagram_business_account_id", "ig_account_id"}), frozenset({"ig_sid"})),
    }
)
"""Docs, Business messaging: by messaging_channel; of each set one parameter of customer information is needed.

Meta's table and guide name the Instagram account differently; either will do.
"""

APP_NEEDS = ("advertiser_tracking_enabled", "extinfo.version", "extinfo.os_version")
"""Docs, App events: what `app_data` must hold."""
ATTRIBUTION_NEEDS = ("ad_id", "touchpoint_ts", "attribution_share", "attribution_value")
"""Docs, AppendAttribution: what `attribution_data` must hold."""
ORIGINAL_EVENT_NEEDS = ("event_name", "event_time")
"""Docs, AppendAttribution: what `original_event_data` must hold."""

INSUFFICIENT: tuple[frozenset[str], ...] = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
"""Docs, requirements since Graph v13.0: a subset of any of these identifies nobody."""


def is_sufficient(keys: Collection[str]) -> bool:
    """Return whether customer information with these `keys` is enough for Meta.

    Judge what is left after normalising. One event that fails costs its whole request (subcode 2804050).
    """
    present = frozenset(keys)
    return bool(present) and not any(present <= combination for combination in INSUFFICIENT)


_BY_LETTERS = {name.lower(): name for name in STANDARD_EVENTS}


def like_standard(name: str) -> str | None:
    """Return the standard event that `name` nearly is (`purchase`, `Add To Cart`, `“Purchase”`), None if it is one or far from any."""
    if name in STANDARD_EVENTS:
        return None
    return _BY_LETTERS.get("".join(letter for letter in name.lower() if letter.isalnum()))


def missing_for_messaging(channel: str, keys: Collection[str]) -> tuple[str, ...]:
    """Return the parameters of customer information that a message on `channel` still needs."""
    present = frozenset(keys)
    return tuple(" or ".join(sorted(needed)) for needed in MESSAGING_NEEDS.get(channel, ()) if not needed & present)
