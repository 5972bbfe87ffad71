"""`syncer trigger`."""

import math
import sys
from pathlib import Path

import click

from syncer.cli.common import destination_option, is_quiet, log_options, output_option, project_options, session, tell
from syncer.cli.outcome import foremost, told


def _number(context: click.Context, option: click.Parameter, given: float | None) -> float | None:
    """Return what is given; no time is ever later than nan."""
    if given is not None and math.isnan(given):
        raise click.BadParameter("nan is no number of seconds.", context, option)
    return given


@click.command()
@click.argument("name")
@click.option("--no-wait", is_flag=True, help="Only ask; do not wait for the run.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0),
    callback=_number,
    help="Wait no longer than so many seconds.",
)
@destination_option
@project_options
@output_option
@log_options
def command(
    name: str,
    project_dir: Path | None,
    target: str | None,
    timeout_s: float | None,
    *,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Let the daemon that serves the state run a pipeline now, and wait for the report.

    The report and the exit code are those of a run that began after this command: of the next one, where a run is
    under way. However many ask meanwhile, that is one run. Of a pipeline with several destinations it is one for each,
    side by side, with a report each.

    \b
    syncer trigger orders
    syncer trigger orders --no-wait
    """
    from syncer.actions import ask_for_run, wait_for_run
    from syncer.cli.json_lines import print_json
    from syncer.pipeline import ways
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        since = opened.clock.monotonic()
        asked = [(way, ask_for_run(opened, way)) for way in ways(find_pipeline(opened.project, name))]
        if not no_wait:
            if not is_quiet():
                tell(f"{name}: asked for a run; waiting for its report (Ctrl-C ends the waiting alone)")
            each = ((way, wait_for_run(opened, way, wish, timeout_s=timeout_s, since=since)) for way, wish in asked)
            codes = [told(report, way, opened.label(way), as_json=as_json) for way, report in each]
            sys.exit(foremost(codes))
        for way, _ in asked:
            if as_json:
                facts = {"pipeline": name, "target": opened.project.target, "destination": way.destinations[0]}
                print_json(facts | {"asked": True})
            else:
                click.echo(f"{opened.label(way)}: a run was asked for; `syncer runs {name}` shows it.")
