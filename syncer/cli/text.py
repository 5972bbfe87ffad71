"""How results look on a terminal."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from shutil import get_terminal_size

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from syncer.cli.blocks import blocks, least_widths, packed
from syncer.logs import printable, redact

WIDE = 160
"""Columns where there is no terminal to measure."""

LONGEST = 500
"""Characters of a cell: more is no table; JSON has it whole."""
LEAST = 80
"""Columns on a narrow terminal: its own line breaks read better than columns of three letters."""
GAP = 2
"""Columns between two columns of a table."""

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


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    styles: Mapping[str, str] | None = None,
    is_own: bool = False,
) -> None:
    """Print a table; None is shown as a dash, numbers stand right, words in `styles` are coloured.

    Where a terminal is too narrow for its ids and times in one piece, each row is a block of its own instead.
    `is_own` says that the values are the user's and asked for: no address in them is struck out, and they are folded.
    """
    held = [list(row) for row in rows]
    if is_own:
        console.print(_table(columns, [[Text.from_markup(_own(value)) for value in row] for row in held], held, title))
        return
    cells = [[Text.from_markup(_cell(value, styles or {})) for value in row] for row in held]
    least = least_widths(columns, cells)
    if sum(least) + GAP * (len(least) - 1) <= console.width:
        console.print(_table(columns, cells, held, title, least))
        return
    if title:
        console.print(f"[italic]{title}[/]")
    for line in blocks(columns, cells, width=console.width):
        console.print(line)


def _table(
    columns: Sequence[str],
    cells: Sequence[Sequence[Text]],
    held: Sequence[Sequence[object]],
    title: str | None,
    least: Sequence[int] | None = None,
) -> Table:
    """Return the table; with `least` no column is narrower than that, and numbers stand right."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for place, name in enumerate(columns):
        is_number = least is not None and any(isinstance(row[place], int | float) for row in held)
        table.add_column(
            name,
            justify="right" if is_number else "left",
            overflow="fold",
            min_width=least[place] if least else None,
            no_wrap=least is not None and not any(" " in row[place].plain for row in cells),
        )
    for row in cells:
        table.add_row(*row)
    return table


def print_counts(title: str, counts: Mapping[str, int], *, of: int | None = None) -> None:
    """Print names and counts, with shares of `of` where given."""
    if not counts:
        return
    console.print(f"[bold]{title}[/bold]")
    width = max(len(name) for name in counts)
    for name, count in counts.items():
        share = f"  {count / of:7.2%}" if of else ""
        console.print(f"  {escape(printable(f'{name:<{width}}'))}  {count:>9,}{share}")


def print_items(title: str, items: Iterable[str]) -> None:
    """Print a title and items in one line; on a terminal it is broken between two items, not within one."""
    width = console.width if sys.stdout.isatty() else sys.maxsize
    for line in packed(map(Text, items), width, first=Text.assemble((title, "bold"))):
        console.print(line)


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
