"""The daemon's page, beside the daemon."""

import logging
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from syncer.cli.common import tell
from syncer.errors import SyncerError
from syncer.secret import Secret

if TYPE_CHECKING:
    import socket

    from syncer.daemon.serve import Daemon
    from syncer.pipeline import Daemon as Settings
    from syncer.web.access import Access

log = logging.getLogger(__name__)


def serve_page(daemon: "Daemon", open_ports: ExitStack, *, port: int | None) -> None:
    """Open the port of the page before any run begins, and serve it from then on; the token is told once, when it is made.

    Raises `ConfigError` where others could come in, `SyncerError` where port, token or certificate cannot be used.
    """
    from syncer.health import Health
    from syncer.web.app import create_app
    from syncer.web.errands import Errands
    from syncer.web.server import address, listener, refuse_open_door, served

    project, settings = daemon.project, daemon.project.daemon
    configured = _configured(settings.auth_token)
    refuse_open_door(settings, has_token=bool(configured))
    listening = open_ports.enter_context(
        listener(settings.host, settings.port if port is None else port, key="daemon.port")
    )
    certificate = _certificate(settings, project.root)
    url = address(listening, is_encrypted=certificate is not None)
    access = _access(settings, configured or _kept(project.home, url), listening)
    errands = Errands(daemon.clock)
    daemon.at_end.append(errands.end)
    app = create_app(daemon, access, health=Health(daemon, daemon.clock), errands=errands)
    open_ports.enter_context(served(app, listening, name="syncer-page", certificate=certificate))
    log.info("page.served", extra={"address": url})


def _configured(secret: Secret | None) -> str:
    """Return the token of the files; empty: there is none."""
    from syncer.web.token import require_long

    text = secret.resolve().strip() if secret else ""
    return require_long(text) if text else ""


def _kept(home: Path, url: str) -> str:
    """Return the token that is kept; a new one is shown to a person at a terminal alone, for what else hears may be a log."""
    from syncer.web.token import FILE, kept_token

    token, is_new = kept_token(home)
    if is_new:
        shown = f": {token}" if sys.stderr.isatty() else ""
        tell(f"The page {url} asks for the token that is kept in {home / FILE}{shown}")
    return token


def _access(settings: "Settings", token: str, listening: "socket.socket") -> "Access":
    from syncer.web.access import Access

    host = listening.getsockname()[0]
    return Access(
        token,
        hosts=frozenset({*settings.hosts, settings.host.lower(), host}),
        any_address=host in ("0.0.0.0", "::"),  # noqa: S104  # compared, not bound
        is_encrypted=settings.tls_certificate_file is not None or settings.behind_proxy,
    )


def _certificate(settings: "Settings", root: Path) -> tuple[Path, Path] | None:
    certificate, key = settings.tls_certificate_file, settings.tls_key_file
    if certificate is None or key is None:
        return None
    for name in (root / certificate, root / key):
        if not name.is_file():
            raise SyncerError(f"daemon: {name} does not exist; write where certificate and key are")
    return root / certificate, root / key
