"""Which column of a query a written name means."""

from collections.abc import Sequence
from difflib import get_close_matches

from connectors.errors import ColumnError

LISTED = 60
"""So many columns are named in a message."""


def resolve(name: str, columns: Sequence[str]) -> str:
    """Return the column called `name`, or the only one that differs from it by case alone.

    Raises `ColumnError` with the nearest name and the columns there are.
    """
    if name in columns:
        return name
    alike = [column for column in columns if column.casefold() == name.casefold()]
    if len(alike) == 1:
        return alike[0]
    if alike:
        names = " and ".join(f'"{column}"' for column in alike)
        raise ColumnError(
            name,
            what=f'the column "{name}" could be {names}',
            columns=tuple(columns),
            remedy="write it as the query does",
        )
    raise no_column(name, columns)


def no_column(name: str, columns: Sequence[str]) -> ColumnError:
    """Return the error that `columns` lack `name`, with the nearest one."""
    by_case = {column.casefold(): column for column in reversed(columns)}
    near = get_close_matches(name.casefold(), by_case, n=1)
    listed = ", ".join(columns[:LISTED]) + (f" and {len(columns) - LISTED} more" if len(columns) > LISTED else "")
    guess = f'did you mean "{by_case[near[0]]}"? ' if near else ""
    what = f'the query has no column "{name}"'
    return ColumnError(name, what=what, columns=tuple(columns), remedy=f"{guess}columns: {listed}")
