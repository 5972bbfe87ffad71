"""The network under the client: every operation of a request ends at the request's one deadline.

httpx's time-outs are per operation, so a server that drips bytes could stretch a request without end. Here each
read, write, connect and look-up gets what is left of the deadline, and what goes in and out is counted, so that the
client knows whether a byte of a request was written before it failed.
"""

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias, cast

import httpcore

from syncer.capi.http_library import httpx
from syncer.ports import Clock

EXTENSION = "syncer.attempt"
KEEP_ALIVE_S = 20.0
MOST_BYTES_READ = 1_572_864
"""Of one answer, framing and interim answers included; the client's own limits lie below."""

AddressInfo: TypeAlias = tuple[Any, Any, int, str, tuple[Any, ...]]
Resolver: TypeAlias = Callable[[str, int], list[AddressInfo]]


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One request on its way; counts what went over the line for it."""

    clock: Clock
    deadline: float
    """Monotonic time."""
    is_encrypted: bool
    is_counted: bool = False
    """Whether the figures below are kept, as `DeadlineTransport` does."""
    body_written: bool = False
    written: int = 0
    """Bytes of the request; what a proxy is told first does not count."""
    received: int = 0
    """Bytes of the answer."""
    is_flooded: bool = False

    @property
    def left_s(self) -> float:
        """Return the seconds until the deadline, 0 or less when it has passed."""
        return self.deadline - self.clock.monotonic()

    def limit(self, timeout_s: float | None) -> float:
        """Return the time-out for one operation; raises `TimeoutError` where none is left."""
        left_s = self.left_s if timeout_s is None else min(self.left_s, timeout_s)
        if left_s <= 0:
            raise TimeoutError
        return left_s


class Attempts(threading.local):
    """The attempt that the current thread works on: a kept connection serves many threads, one at a time."""

    current: Attempt


class DeadlineTransport(httpx.BaseTransport):
    """An HTTP/1.1 connection pool that obeys the deadline of the attempt in each request's extensions."""

    def __init__(self, context: ssl.SSLContext | None, *, connections: int, proxy: httpx.Proxy | None = None) -> None:
        """Without `context` requests are plain http, and only this machine is reached."""
        self._attempts = Attempts()
        options: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": connections,
            "max_keepalive_connections": connections,
            "keepalive_expiry": KEEP_ALIVE_S,
            "network_backend": DeadlineBackend(self._attempts, is_loopback_only=context is None),
        }
        if proxy is None:
            self._pool = httpcore.ConnectionPool(**options)
        else:
            url = httpcore.URL(scheme="http", host=proxy.url.raw_host, port=proxy.url.port or 80, target="/")
            self._pool = httpcore.HTTPProxy(proxy_url=url, proxy_auth=proxy.raw_auth, **options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`; failures are httpx's exceptions, without text: theirs may quote the answer."""
        attempt: Attempt = request.extensions[EXTENSION]
        attempt.is_counted = True
        self._attempts.current = attempt
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        with _httpx_failures():
            answer = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    content=cast("Iterable[bytes]", request.stream),
                    extensions=request.extensions,
                )
            )
        return httpx.Response(answer.status, headers=answer.headers, stream=AnswerStream(answer))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class AnswerStream(httpx.SyncByteStream):
    """The body of an answer as it comes."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _httpx_failures():
            yield from cast("Iterable[bytes]", self._answer.stream)

    def close(self) -> None:
        """Give the connection back, or close it where the answer was not read to its end."""
        self._answer.close()


FAILURES: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


@contextmanager
def _httpx_failures() -> Iterator[None]:
    try:
        yield
    except tuple(FAILURES) as error:
        raise FAILURES[type(error)]("") from error


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections within the current attempt's deadline."""

    def __init__(self, attempts: Attempts, *, is_loopback_only: bool, resolver: Resolver | None = None) -> None:
        self._attempts = attempts
        self._is_loopback_only = is_loopback_only
        self._resolver = resolver or _addresses

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - part of httpcore's interface
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address of `host` that takes one; the addresses share the time."""
        attempt = self._attempts.current
        with _failures(httpcore.ConnectTimeout, httpcore.ConnectError):
            until = attempt.clock.monotonic() + attempt.limit(timeout)
            addresses = self._allowed(self._look_up(host, port, timeout_s=attempt.limit(timeout)))
            failure: OSError = ConnectionRefusedError()
            for number, (family, kind, protocol, _, address) in enumerate(addresses):
                share_s = (until - attempt.clock.monotonic()) / (len(addresses) - number)
                connection = socket.socket(family, kind, protocol)
                try:
                    connection.settimeout(attempt.limit(max(share_s, 0.0)))
                    connection.connect(address)
                    for option in [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *(socket_options or ())]:
                        connection.setsockopt(*option)
                except OSError as error:
                    connection.close()
                    failure = error
                else:
                    return DeadlineStream(connection, self._attempts, is_encrypted=False)
            raise failure

    def _allowed(self, addresses: list[AddressInfo]) -> list[AddressInfo]:
        """Keep a name such as localhost from leading plain http off this machine."""
        if not self._is_loopback_only:
            return addresses
        return [info for info in addresses if ip_address(info[4][0].partition("%")[0]).is_loopback]

    def _look_up(self, host: str, port: int, *, timeout_s: float) -> list[AddressInfo]:
        """Resolve in a thread of its own, because the system's resolver knows no time-out that we could set."""
        answers: SimpleQueue[list[AddressInfo] | OSError | UnicodeError] = SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self._resolver(host, port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        threading.Thread(target=look_up, name="syncer-resolver", daemon=True).start()
        try:
            found = answers.get(timeout=timeout_s)
        except Empty:
            raise TimeoutError from None
        if isinstance(found, OSError | UnicodeError):
            raise found
        return found


def _addresses(host: str, port: int) -> list[AddressInfo]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every operation is limited and counted for the current attempt."""

    def __init__(self, connection: socket.socket, attempts: Attempts, *, is_encrypted: bool) -> None:
        self._socket = connection
        self._attempts = attempts
        self._is_encrypted = is_encrypted

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, at most `max_bytes`; nothing at the end."""
        attempt = self._attempts.current
        with _failures(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(attempt.limit(timeout))
            data = self._socket.recv(max_bytes)
        if attempt.is_encrypted == self._is_encrypted:
            attempt.received += len(data)
        if attempt.received > MOST_BYTES_READ:
            attempt.is_flooded = True
            raise httpcore.ReadError
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of `buffer`."""
        attempt = self._attempts.current
        left = memoryview(buffer)
        with _failures(httpcore.WriteTimeout, httpcore.WriteError):
            while left:
                self._socket.settimeout(attempt.limit(timeout))
                count = self._socket.send(left)
                left = left[count:]
                if attempt.is_encrypted == self._is_encrypted:
                    attempt.written += count

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Return the connection encrypted, its certificate verified as `ssl_context` says."""
        try:
            with _failures(httpcore.ConnectTimeout, httpcore.ConnectError):
                self._socket.settimeout(self._attempts.current.limit(timeout))
                encrypted = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except BaseException:
            self.close()
            raise
        return DeadlineStream(encrypted, self._attempts, is_encrypted=True)

    def get_extra_info(self, info: str) -> Any:
        """Return whether an idle connection has been ended by the server; nothing else is told."""
        return self._is_readable() if info == "is_readable" else None

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _is_readable(self) -> bool:
        if self._socket.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))


@contextmanager
def _failures(timed_out: type[Exception], failed: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise timed_out from error
    except (OSError, ValueError) as error:
        raise failed from error
