"""The sandbox's own JSON API and page: what arrived, for tests, the demo and curious people.

| call | gives |
| --- | --- |
| `GET /sandbox/api/state` | sums over everything: requests, events, duplicates, outcomes, errors, remarks, value |
| `GET /sandbox/api/events` | the last events taken, the newest first; `?limit=20&event_id=...&event_name=...` |
| `GET /sandbox/api/requests` | the last requests, however they ended |
| `GET /sandbox/api/refused` | the last refused requests with reason and the event to blame |
| `GET /sandbox/api/coverage` | how many events carried each key of user_data |
| `GET /sandbox/api/faults` | the faults in force; `POST {"spec": "500=5%"}` sets others |
| `POST /sandbox/api/reset` | forgets what arrived |
"""

from dataclasses import asdict
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

import orjson

from syncer.sandbox.answer import Answer, document
from syncer.sandbox.faults import FaultsError, parse_faults
from syncer.sandbox.notes import SENTENCES
from syncer.sandbox.request import Call
from syncer.sandbox.sandbox import Sandbox
from syncer.sandbox.shapes import Json
from syncer.sandbox.store import Arrival, RefusedRecord

_PREFIX = "/sandbox/api/"
_LIMIT = 100
_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>syncer sandbox</title></head><body>
<h1>syncer sandbox</h1>
<p>A stand-in for Meta's Conversions API on this machine. Events posted to <code>/v26.0/&lt;dataset&gt;/events</code>
are judged as Meta judges them and go nowhere.</p>
<ul>
<li><a href="/sandbox/api/state">state</a>: sums over everything</li>
<li><a href="/sandbox/api/events">events</a>: the last events taken</li>
<li><a href="/sandbox/api/requests">requests</a>: the last requests</li>
<li><a href="/sandbox/api/refused">refused</a>: why requests were refused</li>
<li><a href="/sandbox/api/coverage">coverage</a>: events by key of user_data</li>
<li><a href="/sandbox/api/faults">faults</a>: what goes wrong on purpose</li>
</ul></body></html>
"""
_SAFE = [
    (b"content-security-policy", b"default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]


def is_api(call: Call) -> bool:
    """Return whether the call is for the sandbox, not for Meta."""
    return call.path == "/" or call.path.startswith(_PREFIX)


def answer_api(sandbox: Sandbox, call: Call) -> Answer:
    """Return the answer to a call of the sandbox's own."""
    if not _is_local(call):
        return _failure(403, "only pages and programs of this machine may look here")
    if call.path == "/":
        return Answer(status=200, body=_PAGE, content_type=b"text/html; charset=utf-8", headers=_SAFE)
    name = call.path.removeprefix(_PREFIX)
    if call.method == "GET":
        return _look(sandbox, name, parse_qs(call.query.decode("latin-1")))
    if call.method == "POST":
        return _change(sandbox, name, call.body)
    return _failure(405, f"{call.method} is not known here")


def _look(sandbox: Sandbox, name: str, query: dict[str, list[str]]) -> Answer:
    wanted = {key: values[-1] for key, values in query.items()}
    limit = int(wanted["limit"]) if wanted.get("limit", "").isdecimal() else _LIMIT
    match name:
        case "state":
            return document(sandbox.state(), headers=_SAFE)
        case "events":
            found = [item for item in reversed(sandbox.arrivals()) if _matches(item, wanted)]
            return document([_arrival(item) for item in found[:limit]], headers=_SAFE)
        case "requests":
            return document([asdict(item) for item in sandbox.requests()[::-1][:limit]], headers=_SAFE)
        case "refused":
            return document([_refused(item) for item in sandbox.refused()[::-1][:limit]], headers=_SAFE)
        case "coverage":
            return document({"events": sandbox.state()["events"], "user_data": sandbox.coverage()}, headers=_SAFE)
        case "faults":
            return document({"spec": sandbox.faults.spec}, headers=_SAFE)
    return _failure(404, f"there is no {name!r} here")


def _change(sandbox: Sandbox, name: str, body: bytes) -> Answer:
    if name == "reset":
        sandbox.reset()
        return document({"reset": True}, headers=_SAFE)
    if name != "faults":
        return _failure(404, f"there is nothing to change at {name!r}")
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _failure(400, 'send a JSON object such as {"spec": "500=5%"}')
    spec = given.get("spec") if isinstance(given, dict) else None
    if not isinstance(spec, str):
        return _failure(400, 'send a JSON object such as {"spec": "500=5%"}')
    try:
        sandbox.faults = parse_faults(spec)
    except FaultsError as mistake:
        return _failure(400, str(mistake))
    return document({"spec": spec}, headers=_SAFE)


def _matches(arrival: Arrival, wanted: dict[str, str]) -> bool:
    return all(str(arrival.event.get(key)) == wanted[key] for key in ("event_id", "event_name") if key in wanted)


def _arrival(item: Arrival) -> Json:
    return {
        "number": item.number,
        **asdict(item.batch),
        "duplicate": item.duplicate,
        "notes": [{"code": note.code, "path": note.path, "text": SENTENCES[note.code]} for note in item.notes],
        "event": item.event,
    }


def _refused(item: RefusedRecord) -> Json:
    refusal = item.refusal
    return {
        "request": item.request,
        "received_at": item.received_at,
        "code": refusal.code,
        "subcode": refusal.subcode,
        "message": refusal.message,
        "event_index": refusal.event,
        "path": refusal.path,
        "event": item.event,
    }


def _failure(status: int, what: str) -> Answer:
    return Answer(status=status, body=orjson.dumps({"error": what}), headers=_SAFE)


def _is_local(call: Call) -> bool:
    """Return whether host and origin name this machine, so that no web page can reach in through a browser."""
    origin = call.headers.get(b"origin")
    names = ["//" + call.headers.get(b"host", b"").decode("latin-1")]
    if origin is not None:
        names.append(origin.decode("latin-1"))
    return all(_is_loopback(name) for name in names)


def _is_loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
