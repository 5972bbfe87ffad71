"""A port of the daemon: opened before any run begins, served by a thread, closed with the daemon."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from syncer.errors import ConfigError, Problem, SyncerError
from syncer.pipeline import Daemon
from syncer.web.guard import App
from syncer.web.hurried import Hurried

STOP_S = 5.0
KEEP_ALIVE_S = 5
MOST_AT_ONCE = 64
"""Calls under way; more are answered with 503."""


@contextmanager
def served(
    app: App,
    listening: socket.socket,
    *,
    name: str,
    certificate: tuple[Path, Path] | None = None,
    protocol: type[Hurried] = Hurried,
) -> Iterator[None]:
    """Serve `app` on a socket during the block, by https where there is a certificate and its key.

    Raises `SyncerError` where these cannot be used.
    """
    config = uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        loop="asyncio",
        http=protocol,
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
        limit_concurrency=MOST_AT_ONCE,
        ssl_certfile=certificate[0] if certificate else None,
        ssl_keyfile=certificate[1] if certificate else None,
    )
    _load(config)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(STOP_S)


def _load(config: uvicorn.Config) -> None:
    try:
        config.load()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        failure = SyncerError(
            f"daemon.tls_certificate_file: certificate and key cannot be used: {why}; both are PEM files, the key "
            "without a password"
        )
    else:
        return
    raise failure


def listener(host: str, port: int, *, key: str) -> socket.socket:
    """Return a socket that listens; raises `SyncerError`, which names the `key` of the port, where it cannot."""
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
            f"{key}: port {port} of {host} cannot be used: {why}; stop what has it, or write another port"
        )
    else:
        return found
    raise failure


def address(listening: socket.socket, *, is_encrypted: bool) -> str:
    """Return where a browser on this machine finds the page, such as http://127.0.0.1:8787/."""
    host, port = listening.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    return f"{'https' if is_encrypted else 'http'}://{name}:{port}/"


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_open_door(daemon: Daemon, *, has_token: bool) -> None:
    """Raise `ConfigError` where the page would be reached from elsewhere without a token of yours, or in the clear."""
    if is_loopback(daemon.host):
        return
    missing = []
    if not has_token:
        missing.append(("auth_token", "name one, as ${env:SYNCER_TOKEN}"))
    if daemon.tls_certificate_file is None and not daemon.behind_proxy:
        missing.append(
            ("tls_certificate_file", "name certificate and key, or say `behind_proxy: true` where a proxy has them")
        )
    what = f"the page would be reached from other machines ({daemon.host}) without it"
    if missing:
        raise ConfigError(Problem(file=None, path=f"daemon.{key}", what=what, remedy=remedy) for key, remedy in missing)
