"""What the commands share: their options, the open project, how errors end."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from syncer.exit_codes import Exit

__all__ = [
    "MOST", "Exit", "ListGroup", "exit_of", "in_words", "is_quiet", "key_parts", "load", "log_options", "output_option",
    "project_options", "require_text", "say", "session", "shown_problem", "split_key", "tell", "told_afterwards",
]  # fmt: skip

if TYPE_CHECKING:
    from syncer.errors import Problem
    from syncer.pipeline import Pipeline, Project
    from syncer.session import Session

Command = TypeVar("Command", bound=Callable[..., Any])
MOST = 1_000_000_000
"""What a `--limit` may be at most."""


def log_options(command: Command, *, least: int = 0) -> Command:
    """Add `-v`, `-q` and `--log-format`, and set logging up; `least` is how much is said without them."""

    @click.option("-v", "--verbose", count=True, help="Say more on stderr; twice: what libraries say too.")
    @click.option("-q", "--quiet", is_flag=True, help="Errors only, no progress.")
    @click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
    @wraps(command)
    def with_logs(*args: Any, verbose: int, quiet: bool, log_format: str, **options: Any) -> Any:
        from syncer.logs import set_up

        set_up(verbosity=-1 if quiet else max(verbose, least), as_json=log_format == "json")
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
    del parameter
    ctx.meta["as_json"] = value == "json"
    return value == "json"


def project_options(command: Command) -> Command:
    """Add `--project` and `--target`, given as `project_dir` and `target`."""
    command = click.option(
        "--target", envvar="SYNCER_TARGET", help="One of the project's targets. [env: SYNCER_TARGET]"
    )(command)
    return click.option(
        "--project",
        "project_dir",
        type=click.Path(path_type=Path),
        envvar="SYNCER_PROJECT",
        help="Folder of syncer.yaml; default: this one or the nearest above. [env: SYNCER_PROJECT]",
    )(command)


def destination_option(command: Command) -> Command:
    """Add `--destination`: the project that `load` gives goes there alone."""
    return click.option(
        "--destination",
        metavar="NAME",
        expose_value=False,
        callback=_keep_destination,
        help="This one of several destinations only.",
    )(command)


def _keep_destination(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    del parameter
    ctx.meta["destination"] = value


def load(project_dir: Path | None, target: str | None) -> "Project":
    """Return the project, narrowed to the `--destination`, with its warnings on stderr; raises `ConfigError`."""
    from syncer.config.chosen import narrowed
    from syncer.config.load import load_project

    project = load_project(project_dir, target=target, environ=os.environ)
    for warning in project.warnings:
        tell(f"Warning: {warning}")
    destination = chosen_destination()
    return project if destination is None else narrowed(project, destination)


def chosen_destination() -> str | None:
    """Return the `--destination`; None: none was named."""
    chosen: str | None = click.get_current_context().meta.get("destination")
    return chosen


@contextmanager
def session(project_dir: Path | None, target: str | None) -> Iterator["Session"]:
    """Give the project at work; closes what was opened."""
    from syncer.session import Session

    with Session(load(project_dir, target)) as opened:
        yield opened


@contextmanager
def told_afterwards() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Give what takes calls that print, and make them at the end: where nobody reads, all is done that was to be done.

    Where that failed, what was done before is told as far as it can be, and the error is the one of what failed.
    """
    later: list[Callable[[], None]] = []
    try:
        yield later.append
    except BaseException:
        with suppress(OSError, ValueError):
            _make(later)
        raise
    _make(later)


def _make(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()


class ListGroup(click.Group):
    """A group of commands about one pipeline, whose name alone asks for `list`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or name the nearest one, or what lists those of a pipeline."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            if error.possibilities:
                raise
            from syncer.logs import printable

            meant = printable(f"{ctx.command_path} list {error.command_name}")
            ctx.fail(f"No such command {error.command_name!r}; `{meant}` lists those of a pipeline")


def key_parts(pipeline: "Pipeline", text: str) -> tuple[str, ...]:
    """Return the values of the key that `text` means; raises `UsageError` where there is not one for each column."""
    parts = split_key(pipeline, require_text(text, "the key"))
    if len(parts) != len(pipeline.key):
        raise click.UsageError(
            f"the key has {len(pipeline.key)} columns: {', '.join(pipeline.key)}; give a value for each, with commas "
            "between, and in quotes where a value holds a comma or a line break"
        )
    return parts


def require_text(text: str, what: str) -> str:
    """Return `text`; raises `UsageError` where it is none, as what a terminal with another encoding than UTF-8 sends."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise click.UsageError(f"{what} is no UTF-8 text; type it where the locale is UTF-8") from None
    return text


def split_key(pipeline: "Pipeline", text: str) -> tuple[str, ...]:
    """Return the values that `text` holds, however many: one column takes all of it, several are split as CSV is."""
    if len(pipeline.key) == 1:
        return (text,)
    import csv

    try:
        return tuple(next(csv.reader([text]), ()))
    except csv.Error:  # no line of CSV, such as one with a line break outside of quotes
        return ()


def is_quiet() -> bool:
    """Return whether a progress bar would disturb."""
    return bool(click.get_current_context().meta.get("quiet")) or not sys.stderr.isatty()


@contextmanager
def _explained() -> Iterator[None]:
    """Turn every error into its text and exit code; no trace, no secret."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        sys.exit(Exit.INTERRUPTED)
    except Exception as error:  # noqa: BLE001  # the last resort: nobody is shown a trace
        say(error)
        sys.exit(exit_of(error))


def say(error: Exception) -> None:
    """Print what went wrong on stderr, redacted; with `--output json` each mistake as `validate` has it."""
    from connectors.errors import SourceError
    from syncer.cli.json_lines import failure_json, json_line, problem_json
    from syncer.errors import ConfigError, Problem
    from syncer.logs import redact

    context = click.get_current_context(silent=True)
    as_json = context is not None and context.meta.get("as_json", False)
    if isinstance(error, ConfigError):
        for problem in error.problems:
            tell(json_line(problem_json(problem)) if as_json else shown_problem(problem))
    elif as_json and isinstance(error, SourceError):
        tell(json_line(problem_json(Problem(file=None, what=error.what, remedy=error.remedy))))
    else:
        words = in_words(error)
        tell(json_line(failure_json(words)) if as_json else redact(f"Error: {words}"))


def tell(text: str) -> None:
    """Print on stderr; where nobody reads it, or it is a file on a full disk, what was to be done is done all the same."""
    with suppress(OSError):
        click.echo(text, err=True)


def shown_problem(problem: "Problem") -> str:
    """Return one mistake in words, each of its parts redacted: also a key may be a token that stands in the wrong place."""
    from dataclasses import replace

    from syncer.logs import printable, redact

    path, what, remedy = map(redact, (problem.path, problem.what, problem.remedy))
    return printable(str(replace(problem, path=path, what=what, remedy=remedy)))


def in_words(error: Exception) -> str:
    """Return what `error` says; of an error that nobody expected, the kind and the place, since its text may hold data."""
    from connectors.errors import SourceError
    from syncer.errors import SyncerError
    from syncer.logs import unexpected

    if isinstance(error, SyncerError | SourceError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{unexpected(error)}; nothing is lost, please report this line"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a count with the word for what is counted: `1 event`, `1,000 events`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def exit_of(error: Exception) -> Exit:
    """Return the exit code that `error` stands for."""
    from syncer.errors import ConfigError, LockedError

    if isinstance(error, ConfigError):
        return Exit.USAGE
    return Exit.LOCKED if isinstance(error, LockedError) else Exit.FAILED
