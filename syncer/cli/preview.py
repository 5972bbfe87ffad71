"""`syncer preview`."""

from pathlib import Path

import click

from syncer.cli.common import log_options, output_option, project_options


@click.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 10_000), default=3, show_default=True, help="Rows to read.")
@click.option("--key", help="Only the row with this key; several key columns: values with commas between.")
@click.option("--explain", is_flag=True, help="Each field on its way: raw, normalised, digest.")
@click.option("--show-values", is_flag=True, help="Do not mask personal values.")
@project_options
@output_option
@log_options
def command(
    name: str,
    project_dir: Path | None,
    target: str | None,
    limit: int,
    key: str | None,
    *,
    explain: bool,
    show_values: bool,
    as_json: bool,
) -> None:
    r"""Show the first rows of a pipeline as Meta would get them; nothing is sent.

    With --output json the exact request bodies come out, one a line; refused rows go to stderr with their reasons.
    Reads the warehouse from its beginning, ignores what was sent before, never connects to the destination.

    \b
    syncer preview orders
    syncer preview orders --key 1042 --explain --show-values
    syncer preview orders --limit 100 --output json | jq .data[0].user_data
    """
