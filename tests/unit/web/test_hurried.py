"""Connections that ask for nothing keep nobody out."""

import http.client
import socket
from contextlib import ExitStack, closing
from urllib.request import urlopen

from syncer.web.guard import Receive, Scope, Send
from syncer.web.hurried import Hurried
from syncer.web.server import MOST_AT_ONCE, listener, served


class Quick(Hurried):
    head_s = 0.2


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


def has_ended(connection: socket.socket) -> bool:
    """Return whether the server hung up: with a reset where half a call came at that moment, which it did not read."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_R24_connections_without_a_whole_call_end_after_a_while_and_others_come_in() -> None:
    listening = listener("127.0.0.1", 0, key="daemon.port")
    port = listening.getsockname()[1]
    with served(hello, listening, name="page", protocol=Quick), ExitStack() as opened:
        idle = [opened.enter_context(socket.create_connection(("127.0.0.1", port), 5)) for _ in range(MOST_AT_ONCE)]
        for each in idle[::2]:
            each.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half:")
        assert all(map(has_ended, idle))
        with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            assert answer.read() == b"hi"


def test_a_connection_is_used_again_while_calls_come_on_it() -> None:
    listening = listener("127.0.0.1", 0, key="daemon.port")
    with (
        served(hello, listening, name="page", protocol=Quick),
        closing(http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=5)) as connection,
    ):
        connection.connect()
        opened = connection.sock
        for _ in range(3):
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"hi"
        assert connection.sock is opened
