"""The SELECT around the user's query, built by SQLAlchemy Core: names are quoted and values bound as the dialect does.

The user's SQL stays text of its own between line breaks. Its colons are escaped, so that neither `x::int` nor `:name`
becomes a value to bind, and SQLAlchemy doubles `%` where the driver would read it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.sql.elements import quoted_name

from connectors.base import Query, Range
from connectors.bounds import Always
from connectors.columns import no_column
from connectors.sqlalchemy_columns import TEXTS, Column, Kind
from connectors.wrapping import EARLIEST, INNER, bounds_of, ordered, selected

NULLS_ARE_LOWEST: Final = frozenset({"mysql", "mariadb", "mssql", "sqlite"})
"""Dialects that put NULL before all values."""
HAVE_NULLS_FIRST: Final = frozenset(
    {"awsathena", "bigquery", "cockroachdb", "databricks", "duckdb", "firebird", "oracle", "postgresql", "redshift"}
    | {"snowflake", "trino"}
)
COLLATIONS: Final = {"postgresql": "C", "sqlite": "BINARY", "mssql": "Latin1_General_BIN2"}
"""Orders of text by its bytes."""
READABLE: Final = {
    Kind.DATE: ("DATE '0001-01-01'", "DATE '9999-12-31'"),
    Kind.TIMESTAMP: ("TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'"),
    Kind.TIMESTAMP_TZ: ("TIMESTAMPTZ '0001-01-01+00'", "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"),
    Kind.TIME: ("TIME '00:00'", "TIME '23:59:59.999999'"),
}
"""Bounds of what Postgres has and Python can hold; one value beyond them would end the reading."""
_FIRST_OF_MYSQL: Final = {
    Kind.DATE: "'0001-01-01'",
    Kind.TIMESTAMP: "'0001-01-01 00:00:00'",
    Kind.TIMESTAMP_TZ: "'1970-01-01 00:00:01'",
}
FIRST: Final = {
    "mysql": _FIRST_OF_MYSQL,
    "mariadb": _FIRST_OF_MYSQL,
    "postgresql": {kind: low for kind, (low, _) in READABLE.items()},
}
"""The first times that a calendar holds. Before them MySQL has 0000-00-00 and Postgres -infinity: NULL when read, and taken as one."""
SQLITE_TYPES: Final = {Kind.INTEGER: ("integer",), Kind.REAL: ("real", "integer"), Kind.BLOB: ("blob",)}
ROUNDED_BY_MSSQL: Final = timedelta(milliseconds=1)
"""More than its drivers round a DATETIME: it counts thirds of 10 ms, tells .007 of .006667, and compares the latter."""

NO_ROW: Final = sa.literal_column("0 = 1", sa.Boolean())
"""Never true; SQLAlchemy leaves out what stands beside its own `false()`."""

Element = sa.ColumnElement[Any]


def around(sql: str, names: Sequence[str] = ("*",)) -> sa.Subquery:
    """Return the user's query as what stands behind FROM."""
    text = sa.text("\n" + sql.replace(":", "\\:") + "\n")
    return text.columns(*(sa.column(quoted_name(name, quote=True)) for name in names)).subquery(INNER)


def told(sql: str) -> sa.Select[Any]:
    """Return a SELECT of no row that has every column of the user's query."""
    return sa.select(sa.literal_column("*")).select_from(around(sql)).where(NO_ROW)


def told_of(sql: str, alias: str, expression: str) -> sa.Select[Any]:
    """Return a SELECT of no row that has one expression over the user's query."""
    return sa.select(_expression(alias, expression)).select_from(around(sql)).where(NO_ROW)


def one_value(sql: str, expression: str) -> sa.Select[Any]:
    """Return a SELECT of no row that is refused unless `expression` is one value of one row.

    WHERE takes neither aggregates nor windows nor what turns one row into several.
    """
    value: Element = sa.literal_column(f"(\n{expression}\n)")
    return sa.select(sa.literal_column("1")).select_from(around(sql)).where(NO_ROW, value.is_(None))


class Rows:
    """The rows of the user's query and of the expressions over it."""

    def __init__(self, query: Query, sql: str, names: Sequence[str], dialect: str) -> None:
        self._dialect, self._names, self._cursor = dialect, tuple(names), query.cursor_column
        inner = around(sql, names)
        if query.expressions:
            wanted = [inner.c[name] for name in names if name in _needed(query, names)]
            added = [_expression(alias, expression) for alias, expression in query.expressions]
            inner = sa.select(*wanted, *added).select_from(inner).subquery(INNER)
            self._names = (*self._names, *(alias for alias, _ in query.expressions))
        self._inner = inner

    def needed(self, query: Query) -> tuple[str, ...]:
        """Return the columns that `query` reads or goes by; raises `ColumnError` where there is none."""
        asked = _needed(query, self._names)
        for name in asked:
            if name not in self._names:
                raise no_column(name, self._names)
        return tuple(name for name in self._names if name in asked)

    def values(self, names: Sequence[str], *, limit: int, but_null: bool = False) -> sa.Select[Any]:
        """Return a SELECT of some rows as they come, for the types of their values; `but_null`: where none is NULL."""
        asked = [self._inner.c[name] for name in names]
        wanted = (column.is_not(None) for column in asked) if but_null else ()
        return sa.select(*asked).where(*wanted).limit(limit)

    def types(self, names: Sequence[str]) -> sa.Select[Any]:
        """Return a SELECT of one row for SQLite: which types of values the columns have, such as `integer,text`."""
        return sa.select(*(sa.func.group_concat(sa.func.typeof(self._inner.c[name]).distinct()) for name in names))

    def select(self, query: Query, columns: Mapping[str, Column], *, limit: int | None) -> sa.Select[Any]:
        """Return the slice `query`; raises `ColumnError`, `QueryError`."""
        chosen = [
            self._value(column).label(quoted_name(column.name, quote=True)) for column in selected(query, columns)
        ]
        statement = sa.select(*chosen).select_from(self._inner)
        for wanted in query.ranges:
            if wanted.column not in columns:
                raise no_column(wanted.column, tuple(columns))
            statement = statement.where(self._condition(wanted, columns[wanted.column]))
        for column in ordered(query, columns):
            statement = statement.order_by(*self._nulls_first(self._rank(column)))
        return statement if limit is None else statement.limit(limit)

    def _value(self, column: Column) -> Element:
        """Return what is selected: the column itself, or a text or NULL where its driver would fail on it."""
        raw: Element = self._inner.c[column.name]
        if column.as_text:
            return sa.cast(raw, sa.Text())
        if self._dialect == "postgresql" and column.kind in READABLE:
            low, high = READABLE[column.kind]
            return sa.case((raw.between(sa.literal_column(low), sa.literal_column(high)), raw))
        return _sqlite_value(raw, column) if self._dialect == "sqlite" else raw

    def _rank(self, column: Column) -> Element:
        """Return what is compared and sorted: text by its bytes, where the dialect has such an order."""
        raw: Element = self._inner.c[column.name]
        if column.kind in TEXTS:
            as_text = raw if column.kind is Kind.TEXT and not column.as_text else sa.cast(raw, sa.Text())
            return self._by_bytes(self._value(column) if self._dialect == "sqlite" else as_text)
        return self._value(column) if self._dialect == "sqlite" else raw

    def _by_bytes(self, text: Element) -> Element:
        if self._dialect in {"mysql", "mariadb"}:
            return sa.cast(sa.cast(text, mysql.CHAR(charset="utf8mb4")), sa.LargeBinary())
        collation = COLLATIONS.get(self._dialect)
        return sa.collate(text, collation) if collation else text

    def _nulls_first(self, rank: Element) -> Sequence[Element]:
        if self._dialect in NULLS_ARE_LOWEST:
            return (rank.asc(),)
        if self._dialect in HAVE_NULLS_FIRST:
            return (rank.asc().nulls_first(),)
        return sa.case((rank.is_(None), 0), else_=1).asc(), rank.asc()

    def _condition(self, wanted: Range, column: Column) -> Element:
        rank = self._rank(column)
        sides: list[Element] = []
        for bound in bounds_of(wanted, column):
            if bound is Always.FALSE:
                sides.append(sa.false())
            else:
                sides.append(rank.op(bound.operator, is_comparison=True)(self._bound(bound.text, column)))
        within = sa.and_(*sides) if sides else rank.is_not(None)
        first = FIRST.get(self._dialect, {}).get(column.kind)
        if first is None:
            return sa.or_(within, rank.is_(None)) if wanted.with_null else within
        if wanted.with_null:
            earlier = rank < sa.literal_column(first)
            if self._dialect == "postgresql":
                # both ends: of one alone it thinks a third of a table that has no statistics yet, and uses no index
                earlier = sa.and_(rank >= sa.literal_column(f"'{EARLIEST}'"), earlier)
            return sa.or_(within, rank.is_(None), earlier)
        return sa.and_(within, rank >= sa.literal_column(first))

    def _bound(self, text: str, column: Column) -> Element:
        if column.kind in TEXTS:
            bound = sa.bindparam(None, text, type_=sa.Unicode())
            return self._by_bytes(bound) if self._dialect in {"mysql", "mariadb"} else bound
        to_value, kind = _BINDS[column.kind]
        value = to_value(text)
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            value, kind = Decimal(value), sa.Numeric(asdecimal=True)
        if column.kind is Kind.TIMESTAMP_TZ and self._dialect in {"mysql", "mariadb"}:
            value, kind = value.replace(tzinfo=None), sa.DateTime()  # the session's zone is UTC
        if column.kind is Kind.TIMESTAMP_TZ and self._dialect == "bigquery":
            kind = sa.TIMESTAMP(timezone=True)  # a DateTime is its DATETIME, which it compares with no instant
        if column.kind is Kind.TIMESTAMP and self._dialect == "mssql" and column.name == self._cursor:
            value = max(value, datetime.min + ROUNDED_BY_MSSQL) - ROUNDED_BY_MSSQL  # noqa: DTZ901  # no zone here
        return sa.bindparam(None, value, type_=kind)


_BINDS: Final[dict[Kind, tuple[Callable[[str], Any], sa.types.TypeEngine[Any]]]] = {
    Kind.INTEGER: (int, sa.BigInteger()),
    Kind.UNSIGNED: (int, sa.BigInteger()),
    Kind.REAL: (float, sa.Double()),
    Kind.DECIMAL: (Decimal, sa.Numeric(asdecimal=True)),
    Kind.NUMBER: (Decimal, sa.Numeric(asdecimal=True)),
    Kind.DATE: (date.fromisoformat, sa.Date()),
    Kind.TIMESTAMP: (lambda text: datetime.fromisoformat(text.removesuffix("Z")), sa.DateTime()),
    Kind.TIMESTAMP_TZ: (datetime.fromisoformat, sa.DateTime(timezone=True)),
}


def _needed(query: Query, names: Sequence[str]) -> frozenset[str]:
    if query.columns is None:
        return frozenset(names)
    cursor = () if query.cursor_column is None else (query.cursor_column,)
    aliases = (alias for alias, _ in query.expressions)
    return frozenset((*query.columns, *aliases, *cursor, *query.order_by, *(part.column for part in query.ranges)))


def _expression(alias: str, expression: str) -> Element:
    return sa.literal_column(f"(\n{expression}\n)").label(quoted_name(alias, quote=True))


def _sqlite_value(raw: Element, column: Column) -> Element:
    """Return the value where it is of the column's type: SQLite lets any value into any column."""
    types = SQLITE_TYPES.get(column.kind)
    return sa.cast(raw, sa.Text()) if types is None else sa.case((sa.func.typeof(raw).in_(types), raw))
