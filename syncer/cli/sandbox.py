"""`syncer sandbox`."""

import click

from syncer.cli.common import log_options


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8765, show_default=True, help="0: any free one.")
@click.option("--latency-ms", type=click.IntRange(min=0), default=0, show_default=True, help="Answer so much later.")
@click.option("--faults", "spec", default="", help="Seeded faults, such as `500=5%,throttle=10@3,seed=7`.")
@log_options
def command(port: int, latency_ms: int, spec: str) -> None:
    """Serve a local Conversions API that judges events as Meta does; Ctrl-C ends it.

    It listens on this machine only. Point a destination at it:

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
        raise click.ClickException(str(error)) from error


def _announce(url: str) -> None:
    click.echo(f"A Conversions API for tests: {url}/v26.0/<dataset>/events   what arrived: {url}/")
