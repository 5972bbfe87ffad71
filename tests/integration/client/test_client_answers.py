"""Answers of a hostile server over a real socket: each ends in one outcome, in time (fault F21)."""

import gzip
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from tests.counts import FULL

BODY = b'{"data":[{},{},{}]}'
LARGE_BODY = b'{"data":[{},{},{"x":"' + b"x" * 20_000_000 + b'"}]}'
DEADLINE_S = 0.5
TIMES = 3 if FULL else 1

Serve = Callable[..., Any]
ClientOf = Callable[..., Any]


def answer(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


TAKEN = json.dumps({"events_received": 3, "messages": [], "fbtrace_id": "AbC123"}).encode()
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INVALID_TOKEN = b'{"error":{"message":"x","type":"OAuthException","code":190,"fbtrace_id":"T"}}'


def says(data: bytes) -> Callable[[Any], None]:
    """Answer each request of the connection with `data`."""

    def act(peer: Any) -> None:
        while peer.read_request():
            peer.send(data)

    return act


def says_and_ends(data: bytes) -> Callable[[Any], None]:
    """Answer one request with `data` and close the connection."""

    def act(peer: Any) -> None:
        peer.read_request()
        peer.send(data)

    return act


def drips(data: bytes) -> Callable[[Any], None]:
    def act(peer: Any) -> None:
        peer.read_request()
        peer.drip(data)

    return act


def floods(head: bytes, block: bytes) -> Callable[[Any], None]:
    """Send `block` without end."""

    def act(peer: Any) -> None:
        peer.read_request()
        peer.send(head)
        while not peer.stopped.is_set():
            peer.send(block)

    return act


def hangs(peer: Any) -> None:
    peer.read_request()
    peer.hang()


def resets_after_body(peer: Any) -> None:
    peer.read_request()
    peer.reset()


def closes_after_body(peer: Any) -> None:
    peer.read_request()


PATIENT_S = 5.0
"""The deadline where an answer does not wait for it: so a machine that stands still before the request is sent changes nothing."""
HOSTILE: dict[str, tuple[Callable[[Any], None], str, str]] = {
    # too slow
    "never answers": (hangs, "doubt", "read_timeout"),
    "drips the status line": (drips(b"HTTP/1.1 200 " + b"O" * 500), "doubt", "deadline"),
    "drips headers": (drips(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500), "doubt", "deadline"),
    "drips the body": (drips(answer(b'{"events_received":3}' + b" " * 500)), "doubt", "deadline"),
    "drips chunks": (drips(CHUNKED + b"1\r\n \r\n" * 500), "doubt", "deadline"),
    "drips interim answers": (drips(b"HTTP/1.1 102 Processing\r\n\r\n" * 50), "doubt", "deadline"),
    # too much
    "a body over the limit": (says(answer(b" " * (1_048_577 - len(TAKEN)) + TAKEN)), "doubt", "answer_too_large"),
    "a body without end": (floods(CHUNKED, b"10000\r\n" + b" " * 65_536 + b"\r\n"), "doubt", "answer_too_large"),
    "tiny chunks without end": (floods(CHUNKED, b"1\r\n \r\n" * 5_000), "doubt", "answer_too_large or deadline"),
    "a header without end": (floods(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 65_536), "doubt", "answer_too_large"),
    "headers without end": (floods(b"HTTP/1.1 200 OK\r\n", b"X-A: aaaa\r\n" * 5_000), "doubt", "answer_too_large"),
    "headers over the limit": (
        says(answer(TAKEN, headers="".join(f"X-{n}: {'a' * 1_000}\r\n" for n in range(70)))),
        "doubt",
        "answer_too_large",
    ),
    "interim answers without end": (
        floods(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 2_000),
        "doubt",
        "answer_too_large or deadline",
    ),
    "a status line without end": (floods(b"HTTP/1.1 200 ", b"O" * 65_536), "doubt", "answer_too_large"),
    # broken off
    "reset after the body": (resets_after_body, "doubt", "reset_after_request"),
    "closed after the body": (closes_after_body, "doubt", "reset_after_request"),
    "cut in the status line": (says_and_ends(b"HTTP/1.1 2"), "doubt", "answer_not_http"),
    "cut in the headers": (says_and_ends(b"HTTP/1.1 200 OK\r\nContent-Le"), "doubt", "answer_not_http"),
    "cut in the body": (says_and_ends(answer(TAKEN)[:-5]), "doubt", "answer_truncated"),
    "cut in a chunk": (says_and_ends(CHUNKED + b"ff\r\n" + TAKEN), "doubt", "answer_truncated"),
    "cut between chunks": (says_and_ends(CHUNKED + b"3c\r\n" + TAKEN.ljust(60) + b"\r\n"), "doubt", "answer_truncated"),
    # no HTTP
    "another protocol": (says_and_ends(b"SSH-2.0-OpenSSH_9.2\r\n"), "doubt", "answer_not_http"),
    "no status line": (says_and_ends(TAKEN), "doubt", "answer_not_http"),
    "two lengths": (says_and_ends(answer(TAKEN, headers="Content-Length: 7\r\n")), "doubt", "answer_not_http"),
    "a negative length": (
        says_and_ends(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + TAKEN),
        "doubt",
        "answer_not_http",
    ),
    "a chunk size that is none": (says_and_ends(CHUNKED + b"zz\r\n"), "doubt", "answer_truncated"),
    "switching protocols": (
        says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
        "doubt",
        "answer_not_http",
    ),
    # no answer of Meta's
    "HTML": (says(answer(b"<html>Welcome</html>")), "doubt", "answer_not_json"),
    "an empty body": (says(answer(b"")), "doubt", "answer_not_json"),
    "no content": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), "doubt", "answer_not_json"),
    "a list": (says(answer(b"[3]")), "doubt", "answer_not_json"),
    "an empty object": (says(answer(b"{}")), "doubt", "count_missing"),
    "compressed, though unasked": (
        says(answer(gzip.compress(TAKEN), headers="Content-Encoding: gzip\r\n")),
        "doubt",
        "answer_not_json",
    ),
    "deep JSON": (says(answer(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)), "doubt", "answer_not_json"),
    "NaN": (says(answer(b'{"events_received":NaN}')), "doubt", "answer_not_json"),
    "a huge integer": (says(answer(b'{"events_received":' + b"9" * 10_000 + b"}")), "doubt", "count_missing"),
    "invalid UTF-8": (says(answer(b'{"events_received":3,"messages":["\xff"]}')), "doubt", "answer_not_json"),
    "a key twice": (says(answer(b'{"events_received":9,"events_received":3}')), "doubt", "answer_not_json"),
    "true for a count": (says(answer(b'{"events_received":true}')), "doubt", "count_missing"),
    "text for a count": (says(answer(b'{"events_received":"3"}')), "doubt", "count_missing"),
    "too few": (says(answer(b'{"events_received":2}')), "anomaly", "count_differs"),
    "too many": (says(answer(b'{"events_received":4}')), "anomaly", "count_differs"),
    "none": (says(answer(b'{"events_received":0}')), "anomaly", "count_differs"),
    "success and error": (
        says(answer(b'{"events_received":3,"error":{"code":1}}')),
        "doubt",
        "answer_contradictory",
    ),
    "a failure in HTML": (says(answer(b"<html>Sorry", status="500 Oops")), "doubt", "server_error"),
    "a bad gateway": (says(answer(b"", status="502 Bad Gateway")), "doubt", "server_error"),
    "an overload": (says(answer(b"", status="503 Busy", headers="Retry-After: 7\r\n")), "doubt", "server_error"),
    # refused
    "no token wanted": (says(answer(INVALID_TOKEN, status="401 Unauthorized")), "blocked", "token_invalid"),
    "forbidden by a firewall": (says(answer(b"<html>", status="403 Forbidden")), "blocked", "forbidden"),
    "not found": (says(answer(b"", status="404 Not Found")), "blocked", "not_found"),
    "too many requests": (says(answer(b"", status="429 Slow")), "throttled", "too_many_requests"),
    "too large": (says(answer(b"", status="413 Too Large")), "too_big", "request_too_large"),
    # taken
    "taken": (says(answer(TAKEN)), "acked", "acknowledged"),
    "taken, closed after it": (says_and_ends(b"HTTP/1.0 200 OK\r\n\r\n" + TAKEN), "acked", "acknowledged"),
    "taken after an interim answer": (says(b"HTTP/1.1 100 Continue\r\n\r\n" + answer(TAKEN)), "acked", "acknowledged"),
    "taken after early hints": (
        says(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(TAKEN)),
        "acked",
        "acknowledged",
    ),
}


@pytest.mark.faults
@pytest.mark.parametrize("name", HOSTILE)
def test_S08_F21_every_answer_ends_in_one_outcome_before_the_deadline(
    name: str, serve: Serve, client_of: ClientOf
) -> None:
    act, kind, reason = HOSTILE[name]
    within_s = DEADLINE_S if "deadline" in reason or reason == "read_timeout" else PATIENT_S
    server = serve(act)
    for _ in range(TIMES):
        client = client_of(server.url, timeout_s=within_s)
        began = time.monotonic()
        outcome = client.send(BODY, events=3)
        assert outcome.reason in reason.split(" or ")
        assert outcome.kind == kind
        assert time.monotonic() - began < within_s + 1


def test_F21_the_list_of_answers_is_long() -> None:
    assert len(HOSTILE) >= 40


def test_what_is_taken_arrives_as_one_json_post_with_the_token_in_a_header(serve: Serve, client_of: ClientOf) -> None:
    server = serve(says(answer(TAKEN)))
    outcome = client_of(server.url, api_version="v25.0").send(BODY, events=3)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /v25.0/1234567890/events HTTP/1.1"
    assert b"Authorization: Bearer EAABtoken" in head.split(b"\r\n")
    assert b"Content-Type: application/json" in head.split(b"\r\n")
    assert b"Accept-Encoding: identity" in head.split(b"\r\n")
    assert body == BODY
    assert (outcome.events_received, outcome.fbtrace_id, outcome.status) == (3, "AbC123", 200)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["{elsewhere}/v26.0/1/events", "/other", "http://[", "//evil.example"])
def test_S06_a_redirect_is_never_followed(status: int, location: str, serve: Serve, client_of: ClientOf) -> None:
    elsewhere = serve(says(answer(TAKEN)))
    target = location.format(elsewhere=elsewhere.url)
    server = serve(says(answer(b"", status=f"{status} Moved", headers=f"Location: {target}\r\n")))
    outcome = client_of(server.url).send(BODY, events=3)
    assert (outcome.kind, outcome.reason, outcome.status) == ("blocked", "redirected", status)
    assert elsewhere.connections == 0
    assert len(server.requests) == 1


def test_a_reset_before_the_request_is_read_is_no_acknowledgement(serve: Serve, client_of: ClientOf) -> None:
    outcome = client_of(serve(lambda peer: peer.reset()).url).send(BODY, events=3)
    assert outcome.kind in ("not_sent", "doubt")


def test_a_reset_within_a_large_request_leaves_doubt(serve: Serve, client_of: ClientOf) -> None:
    def act(peer: Any) -> None:
        peer.read_headers()
        peer.reset()

    outcome = client_of(serve(act).url).send(LARGE_BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("doubt", "reset_in_request")


def test_a_server_that_does_not_read_cannot_stretch_the_deadline(serve: Serve, client_of: ClientOf) -> None:
    client = client_of(serve(lambda peer: peer.hang()).url)
    began = time.monotonic()
    outcome = client.send(LARGE_BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("doubt", "write_timeout")
    assert time.monotonic() - began < DEADLINE_S + 1


def test_a_server_that_reads_slowly_cannot_stretch_the_deadline(serve: Serve, client_of: ClientOf) -> None:
    def act(peer: Any) -> None:
        while not peer.stopped.wait(0.02):
            peer.connection.recv(10_000)

    client = client_of(serve(act).url)
    began = time.monotonic()
    outcome = client.send(LARGE_BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("doubt", "write_timeout")
    assert time.monotonic() - began < DEADLINE_S + 1


def test_a_success_that_comes_before_the_request_was_written_is_doubted(serve: Serve, client_of: ClientOf) -> None:
    def act(peer: Any) -> None:
        peer.read_headers()
        peer.send(answer(TAKEN))
        peer.connection.shutdown(socket.SHUT_WR)
        peer.connection.shutdown(socket.SHUT_RD)
        with suppress(OSError):
            while peer.connection.recv(1_000_000):
                pass

    outcome = client_of(serve(act).url, timeout_s=2.0).send(LARGE_BODY, events=3)
    assert outcome.kind == "doubt"


def test_a_port_where_nobody_listens_is_not_sent(client_of: ClientOf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = client_of(f"http://127.0.0.1:{port}").send(BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("not_sent", "connection_refused")


def test_a_server_that_does_not_accept_is_not_sent_in_time(client_of: ClientOf) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(address)
        began = time.monotonic()
        outcome = client_of(f"http://127.0.0.1:{address[1]}").send(BODY, events=3)
        elapsed_s = time.monotonic() - began
        for connection in waiting:
            connection.close()
    assert (outcome.kind, outcome.reason) == ("not_sent", "connect_timeout")
    assert elapsed_s < DEADLINE_S + 1


def test_who_waits_too_long_for_a_free_connection_sends_nothing(serve: Serve, client_of: ClientOf) -> None:
    client = client_of(serve(hangs).url, in_flight=1)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: client.send(BODY, events=3), range(2)))
    assert sorted(outcome.reason for outcome in outcomes) == ["pool_timeout", "read_timeout"]


def test_threads_share_kept_connections(serve: Serve, client_of: ClientOf) -> None:
    server = serve(says(answer(TAKEN)))
    client = client_of(server.url, timeout_s=5.0, in_flight=3)
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda _: client.send(BODY, events=3), range(60)))
    assert {outcome.kind for outcome in outcomes} == {"acked"}
    assert len(server.requests) == 60
    assert server.connections <= 3


def test_a_connection_that_the_server_ended_meanwhile_is_replaced(serve: Serve, client_of: ClientOf) -> None:
    ended = threading.Event()

    def act(peer: Any) -> None:
        peer.read_request()
        peer.send(answer(TAKEN))
        peer.connection.close()
        ended.set()

    server = serve(act)
    client = client_of(server.url)
    kinds = []
    for _ in range(3):
        ended.clear()
        kinds.append(client.send(BODY, events=3).kind)
        assert ended.wait(5)
    assert kinds == ["acked", "acked", "acked"]


def test_an_answer_left_over_from_before_acknowledges_nothing(serve: Serve, client_of: ClientOf) -> None:
    server = serve(says(answer(TAKEN) * 2))
    client = client_of(server.url)
    assert client.send(BODY, events=3).kind == "acked"
    assert client.send(BODY, events=3).kind == "doubt"


def test_a_cookie_is_not_given_back(serve: Serve, client_of: ClientOf) -> None:
    server = serve(says(answer(TAKEN, headers="Set-Cookie: a=b; Path=/\r\n")))
    client = client_of(server.url)
    client.send(BODY, events=3)
    client.send(BODY, events=3)
    assert b"cookie" not in server.requests[1].lower()


def test_S06_a_proxy_in_the_environment_is_ignored(
    serve: Serve, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client_of(serve(says(answer(TAKEN))).url).send(BODY, events=3).kind == "acked"


def test_connections_are_closed_with_the_client(serve: Serve, client_of: ClientOf) -> None:
    ended = threading.Event()

    def act(peer: Any) -> None:
        peer.read_request()
        peer.send(answer(TAKEN))
        peer.connection.recv(1)
        ended.set()

    client = client_of(serve(act).url)
    client.send(BODY, events=3)
    client.close()
    assert ended.wait(5)
