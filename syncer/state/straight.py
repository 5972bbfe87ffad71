"""Statements of every commit, asked of SQLite's own driver: what SQLAlchemy does for each takes longer than SQLite does.

That is 15 µs, and 60 to 150 in a run, whose other work takes the processor's caches.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import UpdateBase
from sqlalchemy.sql.selectable import TypedReturnsRows

from syncer.state.database import OneDialect, driver

Values: TypeAlias = Mapping[str, Any]


class Straight:
    """A statement that SQLAlchemy puts into words once in a process. Postgres is asked through SQLAlchemy."""

    def __init__(self, statement: UpdateBase | TypedReturnsRows[Any], *, columns: Sequence[str] = ()) -> None:
        """`columns` are those that an INSERT is given values for."""
        self._statement, self._columns = statement, columns

    def changed(self, connection: Connection, values: Values) -> int:
        """Return how many rows were changed."""
        if _is_embedded(connection):
            return int(driver(connection).execute(self._sqlite.sql, self._sqlite.bound(values)).rowcount)
        return int(connection.execute(self._statement, values).rowcount)

    def first(self, connection: Connection, values: Values) -> Any:
        """Return the first value of the first row; None where there is no row."""
        if _is_embedded(connection):
            row = driver(connection).execute(self._sqlite.sql, self._sqlite.bound(values)).fetchone()
            return None if row is None else row[0]
        return connection.execute(self._statement, values).scalar()

    def inserted(self, connection: Connection, values: Values) -> int:
        """Insert a row and return its id."""
        if _is_embedded(connection):
            return int(driver(connection).execute(self._sqlite.sql, self._sqlite.bound(values)).lastrowid)
        key = connection.execute(self._statement, values).inserted_primary_key
        return int(key[0]) if key else 0

    def for_each(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Do it for each of `rows`; there must be one."""
        if _is_embedded(connection):
            driver(connection).executemany(self._sqlite.sql, [self._sqlite.bound(row) for row in rows])
        else:
            connection.execute(self._statement, rows)

    @cached_property
    def _sqlite(self) -> "_InWords":
        return _InWords(self._statement, self._columns)


class _InWords:
    """A statement as SQLite takes it, and what its values must become."""

    def __init__(self, statement: UpdateBase | TypedReturnsRows[Any], columns: Sequence[str]) -> None:
        dialect = OneDialect(paramstyle="named")
        compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101  or it would have no values to bind
        self.sql = str(compiled)
        named = {name: bind for bind, name in compiled.bind_names.items()}
        self._constants = {name: bind.effective_value for name, bind in named.items() if not bind.required}
        processors = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in named.items()}
        self._becomes: dict[str, Callable[[Any], Any]] = {name: does for name, does in processors.items() if does}

    def bound(self, values: Values) -> Values:
        """Return `values` as the driver takes them, with the statement's own."""
        if not self._constants and not self._becomes:
            return values
        bound = {**self._constants, **values}
        for name, becomes in self._becomes.items():
            bound[name] = becomes(bound[name])
        return bound


def _is_embedded(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
