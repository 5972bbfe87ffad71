"""Statements of every commit, asked of SQLite's own driver: what SQLAlchemy does for each takes longer than SQLite does.

That is 15 µs, and 60 to 150 in a run, whose other work takes the processor's caches.
"""

from collections.abc import Mapping, Sequence
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
        dialect = OneDialect(paramstyle="qmark")  # by place: SQLite looks each name up
        compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101  or it would have no values to bind
        self.sql, self._names = str(compiled), compiled.positiontup or []
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        self._constants = {name: bind.effective_value for name, bind in binds.items() if not bind.required}
        types = [binds[name].type.dialect_impl(dialect) for name in self._names]
        becomes = [(place, of_type.bind_processor(dialect)) for place, of_type in enumerate(types)]
        self._becomes = [(place, does) for place, does in becomes if does is not None]

    def bound(self, values: Values) -> list[Any]:
        """Return `values` as the driver takes them, with the statement's own."""
        given = {**self._constants, **values} if self._constants else values
        bound = [given[name] for name in self._names]
        for place, becomes in self._becomes:
            bound[place] = becomes(bound[place])
        return bound


def _is_embedded(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
