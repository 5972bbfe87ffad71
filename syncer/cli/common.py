"""What the commands share: their options, the open project, how errors end."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from syncer.pipeline import Project
    from syncer.session import Session

Command = TypeVar("Command", bound=Callable[..., Any])


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    TOO_MANY_REJECTS = 3
    LOCKED = 4
    INTERRUPTED = 130


def log_options(command: Command) -> Command:
    """Add `-v`, `-q` and `--log-format`, and set logging up."""

    @click.option("-v", "--verbose", count=True, help="Say more on stderr; twice: what libraries say too.")
    @click.option("-q", "--quiet", is_flag=True, help="Errors only, no progress.")
    @click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
    @wraps(command)
    def with_logs(*args: Any, verbose: int, quiet: bool, log_format: str, **options: Any) -> Any:
        from syncer.logs import set_up

        set_up(verbosity=-1 if quiet else verbose, as_json=log_format == "json")
        click.get_current_context().meta["quiet"] = quiet or verbose > 0 or log_format == "json"
        with _explained():
            return command(*args, **options)

    return with_logs  # type: ignore[return-value]  # click gives back a function of the same use


def output_option(command: Command) -> Command:
    """Add `--output text|json`, given as `as_json`."""
    return click.option(
        "--output",
        "as_json",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        callback=_is_json,
        help="json: one object a line, for programs.",
    )(command)


def _is_json(ctx: click.Context, parameter: click.Parameter, value: str) -> bool:
    del ctx, parameter
    return value == "json"


def project_options(command: Command) -> Command:
    """Add `--project` and `--target`, given as `project_dir` and `target`."""
    command = click.option(
        "--target", envvar="SYNCER_TARGET", help="One of the project's targets. [env: SYNCER_TARGET]"
    )(command)
    return click.option(
        "--project",
        "project_dir",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="SYNCER_PROJECT",
        help="Folder of syncer.yaml; default: this one or the nearest above. [env: SYNCER_PROJECT]",
    )(command)


def load(project_dir: Path | None, target: str | None) -> "Project":
    """Return the project, with its warnings on stderr; raises `ConfigError`."""
    from syncer.config.load import load_project

    project = load_project(project_dir, target=target, environ=os.environ)
    for warning in project.warnings:
        click.echo(f"Warning: {warning}", err=True)
    return project


@contextmanager
def session(project_dir: Path | None, target: str | None) -> Iterator["Session"]:
    """Give the project at work; closes what was opened."""
    from syncer.session import Session

    with Session(load(project_dir, target)) as opened:
        yield opened


def is_quiet() -> bool:
    """Return whether a progress bar would disturb."""
    return bool(click.get_current_context().meta.get("quiet")) or not sys.stderr.isatty()


@contextmanager
def _explained() -> Iterator[None]:
    """Turn every error that syncer explains into its text and exit code; no trace, no secret."""
    from connectors.errors import SourceError
    from syncer.errors import ConfigError, LockedError, SyncerError
    from syncer.logs import redact

    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            click.echo(redact(str(problem)), err=True)
        sys.exit(Exit.USAGE)
    except (SyncerError, SourceError) as error:
        click.echo("\n".join(redact(line) for line in f"Error: {error}".splitlines()), err=True)
        sys.exit(Exit.LOCKED if isinstance(error, LockedError) else Exit.FAILED)
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        sys.exit(Exit.INTERRUPTED)
