"""`syncer run`."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import (
    MOST,
    Exit,
    destination_option,
    exit_of,
    in_words,
    is_quiet,
    log_options,
    output_option,
    project_options,
    say,
    session,
    tell,
)
from syncer.cli.outcome import foremost, printed, told
from syncer.cli.signals import ends_in_order
from syncer.pipeline import ways

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncer.engine.tools import Progress as ProgressOfRun
    from syncer.pipeline import Pipeline, Project
    from syncer.report import RunReport
    from syncer.session import Session


@click.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every enabled pipeline.")
@click.option("--select", "selection", metavar="tag:T", help="Every enabled pipeline with this tag.")
@click.option("--limit", type=click.IntRange(1, MOST), help="Send at most so many events; the next run goes on.")
@destination_option
@project_options
@output_option
@log_options
def command(
    names: tuple[str, ...],
    project_dir: Path | None,
    target: str | None,
    selection: str | None,
    limit: int | None,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """Sync pipelines now, in the foreground.

    A pipeline with several destinations runs once for each of them, and prints a report for each.

    \b
    syncer run orders
    syncer run --all --output json
    syncer run --select tag:hourly
    """
    with session(project_dir, target) as opened, ends_in_order(opened.stop):
        wanted = choose(opened.project, names, selection, everything=everything)
        runs = [(way, partial(opened.run, way, limit=limit)) for way in wanted]
        code = run_each(opened, runs, as_json=as_json)
    sys.exit(code)


def choose(project: "Project", names: Sequence[str], selection: str | None, *, everything: bool) -> "list[Pipeline]":
    """Return the ways of the pipelines that were asked for; raises `UsageError` with the remedy."""
    return [way for pipeline in _chosen(project, names, selection, everything=everything) for way in ways(pipeline)]


def _chosen(project: "Project", names: Sequence[str], selection: str | None, *, everything: bool) -> "list[Pipeline]":
    from syncer.session import find_pipeline

    if sum((bool(names), selection is not None, everything)) > 1:
        raise click.UsageError("name pipelines, or give --select, or --all")
    if names:
        return [find_pipeline(project, name) for name in dict.fromkeys(names)]
    enabled = [pipeline for pipeline in project.pipelines.values() if pipeline.enabled]
    if selection is not None:
        kind, _, tag = selection.partition(":")
        if kind != "tag" or not tag:
            raise click.UsageError(f"--select {selection!r}: write tag:NAME, such as tag:hourly")
        enabled = [pipeline for pipeline in enabled if tag in pipeline.tags]
        if not enabled:
            known = sorted({tag for pipeline in project.pipelines.values() for tag in pipeline.tags})
            raise click.UsageError(f"no enabled pipeline has the tag {tag!r}; tags: {', '.join(known) or 'none'}")
        return enabled
    if not everything:
        raise click.UsageError(
            f"which pipeline? Name some, or --all; there are: {', '.join(project.pipelines) or 'none'}"
        )
    if not enabled:
        raise click.UsageError(no_pipeline(project))
    return enabled


def run_each(opened: "Session", runs: "Iterable[tuple[Pipeline, Callable[..., RunReport]]]", *, as_json: bool) -> Exit:
    """Run one way after the other as `run_one` does; return the exit code of all, the most urgent one."""
    codes: list[Exit] = []
    for way, run in runs:
        codes.append(run_one(opened, way, run, as_json=as_json))
        if codes[-1] is Exit.INTERRUPTED:
            break  # whoever stops a run means the command
    return foremost(codes)


def run_one(opened: "Session", pipeline: "Pipeline", run: "Callable[..., RunReport]", *, as_json: bool) -> Exit:
    """Run one pipeline by `run`, which takes `on_progress`; print its report, return the exit code it stands for."""
    from syncer.errors import LockedError
    from syncer.report import RunStatus

    try:
        tell(opened.heading(pipeline))
        with progress_bar(opened.label(pipeline)) as show:
            report = run(on_progress=show)
    except LockedError as error:
        report = opened.empty_report(pipeline, RunStatus.LOCKED, str(error))
    except Exception as error:  # noqa: BLE001  # one pipeline's failure is no other's
        if as_json:
            printed(opened.empty_report(pipeline, RunStatus.FAILED, in_words(error)), as_json=True)
        else:
            say(error)
        return exit_of(error)
    return told(report, pipeline, opened.label(pipeline), as_json=as_json)


def no_pipeline(project: "Project") -> str:
    """Return what to do where no pipeline is enabled."""
    if not project.pipelines:
        return "the project has no pipeline; add a file to pipelines/"
    return f"no pipeline is enabled; take `enabled: false` out of the file, or name one: {', '.join(project.pipelines)}"


@contextmanager
def progress_bar(name: str) -> "Iterator[Callable[[ProgressOfRun], None]]":
    """Show rows, events and speed on a terminal, nothing elsewhere."""
    if is_quiet():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn(
            "{task.fields[rows]:>10,} rows  {task.completed:>10,.0f} acknowledged  {task.fields[speed]:>8,.0f}/s"
        ),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None, rows=0, speed=0.0)

        def show(progress: "ProgressOfRun") -> None:
            elapsed = bar.tasks[0].elapsed or 1.0
            bar.update(
                task, completed=progress.acknowledged, rows=progress.rows_read, speed=progress.acknowledged / elapsed
            )

        yield show
