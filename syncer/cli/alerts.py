"""`syncer alerts`."""

import sys
from pathlib import Path

import click

from syncer.cli.common import Exit, load, log_options, output_option, project_options


@click.group()
def command() -> None:
    """Try out who is told when something is wrong."""


@command.command(short_help="Send a test message to each receiver.")
@project_options
@output_option
@log_options
def test(project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Send a test message to each receiver of `alerts.to`, and say what became of it.

    The exit code is 1 where one was not told. What the daemon tells, and when: docs/alerts.md.

    \b
    syncer alerts test
    syncer alerts test --target prod --output json
    """
    from syncer.alerts.receivers import receivers, try_out
    from syncer.cli.json_lines import print_json
    from syncer.logs import printable, redact

    project = load(project_dir, target)
    found = receivers(project.alerts)
    if not found:
        raise click.UsageError("alerts.to names nobody; add a slack, webhook or email to it in syncer.yaml")
    is_well = True
    for receiver in found:
        error = try_out(project, receiver)
        is_well &= error is None
        said = "told" if error is None else redact(error)
        if as_json:
            print_json(
                {
                    "receiver": receiver.name,
                    "kind": receiver.target.kind,
                    "told": error is None,
                    "error": error and said,
                }
            )
        else:
            click.echo(printable(f"{receiver.name}: {said}"))
    sys.exit(Exit.DONE if is_well else Exit.FAILED)
