"""`syncer quality`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import Exit, destination_option, log_options, output_option, project_options, session

if TYPE_CHECKING:
    from syncer.capi.quality import EventQuality


@click.command()
@click.argument("name")
@destination_option
@project_options
@output_option
@log_options
def command(name: str, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Read from Meta how well it matches the events of the pipeline's dataset; nothing is sent.

    Meta's Dataset Quality API gives for each event name of the web, whoever sent it, the event match quality of 0 to
    10, the share of events with each key, and what Meta advises. What syncer itself sent is told by `syncer plan` and
    each run, also for events that are not of the web.

    \b
    syncer quality orders
    syncer quality orders --output json
    """
    from dataclasses import asdict

    from syncer.checks import quality
    from syncer.cli.json_lines import print_json
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        click.echo(opened.heading(pipeline), err=True)
        found, scope = quality(opened, pipeline), opened.scope(pipeline).to_json()
    if as_json:
        print_json({**scope, "events": [asdict(each) for each in found.events], "problem": found.problem})
    elif found.problem is None:
        _print(found.events)
    if found.problem is not None:
        if not as_json:
            click.echo(f"{pipeline.name}: {found.problem}", err=True)
        sys.exit(Exit.FAILED)


def _print(events: "tuple[EventQuality, ...]") -> None:
    from syncer.logs import printable

    if not events:
        click.echo("Meta has no figures yet: they come with some days of web events")
    for event in events:
        score = "no score yet" if event.score is None else f"{event.score:g} of 10"
        click.echo(f"{printable(event.event_name)}  match quality {score}")
        if event.match_keys:
            shares = sorted(event.match_keys.items(), key=lambda item: (-item[1], item[0]))
            click.echo("  keys      " + ", ".join(f"{printable(key)} {percent:g} %" for key, percent in shares))
        if event.coverage_percent is not None:
            goal = f"; Meta's goal is {event.coverage_goal_percent:g} %" if event.coverage_goal_percent else ""
            click.echo(f"  coverage  {event.coverage_percent:g} % of the pixel's events{goal}")
        if event.upload_frequency is not None:
            click.echo(f"  freshness {printable(event.upload_frequency)}")
        for one in event.diagnostics:
            share = "" if one.percent is None else f" ({one.percent:g} % of events)"
            click.echo(
                f"  Meta says {printable(': '.join(filter(None, (one.name, one.description, one.solution))))}{share}"
            )
