"""Rules of `custom_data`: a Purchase needs value and currency; the rest is typed loosely, custom properties are free."""

from syncer.sandbox.facts import CURRENCIES, CURRENCIES_REFUSED, DELIVERY_CATEGORIES, SEGMENTS, words
from syncer.sandbox.notes import Judging
from syncer.sandbox.refusal import Path, Refusal, bad_parameter, invalid
from syncer.sandbox.shapes import (
    Check,
    Json,
    boolean,
    holds_email,
    integer,
    is_absent,
    listed,
    mapping,
    number,
    number_of,
    text,
    texts,
)
from syncer.sandbox.wording import CURRENCY_MISSING, CURRENCY_REFUSED, VALUE_MISSING, VALUE_WITHOUT_CURRENCY


def judge_custom_data(event: Json, judging: Judging) -> Refusal | None:
    """Judge the whole `custom_data` of an event."""
    custom_data = event.get("custom_data")
    if custom_data is None:
        return invalid(VALUE_MISSING, ("custom_data", "value")) if event.get("event_name") == "Purchase" else None
    if not isinstance(custom_data, dict):
        return bad_parameter(("custom_data",), "must be an object")
    if refusal := _money(custom_data, judging, is_purchase=event.get("event_name") == "Purchase"):
        return refusal
    for key, value in custom_data.items():
        if value is None or key in {"value", "currency"}:
            continue
        check = _CHECKS.get(key)
        if check is None:
            refusal = _custom_property(value, judging, ("custom_data", key))
        else:
            refusal = check(value, judging, ("custom_data", key))
        if refusal:
            return refusal
    return None


def _money(custom_data: Json, judging: Judging, *, is_purchase: bool) -> Refusal | None:
    value, currency = custom_data.get("value"), custom_data.get("currency")
    if is_absent(value):
        return invalid(VALUE_MISSING, ("custom_data", "value")) if is_purchase else _currency(currency, judging)
    amount = number_of(value)
    if amount is None:
        path = ("custom_data", "value")
        return invalid(VALUE_MISSING, path) if is_purchase else bad_parameter(path, "must be a number")
    if amount < 0:
        judging.note("value_negative", "custom_data", "value")
    if isinstance(value, str):
        judging.note("text_for_number", "custom_data", "value")
    if is_purchase:
        return _currency_of_purchase(currency)
    if is_absent(currency):
        refusal = judging.note("value_without_currency", "custom_data", "currency")
        return invalid(VALUE_WITHOUT_CURRENCY, ("custom_data", "currency")) if refusal else None
    return _currency(currency, judging)


def _currency_of_purchase(currency: object) -> Refusal | None:
    if is_absent(currency):
        return invalid(CURRENCY_MISSING, ("custom_data", "currency"))
    code = currency.upper() if isinstance(currency, str) else ""
    if code not in CURRENCIES or code in CURRENCIES_REFUSED:
        return invalid(CURRENCY_REFUSED, ("custom_data", "currency"))
    return None


def _currency(currency: object, judging: Judging) -> Refusal | None:
    """Judge the currency of an event other than a Purchase; samples show both cases of letters."""
    if is_absent(currency):
        return None
    if not isinstance(currency, str):
        return bad_parameter(("custom_data", "currency"), "must be a string")
    return None if currency.upper() in CURRENCIES else judging.note("currency_not_listed", "custom_data", "currency")


def _contents(value: object, judging: Judging, path: Path) -> Refusal | None:
    if not isinstance(value, list):
        return bad_parameter(path, "must be an array")
    for place, item in enumerate(value):
        if not isinstance(item, dict):
            return bad_parameter((*path, place), "must be an object")
        if is_absent(item.get("id")) or is_absent(item.get("quantity")):
            refusal = judging.note("contents_incomplete", *path, place)
            if refusal:
                return refusal
        for key, part in item.items():
            check = _CONTENTS_ITEM.get(key)
            if check and part is not None and (refusal := check(part, judging, (*path, place, key))):
                return refusal
    return None


def _custom_property(value: object, judging: Judging, path: Path) -> Refusal | None:
    """Judge a key of the sender's own: no rule is known but that contact data has no place here."""
    return judging.note("contact_data", *path) if isinstance(value, str) and holds_email(value) else None


def _text(value: object, judging: Judging, path: Path) -> Refusal | None:
    if isinstance(value, str):
        return judging.note("contact_data", *path) if holds_email(value) else None
    return text(value, judging, path)


def _status(value: object, judging: Judging, path: Path) -> Refusal | None:
    """Judge the status of a registration: text in the SDK, a boolean in the Pixel."""
    return None if isinstance(value, bool) else text(value, judging, path)


_CONTENTS_ITEM: dict[str, Check] = {
    "id": text,
    "quantity": integer,
    "item_price": number,
    "price": number,
    "title": text,
    "description": text,
    "brand": text,
    "category": text,
    "delivery_category": listed(DELIVERY_CATEGORIES),
}

_CHECKS: dict[str, Check] = {
    "content_ids": texts,
    "contents": _contents,
    "num_items": integer,
    "predicted_ltv": number,
    "net_revenue": number,
    "status": _status,
    "delivery_category": listed(DELIVERY_CATEGORIES),
    "customer_segmentation": listed(SEGMENTS),
    "event_source": listed(frozenset({"crm"})),
    "store_data": mapping,
    "max_rating_value": integer,
    "success": boolean,
    "num_adults": integer,
    "num_children": integer,
    "num_infants": integer,
    "preferred_num_stops": integer,
    "mileage.value": number,
    **dict.fromkeys(
        words(
            "destination_ids preferred_neighborhoods suggested_destinations suggested_home_listings suggested_hotels suggested_jobs "
            "suggested_local_service_businesses suggested_location_based_items suggested_vehicles"
        ),
        texts,
    ),
    **dict.fromkeys(
        words(
            "content_type content_name content_category order_id item_number search_string lead_event_source description level "
            "availability body_style drivetrain fuel_type listing_type property_type transmission travel_class checkin_date city "
            "condition_of_vehicle country departing_arrival_date departing_departure_date destination_airport dma_code "
            "exterior_color hotel_score interior_color lease_end_date lease_start_date make mileage.unit model neighborhood "
            "origin_airport postal_code preferred_baths_range preferred_beds_range preferred_price_range preferred_star_ratings "
            "price product_catalog_id region returning_arrival_date returning_departure_date state_of_vehicle travel_end "
            "travel_start trim user_bucket vin year"
        ),
        _text,
    ),
}

PROPERTIES = frozenset({"value", "currency", *_CHECKS})
"""The documented keys of custom_data; any other is a property of the sender's own."""
