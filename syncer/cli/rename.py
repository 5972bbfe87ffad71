"""`syncer rename`."""

from pathlib import Path

import click

from syncer.cli.common import log_options, output_option, project_options, session


@click.command()
@click.argument("old")
@click.argument("new")
@project_options
@output_option
@log_options
def command(old: str, new: str, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Move the state of a pipeline to another name: watermark, ledger, history and rejects.

    First this, for each target, then `name:` in the file: until both are done, no run of either name begins. The ids
    of its events stay as they are, so nothing is sent again.

    \b
    syncer rename orders purchases
    """
    from syncer.actions import rename
    from syncer.cli.json_lines import print_json

    with session(project_dir, target) as opened:
        destinations = rename(opened, old, new)
        project = opened.project
    file = project.pipelines[old].file if old in project.pipelines else None
    if as_json:
        print_json({"before": old, "after": new, "target": project.target, "destinations": destinations})
        return
    click.echo(f"{old}: its state in target {project.target} is that of {new} now (to {', '.join(destinations)}).")
    if file is not None:
        click.echo(f"Now write `name: {new}` in {file}; until then no run of it begins.")
