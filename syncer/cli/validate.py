"""`syncer validate`."""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import Exit, log_options, project_options, shown_problem

if TYPE_CHECKING:
    from syncer.errors import Problem
    from syncer.pipeline import Pipeline, Project


@click.command()
@click.argument("names", nargs=-1)
@click.option("--offline", is_flag=True, help="Do not ask the warehouses for the columns of the queries.")
@click.option("--output", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@project_options
@log_options
def command(
    names: tuple[str, ...], project_dir: Path | None, target: str | None, output: str, *, offline: bool
) -> None:
    """Name every mistake of every file at once, with place and remedy.

    Online, each pipeline's columns are held against its query; no row is read and nothing is sent.

    \b
    syncer validate
    syncer validate orders --offline
    syncer validate --output github      # annotations in a pull request
    """
    from syncer.config.load import validate_project
    from syncer.session import find_pipeline

    click.get_current_context().meta["as_json"] = output == "json"
    project, problems = validate_project(project_dir, target=target, environ=os.environ)
    if project is not None:
        for warning in project.warnings:
            click.echo(f"Warning: {warning}", err=True)
        wanted = [find_pipeline(project, name) for name in names] or list(project.pipelines.values())
        if not problems and not offline:
            problems = tuple(_against_warehouses(project, wanted))
    show(problems, output)
    if problems:
        sys.exit(Exit.USAGE)
    if output == "text" and project is not None:
        where = "" if offline else ", columns checked against the warehouse"
        count = len(names) or len(project.pipelines)
        if not project.pipelines:
            click.echo("Warning: there is no pipeline; add a file to pipelines/", err=True)
        noun = "pipeline" if count == 1 else "pipelines"
        click.echo(f"{count} {noun}, no mistakes (target {project.target}{where}).")


def show(problems: "Sequence[Problem]", output: str) -> None:
    """Print one line a mistake."""
    from syncer.cli.json_lines import print_json, problem_json

    for problem in problems:
        match output:
            case "json":
                print_json(problem_json(problem))
            case "github":
                text = shown_problem(replace(problem, file=None)).replace("%", "%25")
                place = f" file={problem.file},line={problem.line},col={problem.column}" if problem.file else ""
                click.echo(f"::error{place}::{text}")
            case _:
                click.echo(shown_problem(problem))


def _against_warehouses(project: "Project", wanted: "Sequence[Pipeline]") -> "list[Problem]":
    from connectors.errors import QueryError, SourceError
    from syncer.config.places import locate
    from syncer.errors import ConfigError, Problem
    from syncer.session import Session

    problems: list[Problem] = []
    with Session(project) as opened:
        for pipeline in wanted:
            try:
                opened.check(pipeline)
            except ConfigError as error:
                problems.extend(error.problems)
            except QueryError as error:
                problem = Problem(file=None, path="query", what=error.what, remedy=error.remedy)
                problems.append(locate(pipeline, problem))
            except SourceError as error:
                what = f"{pipeline.source}: {error.what}"
                problems.append(locate(pipeline, Problem(file=None, path="source", what=what, remedy=error.remedy)))
    return problems
