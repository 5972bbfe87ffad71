"""The sandbox over a real socket, with httpx on the other side."""

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import orjson
import pytest

from syncer.sandbox.faults import parse_faults
from syncer.sandbox.server import Running, start
from syncer.sandbox.settings import Settings
from syncer.sandbox.tokens import Token

Start = Callable[..., tuple[Running, httpx.Client]]

PATH = "/v26.0/123/events"


def _event(number: int = 1, **changes: object) -> dict[str, Any]:
    return {
        "event_name": "Purchase",
        "event_time": int(time.time()) - 60,
        "event_id": f"order-{number}",
        "action_source": "website",
        "event_source_url": "https://shop.example/thanks",
        "user_data": {"em": [hashlib.sha256(b"a@b.co").hexdigest()], "client_user_agent": "Mozilla/5.0"},
        "custom_data": {"value": 12.5, "currency": "EUR"},
        **changes,
    }


@pytest.fixture
def run() -> Iterator[Start]:
    opened: list[Running | httpx.Client] = []

    def run(faults: str = "", **settings: Any) -> tuple[Running, httpx.Client]:
        running = start(Settings(faults=parse_faults(faults), **settings))
        client = httpx.Client(base_url=running.url, headers={"Authorization": "Bearer token"}, timeout=10)
        opened.extend((client, running))
        return running, client

    yield run
    for thing in opened:
        thing.close() if isinstance(thing, httpx.Client) else thing.stop()


def test_good_events_are_received_and_kept(run: Start) -> None:
    running, client = run()
    answer = client.post(PATH, json={"data": [_event(1), _event(2)]})
    assert answer.status_code == 200
    assert answer.json()["events_received"] == 2
    assert answer.json()["messages"] == []
    assert [event["event_id"] for event in running.sandbox.events()] == ["order-1", "order-2"]
    assert running.sandbox.coverage() == {"em": 2, "client_user_agent": 2}


def test_one_bad_event_leaves_nothing_behind(run: Start) -> None:
    running, client = run(locale="fr")
    answer = client.post(PATH, json={"data": [_event(1), _event(2, user_data={})]})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["error_subcode"]) == (400, 100, 2804050)
    assert error["error_user_title"].startswith("Vous")
    assert running.sandbox.events() == []
    (refused,) = running.sandbox.refused()
    assert refused.refusal.event == 1
    assert refused.event is not None
    assert refused.event["event_id"] == "order-2"


@pytest.mark.parametrize(
    "how",
    [
        {"data": {"data": orjson.dumps([_event()]).decode()}},
        {"files": {"data": (None, orjson.dumps([_event()]).decode())}},
        {"json": {"data": [orjson.dumps(_event()).decode()]}},
        {"params": {"data": orjson.dumps([_event()]).decode()}},
    ],
)
def test_events_come_as_form_multipart_json_or_query(run: Start, how: dict[str, Any]) -> None:
    _, client = run()
    assert client.post(PATH, **how).json()["events_received"] == 1


def test_an_expired_token_is_answered_401_until_it_is_replaced(run: Start) -> None:
    running, client = run(tokens=[Token(text="token", expires_at=1)])
    answer = client.post(PATH, json={"data": [_event()]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)
    running.sandbox.tokens["token"] = Token(text="token")
    assert client.post(PATH, json={"data": [_event()]}).status_code == 200


def test_debug_token_answers_for_the_token_itself(run: Start) -> None:
    _, client = run(tokens=[Token(text="token", dataset_ids=["123"])])
    answer = client.get("/v26.0/debug_token", params={"input_token": "token"})
    assert answer.json()["data"]["granular_scopes"][0]["target_ids"] == ["123"]


def test_debug_token_is_a_read_also_as_a_post_that_says_so(run: Start) -> None:
    _, client = run()
    asked = {"input_token": "token", "method": "GET"}
    assert client.post("/v26.0/debug_token", data=asked).json()["data"]["is_valid"] is True
    del asked["method"]
    assert client.post("/v26.0/debug_token", data=asked).json()["error"]["error_subcode"] == 33


def test_quality_is_told_of_web_events_by_name(run: Start) -> None:
    _, client = run(tokens=[Token(text="token", dataset_ids=["123"])])
    store = _event(3, action_source="physical_store")
    client.post(PATH, json={"data": [_event(1), _event(2, event_name="Lead"), store]})
    asked = {"method": "GET", "dataset_id": "123", "fields": "web{event_name}"}
    found = client.post("/v26.0/dataset_quality", data=asked).json()["web"]
    assert [each["event_name"] for each in found] == ["Lead", "Purchase"]
    keys = found[1]["event_match_quality"]["match_key_feedback"]
    assert {key["identifier"]: key["coverage"]["percentage"] for key in keys} == {"email": 100, "user_agent": 100}
    refused = client.get("/v26.0/dataset_quality", params={"dataset_id": "456"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 100)


@pytest.mark.parametrize(
    ("method", "path", "code", "subcode"),
    [
        ("GET", "/v26.0/dataset_quality", 100, None),
        ("POST", "/v26.0/dataset_quality", 100, 33),
        ("GET", "/v26.0/123", 100, None),
        ("GET", "/v26.0/123/events", 100, 33),
        ("POST", "/123/events", 2500, None),
        ("POST", "/v99.0/123/events", 2500, None),
        ("POST", "/v26.0/pixel/events", 100, 33),
        ("GET", "/debug_token", 100, None),
        ("DELETE", "/nothing/here/at/all", 2500, None),
    ],
)
def test_a_wrong_path_gets_a_graph_error(run: Start, method: str, path: str, code: int, subcode: int | None) -> None:
    _, client = run()
    answer = client.request(method, path, json={"data": [_event()]})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("error_subcode")) == (400, code, subcode)


def test_an_old_version_is_served_with_a_warning(run: Start) -> None:
    _, client = run(clock=lambda: 1_795_000_000.0)
    event = _event(event_time=1_794_990_000)
    old, new = (client.post(f"/{version}/123/events", json={"data": [event]}) for version in ("v19.0", "v26.0"))
    assert (old.status_code, new.status_code) == (200, 200)
    assert "v19.0" in old.headers["x-ad-api-version-warning"]
    assert "x-ad-api-version-warning" not in new.headers


def test_the_date_header_follows_the_clock_of_the_sandbox(run: Start) -> None:
    _, client = run(clock=lambda: 1_795_000_000.0)
    assert client.get("/").headers["date"] == "Wed, 18 Nov 2026 11:06:40 GMT"


@pytest.mark.parametrize(
    ("fault", "kept"),
    [("reset_before=100%", 0), ("reset_after=100%", 1), ("cut=100%", 1)],
)
def test_a_broken_connection_may_hide_accepted_events(run: Start, fault: str, kept: int) -> None:
    running, client = run(fault)
    for _ in range(3):
        with pytest.raises(httpx.TransportError):
            client.post(PATH, json={"data": [_event()]})
    assert running.sandbox.received == 3 * kept


@pytest.mark.parametrize(
    ("fault", "status", "code", "kept"),
    [
        ("500=100%", 500, 2, 0),
        ("500_after=100%", 500, 2, 1),
        ("error=100%:368", 400, 368, 0),
        ("error=100%:1", 500, 1, 0),
        ("expire=0", 401, 190, 0),
        ("throttle=100%:4", 403, 4, 0),
        ("throttle=100%:17", 400, 17, 0),
        ("throttle=100%:613", 400, 613, 0),
        ("throttle=100%:80004", 400, 80004, 0),
    ],
)
def test_a_fault_answers_as_meta_does(run: Start, fault: str, status: int, code: int, kept: int) -> None:
    running, client = run(fault)
    answer = client.post(PATH, json={"data": [_event()]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"].get("is_transient", False) == (status == 500)
    assert running.sandbox.received == kept


@pytest.mark.parametrize(
    ("code", "header"),
    [(4, "x-app-usage"), (17, "x-ad-account-usage"), (613, "x-ad-account-usage"), (80004, "x-business-use-case-usage")],
)
def test_throttling_says_how_long_to_wait(run: Start, code: int, header: str) -> None:
    _, client = run(f"throttle=100%:{code}")
    assert "100" in client.post(PATH, json={"data": [_event()]}).headers[header]


@pytest.mark.parametrize(("fault", "status"), [("html=100%", 503), ("too_large=100%", 413)])
def test_a_machine_before_the_api_answers_with_a_page(run: Start, fault: str, status: int) -> None:
    running, client = run(fault)
    answer = client.post(PATH, json={"data": [_event()]})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert running.sandbox.received == 0


def test_a_body_above_the_limit_is_answered_413(run: Start) -> None:
    running, client = run(body_limit_bytes=2_000)
    assert client.post(PATH, json={"data": [_event()]}).status_code == 200
    answer = client.post(PATH, json={"data": [_event(number) for number in range(1_000)]})
    assert answer.status_code == 413
    assert running.sandbox.state()["outcomes"] == {"accepted": 1, "too_large": 1}


def test_garbage_is_no_json(run: Start) -> None:
    running, client = run("garbage=100%")
    answer = client.post(PATH, json={"data": [_event()]})
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        answer.json()
    assert running.sandbox.received == 1


def test_a_short_count_takes_fewer_events_than_were_sent(run: Start) -> None:
    running, client = run("short=100%:2")
    answer = client.post(PATH, json={"data": [_event(number) for number in range(5)]})
    assert answer.json()["events_received"] == 3
    assert running.sandbox.received == 3


def test_an_answer_may_drip(run: Start) -> None:
    _, client = run("drip=100%:200ms")
    before = time.monotonic()
    assert client.post(PATH, json={"data": [_event()]}).json()["events_received"] == 1
    assert time.monotonic() - before > 0.15


def test_latency_delays_the_answer(run: Start) -> None:
    _, client = run("latency=120ms")
    before = time.monotonic()
    client.post(PATH, json={"data": [_event()]})
    assert time.monotonic() - before > 0.11


def test_poisoned_events_can_be_found_by_halving(run: Start) -> None:
    running, client = run("poison=10%:2804087,seed=4")
    alone = {number: client.post(PATH, json={"data": [_event(number)]}).status_code == 200 for number in range(40)}
    bad = [number for number, is_good in alone.items() if not is_good]
    assert bad
    good = [_event(number) for number in range(40) if number not in bad]
    assert client.post(PATH, json={"data": good}).status_code == 200
    refused = client.post(PATH, json={"data": [*good, _event(bad[0])]})
    assert refused.json()["error"]["error_subcode"] == 2804087
    assert running.sandbox.refused()[-1].refusal.event == len(good)


@pytest.mark.parametrize(("faults", "index"), [("", "2"), ("lie=100%", "1")])
def test_a_hint_may_lie(run: Start, faults: str, index: str) -> None:
    _, client = run(faults, hints="object")
    answer = client.post(PATH, json={"data": [_event(1), _event(2), _event(3, event_time=1)]})
    assert answer.json()["error"]["error_data"]["blame_field_specs"] == [["data", index, "event_time"]]


def test_the_same_seed_gives_the_same_answers(run: Start) -> None:
    spec = "500=20%,html=20%,garbage=20%,throttle=10%,seed=11"
    answers = []
    for _ in range(2):
        running, client = run(spec)
        for number in range(30):
            client.post(PATH, json={"data": [_event(number)]})
        answers.append([(record.outcome, record.status, record.fbtrace_id) for record in running.sandbox.requests()])
    assert answers[0] == answers[1]
    assert len({outcome for outcome, _, _ in answers[0]}) == 5


def test_calls_above_the_limit_are_throttled_with_the_wait_in_minutes(run: Start) -> None:
    _, client = run(calls_per_hour=12)
    answers = [client.post(PATH, json={"data": [_event(number)]}) for number in range(13)]
    assert [answer.status_code for answer in answers] == [200] * 12 + [400]
    assert answers[-1].json()["error"]["code"] == 80004
    assert "x-app-usage" not in answers[0].headers
    assert orjson.loads(answers[11].headers["x-app-usage"])["call_count"] == 100


def test_counting_takes_events_without_a_look(run: Start) -> None:
    running, client = run(judge="count")
    body = orjson.dumps({"data": [_event(number, event_time=1) for number in range(700)]})
    answer = client.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["events_received"] == 700
    assert running.sandbox.received == 700
    assert running.sandbox.events() == []


def test_the_api_tells_what_arrived(run: Start) -> None:
    running, client = run()
    client.post(PATH, json={"data": [_event(1), _event(2, event_name="x" * 60)], "test_event_code": "TEST1"})
    client.post(PATH, json={"data": []})
    state = client.get("/sandbox/api/state").json()
    assert (running.sandbox.begun, running.sandbox.received) == (2, 2)
    assert (state["requests"], state["events"], state["outcomes"]) == (2, 2, {"accepted": 1, "refused": 1})
    newest, oldest = client.get("/sandbox/api/events").json()
    assert newest["notes"][0]["code"] == "event_name_long"
    assert oldest["test_event_code"] == "TEST1"
    assert oldest["event"]["event_id"] == "order-1"
    assert len(client.get("/sandbox/api/events", params={"event_id": "order-2"}).json()) == 1
    assert len(client.get("/sandbox/api/events", params={"limit": 1}).json()) == 1
    assert client.get("/sandbox/api/requests").json()[0]["code"] == 100
    assert client.get("/sandbox/api/refused").json()[0]["path"] == ["data"]
    assert client.get("/sandbox/api/coverage").json()["user_data"] == {"em": 2, "client_user_agent": 2}
    assert client.post("/sandbox/api/reset").json() == {"reset": True}
    assert client.get("/sandbox/api/state").json()["requests"] == 0


def test_faults_are_changed_while_it_runs(run: Start) -> None:
    _, client = run()
    assert client.post("/sandbox/api/faults", json={"spec": "html=100%"}).status_code == 200
    assert client.get("/sandbox/api/faults").json()["in_force"] == {"html": "100%"}
    assert client.post(PATH, json={"data": [_event()]}).status_code == 503
    wrong = client.post("/sandbox/api/faults", json={"spec": "boom=1%"})
    assert wrong.status_code == 400
    assert "boom" in wrong.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/sandbox/api/nothing", b"", 404),
        ("POST", "/sandbox/api/nothing", b"", 404),
        ("PUT", "/sandbox/api/state", b"", 405),
        ("POST", "/sandbox/api/faults", b"{", 400),
        ("POST", "/sandbox/api/faults", b"[]", 400),
        ("GET", "/sandbox/api/events?limit=x", b"", 400),
    ],
)
def test_the_api_answers_mistakes(run: Start, method: str, path: str, body: bytes, status: int) -> None:
    _, client = run()
    assert client.request(method, path, content=body).status_code == status


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n{}",
        b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /%ff%fe?%00=%zz HTTP/1.1\r\nHost: \xff\r\n\r\n",
        b"X" * 70_000,
    ],
)
def test_garbage_on_the_wire_never_stops_it(run: Start, sent: bytes) -> None:
    running, client = run()
    with socket.create_connection(("127.0.0.1", running.port)) as peer:
        peer.sendall(sent)
    assert client.post(PATH, json={"data": [_event()]}).status_code == 200


def test_it_stops_at_once_though_calls_are_in_flight(run: Start) -> None:
    running, client = run("latency=30s")
    failures: list[Exception] = []

    def call() -> None:
        try:
            client.post(PATH, json={"data": [_event()]}, timeout=20)
        except httpx.TransportError as error:
            failures.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    with httpx.Client(base_url=running.url) as other:
        other.get("/")
        before = time.monotonic()
        running.stop()
    caller.join(5)
    assert time.monotonic() - before < 1
    assert len(failures) == 1
    running.stop()
