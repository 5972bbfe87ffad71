"""Values by their place made into one object."""

from collections.abc import Mapping
from typing import Any

from syncer.spec.fields import EXTINFO_PLACES
from syncer.transform.validate import Place


def nested(present: Mapping[Place, Any]) -> dict[str, Any]:
    """Return values as objects within objects; `extinfo` has a text for each of its places."""
    event: dict[str, Any] = {}
    for place, value in present.items():
        inner = event
        for name in place[:-1]:
            inner = inner.setdefault(name, {})
        inner[place[-1]] = value
    extinfo = event.get("app_data", {}).get("extinfo")
    if isinstance(extinfo, dict):
        event["app_data"]["extinfo"] = [extinfo.get(name, "") for name in EXTINFO_PLACES]
    return event
