"""The sandbox's own JSON API and page: what arrived, for tests, the demo and curious people.

| call | gives |
| --- | --- |
| `GET /` | the page; its files are under `/sandbox/page/` |
| `GET /sandbox/api/state` | sums over everything: requests, events, duplicates, outcomes, errors, remarks, value |
| `GET /sandbox/api/events` | the last events taken, the newest first; `?limit=20&event_id=...&event_name=...&text=...` |
| `GET /sandbox/api/requests` | the last requests, however they ended |
| `GET /sandbox/api/refused` | the last refused requests with reason and the event to blame |
| `GET /sandbox/api/duplicates` | the events that came more than once, and how often |
| `GET /sandbox/api/coverage` | how many events carried each key of user_data, in all and by event name |
| `GET /sandbox/api/faults` | the faults in force and those there are; `POST {"spec": "500=5%"}` sets others |
| `POST /sandbox/api/reset` | forgets what arrived |
"""

from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

import orjson

from syncer.sandbox.answer import Answer, document
from syncer.sandbox.faults import FaultsError, parse_faults
from syncer.sandbox.request import Call
from syncer.sandbox.sandbox import Sandbox
from syncer.sandbox.views import faults_view, view, wrong_filter
from syncer.sandbox.web import page_file, safe_headers

_PREFIX = "/sandbox/"
_API = "/sandbox/api/"
_PAGE = "/sandbox/page/"


def is_api(call: Call) -> bool:
    """Return whether the call is for the sandbox, not for Meta."""
    return call.path == "/" or call.path.startswith(_PREFIX)


def answer_api(sandbox: Sandbox, call: Call) -> Answer:
    """Return the answer to a call of the sandbox's own."""
    if not (_names_this_machine(call) and _is_same_origin(call)):
        return _failure(403, "only pages and programs of this machine may look here")
    if call.method == "GET":
        return _look(sandbox, call)
    if call.method == "POST":
        return _change(sandbox, call.path.removeprefix(_API), call.body)
    return _failure(405, f"{call.method} is not known here")


def _look(sandbox: Sandbox, call: Call) -> Answer:
    if call.path.startswith(_API):
        given = parse_qs(call.query.decode("latin-1"), keep_blank_values=True)
        wanted = {key: values[-1] for key, values in given.items()}
        if (mistake := wrong_filter(wanted)) is not None:
            return _failure(400, mistake)
        seen = view(sandbox, call.path.removeprefix(_API), wanted)
        if seen is not None:
            return document(seen, headers=safe_headers())
    else:
        file = page_file("index.html" if call.path == "/" else call.path.removeprefix(_PAGE))
        if file is not None:
            return file
    return _failure(404, f"there is no {call.path!r} here")


def _change(sandbox: Sandbox, name: str, body: bytes) -> Answer:
    if name == "reset":
        sandbox.reset()
        return document({"reset": True}, headers=safe_headers())
    if name != "faults":
        return _failure(404, f"there is nothing to change at {name!r}")
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    spec = given.get("spec") if isinstance(given, dict) else None
    if not isinstance(spec, str):
        return _failure(400, 'send a JSON object such as {"spec": "500=5%"}')
    try:
        sandbox.faults = parse_faults(spec)
    except FaultsError as mistake:
        return _failure(400, str(mistake))
    return document(faults_view(sandbox), headers=safe_headers())


def _failure(status: int, what: str) -> Answer:
    return Answer(status=status, body=orjson.dumps({"error": what}), headers=safe_headers())


def _names_this_machine(call: Call) -> bool:
    """Return whether the host is this machine: a name that another site let point here is not."""
    try:
        host = urlsplit("//" + _header(call, b"host")).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_same_origin(call: Call) -> bool:
    """Return whether the sandbox's own page asks, or a program that is no browser.

    Browsers name the origin of every POST, and of what another site's page fetches.
    """
    if b"origin" in call.headers:
        return _header(call, b"origin") == "http://" + _header(call, b"host")
    return call.method == "GET" or _header(call, b"sec-fetch-site") in {"", "same-origin"}


def _header(call: Call, name: bytes) -> str:
    return call.headers.get(name, b"").decode("latin-1")
