"""`syncer sandbox`."""

import click

from syncer.cli.common import log_options
from syncer.sandbox.fault_names import FAULT_NAMES


class _WithFaults(click.Command):
    """A command whose help lists the faults below the options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the faults."""
        super().format_options(ctx, formatter)
        with formatter.section(
            "Faults (NAME=WHEN, joined by commas; WHEN: 5% or 10@3, ten requests from the third on)"
        ):
            formatter.write_dl([(f"{known.name}={known.example}", known.what) for known in FAULT_NAMES])


@click.command(cls=_WithFaults)
@click.option("--port", type=click.IntRange(0, 65_535), default=8765, show_default=True, help="0: any free one.")
@click.option("--latency-ms", type=click.IntRange(min=0), default=0, show_default=True, help="Answer so much later.")
@click.option(
    "--faults",
    "spec",
    default="",
    metavar="SPEC",
    help="What goes wrong on purpose, such as `500=5%,throttle=10@3,seed=7`; see below.",
)
@log_options
def command(port: int, latency_ms: int, spec: str) -> None:
    """Serve a local Conversions API that judges events as Meta does; Ctrl-C ends it.

    It listens on this machine only. Its page shows what arrived and what was refused, and switches faults on and off.
    Point a destination at it:

    \b
    destinations:
      meta: {type: meta, dataset_id: "1234567890", access_token: ${env:TOKEN}, base_url: http://127.0.0.1:8765}
    """
    from syncer.sandbox.faults import parse_faults
    from syncer.sandbox.server import BindError, serve
    from syncer.sandbox.settings import Settings

    try:
        latency = f"latency={latency_ms}ms" if latency_ms else ""
        faults = parse_faults(",".join(filter(None, (latency, spec))))
        serve(Settings(faults=faults), port=port, started=_announce)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--faults") from error
    except BindError as error:
        raise click.ClickException(f"{error}; --port 0 takes any free one") from error


def _announce(url: str) -> None:
    click.echo(f"A Conversions API for tests: {url}/v26.0/<dataset>/events   its page: {url}/")
