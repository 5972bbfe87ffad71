"""How results look on a terminal."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from shutil import get_terminal_size
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from syncer.logs import harmless_json, printable, redact

WIDE = 160
"""Columns where there is no terminal to measure."""

LONGEST = 500
"""Characters of a cell: more is no table; JSON has it whole."""
LEAST = 80
"""Columns on a narrow terminal: its own line breaks read better than columns of three letters."""

console = Console(
    highlight=False, soft_wrap=True, width=max(LEAST, get_terminal_size().columns) if sys.stdout.isatty() else WIDE
)
STYLES = {
    "done": "green",
    "done_with_rejects": "yellow",
    "paused": "red",
    "failed": "red",
    "locked": "red",
    "interrupted": "yellow",
}


def print_json(value: Any) -> None:
    """Print one JSON object on a line of its own."""
    click.echo(harmless_json(json.dumps(value, ensure_ascii=False, default=str)))


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    styles: Mapping[str, str] | None = None,
    is_own: bool = False,
) -> None:
    """Print a table; None is shown as a dash, numbers stand right, words in `styles` are coloured.

    `is_own` says that the values are the user's and asked for: no address in them is struck out.
    """
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    held = [list(row) for row in rows]
    for place, name in enumerate(columns):
        is_number = not is_own and any(isinstance(row[place], int | float) for row in held)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in held:
        table.add_row(*(_own(value) if is_own else _cell(value, styles or {}) for value in row))
    console.print(table)


def print_counts(title: str, counts: Mapping[str, int], *, of: int | None = None) -> None:
    """Print names and counts, with shares of `of` where given."""
    if not counts:
        return
    console.print(f"[bold]{title}[/bold]")
    width = max(len(name) for name in counts)
    for name, count in counts.items():
        share = f"  {count / of:7.2%}" if of else ""
        console.print(f"  {escape(printable(f'{name:<{width}}'))}  {count:>9,}{share}")


def _own(value: object) -> str:
    return "-" if value is None else escape(_cut(printable(str(value))))


def _cell(value: object, styles: Mapping[str, str]) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = escape(_cut(printable(redact(str(value)))))
    style = styles.get(text)
    return f"[{style}]{text}[/]" if style else text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
