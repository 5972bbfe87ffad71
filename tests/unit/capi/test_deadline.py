"""Opening a connection within a deadline."""

import socket
import threading
from typing import Any

import httpcore
import pytest

from syncer.capi.deadline import AddressInfo, Attempt, Attempts, DeadlineBackend, Resolver
from syncer.ports import SystemClock


def backend(resolver: Resolver, *, left_s: float = 0.2, is_loopback_only: bool = False) -> DeadlineBackend:
    clock, attempts = SystemClock(), Attempts()
    attempts.current = Attempt(clock=clock, deadline=clock.monotonic() + left_s, is_encrypted=False)
    return DeadlineBackend(attempts, is_loopback_only=is_loopback_only, resolver=resolver)


def at(host: str, port: int) -> AddressInfo:
    return (socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))


def test_a_name_server_that_never_answers_cannot_stretch_the_deadline() -> None:
    over = threading.Event()

    def resolver(host: str, port: int) -> list[AddressInfo]:
        over.wait(5)
        return []

    with pytest.raises(httpcore.ConnectTimeout):
        backend(resolver).connect_tcp("graph.facebook.com", 443, timeout=10.0)
    over.set()


@pytest.mark.parametrize("failure", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_a_name_without_address_is_no_connection(failure: Exception) -> None:
    def resolver(host: str, port: int) -> list[Any]:
        raise failure

    with pytest.raises(httpcore.ConnectError) as caught:
        backend(resolver).connect_tcp("nowhere.example", 443)
    assert caught.value.__cause__ is failure


def test_the_next_address_is_tried_when_one_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as dead:
        closed = dead.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        addresses = [at("127.0.0.1", closed), at("127.0.0.1", port)]
        stream = backend(lambda *_: addresses, left_s=5.0).connect_tcp("two.example", port)
        stream.close()


def test_plain_http_reaches_nothing_but_this_machine_whatever_a_name_resolves_to() -> None:
    with pytest.raises(httpcore.ConnectError):
        backend(lambda *_: [at("192.0.2.1", 80)], is_loopback_only=True).connect_tcp("localhost", 80)


def test_after_the_deadline_nothing_is_opened() -> None:
    def resolver(host: str, port: int) -> list[AddressInfo]:
        raise AssertionError

    with pytest.raises(httpcore.ConnectTimeout):
        backend(resolver, left_s=-1.0).connect_tcp("graph.facebook.com", 443)
