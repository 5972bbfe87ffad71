"""TLS and proxies over a real socket: nothing of a request leaves before the host has proved who it is (promise S07)."""

import ssl
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from syncer.errors import ConfigError
from syncer.secret import Reference
from tests.certificates import self_signed

BODY = b'{"data":[{},{},{}]}'
TAKEN = b'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{"events_received":3}'
DEADLINE_S = 0.5

Serve = Callable[..., Any]
ClientOf = Callable[..., Any]
Certify = Callable[..., tuple[ssl.SSLContext, Path]]


@pytest.fixture
def certify(tmp_path: Path) -> Certify:
    """Make a self-signed certificate: the server's context, and the file that a client may believe."""
    return partial(self_signed, tmp_path)


def takes(peer: Any) -> None:
    while peer.read_request():
        peer.send(TAKEN)


def test_a_certificate_of_a_named_authority_is_believed(serve: Serve, client_of: ClientOf, certify: Certify) -> None:
    context, file = certify()
    server = serve(takes, context)
    client = client_of(server.url, timeout_s=5.0, ca_bundle=file)
    assert [client.send(BODY, events=3).kind for _ in range(2)] == ["acked", "acked"]
    assert server.connections == 1


@pytest.mark.parametrize(
    ("certificate", "believed"),
    [({}, False), ({"ip": "127.0.0.2"}, True), ({"days": -1}, True)],
    ids=["self-signed", "of another host", "expired"],
)
def test_S07_a_wrong_certificate_gets_no_request(
    certificate: dict[str, Any], *, believed: bool, serve: Serve, client_of: ClientOf, certify: Certify
) -> None:
    context, file = certify(**certificate)
    server = serve(takes, context)
    outcome = client_of(server.url, ca_bundle=file if believed else None).send(BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("not_sent", "tls_certificate_invalid")
    assert server.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_S07_an_old_tls_version_gets_no_request(
    version: ssl.TLSVersion, serve: Serve, client_of: ClientOf, certify: Certify
) -> None:
    context, file = certify()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = version
        context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    server = serve(takes, context)
    outcome = client_of(server.url, ca_bundle=file, timeout_s=10).send(BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("not_sent", "tls_failed")
    assert server.requests == []


def test_a_server_without_tls_gets_no_request(serve: Serve, client_of: ClientOf) -> None:
    def act(peer: Any) -> None:
        peer.requests.append(peer.connection.recv(65_536))
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = serve(act)
    outcome = client_of(f"https://127.0.0.1:{server.port}").send(BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("not_sent", "tls_failed")
    assert b"EAABtoken" not in b"".join(server.requests)


@pytest.mark.parametrize("hello", [b"", b"\x16\x03\x03\x40\x00" + b"\x02" * 500], ids=["silent", "dripping"])
def test_a_handshake_cannot_stretch_the_deadline(hello: bytes, serve: Serve, client_of: ClientOf) -> None:
    def act(peer: Any) -> None:
        peer.drip(hello)
        peer.hang()

    server = serve(act)
    began = time.monotonic()
    outcome = client_of(f"https://127.0.0.1:{server.port}").send(BODY, events=3)
    assert outcome.kind == "not_sent"
    assert outcome.reason in ("connect_timeout", "tls_failed")
    assert time.monotonic() - began < DEADLINE_S + 1


def test_a_reset_within_the_handshake_is_not_sent(serve: Serve, client_of: ClientOf) -> None:
    def act(peer: Any) -> None:
        peer.connection.recv(10)
        peer.reset()

    server = serve(act)
    assert client_of(f"https://127.0.0.1:{server.port}").send(BODY, events=3).kind == "not_sent"


def test_an_encrypted_answer_that_drips_ends_with_the_deadline(
    serve: Serve, client_of: ClientOf, certify: Certify
) -> None:
    def act(peer: Any) -> None:
        peer.read_request()
        peer.drip(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 500)

    context, file = certify()
    began = time.monotonic()
    outcome = client_of(serve(act, context).url, ca_bundle=file).send(BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("doubt", "deadline")
    assert time.monotonic() - began < DEADLINE_S + 1


def test_a_large_body_goes_through_tls_whole(serve: Serve, client_of: ClientOf, certify: Certify) -> None:
    context, file = certify()
    server = serve(takes, context)
    body = b'{"data":["' + b"x" * 4_000_000 + b'"]}'
    assert client_of(server.url, timeout_s=5.0, ca_bundle=file).send(body, events=3).kind == "acked"
    assert server.requests[0].endswith(body)


def test_the_environment_can_not_log_the_keys_of_tls(
    serve: Serve, client_of: ClientOf, certify: Certify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, file = certify()
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    client = client_of(serve(takes, context).url, timeout_s=5.0, ca_bundle=file)
    assert client.send(BODY, events=3).kind == "acked"
    assert "SECRET" not in (tmp_path / "keys.log").read_text()


def test_a_bundle_without_certificates_is_named(client_of: ClientOf, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ConfigError, match=r"ca_bundle: .*empty.pem holds no certificates"):
        client_of("https://127.0.0.1:1", ca_bundle=tmp_path / "empty.pem")


# --- proxies -------------------------------------------------------------------------------------


def passes_on(peer: Any, port: int) -> None:
    """Be a proxy: answer CONNECT, then pass bytes on both ways."""
    import select
    import socket

    peer.requests.append(peer.read_headers())
    with socket.create_connection(("127.0.0.1", port)) as onward:
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        other = {peer.connection: onward, onward: peer.connection}
        while not peer.stopped.is_set():
            for readable in select.select(list(other), [], [], 0.02)[0]:
                data = readable.recv(65_536)
                if not data:
                    return
                peer.requests.append(data)
                other[readable].sendall(data)


def test_a_proxy_sees_neither_token_nor_events(serve: Serve, client_of: ClientOf, certify: Certify) -> None:
    context, file = certify()
    server = serve(takes, context)
    proxy = serve(lambda peer: passes_on(peer, server.port))
    address = Reference(f"http://me:secret@127.0.0.1:{proxy.port}")
    outcome = client_of(server.url, timeout_s=5.0, ca_bundle=file, proxy=address).send(BODY, events=3)
    seen = b"".join(proxy.requests)
    assert outcome.kind == "acked"
    assert seen.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " in seen
    assert b"EAABtoken" not in seen
    assert b"Proxy-Authorization" not in server.requests[0]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "proxy_failed"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "proxy_failed"),
        (b"", "reset_before_request"),
        (b"garbage\r\n\r\n", "reset_before_request"),
    ],
)
def test_what_a_proxy_refuses_is_not_sent(answer: bytes, reason: str, serve: Serve, client_of: ClientOf) -> None:
    def act(peer: Any) -> None:
        peer.read_headers()
        peer.send(answer)

    proxy = Reference(f"http://127.0.0.1:{serve(act).port}")
    outcome = client_of("https://graph.facebook.com", proxy=proxy).send(BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("not_sent", reason)


def test_a_proxy_that_never_answers_is_not_sent_in_time(serve: Serve, client_of: ClientOf) -> None:
    def act(peer: Any) -> None:
        peer.read_headers()
        peer.hang()

    proxy = Reference(f"http://127.0.0.1:{serve(act).port}")
    began = time.monotonic()
    outcome = client_of("https://graph.facebook.com", proxy=proxy).send(BODY, events=3)
    assert (outcome.kind, outcome.reason) == ("not_sent", "connect_timeout")
    assert time.monotonic() - began < DEADLINE_S + 1


def test_plain_http_stays_on_this_machine_and_passes_no_proxy(serve: Serve, client_of: ClientOf) -> None:
    proxy = Reference("http://127.0.0.1:9")
    assert client_of(serve(takes).url, proxy=proxy).send(BODY, events=3).kind == "acked"


@pytest.mark.parametrize(
    "address", ["https://me:hunter2@proxy:1", "socks5://me:hunter2@proxy", "hunter2", "http://hunter2:99999"]
)
def test_a_proxy_that_is_none_is_named_without_its_password(address: str, client_of: ClientOf) -> None:
    with pytest.raises(ConfigError, match=r"proxy: this is no address of a proxy") as caught:
        client_of("https://graph.facebook.com", proxy=Reference(address))
    assert "hunter2" not in str(caught.value)
