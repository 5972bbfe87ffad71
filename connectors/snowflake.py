"""A Snowflake account, read in one session through its own driver, as Arrow.

Snowflake has no read-only session: the user's SQL is checked to be one SELECT and only ever runs between the brackets
of a sub-select, where nothing can be written; what the role may not do protects the rest. A source signs in when it is
connected. Each reading is one statement; its chunks are fetched while they are read.

The driver keeps nothing on disk: neither tokens nor results. Its own log lines are off. Version 5 waits outside Python
and hears no Ctrl-C there: its calls are left alone then, and the end of the session ends what the server does for them.
"""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from connectors.base import Query
from connectors.batches import given, with_json
from connectors.errors import QueryError, SourceUnavailableError
from connectors.interrupts import abandonable
from connectors.readings import Readings
from connectors.snowflake_columns import Column, bound, column_of, typed
from connectors.snowflake_errors import about_query, about_sign_in
from connectors.snowflake_sign_in import Options, arguments, keep_quiet
from connectors.snowflake_text import one_select, require_expression
from connectors.wrapping import INNER, around, refuse_known_alias, selected, wrapped

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Options", "SnowflakeSource", "connect"]

PIECE_BYTES: Final = 4 * 1024 * 1024
FIRST_LINE: Final = 2
"""Line in which the user's query begins within the SELECT around it."""


def connect(options: Options, *, root: Path) -> "SnowflakeSource":
    """Return the account of `options`, signed in; raises `SourceRefusedError`, `SourceUnavailableError`."""
    keep_quiet()
    import snowflake.connector as driver

    logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)  # its lines hold users, hosts and SQL
    given = arguments(options, root=root.absolute(), major=int(driver.__version__.partition(".")[0]))
    try:
        connection = abandonable(lambda: driver.connect(**given))
    except driver.errors.Error as error:
        raise about_sign_in(error, is_network=_is_network(error)) from None
    except OSError:
        raise SourceUnavailableError("Snowflake does not answer", remedy="try again later") from None
    return SnowflakeSource(connection)


class SnowflakeSource:
    """One session; mutable: holds the readings that are open and the columns of queries that were described."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._readings = Readings()
        self._described: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, Column]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._readings.close()
        with suppress(Exception):  # signing out is a courtesy: what was read has been read
            self._connection.close()

    def schema(self, query: Query) -> "pa.Schema":
        """Return the columns that `query` would give, in order, reading no row.

        One of a type that cannot be read, such as GEOGRAPHY, is told as text, and refused where `query` names it.
        Raises `QueryError` where Snowflake refuses the query, `ColumnError` where it lacks a column or the
        cursor's type has no order to go by.
        """
        with self._readings.begin() as reading:
            cursor = self._cursor(reading)
            columns = self._columns(cursor, one_select(query.sql), query.expressions)
            readable = tuple(name for name, column in columns.items() if column.can_be_read)
            is_all = query.columns is None and readable  # none of them: then the type is what there is to say
            asked = self._asked(cursor, replace(query, columns=readable) if is_all else query)
            with self._explained():
                abandonable(lambda: cursor.describe(asked.text, asked.parameters))
        return replace(asked, columns=tuple(selected(query, columns))).schema

    def read(self, query: Query) -> "Iterator[pa.RecordBatch]":
        """Yield non-empty batches of at most `query.batch_rows` rows, ascending by cursor, then `order_by`.

        The rows are those of the moment at which the first batch is asked for. Raises `SourceError`; batches already
        yielded stay valid.
        """
        with self._readings.begin() as reading:
            cursor = self._cursor(reading)
            asked = self._asked(cursor, query)
            with self._explained():
                abandonable(lambda: cursor.execute(asked.text, asked.parameters))
            yield from given(
                self._pieces(cursor, asked, query.batch_rows),
                asked.schema,
                batch_rows=query.batch_rows,
                readings=self._readings,
            )

    def _pieces(self, cursor: Any, asked: "_Asked", batch_rows: int) -> "Iterator[pa.RecordBatch]":
        """Yield the rows in pieces of at most `batch_rows` rows and few bytes."""
        with self._explained():
            tables = iter(abandonable(cursor.fetch_arrow_batches))
            while (table := abandonable(lambda: next(tables, None))) is not None:
                for chunk in table.to_batches():
                    wide = max(1, chunk.nbytes // max(1, chunk.num_rows))
                    rows = max(1, min(batch_rows, PIECE_BYTES // wide))
                    for start in range(0, chunk.num_rows, rows):
                        yield typed(chunk.slice(start, rows), asked.columns, asked.stored)

    def _asked(self, cursor: Any, query: Query) -> "_Asked":
        sql = one_select(query.sql)
        columns = self._columns(cursor, sql, query.expressions)
        parameters: list[tuple[str, str]] = []

        def bind(text: str, sql_type: str) -> str:
            value, place = bound(text, sql_type)
            parameters.append(("TEXT", value))
            return place

        source = f"({around(sql, query.expressions)})"
        text = wrapped(query, source, columns, bind, limit=query.limit)
        return _Asked(text, tuple(parameters) or None, tuple(selected(query, columns)))

    def _columns(self, cursor: Any, sql: str, expressions: tuple[tuple[str, str], ...]) -> dict[str, Column]:
        """Return the columns of the query and of the expressions over it, as they were first described."""
        if (sql, expressions) in self._described:
            return self._described[sql, expressions]
        columns = self._describe(cursor, around(sql), lines=sql.count("\n") + 1)
        if expressions:
            for alias, expression in expressions:
                refuse_known_alias(alias, columns)
                self._require_expression(cursor, sql, alias, expression)
            columns = self._describe(cursor, around(sql, expressions))
        self._described[sql, expressions] = columns
        return columns

    def _require_expression(self, cursor: Any, sql: str, alias: str, expression: str) -> None:
        """Raise `QueryError` where `expression` is not one value of one row."""
        try:
            require_expression(expression)  # WHERE takes neither aggregates nor windows
            self._describe(cursor, f"SELECT 1 AS one FROM (\n{sql}\n) AS {INNER} WHERE (\n{expression}\n) IS NULL")
        except QueryError as error:
            raise QueryError(f'the expression for "{alias}": {error.what}', remedy=error.remedy) from None

    def _describe(self, cursor: Any, text: str, *, lines: int = 0) -> dict[str, Column]:
        """Return the columns of a SELECT that is not run; the user's query has so many `lines` in it."""
        with self._explained(lines=lines):
            found = [column_of(described) for described in abandonable(lambda: cursor.describe(text)) or ()]
        columns = {column.name: column for column in found}
        if len(columns) < len(found):
            raise QueryError("two columns of the query have one name", remedy="name them apart, by AS")
        return columns

    def _cursor(self, reading: ExitStack) -> Any:
        with self._explained():
            cursor = self._connection.cursor()
        reading.callback(_close, cursor)
        return cursor

    @contextmanager
    def _explained(self, *, lines: int = 0) -> Iterator[None]:
        """Turn the driver's errors into ours."""
        import snowflake.connector as driver

        try:
            yield
        except driver.errors.Error as error:
            self._readings.refuse_if_closed()
            raise about_query(error, lines=lines, first=FIRST_LINE, is_network=_is_network(error)) from None
        except OSError:
            self._readings.refuse_if_closed()
            raise SourceUnavailableError("Snowflake broke off", remedy="try again later") from None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A SELECT whose columns are known."""

    text: str
    parameters: tuple[tuple[str, str], ...] | None
    columns: tuple[Column, ...]

    @property
    def schema(self) -> "pa.Schema":
        """The columns as they are given."""
        return with_json(self.stored, frozenset(column.name for column in self.columns if column.is_json))

    @property
    def stored(self) -> "pa.Schema":
        """The columns with JSON as text."""
        import pyarrow as pa

        return pa.schema([(column.name, column.arrow) for column in self.columns])


def _close(cursor: Any) -> None:
    with suppress(Exception):  # it may be closed with its connection
        cursor.close()


def _is_network(error: Exception) -> bool:
    """Return whether the class of the driver's error says that it was not the server that refused."""
    import snowflake.connector as driver

    known = (driver.errors.OperationalError, driver.errors.InternalError, driver.errors.InterfaceError)
    return isinstance(error, known)
