"""`syncer backfill`."""

import sys
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from syncer.cli.common import counted, destination_option, log_options, output_option, project_options, session
from syncer.cli.moment import Moment
from syncer.cli.run import run_one
from syncer.cli.signals import ends_in_order

COST = (
    "Meta counts an event once only where equal event_name and event_id come within 48 hours; "
    "what it got earlier it counts again."
)


@click.command()
@click.argument("name")
@click.option("--since", type=Moment(), required=True, help="Events from this event_time on: a time, a day, or -7d.")
@click.option("--until", type=Moment(), help="Events before this event_time; default: all.")
@click.option("--resend", is_flag=True, help="Also what was settled before: delivered, refused or held.")
@click.option("--yes", is_flag=True, help="With --resend: do it. Without it, only what it would do is said.")
@destination_option
@project_options
@output_option
@log_options
def command(
    name: str,
    since: datetime,
    until: datetime | None,
    project_dir: Path | None,
    target: str | None,
    *,
    resend: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Send a range of event_time that no run sends: late rows, corrected rows, events from before `start`.

    Reads the whole query and sends what lies in the range and was not settled. Watermark and start stay.

    \b
    syncer backfill orders --since -7d
    syncer backfill orders --since 2026-11-20 --until 2026-11-21 --resend
    """
    from syncer.actions import backfill, survey
    from syncer.engine.span import Span
    from syncer.session import find_pipeline

    if until is not None and until <= since:
        raise click.UsageError("--until is not after --since")
    span = Span.of(since, until)
    with session(project_dir, target) as opened, ends_in_order(opened.stop):
        pipeline = find_pipeline(opened.project, name)
        if resend and not yes:
            click.echo(opened.heading(pipeline), err=True)
            found = survey(opened, pipeline, span)
            lie = f"{counted(found.events, 'event')} {'lies' if found.events == 1 else 'lie'} in the range"
            click.echo(f"{lie}, {found.settled:,} of them settled. {COST}", err=True)
            raise click.UsageError("nothing was sent; add --yes to do it")
        run = partial(backfill, opened, pipeline, span, resend=resend)
        code = run_one(opened, pipeline, run, as_json=as_json)
    sys.exit(code)
