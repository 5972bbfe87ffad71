"""Tables of Markdown."""

from collections.abc import Iterable

GENERATED = "This page is generated; `python -m docs.reference` writes it anew.\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; a `|` within a cell is escaped, line ends become spaces."""
    lines = [list(head), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def listed(values: Iterable[object]) -> str:
    """Return values as code, commas between."""
    return ", ".join(f"`{value}`" for value in values)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
