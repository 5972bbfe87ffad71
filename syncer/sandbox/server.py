"""The sandbox on a socket of this machine: in a thread for tests and targets, or in the foreground."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from types import TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from syncer.sandbox.app import create_app
from syncer.sandbox.sandbox import Sandbox
from syncer.sandbox.settings import Settings

LOOPBACK = "127.0.0.1"

_SILENT = 100
_KEEP_ALIVE_S = 75
_STOP_S = 1.0


class BindError(Exception):
    """The sandbox cannot listen where it was told to; the text says why."""


class Running:
    """A sandbox in a thread; leaving its `with` block stops it."""

    def __init__(self, sandbox: Sandbox, listener: socket.socket) -> None:
        self.sandbox = sandbox
        self.port: int = listener.getsockname()[1]
        self.url = _url(listener)
        """Base URL, such as http://127.0.0.1:8765."""
        self._server = _ThreadServer(_config(sandbox))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="syncer-sandbox", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop within a second; calls in flight are broken off. May be called again."""
        self._server.end()
        self._thread.join(_STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(settings: Settings | None = None, *, host: str = LOOPBACK, port: int = 0) -> Running:
    """Return a running sandbox; port 0 takes a free one. Raises BindError."""
    return Running(Sandbox(settings), _listener(host, port))


def serve(
    settings: Settings | None = None,
    *,
    host: str = LOOPBACK,
    port: int = 8765,
    started: Callable[[str], None] = lambda _url: None,
) -> None:
    """Serve in the foreground until interrupted; `started` is told the base URL. Raises BindError."""
    listener = _listener(host, port)
    started(_url(listener))
    with contextlib.suppress(KeyboardInterrupt):
        _Server(_config(Sandbox(settings))).run(sockets=[listener])


class _Protocol(H11Protocol):
    """Lets the application see its connection, so that a fault can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base class has it
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Ends without waiting for calls in flight."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listeners and break all connections off."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _ThreadServer(_Server):
    """Ends at once when told from another thread."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Ask the server to end; may be called from any thread, before and after its life too."""
        with self._lock:
            self.should_exit = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._ended.set)

    async def main_loop(self) -> None:
        """Wait for the end."""
        with self._lock:
            if self.should_exit:
                return
            self._loop = asyncio.get_running_loop()
        await self._ended.wait()
        with self._lock:
            self._loop = None


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(sandbox),
        http=_Protocol,
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        log_level=_SILENT,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
    )


def _listener(host: str, port: int) -> socket.socket:
    try:
        is_loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise BindError(f"the sandbox listens on this machine only, not on {host!r}; use {LOOPBACK}")
    address = LOOPBACK if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer waits 40 ms for an ACK
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        why = error.strerror if isinstance(error, OSError) else error
        raise BindError(f"port {port} of {address} cannot be used: {why}") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
