"""`syncer adopt`."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import (
    Exit,
    counted,
    destination_option,
    log_options,
    output_option,
    project_options,
    say,
    session,
)
from syncer.cli.moment import BY_CLOCK, Moment
from syncer.cli.signals import ends_in_order

if TYPE_CHECKING:
    from syncer.engine.span import Survey
    from syncer.pipeline import Pipeline
    from syncer.report import RunReport
    from syncer.session import Session


@click.command()
@click.argument("name")
@click.option("--until", type=Moment(), required=True, help="Events before this event_time: a time, a day, or -1h.")
@click.option("--yes", is_flag=True, help="Do it. Without it, only what it would do is said.")
@destination_option
@project_options
@output_option
@log_options
def command(
    name: str, until: datetime, project_dir: Path | None, target: str | None, *, yes: bool, as_json: bool
) -> None:
    """Take for delivered what another tool has sent: no run sends the events before a time.

    Writes down the events of the query from 62 days before that time, as far back as Meta would take any, whether their
    rows are good or not. Nothing is sent; watermark and start stay. Doing it twice does no harm.

    \b
    syncer adopt orders --until 2026-11-28T10:00:00Z
    """
    from syncer.actions import adopt, survey
    from syncer.cli.json_lines import print_json
    from syncer.engine.adopt import span_until
    from syncer.errors import SyncerError
    from syncer.report import RunStatus
    from syncer.session import find_pipeline
    from syncer.status import in_utc

    with session(project_dir, target) as opened, ends_in_order(opened.stop):
        pipeline = find_pipeline(opened.project, name)
        click.echo(opened.heading(pipeline), err=True)
        if yes and click.get_current_context().meta.get(BY_CLOCK):
            _require_right_clock(opened, pipeline)
        span = span_until(until, now=opened.clock.now())
        found = survey(opened, pipeline, span)
        report = adopt(opened, pipeline, span) if yes else None
    new = found.events - found.settled
    if as_json:
        print_json({**opened.scope(pipeline).to_json(), "until": in_utc(until), **told(found, report)})
    elif report is None or report.status is RunStatus.DONE:
        verb = "would be" if report is None else "is" if new == 1 else "are"
        before = f"{found.settled:,} {'was' if found.settled == 1 else 'were'} settled before"
        click.echo(f"{new:,} of {counted(found.events, 'event')} {verb} taken for delivered; {before}.")
    if report is None:
        raise click.UsageError("nothing was changed; add --yes to do it")
    if report.status is not RunStatus.DONE:
        say(SyncerError(report.message))
        sys.exit(Exit.INTERRUPTED if report.status is RunStatus.INTERRUPTED else Exit.FAILED)


def _require_right_clock(opened: "Session", pipeline: "Pipeline") -> None:
    """Raise `UsageError` unless the destination has the same time: no run sends what a wrong clock takes for delivered."""
    knows = opened.stop.wait_for(lambda: opened.knows_time(pipeline))
    if knows is None:
        raise KeyboardInterrupt
    if not knows:
        raise click.UsageError(
            "--until counts from this machine's clock, and the destination shows another time or none; "
            "write the time itself, such as 2026-11-28T10:00:00Z"
        )


def told(found: "Survey", report: "RunReport | None") -> dict[str, object]:
    """Return what programs are told: of an adoption that did not end nobody knows here how many events it wrote down."""
    from syncer.report import RunStatus

    is_done = report is not None and report.status is RunStatus.DONE
    new = found.events - found.settled if is_done or report is None else None
    counts = {"events": found.events, "settled_before": found.settled, "adopted": new, "done": is_done}
    return counts | {"status": report and report.status.value, "run_id": report and report.run_id}
