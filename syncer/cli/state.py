"""`syncer state`."""

import shlex
from pathlib import Path

import click

from syncer.cli.common import load, log_options, output_option, project_options

COST = (
    "What was sent since is not known to it: the next run sends that again, as far as Meta still takes it, and Meta\n"
    "may count it twice. `syncer adopt NAME --until T` first takes what was sent before T for delivered."
)


@click.group()
def command() -> None:
    """Look after the state store."""


@command.command(short_help="Bring the state store's tables to this version.")
@project_options
@output_option
@log_options
def upgrade(project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Bring the state store's tables to this version; every other command does so by itself when it starts."""
    from syncer.cli.json_lines import print_json
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


@command.command(short_help="Copy a state file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@project_options
@output_option
@log_options
def backup(file: Path, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Copy a state file to FILE, which must not exist; runs may go on meanwhile.

    State in Postgres is copied by pg_dump; the command to type is shown.

    \b
    syncer state backup /backups/state-2026-11-22.db
    """
    from syncer.actions import back_up
    from syncer.cli.json_lines import print_json
    from syncer.session import Session

    with Session(load(project_dir, target)) as opened:
        place = opened.state_place
        if place.path is None:
            raise click.UsageError(
                f"the state lies in Postgres; its own tool copies it: pg_dump --format=custom "
                f"--file={shlex.quote(str(file))} {shlex.quote(str(place))} (with the user and password of `state:`)"
            )
        back_up(opened, file.absolute())
    if as_json:
        print_json({"state": str(place), "copy": str(file), "bytes": file.stat().st_size})
        return
    click.echo(f"{place} was copied to {file} ({file.stat().st_size:,} bytes) and found sound.")


@command.command(short_help="Take an older state file for the newest.")
@click.option("--yes", is_flag=True, help="Do it. Without it, only what it would mean is said.")
@project_options
@output_option
@log_options
def accept(project_dir: Path | None, target: str | None, *, yes: bool, as_json: bool) -> None:
    """Take a state file for the newest there is, although it is older than it was, missing or another one.

    A file beside the state says how far it had come; a copy that is older is refused, since it knows less than was
    sent. Where no newer copy can be had, this command accepts it. Without --yes nothing changes.

    \b
    syncer state accept
    syncer state accept --yes
    """
    from syncer.actions import accept_state, doubt_of_state
    from syncer.cli.json_lines import print_json
    from syncer.session import Session

    with Session(load(project_dir, target)) as opened:
        doubt = doubt_of_state(opened)
        if doubt is not None and yes:
            accept_state(opened)
    if as_json:
        print_json({"state": str(opened.state_place), "doubt": doubt, "done": doubt is not None and yes})
    elif doubt is None:
        click.echo("The state is what its guard says it is; there is nothing to accept.")
    else:
        click.echo(f"{doubt.split(';')[0]}.")
        click.echo(COST)
    if doubt is not None and not yes:
        raise click.UsageError("nothing was changed; add --yes to do it")
