"""The SELECT around the user's query, for warehouses that quote names and sort NULLs as the SQL standard says; pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias, TypeVar

from connectors.base import Query, Range
from connectors.bounds import Always, Bound, Comparison, Grid
from connectors.columns import no_column
from connectors.errors import ColumnError, QueryError
from connectors.incremental import CursorValue

INNER = "_syncer"
"""Name of the user's query inside the SELECT around it."""
EARLIEST = "-infinity"
"""The first time of all where there are others before the calendar."""

Bind: TypeAlias = Callable[[str, str], str]
"""Takes the text of a value and the SQL type to bind it as; returns what stands for it in the SELECT."""


class Known(Protocol):
    """A column of the user's query, as far as messages and bounds need it."""

    @property
    def name(self) -> str:
        """Its exact name."""
        ...

    @property
    def type_name(self) -> str:
        """Its type for a message."""
        ...

    @property
    def can_be_cursor(self) -> bool:
        """Whether its order is that of its cursor values."""
        ...

    @property
    def cursor_remedy(self) -> str:
        """What makes a cursor of it where it is none."""
        ...

    @property
    def grid(self) -> tuple[Grid, str]:
        """The values it can hold, and the SQL type to bind others as; raises `QueryError` where it has no order."""
        ...


class Column(Known, Protocol):
    """A column in one dialect, as text."""

    @property
    def value(self) -> str:
        """The expression that is selected."""
        ...

    @property
    def rank(self) -> str:
        """The expression that is compared and sorted."""
        ...


AnyKnown = TypeVar("AnyKnown", bound=Known)
AnyColumn = TypeVar("AnyColumn", bound=Column)


def quoted(name: str) -> str:
    """Return `name` as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def around(sql: str, expressions: Sequence[tuple[str, str]] = ()) -> str:
    """Return the SELECT of every column of the user's query and of `expressions` over them.

    Both stand alone between line breaks: a comment at their end hides nothing that follows.
    """
    added = "".join(f", (\n{expression}\n) AS {quoted(alias)}" for alias, expression in expressions)
    return f"SELECT {INNER}.*{added} FROM (\n{sql}\n) AS {INNER}"


def refuse_known_alias(alias: str, columns: Iterable[str]) -> None:
    """Raise `QueryError` where an expression bears the name of a column, whatever its case."""
    if alias.lower() in {name.lower() for name in columns}:
        what = f'"{alias}" names a column of the query and an expression'
        raise QueryError(what, remedy="rename one of them")


def selected(query: Query, columns: Mapping[str, AnyKnown]) -> list[AnyKnown]:
    """Return the columns that `query` asks for, expressions last; raises `ColumnError`, `QueryError`."""
    aliases = tuple(alias for alias, _ in query.expressions)
    names = tuple(columns) if query.columns is None else tuple(dict.fromkeys((*query.columns, *aliases)))
    chosen = [column_named(name, columns) for name in names]
    if not chosen:
        raise QueryError("no column of the query is asked for")
    return chosen


def ordered(query: Query, columns: Mapping[str, AnyKnown]) -> list[AnyKnown]:
    """Return the cursor and the key, by which rows come; raises `ColumnError`, also where the cursor is none."""
    cursor = () if query.cursor_column is None else (query.cursor_column,)
    for name in cursor:
        _require_cursor(column_named(name, columns), columns)
    return [column_named(name, columns) for name in (*cursor, *query.order_by)]


def wrapped(query: Query, source: str, columns: Mapping[str, AnyColumn], bind: Bind, *, limit: int | None) -> str:
    """Return the SELECT of the slice `query` of `source`, what stands behind FROM and has `columns`.

    `bind` is called in the order of the text. Raises `ColumnError`, `QueryError`.
    """
    chosen = selected(query, columns)
    conditions = [_condition(wanted, column_named(wanted.column, columns), bind) for wanted in query.ranges]
    order = [f"{column.rank} ASC NULLS FIRST" for column in ordered(query, columns)]
    parts = [
        "SELECT " + ", ".join(f"{column.value} AS {quoted(column.name)}" for column in chosen),
        f"FROM {source} AS {INNER}",
        "WHERE " + " AND ".join(conditions) if conditions else "",
        "ORDER BY " + ", ".join(order) if order else "",
        f"LIMIT {limit:d}" if limit is not None else "",
    ]
    return "\n".join(part for part in parts if part)


def column_named(name: str, columns: Mapping[str, AnyKnown]) -> AnyKnown:
    """Return the column `name`; raises `ColumnError` with the nearest one."""
    if name not in columns:
        raise no_column(name, tuple(columns))
    return columns[name]


def _require_cursor(column: Known, columns: Iterable[str]) -> None:
    if column.can_be_cursor:
        return
    raise ColumnError(
        column.name,
        what=f'"{column.name}" is of type {column.type_name}, whose order no cursor can follow',
        columns=tuple(columns),
        remedy=f"{column.cursor_remedy}, or go by another column",
    )


def _condition(wanted: Range, column: Column, bind: Bind) -> str:
    grid, sql_type = column.grid
    sides = [
        "FALSE" if bound is Always.FALSE else f"{column.rank} {bound.operator} {bind(bound.text, sql_type)}"
        for bound in bounds_of(wanted, column)
    ]
    first = grid.first
    if first is not None and wanted.low is None and not wanted.with_null:
        sides.append(f"{column.rank} >= {bind(first, sql_type)}")
    within = " AND ".join(sides) or f"{column.rank} IS NOT NULL"
    if not wanted.with_null:
        return f"({within})"
    earlier = ""
    if first is not None:
        # both ends: of one alone Postgres thinks a third of a table that has no statistics yet, and uses no index
        lowest = f"{column.rank} >= {bind(EARLIEST, sql_type)}"
        earlier = f" OR ({lowest} AND {column.rank} < {bind(first, sql_type)})"
    return f"(({within}) OR {column.rank} IS NULL{earlier})"


def bounds_of(wanted: Range, column: Known) -> list[Comparison | Literal[Always.FALSE]]:
    """Return the conditions on a value that is not NULL, both sides of the range; raises `QueryError`."""
    grid, _ = column.grid
    sides = ((wanted.low, grid.at_least), (wanted.high, grid.below))
    found = [_bound(value, column, grid, compare) for value, compare in sides if value is not None]
    return [bound for bound in found if bound is not Always.TRUE]


def _bound(value: CursorValue, column: Known, grid: Grid, compare: Callable[[CursorValue], Bound]) -> Bound:
    if not grid.accepts(value.kind):
        raise QueryError(
            f'"{column.name}" is of type {column.type_name}, and the value to compare it with is of kind {value.kind}',
            remedy="if the type of the column changed, cast it back in the query, or reset the pipeline",
        )
    try:
        return compare(value)
    except ValueError:
        raise QueryError(
            f'the value to compare "{column.name}" with is no {column.type_name}',
            remedy="write it as the column holds it",
        ) from None
