"""`syncer status`."""

from pathlib import Path

import click

from syncer.cli.common import log_options, output_option, project_options, session


@click.command()
@click.argument("name", required=False)
@project_options
@output_option
@log_options
def command(name: str | None, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Show where each pipeline of the target stands: last run, watermark, rejects, events held.

    \b
    syncer status
    syncer status orders --output json
    """
    from syncer.cli.text import STYLES, console, print_json, print_table
    from syncer.logs import redact
    from syncer.session import find_pipeline
    from syncer.status import pipelines_status

    with session(project_dir, target) as opened:
        if name is not None:
            find_pipeline(opened.project, name)
        found = {status.pipeline: status for status in pipelines_status(opened.store, opened.project.target)}
        wanted = [name] if name else [*opened.project.pipelines, *(set(found) - set(opened.project.pipelines))]
        project_target = opened.project.target
    if as_json:
        for pipeline in wanted:
            known = found.get(pipeline)
            print_json(known.to_json() if known else {"pipeline": pipeline, "target": project_target, "state": "never"})
        return
    rows: list[tuple[object, ...]] = []
    for pipeline in wanted:
        if (status := found.get(pipeline)) is None:
            rows.append((pipeline, "never run", None, None, None, None, None, None))
            continue
        last = status.last_run.started_at if status.last_run else None
        cells = (status.state, last and f"{last:%Y-%m-%d %H:%M:%S}Z", status.watermark)
        rows.append((pipeline, *cells, status.acknowledged, status.rejects, status.held, status.unfinished))
    columns = ("pipeline", "state", "last run", "watermark", "acknowledged", "rejects", "held", "unfinished")
    print_table(columns, rows, title=f"target {project_target}", styles=STYLES)
    for pipeline in wanted:
        status = found.get(pipeline)
        if status and status.last_run and status.last_run.report.message:
            console.print(f"\n{pipeline}: {redact(status.last_run.report.message)}", markup=False)
