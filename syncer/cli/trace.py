"""`syncer trace`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from syncer.cli.common import destination_option, key_parts, log_options, output_option, project_options, session

if TYPE_CHECKING:
    from syncer.outlook import Trace


@click.command()
@click.argument("name")
@click.argument("key")
@destination_option
@project_options
@output_option
@log_options
def command(name: str, key: str, project_dir: Path | None, target: str | None, *, as_json: bool) -> None:
    """Say what became of the row with this key, and why; several key columns: values with commas between.

    Asks the warehouse for that one row and looks it up in the state; sends nothing.

    \b
    syncer trace orders 1042
    """
    from syncer.cli.json_lines import print_json
    from syncer.outlook import trace
    from syncer.pipeline import ways
    from syncer.session import find_pipeline

    with session(project_dir, target) as opened:
        pipeline = find_pipeline(opened.project, name)
        found = [
            (opened.label(way), each) for way in ways(pipeline) for each in trace(opened, way, key_parts(way, key))
        ]
    for label, each in found:
        if as_json:
            print_json(each.to_json())
        else:
            _print(each, label)


def _print(found: "Trace", label: str) -> None:
    from syncer.cli.text import STYLES, console, print_table
    from syncer.logs import printable
    from syncer.status import in_utc

    word, sentence = found.conclusion
    rule = f", rule {found.rule}" if found.rule else ""
    console.print(printable(f"{label}, key {found.key}{rule}: {word}"), markup=False)
    console.print(f"  {printable(sentence)}", markup=False)
    if found.row is None and found.requests:
        console.print("  The query gives no such row now.", markup=False)
    elif found.row is not None and found.row.event_id is not None:
        console.print(f"  event_id {printable(found.row.event_id)}", markup=False)
    if found.requests:
        console.print()
        rows = [
            (line.id, run_id, line.state.value, in_utc(line.finished_at or line.armed_at), line.status, line.fbtrace_id)
            for run_id, line in found.requests
        ]
        print_table(("request", "run", "state", "at", "HTTP", "fbtrace_id"), rows, styles=STYLES)
