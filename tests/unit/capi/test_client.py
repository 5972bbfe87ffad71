"""What the client does around a transport: credentials, deadline, failures. Sockets are in tests/integration/client."""

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

import syncer.capi
from syncer.capi.client import Client
from syncer.capi.endpoint import Endpoint
from syncer.errors import ConfigError, Problem
from syncer.secret import Secret

BODY = b'{"data":[{},{}]}'
TAKEN = b'{"events_received":2}'
EXPIRED = b'{"error":{"code":190,"error_subcode":463}}'


class Clock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def client_of(
    act: Callable[[httpx.Request], httpx.Response], *, token: Secret | None = None, app_secret: Secret | None = None
) -> Client:
    endpoint = Endpoint(dataset_id="123", access_token=token or Secret("EAABtoken"), app_secret=app_secret)
    return Client(endpoint, clock=Clock(), transport=httpx.MockTransport(act))


def test_the_body_is_posted_to_the_address_of_the_dataset() -> None:
    seen: list[httpx.Request] = []

    def act(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=TAKEN)

    assert client_of(act).send(BODY, events=2).kind == "acked"
    assert (seen[0].method, str(seen[0].url)) == ("POST", "https://graph.facebook.com/v26.0/123/events")
    assert seen[0].content == BODY
    assert seen[0].headers["authorization"] == "Bearer EAABtoken"
    assert seen[0].headers["content-length"] == str(len(BODY))
    assert "transfer-encoding" not in seen[0].headers


def test_the_proof_of_the_app_secret_travels_in_the_body() -> None:
    seen: list[httpx.Request] = []

    def act(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=TAKEN)

    client_of(act, app_secret=Secret("hunter2")).send(BODY, events=2)
    proof = hmac.new(b"hunter2", b"EAABtoken", hashlib.sha256).hexdigest()
    assert json.loads(seen[0].content) == {"data": [{}, {}], "appsecret_proof": proof}
    assert seen[0].url.query == b""


def test_the_token_asks_about_itself_and_stands_in_no_address() -> None:
    seen: list[httpx.Request] = []

    def act(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b'{"data":{"is_valid":false}}')

    assert client_of(act, app_secret=Secret("hunter2")).inspect_token().verdict == "invalid"
    assert str(seen[0].url) == "https://graph.facebook.com/v26.0/debug_token"
    assert (seen[0].method, seen[0].headers["content-type"]) == ("POST", "application/x-www-form-urlencoded")
    body = dict(pair.split("=") for pair in seen[0].content.decode().split("&"))
    assert (body["method"], body["input_token"]) == ("GET", "EAABtoken")
    assert len(body["appsecret_proof"]) == 64


def test_the_quality_of_a_dataset_is_read_with_nothing_in_an_address() -> None:
    seen: list[httpx.Request] = []

    def act(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b'{"web":[{"event_name":"Purchase"}]}')

    found = client_of(act, app_secret=Secret("hunter2")).read_quality()
    assert [event.event_name for event in found.events] == ["Purchase"]
    assert str(seen[0].url) == "https://graph.facebook.com/v26.0/dataset_quality"
    body = dict(pair.split("=") for pair in seen[0].content.decode().split("&"))
    assert (seen[0].method, body["method"], body["dataset_id"]) == ("POST", "GET", "123")
    assert len(body["appsecret_proof"]) == 64


# --- the token -----------------------------------------------------------------------------------


class Tokens:
    """A secret that gives one text after the other, and counts."""

    def __init__(self, *texts: str) -> None:
        self.texts, self.reads = texts, 0

    def __call__(self) -> str:
        self.reads += 1
        return self.texts[min(self.reads, len(self.texts)) - 1]


def takes_only(token: str) -> Callable[[httpx.Request], httpx.Response]:
    def act(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == f"Bearer {token}":
            return httpx.Response(200, content=TAKEN)
        return httpx.Response(401, content=EXPIRED)

    return act


def test_the_token_is_read_when_first_needed_and_kept() -> None:
    tokens = Tokens("one")
    client = client_of(takes_only("one"), token=Secret("${env:T}", tokens))
    assert tokens.reads == 0
    assert [client.send(BODY, events=2).kind for _ in range(3)] == ["acked"] * 3
    assert tokens.reads == 1


def test_a_token_that_was_renewed_meanwhile_is_tried_at_once() -> None:
    tokens = Tokens("old", "new")
    client = client_of(takes_only("new"), token=Secret("${env:T}", tokens))
    assert client.send(BODY, events=2).kind == "acked"
    assert client.send(BODY, events=2).kind == "acked"
    assert tokens.reads == 2


def test_a_token_that_stays_the_same_is_sent_once() -> None:
    calls: list[int] = []

    def act(request: httpx.Request) -> httpx.Response:
        calls.append(1)
        return httpx.Response(401, content=EXPIRED)

    outcome = client_of(act).send(BODY, events=2)
    assert (outcome.kind, outcome.reason, len(calls)) == ("blocked", "token_expired", 1)


def test_a_renewed_token_that_is_refused_too_is_not_tried_for_ever() -> None:
    calls: list[int] = []

    def act(request: httpx.Request) -> httpx.Response:
        calls.append(1)
        return httpx.Response(401, content=EXPIRED)

    client_of(act, token=Secret("${env:T}", Tokens("one", "two", "three"))).send(BODY, events=2)
    assert len(calls) == 2


def test_many_threads_read_a_renewed_token_once() -> None:
    tokens = Tokens("old", "new", "newer")
    meet = threading.Barrier(4, timeout=5)

    def act(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer old":
            meet.wait()
        return takes_only("new")(request)

    client = client_of(act, token=Secret("${env:T}", tokens))
    kinds: list[str] = []
    threads = [threading.Thread(target=lambda: kinds.append(client.send(BODY, events=2).kind)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert (kinds, tokens.reads) == (["acked"] * 4, 2)


def no_token() -> str:
    what, remedy = "the environment variable META_ACCESS_TOKEN is not set", "set it"
    raise ConfigError([Problem(file=None, path="access_token", what=what, remedy=remedy)])


def test_a_token_that_cannot_be_read_blocks_and_sends_nothing() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        raise AssertionError

    outcome = client_of(act, token=Secret("${env:T}", no_token)).send(BODY, events=2)
    assert (outcome.kind, outcome.reason, outcome.status) == ("blocked", "token_unreadable", None)
    assert "META_ACCESS_TOKEN is not set" in outcome.explanation


def test_a_token_that_is_gone_when_it_is_refused_leaves_the_first_outcome() -> None:
    reads: list[int] = []

    def token() -> str:
        reads.append(1)
        return "old" if len(reads) == 1 else no_token()

    outcome = client_of(takes_only("new"), token=Secret("${env:T}", token)).send(BODY, events=2)
    assert outcome.reason == "token_expired"


# --- failures of any transport -------------------------------------------------------------------


FAILURES = [
    (httpx.ConnectError("x"), "not_sent", "connection_refused"),
    (httpx.ConnectTimeout("x"), "not_sent", "connect_timeout"),
    (httpx.PoolTimeout("x"), "not_sent", "pool_timeout"),
    (httpx.ProxyError("x"), "not_sent", "proxy_failed"),
    (httpx.LocalProtocolError("x"), "not_sent", "request_impossible"),
    (httpx.UnsupportedProtocol("x"), "not_sent", "request_impossible"),
    (httpx.WriteTimeout("x"), "doubt", "write_timeout"),
    (httpx.ReadTimeout("x"), "doubt", "read_timeout"),
    (httpx.WriteError("x"), "doubt", "reset_after_request"),
    (httpx.ReadError("x"), "doubt", "reset_after_request"),
    (httpx.RemoteProtocolError("x"), "doubt", "reset_after_request"),
    (httpx.DecodingError("x"), "doubt", "unexpected_failure"),
    (httpx.TooManyRedirects("x"), "doubt", "unexpected_failure"),
    (httpx.StreamConsumed(), "doubt", "unexpected_failure"),
    (httpx.InvalidURL("x"), "doubt", "unexpected_failure"),
    (ConnectionResetError("x"), "doubt", "unexpected_failure"),
    (RuntimeError("EAABtoken"), "doubt", "unexpected_failure"),
    (RecursionError("x"), "doubt", "unexpected_failure"),
    (MemoryError("x"), "doubt", "unexpected_failure"),
]


@pytest.mark.parametrize(("failure", "kind", "reason"), FAILURES, ids=lambda value: type(value).__name__)
def test_every_exception_of_a_transport_has_an_outcome(failure: Exception, kind: str, reason: str) -> None:
    def act(request: httpx.Request) -> httpx.Response:
        raise failure

    outcome = client_of(act).send(BODY, events=2)
    assert (outcome.kind, outcome.reason) == (kind, reason)
    assert "EAABtoken" not in repr(outcome)


class Stream(httpx.SyncByteStream):
    """A body that acts between its parts."""

    def __init__(self, *parts: bytes | Exception | Callable[[], None]) -> None:
        self.parts, self.is_closed = parts, False

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            if isinstance(part, bytes):
                yield part
            else:
                part()

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((TAKEN[:5], httpx.ReadError("x")), "answer_truncated"),
        ((TAKEN[:5], httpx.RemoteProtocolError("x")), "answer_truncated"),
        ((TAKEN[:5], httpx.ReadTimeout("x")), "deadline"),
        ((TAKEN[:5], RuntimeError("x")), "unexpected_failure"),
        ((b" " * 1_048_577,), "answer_too_large"),
        ((b" " * 600_000, b" " * 600_000, RuntimeError("read on")), "answer_too_large"),
    ],
)
def test_an_answer_that_breaks_off_is_doubted_and_closed(parts: tuple[bytes | Exception, ...], reason: str) -> None:
    stream = Stream(*parts)
    outcome = client_of(lambda _: httpx.Response(200, stream=stream)).send(BODY, events=2)
    assert (outcome.kind, outcome.reason, stream.is_closed) == ("doubt", reason, True)


def test_an_answer_that_outlasts_the_deadline_is_doubted() -> None:
    clock = Clock()
    stream = Stream(b'{"events_', lambda: clock.sleep(30.0), b'received":2}')
    endpoint = Endpoint(dataset_id="123", access_token=Secret("EAABtoken"))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=stream))
    outcome = Client(endpoint, clock=clock, transport=transport).send(BODY, events=2)
    assert (outcome.kind, outcome.reason) == ("doubt", "deadline")


def test_an_answer_is_never_decompressed() -> None:
    answer = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Stream(TAKEN))
    assert client_of(lambda _: answer).send(BODY, events=2).kind == "acked"


def test_the_clock_is_compared_when_the_answer_comes() -> None:
    headers = {"Date": "Sun, 22 Nov 2026 12:00:05 GMT"}
    outcome = client_of(lambda _: httpx.Response(200, headers=headers, content=TAKEN)).send(BODY, events=2)
    assert outcome.date_skew_s == 5.0


@pytest.mark.parametrize("trace_id", ["EAABtok", "4915100000042"])
def test_a_trace_id_that_echoes_what_was_sent_is_dropped(trace_id: str) -> None:
    body = b'{"data":[{"ph":"4915100000042"}]}'
    content = json.dumps({"events_received": 1, "fbtrace_id": trace_id}).encode()
    outcome = client_of(lambda _: httpx.Response(200, content=content)).send(body, events=1)
    assert (outcome.kind, outcome.fbtrace_id) == ("acked", None)


def test_no_code_of_the_client_can_write_a_query() -> None:
    folder = Path(str(syncer.capi.__file__)).parent
    for file in folder.glob("*.py"):
        assert not re.search(r"params\s*=|\bverify\s*=|follow_redirects|copy_merge_params", file.read_text()), file.name


def test_R31_the_host_is_asked_for_its_time_without_token_and_dataset() -> None:
    seen: list[httpx.Request] = []

    def act(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(400, headers={"Date": "Sun, 22 Nov 2026 13:00:00 GMT"}, content=EXPIRED)

    assert client_of(act).ask_time().date_skew_s == 3_600.0
    assert (seen[0].method, str(seen[0].url)) == ("GET", "https://graph.facebook.com/")
    assert "authorization" not in seen[0].headers


def test_R31_a_host_that_cannot_be_reached_tells_why() -> None:
    def act(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    outcome = client_of(act).ask_time()
    assert (outcome.date_skew_s, outcome.status, outcome.reason) == (None, None, "connection_refused")
