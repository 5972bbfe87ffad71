"""What the sandbox's page asks for, over a real socket: its files, its JSON, and who may ask."""

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from syncer.sandbox.fault_names import FAULT_NAMES
from syncer.sandbox.faults import NAMES, parse_faults
from syncer.sandbox.server import start

PATH = "/v26.0/123/events"
EM = hashlib.sha256(b"a@b.co").hexdigest()
Post = Callable[..., httpx.Response]


def _event(**changes: object) -> dict[str, Any]:
    return {
        "event_name": "Purchase",
        "event_time": int(time.time()) - 60,
        "event_id": "order-1",
        "action_source": "website",
        "event_source_url": "https://shop.example/thanks",
        "user_data": {"em": [EM], "client_user_agent": "Mozilla/5.0"},
        "custom_data": {"value": 12.5, "currency": "EUR"},
        **changes,
    }


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer token"}
    with start() as running, httpx.Client(base_url=running.url, headers=headers, timeout=10) as client:
        yield client


@pytest.fixture
def post(client: httpx.Client) -> Post:
    return lambda *events: client.post(PATH, json={"data": list(events)})


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/sandbox/page/page.css", "text/css; charset=utf-8"),
        ("/sandbox/page/page.js", "text/javascript; charset=utf-8"),
        ("/sandbox/page/icon.svg", "image/svg+xml"),
    ],
)
def test_the_page_loads_nothing_but_its_own_files(client: httpx.Client, path: str, content_type: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)
    policy = dict(rule.strip().split(" ", 1) for rule in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


def test_the_page_holds_no_script_or_style_of_its_own(client: httpx.Client) -> None:
    page = client.get("/").text
    for forbidden in ("<style", "style=", "onclick", "http://", "https://", "<script>"):
        assert forbidden not in page


@pytest.mark.parametrize(
    "path", ["/sandbox/page/", "/sandbox/page/../web.py", "/sandbox/page/%2e%2e/web.py", "/sandbox"]
)
def test_no_other_file_is_served(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code in {400, 404}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "192.0.2.1", "localhost.evil.example", "", "["])
@pytest.mark.parametrize("path", ["/", "/sandbox/page/page.js", "/sandbox/api/events"])
def test_a_name_that_another_site_let_point_here_sees_nothing(client: httpx.Client, host: str, path: str) -> None:
    assert client.get(path, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_no_other_page_changes_anything(client: httpx.Client, post: Post, headers: dict[str, str]) -> None:
    post(_event())
    assert client.post("/sandbox/api/reset", headers=headers).status_code == 403
    assert client.post("/sandbox/api/faults", json={"spec": "500=100%"}, headers=headers).status_code == 403
    assert client.get("/sandbox/api/state").json()["events"] == 1
    assert client.get("/sandbox/api/faults").json()["spec"] == ""


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:3000"])
def test_no_other_page_reads_what_arrived(client: httpx.Client, origin: str) -> None:
    assert client.get("/sandbox/api/events", headers={"Origin": origin}).status_code == 403


def test_its_own_page_may_change_things(client: httpx.Client) -> None:
    own = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert client.post("/sandbox/api/faults", json={"spec": "500=100%"}, headers=own).json()["in_force"] == {
        "500": "100%"
    }
    assert client.get("/sandbox/api/state").json()["faults"] == "500=100%"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("evnt_id=1", "there is no filter 'evnt_id'; there are limit, event_id, event_name, text"),
        ("limit=", "limit is a whole number, not ''"),
        ("limit=ten&text=a", "limit is a whole number, not 'ten'"),
    ],
)
def test_a_filter_that_is_none_is_refused(client: httpx.Client, query: str, said: str) -> None:
    answer = client.get(f"/sandbox/api/events?{query}")
    assert (answer.status_code, answer.json()) == (400, {"error": said})


@pytest.mark.parametrize("path", ["/sandbox/api/reset", "/sandbox/api/faults?spec=500%3D100%25"])
def test_a_link_changes_nothing(client: httpx.Client, post: Post, path: str) -> None:
    post(_event())
    client.get(path)
    state = client.get("/sandbox/api/state").json()
    assert (state["events"], state["faults"]) == (1, "")


def test_a_script_as_event_name_is_answered_as_json_alone(client: httpx.Client, post: Post) -> None:
    post(_event(event_name="<script>alert(1)</script>"))
    answer = client.get("/sandbox/api/events")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()[0]["event"]["event_name"] == "<script>alert(1)</script>"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_events_are_found_by_any_text_in_any_case(client: httpx.Client, post: Post) -> None:
    post(_event(), _event(event_id="order-2", custom_data={"value": 1, "currency": "EUR", "tier": "Größe"}))
    found = [each["event"]["event_id"] for each in client.get("/sandbox/api/events", params={"text": "GRÖSSE"}).json()]
    assert found == ["order-2"]
    assert client.get("/sandbox/api/events", params={"text": "nowhere"}).json() == []
    assert len(client.get("/sandbox/api/events", params={"text": "order", "event_name": "Purchase"}).json()) == 2
    assert len(client.get("/sandbox/api/events", params={"limit": "9" * 5000}).json()) == 2


def test_properties_of_ones_own_are_told_apart(client: httpx.Client, post: Post) -> None:
    post(_event(custom_data={"value": 1, "currency": "EUR", "order_id": "1", "tier": "gold"}))
    assert client.get("/sandbox/api/events").json()[0]["user_defined"] == ["tier"]


def test_a_refusal_names_code_trace_id_and_the_event(client: httpx.Client, post: Post) -> None:
    answer = post(_event(), _event(event_id="order-2", user_data={})).json()["error"]
    (refused,) = client.get("/sandbox/api/refused").json()
    assert (refused["code"], refused["subcode"], refused["event_index"]) == (100, 2804050, 1)
    assert refused["fbtrace_id"] == answer["fbtrace_id"]
    assert refused["user_title"] == answer["error_user_title"]
    assert (refused["event"]["event_id"], refused["dataset_id"], refused["outcome"]) == ("order-2", "123", "refused")


def test_a_refusal_by_a_fault_says_so(client: httpx.Client, post: Post) -> None:
    client.post("/sandbox/api/faults", json={"spec": "throttle=100%:613"})
    post(_event())
    (refused,) = client.get("/sandbox/api/refused").json()
    assert (refused["code"], refused["outcome"], refused["event"]) == (613, "throttle", None)
    assert client.get("/sandbox/api/faults").json()["outcomes"] == {"throttle": 1}


def test_coverage_is_told_by_event_name(client: httpx.Client, post: Post) -> None:
    both = {"em": [EM], "client_user_agent": "Mozilla/5.0", "client_ip_address": "192.0.2.1"}
    post(_event(), _event(event_id="2", user_data=both), _event(event_name="Lead", user_data={"em": [EM]}))
    purchase, lead = client.get("/sandbox/api/coverage").json()["by_event_name"]
    assert purchase == {
        "event_name": "Purchase",
        "events": 2,
        "user_data": {"em": 2, "client_user_agent": 2, "client_ip_address": 1},
        "ip_and_agent": 1,
    }
    assert (lead["event_name"], lead["events"], lead["user_data"]) == ("Lead", 1, {"em": 1})


def test_duplicates_are_counted_by_name_and_id(client: httpx.Client, post: Post) -> None:
    post(_event(), _event(), _event(event_id="2"))
    post(_event())
    (repeat,) = client.get("/sandbox/api/duplicates").json()
    found = [repeat[key] for key in ("kind", "event_name", "event_id", "times", "last_request")]
    assert found == ["event_id", "Purchase", "order-1", 3, 2]


def test_each_fault_is_listed_with_an_example_that_works() -> None:
    assert {known.name for known in FAULT_NAMES} == set(NAMES)
    for known in FAULT_NAMES:
        assert parse_faults(f"{known.name}={known.example}")
