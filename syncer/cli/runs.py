"""`syncer runs`."""

from pathlib import Path

import click

from syncer.cli.common import (
    MOST,
    chosen_destination,
    destination_option,
    log_options,
    output_option,
    project_options,
    session,
)


@click.command()
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True, help="So many, newest first.")
@destination_option
@project_options
@output_option
@log_options
def command(name: str | None, project_dir: Path | None, target: str | None, limit: int, *, as_json: bool) -> None:
    """List past runs of the target, newest first.

    \b
    syncer runs orders
    """
    from syncer.cli.json_lines import print_json
    from syncer.cli.text import STYLES, print_table
    from syncer.session import find_pipeline
    from syncer.status import run_json, runs

    with session(project_dir, target) as opened:
        if name is not None:
            find_pipeline(opened.project, name)
        found = runs(opened.store, opened.project.target, name, destination=chosen_destination(), limit=limit)
        shows_destination = len({run.report.destination for run in found}) > 1
        title = f"target {opened.project.target}"
    if as_json:
        for run in found:
            print_json(run_json(run))
        return
    if not found:
        click.echo("No runs yet; `syncer run NAME` makes one.")
        return
    rows = (
        (
            run.report.run_id,
            run.report.pipeline,
            *((run.report.destination,) if shows_destination else ()),
            f"{run.started_at:%Y-%m-%d %H:%M:%S}Z",
            run.report.status.value,
            run.report.acknowledged,
            run.report.events - run.report.acknowledged,
            run.report.requests,
            round(run.report.elapsed_s, 1),
        )
        for run in found
    )
    place = ("destination",) if shows_destination else ()
    columns = ("run", "pipeline", *place, "started", "status", "acknowledged", "not sent", "requests", "seconds")
    print_table(columns, rows, title=title, styles=STYLES)
