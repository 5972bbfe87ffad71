"""`syncer deliveries`."""

from datetime import datetime
from pathlib import Path

import click

from syncer.cli.common import counted, destination_option, log_options, project_options, session
from syncer.cli.moment import Moment
from syncer.cli.tables import format_option, require_file, write


@click.command()
@click.argument("name")
@click.option("--since", type=Moment(), help="Only what happened since: a time, a day, or -7d.")
@format_option
@destination_option
@project_options
@log_options
def command(name: str, project_dir: Path | None, target: str | None, since: datetime | None, output: str) -> None:
    """Write a line for each event that was sent or set aside: key, event_id, outcome, reason, time, run, trace id.

    The keys come from the warehouse, which is read again; the state keeps none. Keys may be personal data.

    \b
    syncer deliveries orders --since -7d --output csv > deliveries.csv
    """
    from syncer.engine.deliveries import SCHEMA
    from syncer.outlook import deliveries
    from syncer.session import find_pipeline

    require_file(output, "deliveries")
    with session(project_dir, target) as opened:
        found, tables = deliveries(opened, find_pipeline(opened.project, name), since=since)
        write(tables, SCHEMA, output)
    if found.found < found.events:
        gone = found.events - found.found
        more = f"{counted(gone, 'more event')} {'was' if gone == 1 else 'were'} sent or set aside"
        click.echo(f"{more} whose {'row' if gone == 1 else 'rows'} the query no longer gives.", err=True)
