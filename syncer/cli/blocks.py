"""Rows of a table that is wider than the terminal, each as a block of whole words."""

from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

LONGEST_WORD = 40
"""What is longer, such as a digest or a URL, is folded rather than kept in one piece."""
INDENT = 2


def least_widths(columns: Sequence[str], cells: Sequence[Sequence[Text]]) -> list[int]:
    """Return how wide each column must be for its words to stay whole."""
    return [_longest([name, *(row[place].plain for row in cells)]) for place, name in enumerate(columns)]


def _longest(texts: Iterable[str]) -> int:
    return max((min(LONGEST_WORD, cell_len(word)) for text in texts for word in text.split()), default=1)


def blocks(columns: Sequence[str], cells: Sequence[Sequence[Text]], *, width: int) -> Iterator[Text]:
    """Yield lines of at most `width`: the first cell of a row, below it what else there is, each with its name.

    What is not there, a dash, is left out. A cell that is wider than a line stands alone in one that is longer.
    """
    for row in cells:
        first, *rest = (
            Text.assemble((f"{name} ", "dim"), cell)
            for name, cell in zip(columns, row, strict=True)
            if cell is row[0] or cell.plain != "-"
        )
        yield first
        yield from packed(rest, width)


def packed(pieces: Iterable[Text], width: int, *, first: Text | None = None) -> Iterator[Text]:
    """Yield lines of at most `width` with whole pieces, indented but for one that begins with `first`."""
    line = first or Text()
    for piece in pieces:
        if line and line.cell_len + INDENT + piece.cell_len > width:
            yield line
            line = Text()
        line = line + Text(" " * INDENT) + piece
    if line:
        yield line
