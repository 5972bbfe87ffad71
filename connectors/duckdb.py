"""A DuckDB file, versions 1.5 to 2.x in one path; opened read-only, and only while it is read.

Each reading has a DuckDB in this process for itself, to which the file is attached: its memory limit, its folder
for sorting and its variables meet no other reading. DuckDB lets nobody write a file while somebody reads it, so a
writer in another process waits until the reading ends.

A result is read by one statement, so that its rows are those of one moment: run again for each part, a query with
ties, now() or random() gives other rows each time. Rows that lie in a large file in the order that is asked for are
not sorted (`connectors.duckdb_order`). A sorted result larger than the memory limit goes through a private folder:
encrypted with a key that only the reading process knows, deleted at the end of the reading, or at the next one if the
process was killed.

How types travel: what Arrow knows stays (integers, floats, decimals and HUGEINT as decimal(38, 0), text, BLOB,
dates, times and timestamps in their own unit, TIMESTAMPTZ in UTC, lists, structs; arrays become lists); JSON, MAP,
VARIANT and lists of them become JSON text; all others the text that DuckDB prints: UUID, ENUM, INTERVAL, BIT, UHUGEINT,
BIGNUM, TIMETZ, UNION, GEOMETRY. Times that no calendar holds (infinity, years before 1 or after 9999) arrive as Arrow's
plain numbers and harm no other row.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Final, Self

from connectors.base import Query
from connectors.batches import given, with_json
from connectors.database_file import database_file
from connectors.duckdb_errors import Reading, about_rows, explain
from connectors.duckdb_instances import INSTANCES, Wanted, target_of
from connectors.duckdb_order import as_it_lies
from connectors.duckdb_select import Column, Select, Variable, select
from connectors.errors import QueryError, SourceError, SourceRefusedError
from connectors.interrupts import interruptible
from connectors.readings import Readings
from connectors.wrapping import INNER, around, quoted, refuse_known_alias

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

VECTOR_ROWS = 2048
"""Rows that DuckDB hands over at a time; larger pieces cost it more memory and time than joining these."""
FIRST_WORDS: Final = ("select", "with", "from", "values", "table", "(")
PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
REMEMBERED: Final = 64
_SCHEMAS: "Final[dict[tuple[object, ...], pa.Schema]]" = {}
"""The SELECT and the columns it is made of, by name and DuckDB's type, to what Arrow makes of them."""
MEMORY: Final = re.compile(r"\d+(\.\d+)? ?[KMGT]i?B", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A DuckDB file."""

    SECRETS: ClassVar[frozenset[str]] = frozenset()

    path: str
    """The database file; opened for reading only. Relative paths start at the project."""
    memory_limit: str = "128MB"
    """Memory that DuckDB may use for one reading, such as `256MB` or `2GB`; what does not fit is sorted on disk."""
    threads: int | None = None
    """Threads of DuckDB; left out: all cores but one, which works on the rows."""
    external_files: bool = False
    """Let the query read files beside the database (`FROM 'orders.parquet'`); relative paths start at the project."""
    temp_directory: str | None = None
    """Folder in which large sorts get a private, encrypted folder of their own; left out: the system's."""


def connect(options: Options, *, root: Path) -> "DuckDBSource":
    """Return the warehouse in the file `options.path`; raises `SourceRefusedError` where the options are wrong."""
    import duckdb  # noqa: F401  # a missing driver shows here

    file = database_file(options.path, root=root, product="DuckDB")
    if not MEMORY.fullmatch(options.memory_limit.strip()):
        raise SourceRefusedError("memory_limit is no amount of memory", remedy="write it such as 256MB or 2GB")
    if options.threads is not None and options.threads < 1:
        raise SourceRefusedError(f"threads is {options.threads}", remedy="give 1 or more, or leave it out")
    return DuckDBSource(options, file=file, root=root.absolute())


class DuckDBSource:
    """One DuckDB file; holds the readings that are open."""

    def __init__(self, options: Options, *, file: Path, root: Path) -> None:
        self._options, self._file, self._root = options, file, root
        self._readings = Readings()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._readings.close()

    def schema(self, query: Query) -> "pa.Schema":
        """Return the columns that `query` would give, in order, reading no row.

        Raises `QueryError` where DuckDB refuses the query, `ColumnError` where it lacks a column or the
        cursor's type has no order to go by.
        """
        with self._reading(query) as reading:
            return self._asked(reading, query).schema(query)

    def read(self, query: Query) -> "Iterator[pa.RecordBatch]":
        """Yield non-empty batches of at most `query.batch_rows` rows, ascending by cursor, then `order_by`.

        The file is open, and closed to writers, from the first batch that is asked for until the last one is given
        or the iterator is closed. Raises `SourceError`; batches already yielded stay valid.
        """
        with self._reading(query) as reading:
            asked = self._asked(reading, query)
            with self._told(about_rows, query):
                reader, schema = asked.run(query)
                reading.callback(reader.close)
                yield from given(reader, schema, batch_rows=query.batch_rows, readings=self._readings)

    @contextmanager
    def _reading(self, query: Query) -> Iterator[ExitStack]:
        """Give what ends with the reading, and turn DuckDB's errors into ours, also those at its end."""
        with self._told(explain, query), self._readings.begin() as reading:
            yield reading

    @contextmanager
    def _told(self, about: Callable[[str, Reading], SourceError], query: Query) -> Iterator[None]:
        """Turn DuckDB's errors into what is said `about` them."""
        import duckdb
        import pyarrow as pa

        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            self._readings.refuse_if_closed()
            raise about(str(error), self._reading_of(query)) from None
        except RuntimeError as error:
            if "Query interrupted" in str(error):  # what DuckDB makes of Ctrl-C
                raise KeyboardInterrupt from None
            raise

    def _asked(self, reading: ExitStack, query: Query) -> "_Asked":
        wanted = self._wanted()
        connection = self._open(reading, wanted)
        sql = _one_select(connection, query.sql)
        columns = self._columns(connection, query, sql)
        return _Asked(connection, around(sql, query.expressions), columns, is_small=wanted.is_small)

    def _columns(self, connection: "duckdb.DuckDBPyConnection", query: Query, sql: str) -> dict[str, Column]:
        """Return the columns of the user's query and of the expressions over it."""
        import duckdb

        try:
            found = connection.sql(around(sql))
        except duckdb.CatalogException as error:
            raise self._explained(error, query, tables=_tables(connection)) from None
        columns = {name: Column(name, kind) for name, kind in zip(found.columns, found.types, strict=True)}
        for alias, expression in query.expressions:
            refuse_known_alias(alias, columns)
            try:
                columns[alias] = _expression(connection, sql, alias, expression)
            except (duckdb.Error, QueryError) as error:
                known = _tables(connection) if isinstance(error, duckdb.CatalogException) else ()
                cause = error if isinstance(error, QueryError) else self._explained(error, query, tables=known)
                raise QueryError(f'the expression for "{alias}": {cause.what}', remedy=cause.remedy) from None
        return columns

    def _wanted(self) -> Wanted:
        options, parent = self._options, self._options.temp_directory
        return Wanted(
            file=self._file,
            target=target_of(self._file),
            memory_limit=options.memory_limit,
            threads=options.threads or max(1, (os.cpu_count() or 1) - 1),
            sorts_in=None if parent is None else self._root / parent,
            search_path=self._root if options.external_files else None,
        )

    def _open(self, reading: ExitStack, wanted: Wanted) -> "duckdb.DuckDBPyConnection":
        """Return a connection that sees the file and nothing else, until `reading` ends."""
        try:
            return reading.enter_context(INSTANCES.lent(wanted))
        except OSError as error:
            raise SourceRefusedError(
                f"no temporary folder can be made: {error.strerror}",
                remedy="set temp_directory to a folder that this user may write",
            ) from None

    def _explained(self, error: Exception, query: Query, *, tables: Sequence[str] = ()) -> SourceError:
        return explain(str(error), self._reading_of(query, tables=tables))

    def _reading_of(self, query: Query, *, tables: Sequence[str] = ()) -> Reading:
        texts = (query.sql, *(sql for _, sql in query.expressions))
        return Reading(self._file, self._options.memory_limit, texts, tables)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query whose columns are known, on a connection of its own."""

    connection: "duckdb.DuckDBPyConnection"
    inner: str
    columns: "dict[str, Column]"
    is_small: bool
    """Whether whatever the query reads is sorted in memory."""

    def schema(self, query: Query) -> "pa.Schema":
        """Return the columns of `query` as they travel; a process asks DuckDB once how columns of these types do."""
        chosen = select(query, self.inner, self.columns, limit=0)
        asked = (chosen.text, *((name, str(column.type)) for name, column in self.columns.items()))
        schema = None if chosen.variables else _SCHEMAS.get(asked)
        if schema is None:
            reader, schema = self.run(replace(query, limit=0))
            reader.close()
            _remember(asked, schema)
        return schema

    def run(self, query: Query) -> "tuple[pa.RecordBatchReader, pa.Schema]":
        """Return the rows of `query`, a slice of this one, and their types."""
        chosen = self._in_order(query) or select(query, self.inner, self.columns, limit=query.limit)
        reader = self.read(chosen, batch_rows=min(VECTOR_ROWS, query.batch_rows))
        return reader, with_json(reader.schema, chosen.json_columns)

    def read(self, chosen: Select, *, batch_rows: int = VECTOR_ROWS) -> "pa.RecordBatchReader":
        """Return the rows of any SELECT."""
        self._set(chosen.variables)
        relation = self.connection.sql(chosen.text)
        # DuckDB sorts and joins in there
        return interruptible(lambda: relation.to_arrow_reader(batch_rows), self.connection.interrupt)

    def _in_order(self, query: Query) -> Select | None:
        """Return how to read all rows without a sort where they lie in order, None where they do not or are soon sorted."""
        is_sorted = query.cursor_column is not None or query.order_by
        if not is_sorted or query.limit is not None or self.is_small:
            return None
        found = as_it_lies(query, self.inner, self.columns)
        self._set(found.select.variables)
        is_in_order = interruptible(lambda: found.is_in_order(self.connection), self.connection.interrupt)
        return found.select if is_in_order else None

    def _set(self, variables: "tuple[Variable, ...]") -> None:
        for variable in variables:
            self.connection.execute(variable.assignment, [variable.text])


def _remember(asked: tuple[object, ...], schema: "pa.Schema") -> None:
    if len(_SCHEMAS) >= REMEMBERED:
        _SCHEMAS.clear()
    _SCHEMAS[asked] = schema


def _tables(connection: "duckdb.DuckDBPyConnection") -> tuple[str, ...]:
    """Return the tables and views of the file as a query names them."""
    rows = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database() AND NOT internal "
        "UNION ALL "
        "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = current_database() AND NOT internal "
        "ORDER BY ALL"
    ).fetchall()
    return tuple(_named(name) if schema == "main" else f"{_named(schema)}.{_named(name)}" for schema, name in rows)


def _named(name: str) -> str:
    return name if PLAIN_NAME.fullmatch(name) else quoted(name)


def _one_select(connection: "duckdb.DuckDBPyConnection", sql: str) -> str:
    """Return `sql` without semicolons at its end; raises `QueryError` where it is not one SELECT."""
    import duckdb

    raw = _bytes(sql)
    statements = connection.extract_statements(sql)
    tokens = [(place, kind) for place, kind in duckdb.tokenize(sql) if kind != duckdb.token_type.comment]
    if not tokens:
        raise QueryError("the query is empty", remedy="write one SELECT")
    if not raw[tokens[0][0] :].lower().startswith(tuple(word.encode() for word in FIRST_WORDS)):
        raise QueryError("the query is no SELECT", remedy="write one SELECT, or begin with WITH, FROM, VALUES or TABLE")
    if len(statements) != 1:
        raise QueryError("the query holds several statements", remedy="leave one SELECT; pivot with an IN list")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError("the query is no plain SELECT", remedy="pivot with an IN list; nothing but reading is allowed")
    _refuse_parameters(statements[0], "the query")
    end = len(raw)
    for place, _ in reversed(tokens):
        if raw[place : place + 1] != b";":
            break
        end = place
    return raw[:end].decode()


def _expression(connection: "duckdb.DuckDBPyConnection", sql: str, alias: str, expression: str) -> Column:
    """Return the column that `expression` gives over `sql`; raises `QueryError` where it is not one value a row."""
    import duckdb

    _bytes(expression)
    text = f"(\n{expression}\n)"
    try:  # brackets alone would make one value of `a, b`, and let `a) AS x, (b` out
        duckdb.SQLExpression(expression)
    except duckdb.InvalidInputException:
        raise QueryError("it is not one expression", remedy="write one value as SELECT takes it") from None
    for statement in connection.extract_statements(f"SELECT {text}"):
        _refuse_parameters(statement, "it")
    found = connection.sql(f"SELECT {text} AS {quoted(alias)} FROM (\n{sql}\n) AS {INNER}")
    if found.columns != [alias]:
        raise QueryError("it gives several columns", remedy="write an expression for each of them")
    try:  # WHERE takes neither aggregates nor windows nor what turns one row into several
        connection.sql(f"SELECT 1 FROM (\n{sql}\n) AS {INNER} WHERE {text} IS NULL")
    except duckdb.BinderException:
        what = "it must give one value for each row, from that row alone"
        raise QueryError(what, remedy="put sums, windows and unnest() into the query itself") from None
    return Column(alias, found.types[0])


def _bytes(sql: str) -> bytes:
    if "\0" in sql:
        raise QueryError("the SQL holds a NUL character", remedy="take it out")
    try:
        return sql.encode()
    except UnicodeEncodeError:
        raise QueryError("the SQL is no valid text", remedy="take the surrogates out") from None


def _refuse_parameters(statement: "duckdb.Statement", what: str) -> None:
    if statement.named_parameters:
        raise QueryError(f"{what} has parameters ($1 or ?), which nothing fills", remedy="write the values")
