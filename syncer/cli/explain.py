"""`syncer explain`."""

from difflib import get_close_matches
from pathlib import Path

import click

from syncer.cli.common import load, log_options, output_option, project_options


@click.command()
@click.argument("what")
@project_options
@output_option
@log_options
def command(what: str, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Say what a reason code means and what to do about it, or what a pipeline does after all defaults.

    \b
    syncer explain currency_missing
    syncer explain orders
    """
    from dataclasses import asdict

    from syncer.cli.json_lines import print_json
    from syncer.engine.explained import explanation

    found = explanation(what)
    if found is None:
        _pipeline(what, project_dir, target, as_json=as_json)
    elif as_json:
        print_json(asdict(found))
    else:
        click.echo(f"{what} ({found.kind})\n  {found.what}\n  {found.remedy}".rstrip())


def _pipeline(name: str, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    from syncer.cli.json_lines import print_json
    from syncer.config.merged import flow, lines
    from syncer.engine.explained import codes
    from syncer.errors import ConfigError
    from syncer.logs import printable_lines

    try:
        project = load(project_dir, target)
    except ConfigError as error:
        is_no_project = all(problem.file is None for problem in error.problems)
        if is_no_project and project_dir is None and name.replace("_", "").isalpha() and "_" in name:
            raise click.UsageError(_unknown(name, codes())) from None
        raise
    if name not in project.pipelines:
        raise click.UsageError(_unknown(name, [*project.pipelines, *codes()]))
    found = list(lines(project.pipelines[name]))
    if as_json:
        print_json({line.path: {"value": line.value, "origin": line.origin} for line in found})
        return
    width = max(len(line.path) for line in found)
    for line in found:
        text = printable_lines(flow(line.value).rstrip()).replace("\n", "\n" + " " * (width + 2))
        click.echo(f"{line.path:<{width}}  {text}   # {line.origin}")


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`syncer explain currency_missing` shows how it works"
    return f"{name!r} is neither a reason code nor a pipeline of this project; {hint}"
