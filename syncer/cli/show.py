"""`syncer show`."""

from pathlib import Path

import click

from syncer.cli.common import log_options, output_option, project_options, require_text, session

MOST_REQUESTS = 50


@click.command()
@click.argument("run")
@project_options
@output_option
@log_options
def command(run: str, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Show one run with its requests, Meta's trace ids and the reasons; the beginning of its id is enough.

    \b
    syncer show 01KAPV
    """
    from syncer.cli.json_lines import print_json
    from syncer.cli.report import print_report
    from syncer.cli.text import STYLES, console, print_table
    from syncer.status import run_details

    with session(project_dir, target) as opened:
        limit = None if as_json else MOST_REQUESTS
        details = run_details(opened.store, require_text(run, "the id"), limit=limit)
    if as_json:
        print_json(details.to_json())
        return
    print_report(details.run.report)
    if not details.requests:
        return
    rows = (
        (
            request.id,
            request.state.value,
            request.events,
            request.attempts,
            request.status,
            "/".join(str(code) for code in (request.code, request.subcode) if code) or None,
            request.reason,
            request.fbtrace_id,
        )
        for request in details.requests
    )
    console.print()
    columns = ("request", "state", "events", "attempts", "HTTP", "code", "reason", "fbtrace_id")
    print_table(columns, rows, styles=STYLES)
    if left := details.request_count - len(details.requests):
        console.print(
            f"... and {left:,} more; first come those that did not go well; --output json has all", markup=False
        )
