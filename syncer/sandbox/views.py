"""What the sandbox shows of itself, as JSON values."""

from collections.abc import Mapping
from dataclasses import asdict

import orjson

from syncer.sandbox.custom_data import PROPERTIES
from syncer.sandbox.fault_names import FAULT_NAMES
from syncer.sandbox.notes import SENTENCES
from syncer.sandbox.sandbox import Sandbox
from syncer.sandbox.shapes import Json
from syncer.sandbox.store import Arrival, RefusedRecord
from syncer.sandbox.wording import wording

_LIMIT = 100
FILTERS = ("limit", "event_id", "event_name", "text")


def view(sandbox: Sandbox, name: str, wanted: Mapping[str, str]) -> object:
    """Return what is to be seen under `name`, narrowed to what is `wanted`; None where there is no such thing."""
    limit = int(wanted["limit"][:9]) if wanted.get("limit", "").isdecimal() else _LIMIT
    match name:
        case "state":
            return _state(sandbox)
        case "events":
            found = [item for item in reversed(sandbox.arrivals()) if _matches(item, wanted)]
            return [_arrival(item) for item in found[:limit]]
        case "requests":
            return [asdict(item) for item in sandbox.requests()[::-1][:limit]]
        case "refused":
            return [_refused(item) for item in sandbox.refused()[::-1][:limit]]
        case "duplicates":
            return [asdict(item) for item in sandbox.repeats()[:limit]]
        case "coverage":
            by_name = sandbox.coverage_by_name()
            return {"events": sandbox.received, "user_data": sandbox.coverage(), "by_event_name": by_name}
        case "faults":
            return faults_view(sandbox)
    return None


def wrong_filter(wanted: Mapping[str, str]) -> str | None:
    """Return what is wrong with the filters of a call; None: nothing."""
    unknown = next((name for name in wanted if name not in FILTERS), None)
    if unknown is not None:
        return f"there is no filter {unknown!r}; there are {', '.join(FILTERS)}"
    limit = wanted.get("limit")
    return None if limit is None or limit.isdecimal() else f"limit is a whole number, not {limit!r}"


def faults_view(sandbox: Sandbox) -> Json:
    """Return the faults in force, those there are, and what struck so far."""
    spec = sandbox.faults.spec
    items = (item.strip().partition("=") for item in spec.split(",") if item.strip())
    return {
        "spec": spec,
        "in_force": {name: rest for name, _, rest in items},
        "known": [item._asdict() for item in FAULT_NAMES],
        "outcomes": sandbox.state()["outcomes"],
        "next_request": sandbox.begun + 1,
    }


def _state(sandbox: Sandbox) -> Json:
    return {
        **sandbox.state(),
        "begun": sandbox.begun,
        "faults": sandbox.faults.spec,
    }


def _matches(arrival: Arrival, wanted: Mapping[str, str]) -> bool:
    event = arrival.event
    if not all(str(event.get(key)) == wanted[key] for key in ("event_id", "event_name") if key in wanted):
        return False
    return wanted.get("text", "").casefold() in _searched(event) if wanted.get("text") else True


def _searched(event: Json) -> str:
    """Return all text of an event; what is nested too deeply to be written is not found."""
    try:
        return orjson.dumps(event).decode().casefold()
    except orjson.JSONEncodeError:
        return ""


def _arrival(item: Arrival) -> Json:
    custom_data = item.event.get("custom_data")
    own = [key for key in custom_data if key not in PROPERTIES] if isinstance(custom_data, dict) else []
    return {
        "number": item.number,
        **asdict(item.batch),
        "duplicate": item.duplicate,
        "notes": [{"code": note.code, "path": note.path, "text": SENTENCES[note.code]} for note in item.notes],
        "user_defined": own,
        "event": item.event,
    }


def _refused(item: RefusedRecord) -> Json:
    refusal = item.refusal
    words = wording(refusal.subcode, "en")
    return {
        "request": item.request,
        "received_at": item.received_at,
        "dataset_id": item.dataset_id,
        "status": refusal.status,
        "outcome": item.outcome,
        "code": refusal.code,
        "subcode": refusal.subcode,
        "message": refusal.message,
        "user_title": words.title if words else None,
        "user_message": words.text if words else None,
        "fbtrace_id": item.fbtrace_id,
        "event_index": refusal.event,
        "path": refusal.path,
        "event": item.event,
    }
