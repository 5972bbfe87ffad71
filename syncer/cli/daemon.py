"""`syncer daemon`."""

import logging
import os
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import Exit, load, log_options, project_options

if TYPE_CHECKING:
    from syncer.daemon.serve import Daemon

log = logging.getLogger(__name__)


@click.command()
@project_options
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port of the page, in place of `daemon.port`; 0: a free one."
)
@partial(log_options, least=1)
def command(project_dir: Path | None, target: str | None, port: int | None) -> None:
    """Run the target's pipelines by their schedules, and when `syncer trigger` asks, until it is stopped.

    Its page, on http://127.0.0.1:8787 unless syncer.yaml says otherwise, asks for a token, which is named when it is made.
    Edited files take effect at the next run. SIGTERM lets the requests under way end, `daemon.drain` at most; once
    more ends at once. With the state in Postgres several daemons share the pipelines.

    \b
    syncer daemon --target prod
    """
    from syncer.cli.page import serve_page
    from syncer.daemon.serve import Daemon

    daemon = Daemon(load(project_dir, target))
    _stop_in_order(daemon)
    with ExitStack() as open_ports:
        _serve_health(daemon, open_ports)
        serve_page(daemon, open_ports, port=port)
        is_over = daemon.serve()
    if not is_over:  # threads are left that nobody waits for
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(Exit.FAILED)
    sys.exit(Exit.DONE)


def _serve_health(daemon: "Daemon", open_ports: ExitStack) -> None:
    """Open `daemon.health_port`, where there is one: before any run begins, so that a port in use is told at once."""
    from syncer.health import Health
    from syncer.web.health_port import health_served

    settings = daemon.project.daemon
    if settings.health_port is not None:
        health = Health(daemon, daemon.clock)
        port = open_ports.enter_context(health_served(health, settings.host, settings.health_port))
        log.info("health.served", extra={"host": settings.host, "port": port})


def _stop_in_order(daemon: "Daemon") -> None:
    """Let the first signal ask for the end, and a second one end the process at once."""
    from syncer.signals import end_at_the_next, listen

    def ask() -> None:
        end_at_the_next()
        daemon.ask_to_stop()

    listen(ask)
