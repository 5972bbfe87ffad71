"""`syncer state`."""

from pathlib import Path

import click

from syncer.cli.common import load, log_options, output_option, project_options


@click.group()
def command() -> None:
    """Look after the state store."""


@command.command()
@project_options
@output_option
@log_options
def upgrade(project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Bring the state store's tables to this version; every other command does so by itself when it starts."""
    from syncer.cli.text import print_json
    from syncer.session import Session
    from syncer.state.store import open_store

    project = load(project_dir, target)
    with (
        Session(project),
        open_store(project.state.resolve(), root=project.root, home=project.home, migrate=False) as store,
    ):
        before, after = store.upgrade()
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        click.echo(f"The state store is at {after} already.")
    else:
        click.echo(f"The state store went from {before or 'nothing'} to {after}.")
