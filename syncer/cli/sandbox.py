"""`syncer sandbox`."""

import click

from syncer.cli.common import log_options


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8765, show_default=True, help="0: any free one.")
@click.option("--latency-ms", type=click.IntRange(min=0), default=0, show_default=True, help="Answer so much later.")
@click.option("--faults", "spec", default="", help="Seeded faults, such as `500=5%,throttle=10,seed=7`.")
@log_options
def command(port: int, latency_ms: int, spec: str) -> None:
    r"""Serve a local Conversions API that judges events as Meta does; Ctrl-C ends it.

    It listens on this machine only. Point a destination at it:

    \b
    destinations:
      meta: {type: meta, dataset_id: "1234567890", access_token: ${env:TOKEN}, base_url: http://127.0.0.1:8765}
    """
    from syncer.sandbox.server import serve

    serve(port=port, latency_ms=latency_ms, faults=spec, announce=click.echo)
