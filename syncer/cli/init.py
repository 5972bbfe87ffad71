"""`syncer init`."""

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from syncer.cli.common import Exit, log_options


def _folder(context: click.Context, option: click.Parameter, given: str) -> Path:
    """Return what is given; a shell leaves `~ann` as it is where nobody is called so, and `""` where a variable is empty."""
    if not given or given.startswith("~"):
        raise click.BadParameter(f"{given!r} is no folder; write its path, such as shop.", context, option)
    return Path(given)


@click.command()
@click.argument("folder", type=click.Path(file_okay=False), callback=_folder, default=".")
@log_options
def command(folder: Path) -> None:
    """Make a project that runs as it stands: sample warehouse, sandbox target, one pipeline.

    Existing files are left as they are.

    \b
    syncer init shop && cd shop
    syncer run orders
    """
    from syncer.config.schema import pipeline_schema, project_schema
    from syncer.sample.new_project import make

    schemas = {"project": project_schema, "pipeline": pipeline_schema}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = list(make(folder, now=datetime.now(UTC), schemas=schemas))  # whole, also where nobody reads what is said
    except OSError as error:
        click.echo(f"Error: {error.filename}: {error.strerror}; choose a folder that can be written", err=True)
        sys.exit(Exit.FAILED)
    for path, is_new in made:
        click.echo(f"  {'wrote' if is_new else 'kept '}  {path}")
    click.echo("\nNext:")
    if folder != Path():
        click.echo(f"  cd {shlex.quote(str(folder))}")
    click.echo("  syncer preview orders\n  syncer run orders")
