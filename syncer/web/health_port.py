"""The port that serves health and metrics alone, without token; for probes and Prometheus."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from syncer.errors import SyncerError
from syncer.health import Health
from syncer.web.health import HealthApp

STOP_S = 5.0
KEEP_ALIVE_S = 5
MOST_AT_ONCE = 64
"""Calls under way; more are answered with 503."""


def listener(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises `SyncerError` where it cannot."""
    address = "127.0.0.1" if host == "localhost" else host
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address, port))
        found.listen(128)
    except (OSError, OverflowError) as error:
        found.close()
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        failure = SyncerError(
            f"daemon.health_port: port {port} of {host} cannot be used: {why}; stop what has it, or write another port"
        )
    else:
        return found
    raise failure


@contextmanager
def health_served(health: Health, host: str, port: int) -> Iterator[int]:
    """Serve health during the block; give the port, which is a free one for 0. Raises `SyncerError` at once."""
    listening = listener(host, port)
    server = uvicorn.Server(
        uvicorn.Config(
            HealthApp(health),
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=1,
            limit_concurrency=MOST_AT_ONCE,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="syncer-health", daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(STOP_S)
