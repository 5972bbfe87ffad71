"""What `dataset_quality` answers about the events that arrived.

Source: Conversions API documentation, "Dataset Quality API": web events only, one entry an event name. How Meta makes
its score is not public; the sandbox's own is twice the keys of an event, at most 10, on average.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable

from syncer.sandbox.shapes import Json

IDENTIFIERS = {
    "em": "email",
    "ph": "phone",
    "external_id": "external_id",
    "client_ip_address": "ip_address",
    "client_user_agent": "user_agent",
    "fn": "first_name",
    "ln": "last_name",
    "ct": "city",
    "st": "state",
    "zp": "zip",
    "db": "date_of_birth",
    "ge": "gender",
}
"""Keys that Meta's answer calls otherwise; of those behind `user_agent` no example was seen."""
GOAL_PERCENT = 75
FEW = 50.0
"""Below this share of events with an e-mail address the sandbox advises to send more."""


def quality(events: Iterable[Json]) -> Json:
    """Return the answer about `events`, those of other sources left out."""
    by_name: defaultdict[str, list[Json]] = defaultdict(list)
    for event in events:
        if event.get("action_source") == "website":
            by_name[str(event.get("event_name"))].append(event)
    return {"web": [_of_name(name, found) for name, found in sorted(by_name.items())]}


def _of_name(name: str, events: list[Json]) -> Json:
    keys = [_keys(event) for event in events]
    counted = Counter(key for found in keys for key in found)
    shares = {key: round(100 * count / len(events), 1) for key, count in counted.most_common()}
    feedback = [{"identifier": key, "coverage": {"percentage": share}} for key, share in shares.items()]
    score = sum(min(10, 2 * len(found)) for found in keys) / len(keys)
    return {
        "event_name": name,
        "event_match_quality": {
            "composite_score": round(score, 1),
            "match_key_feedback": feedback,
            "diagnostics": _diagnostics(shares, len(events)),
        },
        "event_coverage": {"percentage": 100, "goal_percentage": GOAL_PERCENT},
        "data_freshness": {"upload_frequency": "real_time"},
    }


def _keys(event: Json) -> list[str]:
    user_data = event.get("user_data")
    return [str(IDENTIFIERS.get(key, key)) for key in user_data] if isinstance(user_data, dict) else []


def _diagnostics(shares: dict[str, float], events: int) -> list[Json]:
    without = 100 - shares.get("email", 0.0)
    if without <= 100 - FEW:
        return []
    return [
        {
            "name": "Missing email",
            "description": "Many events have no email",
            "solution": "Send em with each event",
            "percentage": round(without, 1),
            "affected_event_count": round(events * without / 100),
            "total_event_count": events,
        }
    ]
