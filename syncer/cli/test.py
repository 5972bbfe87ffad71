"""`syncer test`."""

import sys
from pathlib import Path

import click

from syncer.cli.common import Exit, log_options, output_option, project_options, session


@click.command()
@click.argument("names", nargs=-1)
@project_options
@output_option
@log_options
def command(names: tuple[str, ...], project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Run the tests that pipelines have under `tests:`; neither warehouse nor destination is asked.

    \b
    syncer test
    syncer test orders --output json
    """
    from syncer.cli.json_lines import print_json
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipelines = opened.project.pipelines
        wanted = [find_pipeline(opened.project, name) for name in names] or list(pipelines.values())
        verdicts = [verdict for pipeline in wanted for verdict in opened.tests(pipeline)]
    for verdict in verdicts:
        if as_json:
            print_json({"pipeline": verdict.pipeline, "test": verdict.test, "failures": list(verdict.failures)})
            continue
        click.echo(f"{'FAILED' if verdict.failures else 'ok':6}  {verdict.pipeline}: {verdict.test}")
        for failure in verdict.failures:
            click.echo(f"        {failure}")
    failed = sum(bool(verdict.failures) for verdict in verdicts)
    if not verdicts:
        click.echo("There is no test; write some under `tests:` of a pipeline.", err=True)
    elif not as_json:
        click.echo(f"{len(verdicts)} {'test' if len(verdicts) == 1 else 'tests'}, {failed} failed")
    sys.exit(Exit.FAILED if failed else Exit.DONE)
