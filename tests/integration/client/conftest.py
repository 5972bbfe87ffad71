"""A server on loopback that does whatever a test tells it to, and a client with a short deadline."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from syncer.capi.client import Client
from syncer.capi.endpoint import Endpoint
from syncer.ports import SystemClock
from syncer.secret import Secret

DEADLINE_S = 0.5


@dataclass
class Peer:
    """One connection, seen from the server."""

    connection: socket.socket
    stopped: threading.Event
    requests: list[bytes]

    def read_headers(self) -> bytes:
        """Return what came up to the blank line and a little more."""
        data = b""
        while b"\r\n\r\n" not in data and (chunk := self.connection.recv(65_536)):
            data += chunk
        return data

    def read_request(self) -> bytes:
        """Return one whole request, or nothing at the end; remember it."""
        data = self.read_headers()
        head, _, body = data.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
        size = int(lengths[0]) if lengths else 0
        while len(body) < size and (chunk := self.connection.recv(65_536)):
            body += chunk
        if head:
            self.requests.append(head + b"\r\n\r\n" + body)
        return body

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes, *, pause_s: float = 0.02) -> None:
        """Send byte by byte until told to stop."""
        for number in range(len(data)):
            if self.stopped.wait(pause_s):
                return
            self.send(data[number : number + 1])

    def hang(self) -> None:
        """Do nothing until the test is over."""
        self.stopped.wait(10)

    def reset(self) -> None:
        """End the connection with an RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


Act = Callable[[Peer], None]


@dataclass
class Server:
    """Runs `act` for every connection, in a thread each."""

    act: Act
    context: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    failures: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in list(self._threads):
            thread.join(5)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.act(Peer(connection, self._stopped, self.requests))
        except OSError as error:
            self.failures.append(type(error).__name__)
        finally:
            connection.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that end with the test."""
    with ExitStack() as stack:

        def start(act: Act, context: ssl.SSLContext | None = None) -> Server:
            return stack.enter_context(Server(act, context))

        yield start


@pytest.fixture
def client_of() -> Iterator[Callable[..., Client]]:
    """Make clients that close with the test."""
    with ExitStack() as stack:

        def make(url: str, *, timeout_s: float = DEADLINE_S, in_flight: int = 4, **options: Any) -> Client:
            endpoint = Endpoint(
                **{"base_url": url, "dataset_id": "1234567890", "access_token": Secret("EAABtoken"), **options}
            )
            client = Client(endpoint, clock=SystemClock(), timeout_s=timeout_s, requests_in_flight=in_flight)
            return stack.enter_context(client)

        yield make
