"""A SQLite file, opened read-only, and only while it is read.

Each reading has a connection of its own with a snapshot of the file, and an authorizer that lets nothing but reading
through. In WAL mode writers go on meanwhile; else a writer waits until the reading ends.

SQLite has no types of columns, only of values. A column travels as the type that its table declares; what does not
fit is NULL. Where the query calculates a column, or its type says nothing (NUMERIC, BLOB, none), the values tell: the
query is run once for their types alone. `sqlite_columns` has the rules, `sqlite_times` those of times.

A large result is sorted by SQLite in temporary files, which it creates for this user alone (0600) and unlinks at
once: nobody else can open them, and nothing is left after a kill. Their content is not encrypted; they lie in
`SQLITE_TMPDIR`, else `TMPDIR`, else /var/tmp.
"""

import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeAlias

from connectors.base import Query
from connectors.batches import given, pieces, with_json, with_met
from connectors.database_file import database_file
from connectors.errors import QueryError, SourceRefusedError
from connectors.readings import Readings
from connectors.sqlite_columns import Column, Kind, column_met, declared_column, types_met
from connectors.sqlite_errors import about_file, about_query, about_rows
from connectors.sqlite_text import one_select, require_expression
from connectors.sqlite_times import day, instant, local
from connectors.wrapping import INNER, quoted, refuse_known_alias, selected, wrapped

if TYPE_CHECKING:
    import pyarrow as pa

QUERY: Final = "temp._syncer_query"
"""View of the user's query."""
ROWS: Final = "temp._syncer_rows"
"""View of its columns with the expressions behind them."""
BUSY_S: Final = 5.0
"""Seconds to wait for a writer who holds the file."""
STEPS: Final = 200_000
"""SQLite's steps, some milliseconds, between two looks for Ctrl-C."""
READING: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)

Value: TypeAlias = int | float | str | bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A SQLite file."""

    SECRETS: ClassVar[frozenset[str]] = frozenset()

    path: str
    """The file, opened for reading; relative paths start at the project."""


def connect(options: Options, *, root: Path) -> "SqliteSource":
    """Return the warehouse in the file `options.path`; raises `SourceRefusedError` where there is none."""
    return SqliteSource(database_file(options.path, root=root, product="SQLite"))


class SqliteSource:
    """One SQLite file; mutable: holds the readings that are open and the types of calculated columns."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._readings = Readings()
        self._met: dict[tuple[str, str, str], Column] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._readings.close()

    def schema(self, query: Query) -> "pa.Schema":
        """Return the columns that `query` would give, in order, reading no row but for types that only values tell.

        Raises `QueryError` where SQLite refuses the query, `ColumnError` where it lacks a column or the
        cursor's type has no order to go by.
        """
        with self._reading() as reading:
            return self._asked(reading, query).schema

    def read(self, query: Query) -> "Iterator[pa.RecordBatch]":
        """Yield non-empty batches of at most `query.batch_rows` rows, ascending by cursor, then `order_by`.

        The snapshot of the file is that of the first batch that is asked for; it is held until the last one is given
        or the iterator is closed. Raises `SourceError`; batches already yielded stay valid.
        """
        with self._reading() as reading:
            asked = self._asked(reading, query)
            yield from given(
                asked.pieces(query.batch_rows), asked.schema, batch_rows=query.batch_rows, readings=self._readings
            )

    @contextmanager
    def _reading(self) -> Iterator[ExitStack]:
        """Give what ends with the reading, and turn SQLite's errors while rows are read into ours."""
        with self._readings.begin() as reading, self._explained():
            yield reading

    @contextmanager
    def _explained(self, sql: Iterable[str] = (), connection: sqlite3.Connection | None = None) -> Iterator[None]:
        """Turn SQLite's errors into ours; with a `connection` it is about the text `sql`, else about rows."""
        try:
            yield
        except sqlite3.Error as error:
            self._readings.refuse_if_closed()
            if _is_interrupt(error):
                raise KeyboardInterrupt from None
            known = about_file(getattr(error, "sqlite_errorname", ""), self._file)
            if known is None and connection is not None:
                known = about_query(str(error), sql, _tables(connection), self._file)
            raise known or about_rows(str(error)) from None

    def _asked(self, reading: ExitStack, query: Query) -> "_Asked":
        connection = self._open(reading)
        sql = one_select(query.sql)
        columns = self._columns(connection, query, sql)
        parameters: list[Value] = []

        def bind(text: str, kind: str) -> str:
            value, place = _bound(text, Kind(kind))
            parameters.append(value)
            return place

        text = wrapped(query, ROWS, columns, bind, limit=query.limit)
        with self._explained((sql, *(part for _, part in query.expressions)), connection):
            _compile(connection, text, parameters)
        return _Asked(connection, text, tuple(parameters), tuple(selected(query, columns)))

    def _columns(self, connection: sqlite3.Connection, query: Query, sql: str) -> dict[str, Column]:
        """Return the columns of the views, which it makes, of the query and of the expressions over it."""
        with self._explained((sql,), connection):
            connection.execute(f"CREATE TEMP VIEW {QUERY.partition('.')[2]} AS\n{sql}\n")
            declared = _declared(connection, QUERY)
        for alias, expression in query.expressions:
            refuse_known_alias(alias, declared)
            declared[alias] = self._expression(connection, alias, expression)
        added = "".join(f", (\n{expression}\n) AS {quoted(alias)}" for alias, expression in query.expressions)
        connection.execute(
            f"CREATE TEMP VIEW {ROWS.partition('.')[2]} AS SELECT {INNER}.*{added} FROM {QUERY} AS {INNER}"
        )
        _let_only_read(connection)
        needed = _needed(query, declared)
        found = {name: declared_column(name, kind) for name, kind in declared.items()}
        unknown = [name for name, column in found.items() if column is None and name in needed]
        met = self._columns_met(connection, query, {name: declared[name] for name in unknown})
        return {name: column or met.get(name) or Column(name, Kind.TEXT) for name, column in found.items()}

    def _expression(self, connection: sqlite3.Connection, alias: str, expression: str) -> str:
        """Return the declared type of one expression; raises `QueryError` where it is not one value of one row."""
        try:
            require_expression(expression)
            text = f"(\n{expression}\n)"
            with self._explained((expression,), connection):  # WHERE takes neither aggregates nor windows
                _compile(connection, f"SELECT 1 FROM {QUERY} AS {INNER} WHERE {text} IS NULL", [])
        except QueryError as error:
            raise QueryError(f'the expression for "{alias}": {error.what}', remedy=error.remedy) from None
        return ""

    def _columns_met(self, connection: sqlite3.Connection, query: Query, declared: dict[str, str]) -> dict[str, Column]:
        """Return the columns whose type only their values tell, as they were when this source first saw them."""
        texts = dict(query.expressions)
        keys = {name: (query.sql, name, texts.get(name, "")) for name in declared}
        unseen = {name: declared[name] for name, key in keys.items() if key not in self._met}
        for name, met in self._types_met(connection, unseen).items():
            self._met[keys[name]] = column_met(name, declared[name], met)
        return {name: self._met[key] for name, key in keys.items()}

    def _types_met(self, connection: sqlite3.Connection, declared: dict[str, str]) -> dict[str, int | None]:
        """Return what `types_met` says of each column, None of one that fails: its reading shows the error."""
        if not declared:
            return {}
        wanted = ", ".join(types_met(name, kind) for name, kind in declared.items())
        try:
            with self._explained():
                (row,) = connection.execute(f"SELECT {wanted} FROM {ROWS} AS {INNER}").fetchall()
        except QueryError:
            if len(declared) == 1:
                return dict.fromkeys(declared)
            return {
                name: met for one in declared.items() for name, met in self._types_met(connection, dict([one])).items()
            }
        return dict(zip(declared, row, strict=True))

    def _open(self, reading: ExitStack) -> sqlite3.Connection:
        """Return a connection that holds one snapshot of the file, until `reading` ends."""
        uri = f"{self._file.as_uri()}?mode=ro"
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=0
        )
        reading.enter_context(closing(connection))
        connection.text_factory = bytes
        connection.set_progress_handler(_no_stop, STEPS)
        for name, function in (("day", day), ("local", local), ("instant", instant)):
            connection.create_function(f"syncer_{name}", 1, function, deterministic=True)
        _refuse_quoted_texts(connection)
        connection.execute("PRAGMA temp_store = FILE")
        ((encoding,),) = connection.execute("PRAGMA encoding").fetchall()
        if encoding != b"UTF-8":
            what = f"{self._file} keeps its texts in UTF-16, whose order is not that of their characters"
            raise SourceRefusedError(what, remedy="copy it: sqlite3 FILE .dump | sqlite3 COPY")
        connection.execute("BEGIN")
        return connection


@dataclass(frozen=True, slots=True)
class _Asked:
    """A SELECT that SQLite understands, on a connection of its own."""

    connection: sqlite3.Connection
    text: str
    parameters: tuple[Value, ...]
    columns: tuple[Column, ...]

    @property
    def schema(self) -> "pa.Schema":
        """The columns as they are given."""
        stored = with_met(self._stored, frozenset(column.name for column in self.columns if not column.declared))
        return with_json(stored, frozenset(column.name for column in self.columns if column.is_json))

    @property
    def _stored(self) -> "pa.Schema":
        import pyarrow as pa

        return pa.schema([(column.name, column.arrow) for column in self.columns])

    def pieces(self, batch_rows: int) -> "Iterator[pa.RecordBatch]":
        """Return the rows in pieces of at most `batch_rows` rows and, once their width is known, few bytes."""
        import pyarrow as pa

        schema = self._stored

        def build(rows: Sequence[Any]) -> "pa.RecordBatch":
            columns = zip(self.columns, zip(*rows, strict=True), strict=True)
            return pa.RecordBatch.from_arrays([column.array(values) for column, values in columns], schema=schema)

        cursor = self.connection.execute(self.text, self.parameters)
        return pieces(cursor.fetchmany, build, batch_rows)


def _needed(query: Query, declared: Iterable[str]) -> frozenset[str]:
    """Return the columns that `query` reads or goes by."""
    if query.columns is None:
        return frozenset(declared)
    cursor = () if query.cursor_column is None else (query.cursor_column,)
    aliases = (alias for alias, _ in query.expressions)
    return frozenset((*query.columns, *aliases, *cursor, *query.order_by, *(part.column for part in query.ranges)))


def _bound(text: str, kind: Kind) -> tuple[Value, str]:
    """Return the value to bind for the text of a cursor value, and what stands for it in the SELECT."""
    match kind:
        case Kind.INTEGER:
            return int(text), "?"
        case Kind.DECIMAL | Kind.REAL:  # SQLite keeps whole numbers as such; of others its own reading of the digits
            whole, _, fraction = text.partition(".")
            is_whole = not fraction.strip("0") and abs(int(whole)) < 2**63
            return (int(whole), "?") if is_whole else (text, "CAST(? AS REAL)")
        case Kind.DATE:
            return day(text.encode()), "?"
        case Kind.TIMESTAMP | Kind.TIMESTAMP_TZ:
            return instant(text.encode()), "?"
        case _:
            return text, "?"


def _declared(connection: sqlite3.Connection, view: str) -> dict[str, str]:
    """Return the columns of a view with the types that their tables declare, empty where they come from no table."""
    schema, _, name = view.partition(".")
    rows = connection.execute(f"PRAGMA {schema}.table_xinfo({quoted(name)})").fetchall()
    return {row[1].decode(): row[2].decode() for row in rows}


def _compile(connection: sqlite3.Connection, text: str, parameters: list[Value]) -> None:
    """Let SQLite understand a SELECT without running it."""
    connection.execute(f"EXPLAIN {text}", parameters).close()


def _tables(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the tables and views of the file, none where it cannot be read."""
    listed = (
        "SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY 1"
    )
    try:
        return tuple(name.decode(errors="replace") for (name,) in connection.execute(listed))
    except sqlite3.Error:
        return ()


def _let_only_read(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = ON")
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY)


def _refuse_quoted_texts(connection: sqlite3.Connection) -> None:
    """Let a misspelt column in double quotes be an error and no text, where this Python (3.12) can say so."""
    if sys.version_info >= (3, 12):
        for switch in (sqlite3.SQLITE_DBCONFIG_DQS_DML, sqlite3.SQLITE_DBCONFIG_DQS_DDL):
            connection.setconfig(switch, False)  # noqa: FBT003  # takes no keyword


def _no_stop() -> int:
    """Go on; Python raises what a signal brings on entering here."""
    return 0


def _is_interrupt(error: Exception) -> bool:
    """Return whether Ctrl-C ended a call: its exception does not come through SQLite."""
    name: Any = getattr(error, "sqlite_errorname", "")
    return name == "SQLITE_INTERRUPT" or "user-defined function raised exception" in str(error)
