"""`syncer plan`."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import (
    Exit,
    counted,
    destination_option,
    is_quiet,
    log_options,
    output_option,
    project_options,
    say,
    session,
)
from syncer.cli.run import no_pipeline
from syncer.pipeline import ways

if TYPE_CHECKING:
    from syncer.engine.forecast import Forecast
    from syncer.errors import Problem
    from syncer.pipeline import Pipeline
    from syncer.session import Session


@click.command()
@click.argument("names", nargs=-1)
@click.option("--detailed-exitcode", is_flag=True, help="End with 5 where a run would send something.")
@destination_option
@project_options
@output_option
@log_options
def command(
    names: tuple[str, ...], project_dir: Path | None, target: str | None, *, detailed_exitcode: bool, as_json: bool
) -> None:
    """Show what the next run would do; nothing is sent, nothing is remembered.

    Reads the rows that the run would read, judges them, and takes out what was settled before. Without a name: every
    enabled pipeline, and whether two of them would send one event to one dataset.

    \b
    syncer plan orders
    syncer plan --detailed-exitcode --output json
    """
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        every = [pipeline for pipeline in opened.project.pipelines.values() if pipeline.enabled]
        wanted = [find_pipeline(opened.project, name) for name in dict.fromkeys(names)] or every
        if not wanted:
            raise click.UsageError(no_pipeline(opened.project))
        found = show_forecasts(opened, wanted, as_json=as_json)
    if detailed_exitcode and any(each.to_send and not each.waits_for_somebody for each in found):
        sys.exit(Exit.SOMETHING_TO_DO)


def show_forecasts(
    opened: "Session", wanted: "Sequence[Pipeline]", *, as_json: bool, reconcile: bool = False
) -> "list[Forecast]":
    """Print, and return, what the next run of each way of each pipeline, or a `reconcile` of it, would do.

    Those of which it cannot be said end it when the others are printed: a warehouse that failed with the code for that,
    else `ConfigError` with all mistakes.
    """
    from connectors.errors import SourceError
    from syncer.cli.json_lines import print_json
    from syncer.engine.forecast import compare
    from syncer.errors import ConfigError
    from syncer.outlook import forecast

    found: list[Forecast] = []
    problems: dict[Problem, None] = {}
    has_failed = False
    for pipeline in (way for each in wanted for way in ways(each)):
        try:
            click.echo(opened.heading(pipeline), err=True)
            with counting(opened.label(pipeline)) as show:
                found.append(forecast(opened, pipeline, on_rows=show, reconcile=reconcile))
        except ConfigError as error:  # of one, such as a variable that is not set, is no other's
            problems |= dict.fromkeys(error.problems)
        except SourceError as error:  # nor is a warehouse that is away
            say(error)
            has_failed = True
    compare(found)
    several = {pipeline.name for pipeline in wanted if opened.label(ways(pipeline)[0]) != pipeline.name}
    for each in found:
        if as_json:
            print_json(each.to_json())
        else:
            print_forecast(
                each, f"{each.pipeline} to {each.destination}" if each.pipeline in several else each.pipeline
            )
    if has_failed and problems:
        say(ConfigError(problems))
    if has_failed:
        sys.exit(Exit.FAILED)
    if problems:
        raise ConfigError(problems)
    return found


def print_forecast(found: "Forecast", name: str) -> None:
    """Say what a run would do, most important first; `name` is what people know its pipeline by."""
    from rich.markup import escape

    from syncer.cli.report import print_facts
    from syncer.cli.text import console
    from syncer.logs import printable

    facts = found.to_json()
    events, requests = counted(facts["events"], "event"), counted(found.requests, "request")
    console.print(f"[bold]{name}[/bold]  {found.to_send:,} of {events} would be sent in {requests}")
    if found.pause_reason:
        until = f"; a run sends nothing until `syncer resume {found.pipeline}`" if found.waits_for_somebody else ""
        console.print(f"  paused: {printable(found.pause_reason)}{until}", markup=False)
    print_facts(facts, value="Value to send", odd="To send, but look at")
    if found.watermark:
        console.print(f"[bold]Watermark[/bold]  {escape(printable(str(found.watermark)))}")


@contextmanager
def counting(name: str) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many rows were read, nothing elsewhere."""
    if is_quiet():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}  {task.completed:>10,.0f} rows"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda rows: bar.update(task, completed=rows)
