"""A run's report in words, and the exit code it stands for."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from syncer.cli.common import counted
from syncer.cli.text import STYLES, console, print_counts, print_items
from syncer.logs import printable, redact
from syncer.report import RunReport


def print_report(report: RunReport, name: str | None = None) -> None:
    """Say what a run did, most important first; `name` is what people know its pipeline by, where it is another."""
    style = STYLES.get(report.status.value, "")
    console.print(
        f"[{style}]{report.status.value}[/]  [bold]{name or report.pipeline}[/bold]  "
        f"{report.acknowledged:,} of {counted(report.events, 'event')} acknowledged in {counted(report.requests, 'request')}, "
        f"{report.elapsed_s:.1f} s" + (f"  (run {report.run_id})" if report.run_id else "")
    )
    if report.message:
        console.print(f"  {redact(report.message)}", markup=False)
    print_facts(report.to_json(), value="Value acknowledged", odd="Sent, but look at")
    if report.possible_duplicates:
        console.print(
            f"[yellow]Possible duplicates[/yellow]  {report.possible_duplicates:,}, each with its event's event_id"
        )
    if report.watermark_after:
        moved = f"{report.watermark_before or 'none'} → {report.watermark_after}"
        console.print(f"[bold]Watermark[/bold]  {escape(printable(moved))}")
    if report.tally.reasons:
        console.print("[dim]`syncer explain CODE` says what a reason means.[/dim]")


def print_facts(facts: Mapping[str, Any], *, value: str, odd: str) -> None:
    """Say what became, or would become, of events; `value` and `odd` head their money and their warnings."""
    print_counts("Not sent", facts["buckets"], of=facts["events"] or None)
    print_counts("Reasons", facts["reasons"])
    print_counts("Values dropped, by parameter", facts["dropped_fields"])
    print_counts("Gaps filled by a default", facts["filled_defaults"])
    print_counts(odd, facts["warnings"])
    print_match_keys(facts["match_keys"])
    if facts["value"]:
        print_items(value, (f"{printable(currency)} {total:,.2f}" for currency, total in facts["value"].items()))
    for one in facts["advice"]:
        console.print(f"[yellow]Advice[/yellow]  {escape(printable(one['text']))}")


def print_match_keys(found: Mapping[str, Any]) -> None:
    """Say for each event name how many of its events have each key; what was given and could not be read stands behind."""
    for name, facts in found.items():
        title = "Match keys" if len(found) == 1 else f"Match keys of {printable(name)} ({facts['events']:,})"
        print_items(title, (_share(key, **shares) for key, shares in facts["keys"].items()))


def _share(key: str, *, given: float, sent: float) -> str:
    return f"{key} {sent:.0%}" if round(given, 2) == round(sent, 2) else f"{key} {sent:.0%} of {given:.0%} given"
