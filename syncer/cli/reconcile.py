"""`syncer reconcile`."""

import sys
from functools import partial
from pathlib import Path

import click

from syncer.cli.common import destination_option, log_options, output_option, project_options, session
from syncer.cli.run import run_each
from syncer.cli.signals import ends_in_order


@click.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only say what it would send.")
@destination_option
@project_options
@output_option
@log_options
def command(name: str, project_dir: Path | None, target: str | None, *, dry_run: bool, as_json: bool) -> None:
    """Compare all keys that Meta would still take with the ledger, and send what is missing.

    Reads the whole query and finds what runs pass by: rows that were committed late, dated back, or edited. Events
    from before `start` are not sent; the watermark stays. `reconcile: {every: 24h}` in the pipeline lets a run do it.

    \b
    syncer reconcile orders --dry-run
    """
    from syncer.actions import reconcile
    from syncer.pipeline import ways
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        if dry_run:
            from syncer.cli.plan import show_forecasts

            show_forecasts(opened, [pipeline], as_json=as_json, reconcile=True)
            return
        runs = [(way, partial(reconcile, opened, way)) for way in ways(pipeline)]
        with ends_in_order(opened.stop):
            code = run_each(opened, runs, as_json=as_json)
    sys.exit(code)
