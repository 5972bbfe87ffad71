"""`syncer demo`."""

import sys
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from syncer.cli.common import Exit, log_options

if TYPE_CHECKING:
    from syncer.pipeline import Project
    from syncer.report import RunReport
    from syncer.sandbox.sandbox import Sandbox
    from syncer.session import Session

NEW_ORDERS, EDITED_ORDERS = 120, 30
DIGEST_LENGTH, WIDEST = 64, 60
SHOWN = {
    "event_id": "order_id", "user_data.em": "email", "user_data.ph": "phone", "user_data.fn": "first_name",
    "user_data.ln": "last_name", "user_data.db": "birthday", "user_data.ct": "city", "user_data.st": "state",
    "user_data.zp": "postal_code", "user_data.country": "country", "user_data.fbp": "cookie_header",
    "user_data.fbc": "landing_url", "event_time": "ordered_at", "custom_data.value": "total",
    "custom_data.currency": "currency", "custom_data.contents": "items",
}  # fmt: skip
TELLING = (
    "SELECT * FROM orders WHERE length(email) = 64 AND country = 'DE'",
    "SELECT * FROM orders WHERE country = 'JP' AND landing_url LIKE '%fbclid%'",
    "SELECT * FROM orders WHERE last_name = 'O''Brien' AND city = 'Washington, D.C.'",
)


@click.command()
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Leave the project in this folder.")
@log_options
def command(keep: Path | None) -> None:
    """Show the whole thing on this machine: a warehouse, a sync, what Meta would have received, a second sync.

    Five thousand orders of twenty countries with the dirt of real life, in a DuckDB file; a Conversions API on
    this machine that judges as Meta does. Nothing leaves the machine.
    """
    if keep is not None:
        _require_unused(keep)
        keep.mkdir(parents=True, exist_ok=True)
        sys.exit(_demo(keep))
    with TemporaryDirectory(prefix="syncer-demo-") as folder:
        sys.exit(_demo(Path(folder)))


def _require_unused(folder: Path) -> None:
    """Refuse a project that is there: the demo would send by its files, and change its warehouse."""
    from syncer.sample.new_project import used

    if (name := used(folder)) is not None:
        raise click.UsageError(f"--keep: {folder} holds {name} already; name a new folder, which the demo makes")


def _demo(folder: Path) -> Exit:
    from syncer.cli.report import print_report
    from syncer.cli.text import console
    from syncer.config.load import load_project
    from syncer.sample.new_project import make
    from syncer.sample.warehouse import add_new
    from syncer.session import Session

    console.rule("[bold]1  A warehouse and a pipeline", align="left")
    list(make(folder, now=datetime.now(UTC), schemas={}))
    console.print(f"5,000 orders in {folder / 'warehouse.duckdb'}, a mapping in {folder / 'pipelines/orders.yaml'}\n")
    project = load_project(folder, target="dev", environ={})
    with Session(project) as opened:
        console.rule("[bold]2  The first sync", align="left")
        first = _run(opened)
        print_report(first)
        sandbox = opened.sandbox.sandbox
        console.print()
        console.rule("[bold]3  Three events as Meta got them, beside their rows", align="left")
        _show_events(project, sandbox)
        console.rule("[bold]4  What was refused, and why", align="left")
        _show_reasons(first)
        console.print()
        console.rule("[bold]5  Match keys: what Meta can find people by", align="left")
        _show_coverage(sandbox)
        console.print()
        console.rule(f"[bold]6  {NEW_ORDERS} new orders come in, {EDITED_ORDERS} old ones are edited", align="left")
        add_new(folder / "warehouse.duckdb", count=NEW_ORDERS, edited=EDITED_ORDERS, now=datetime.now(UTC))
        second = _run(opened)
        print_report(second)
    console.print(
        f"\nOnly the new orders went out: {second.acknowledged} acknowledged, "
        f"{second.tally.buckets['duplicate_skipped']:,} rows were known already.\n"
        "Your own: [bold]syncer init shop && cd shop && syncer preview orders[/bold]"
    )
    return Exit.DONE if first.acknowledged and second.acknowledged else Exit.FAILED


def _run(opened: "Session") -> "RunReport":
    from syncer.cli.run import progress_bar
    from syncer.report import RunStatus

    with progress_bar("orders") as show:
        report = opened.run("orders", trigger="demo", on_progress=show)
    if report.status is RunStatus.INTERRUPTED:
        raise KeyboardInterrupt
    return report


def _show_events(project: "Project", sandbox: "Sandbox") -> None:
    from rich.table import Table

    from syncer.cli.text import console

    events: list[dict[str, Any]] = [dict(event) for event in sandbox.events()]
    taken = {event["custom_data"].get("order_id"): event for event in events}
    for row in _rows(project, taken):
        event = taken[f"order_{row['order_id']}"]
        table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
        for name in ("row", "in the warehouse", "", "in the event", "as Meta got it"):
            table.add_column(name, overflow="fold")
        for path, column in SHOWN.items():
            sent = _at(event, path)
            if sent is not None or row[column] is not None:
                table.add_row(column, _short(row[column]), "→", path, "(nothing)" if sent is None else _short(sent))
        console.print(table)
        console.print()


def _rows(project: "Project", taken: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return the rows of three telling events among those that the sandbox still shows."""
    from connectors.base import Query
    from connectors.registry import find

    config = project.sources["warehouse"]
    connector = find(config.type)
    found: list[dict[str, Any]] = []
    with connector.connect(connector.options(**config.options), root=project.root) as source:
        for telling in TELLING:
            rows = [row for batch in source.read(Query(sql=telling)) for row in batch.to_pylist()]
            found.extend(next(([row] for row in rows if f"order_{row['order_id']}" in taken), []))
    return found


def _show_reasons(report: "RunReport") -> None:
    from syncer.cli.text import print_table
    from syncer.spec.reasons import REASONS

    rows = [
        (code, count, REASONS[code].sentence if code in REASONS else "")
        for code, count in report.tally.reasons.most_common()
    ]
    print_table(("reason", "events", "meaning"), rows)


def _show_coverage(sandbox: "Sandbox") -> None:
    from syncer.cli.text import console

    events = int(str(sandbox.state()["events"]))
    for key, count in Counter(sandbox.coverage()).most_common():
        console.print(f"  {key:<20} {'█' * round(30 * count / events):<30} {count / events:6.1%}")
    console.print()


def _at(event: Mapping[str, Any], path: str) -> Any:
    value: Any = event
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _short(value: Any) -> str:
    """Return a value in one line: digests cut in their middle, lists and objects as JSON."""
    import json

    from rich.markup import escape

    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        value = value[0]
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
    if len(text) == DIGEST_LENGTH and " " not in text:
        return f"{text[:20]}…{text[-8:]}"
    return escape(text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…")
