"""Any database that SQLAlchemy 2 has a dialect for, read by plain rows of its driver.

Each reading has a connection of its own, which is rolled back at its end. Where the dialect lets us, the session is
read-only: Postgres, MySQL, MariaDB, SQLite and DuckDB; elsewhere the rights of the user decide.

Types come from what the driver tells of the columns, `sqlalchemy_described`, else from the first values of the query,
else, in SQLite, from all of them. They are found once for a query and hold as long as the source: what does not fit
later is NULL.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from connectors.base import Query
from connectors.batches import FIRST_ROWS, PIECE_ROWS, given, pieces, with_json, with_met
from connectors.errors import QueryError, SourceRefusedError
from connectors.interrupts import Value, interruptible
from connectors.readings import Readings
from connectors.sqlalchemy_address import address, engine_of
from connectors.sqlalchemy_columns import Column, Kind, column_met, kind_of
from connectors.sqlalchemy_described import Facts, described, facts_of
from connectors.sqlalchemy_errors import Asked, about_connection, about_driver, about_query, about_rows
from connectors.sqlalchemy_syntax import one_select, require_expression
from connectors.wrapping import refuse_known_alias, selected

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

    from connectors.sqlalchemy_select import Rows

SEEN_ROWS: Final = 1000
"""So many rows tell the types of columns of which the driver tells none."""
SQLITE_TYPES: Final = {"integer": Kind.INTEGER, "real": Kind.REAL, "text": Kind.TEXT, "blob": Kind.BLOB}
_MYSQL: Final = (
    "SET SESSION TRANSACTION READ ONLY",
    "SET time_zone = '+00:00'",
    "SET net_write_timeout = 31536000",  # the caller may take its time between batches
)
SESSION: Final = {
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": ("PRAGMA query_only = ON",),
    "duckdb": ("SET TimeZone = 'UTC'",),
}
"""What a new connection is told."""
TRANSACTION: Final = {
    "postgresql": "SELECT pg_catalog.set_config('TimeZone', 'UTC', true), "
    "pg_catalog.set_config('cursor_tuple_fraction', '1', true), "  # all rows are wanted
    "pg_catalog.set_config('idle_in_transaction_session_timeout', '0', true)"  # as for MySQL
}
"""What the transaction of a reading begins with: what is set for it alone is left to no other client of a pooler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Any database with a SQLAlchemy dialect."""

    SECRETS: ClassVar[frozenset[str]] = frozenset()

    url: str = field(repr=False)
    """URL of the database, the password by reference: `mysql+pymysql://user:${env:PASSWORD}@host/db`."""


def connect(options: Options, *, root: Path) -> "SqlalchemySource":
    """Return the database of `options.url`; the file of an SQLite or DuckDB URL starts at `root`.

    Raises `ConnectorError` where its dialect or driver is not installed, `SourceRefusedError` where it is no URL.
    """
    return SqlalchemySource(engine_of(options.url, root=root))


class SqlalchemySource:
    """One database; mutable: holds the readings that are open and the types of the columns met."""

    def __init__(self, engine: "sa.Engine") -> None:
        from sqlalchemy import event

        self._engine, self._dialect = engine, engine.dialect.name
        self._readings = Readings()
        self._met: dict[tuple[str, str, str], Column] = {}
        event.listen(engine, "connect", self._prepare)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._readings.close()

    def schema(self, query: Query) -> "pa.Schema":
        """Return the columns that `query` would give, in order, reading no row but for types that only values tell.

        Raises `QueryError` where the database refuses the query, `ColumnError` where it lacks a column or the
        cursor's type has no order to go by.
        """
        with self._readings.begin() as reading:
            return self._asked(reading, query).schema

    def read(self, query: Query) -> "Iterator[pa.RecordBatch]":
        """Yield non-empty batches of at most `query.batch_rows` rows, ascending by cursor, then `order_by`.

        Raises `SourceError`; batches already yielded stay valid.
        """
        with self._readings.begin() as reading:
            asked = self._asked(reading, query)
            with self._while_reading():
                yield from given(
                    asked.pieces(reading, query.batch_rows),
                    asked.schema,
                    batch_rows=query.batch_rows,
                    readings=self._readings,
                )

    def _asked(self, reading: ExitStack, query: Query) -> "_Asked":
        from connectors.sqlalchemy_select import Rows

        connection = self._open(reading)
        sql = one_select(query.sql, self._dialect)
        told = self._told(connection, query, sql)
        names = [name for name in told if name not in {alias for alias, _ in query.expressions}]
        rows = Rows(query, sql, names, self._dialect)
        columns = self._columns(connection, query, rows, told)
        statement = rows.select(query, columns, limit=query.limit)
        return _Asked(connection, statement, tuple(selected(query, columns)))

    def _told(self, connection: "sa.Connection", query: Query, sql: str) -> dict[str, Column | None]:
        """Return the columns of the query and of the expressions over it, as far as the driver tells their types."""
        from connectors.sqlalchemy_select import told

        columns: dict[str, Column | None] = {}
        with self._while_understood(query):
            for name, column in self._described(connection, told(sql)):
                if name in columns:
                    raise QueryError(f'the query gives two columns "{name}"', remedy="rename one of them with AS")
                columns[name] = column
        for alias, expression in query.expressions:
            refuse_known_alias(alias, columns)
            try:
                found = self._told_of(connection, query, sql, (alias, expression))
            except QueryError as error:
                raise QueryError(f'the expression for "{alias}": {error.what}', remedy=error.remedy) from None
            columns[alias] = found
        return columns

    def _told_of(self, connection: "sa.Connection", query: Query, sql: str, named: tuple[str, str]) -> Column | None:
        """Return the column of one expression; raises `QueryError` where it is not one value of one row."""
        from connectors.sqlalchemy_select import one_value, told_of

        require_expression(named[1], self._dialect)
        with self._while_understood(query):
            found = self._described(connection, told_of(sql, *named))
            connection.execute(one_value(sql, named[1])).close()
        if len(found) != 1:
            raise QueryError("it gives several columns", remedy="write an expression for each of them")
        return found[0][1]

    def _described(
        self, connection: "sa.Connection", statement: "sa.Select[Any]"
    ) -> Sequence[tuple[str, Column | None]]:
        with connection.execute(statement) as result:
            cursor: Any = result.cursor
            facts = facts_of(cursor) or [Facts()] * len(cursor.description)
            return [
                (str(told[0]), described(self._dialect, told, known))
                for told, known in zip(cursor.description, facts, strict=True)
            ]

    def _columns(
        self, connection: "sa.Connection", query: Query, rows: "Rows", told: dict[str, Column | None]
    ) -> dict[str, Column]:
        """Return all columns; those that `query` needs by their values where the driver does not tell."""
        texts = dict(query.expressions)
        keys = {name: (query.sql, name, texts.get(name, "")) for name in told}
        needed = rows.needed(query)
        unseen = [name for name in needed if told[name] is None and keys[name] not in self._met]
        for column in self._columns_met(connection, rows, unseen, cursor=query.cursor_column):
            self._met[keys[column.name]] = column
        return {
            name: column or self._met.get(keys[name]) or Column(name, Kind.TEXT, is_declared=False)
            for name, column in told.items()
        }

    def _columns_met(
        self, connection: "sa.Connection", rows: "Rows", names: Sequence[str], *, cursor: str | None
    ) -> list[Column]:
        """Return the columns by their values, none where the query fails: its reading shows the error."""
        if not names:
            return []
        try:
            with self._while_reading():
                if self._dialect == "sqlite":
                    met = _types_of_sqlite(connection, rows, names)
                else:
                    met = _kinds_seen(connection, rows, names)
                    for place, name in enumerate(names):
                        if name == cursor and not met[place]:  # as text, "10" would come before "9"
                            (met[place],) = _kinds_seen(connection, rows, [name], but_null=True)
        except QueryError:
            return []
        return [column_met(name, kinds) for name, kinds in zip(names, met, strict=True)]

    def _open(self, reading: ExitStack) -> "sa.Connection":
        """Return a connection that ends with `reading`."""
        import sqlalchemy as sa

        try:
            connection = self._engine.connect()
        except sa.exc.DBAPIError as error:
            raise about_connection(error.orig, address(self._engine.url)) from None
        except (OSError, TypeError, ValueError, sa.exc.SQLAlchemyError) as error:
            raise about_connection(error, address(self._engine.url)) from None
        except RuntimeError:  # how PyMySQL says so
            what = f"the driver lacks what signing in to {address(self._engine.url)} takes"
            raise SourceRefusedError(what, remedy="for PyMySQL run: pip install cryptography") from None
        except Exception as error:
            if about_driver(error) is None:
                raise
            raise about_connection(error, address(self._engine.url)) from None
        reading.callback(_end, connection)
        if self._dialect == "postgresql":
            connection = connection.execution_options(postgresql_readonly=True)
        if begin := TRANSACTION.get(self._dialect):
            with self._while_reading():
                connection.exec_driver_sql(begin).close()
        return connection

    def _prepare(self, connection: Any, _record: object) -> None:
        """Make a new connection of the driver read-only and its times UTC."""
        if self._dialect == "sqlite":  # a text that is no UTF-8 would end the reading
            connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
        cursor = connection.cursor()
        for statement in SESSION.get(self._dialect, ()):
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    @contextmanager
    def _while_understood(self, query: Query) -> Iterator[None]:
        """Turn what the database says of SQL, reading no row, into our errors."""
        import sqlalchemy as sa

        texts = (query.sql, *(text for _, text in query.expressions))
        try:
            yield
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise about_rows(error.orig, is_disconnected=True) from None
            asked = Asked(self._dialect, texts, str(self._engine.url.password or ""))
            raise about_query(error.orig, asked) from None
        except Exception as error:
            if (known := about_driver(error)) is None:
                raise
            raise known from None

    @contextmanager
    def _while_reading(self) -> Iterator[None]:
        """Turn what the database says while rows are read into our errors."""
        import sqlalchemy as sa

        try:
            yield
        except sa.exc.DBAPIError as error:
            self._readings.refuse_if_closed()
            raise about_rows(error.orig, is_disconnected=error.connection_invalidated) from None
        except (sa.exc.SQLAlchemyError, ValueError, OverflowError):  # not each driver makes its own of a misfit
            self._readings.refuse_if_closed()
            remedy = "give its texts and times another form in the query, or try another driver"
            raise QueryError("the driver failed while rows were read", remedy=remedy) from None
        except Exception as error:
            self._readings.refuse_if_closed()
            if (known := about_driver(error)) is None:
                raise
            raise known from None


@dataclass(frozen=True, slots=True)
class _Asked:
    """A SELECT that the database understands, on a connection of its own."""

    connection: "sa.Connection"
    statement: "sa.Select[Any]"
    columns: tuple[Column, ...]

    @property
    def schema(self) -> "pa.Schema":
        """The columns as they are given."""
        stored = with_met(self._stored, frozenset(column.name for column in self.columns if not column.is_declared))
        return with_json(stored, frozenset(column.name for column in self.columns if column.kind is Kind.JSON))

    @property
    def _stored(self) -> "pa.Schema":
        import pyarrow as pa

        return pa.schema([(column.name, column.arrow) for column in self.columns])

    def pieces(self, reading: ExitStack, batch_rows: int) -> "Iterator[pa.RecordBatch]":
        """Return the rows in pieces of at most `batch_rows` rows and, once their width is known, few bytes."""
        import pyarrow as pa

        schema, in_pieces = self._stored, {"yield_per": PIECE_ROWS}

        def build(rows: Sequence[Any]) -> "pa.RecordBatch":
            columns = zip(self.columns, zip(*rows, strict=True), strict=True)
            return pa.RecordBatch.from_arrays([column.array(values) for column, values in columns], schema=schema)

        def fetch(rows: int) -> Sequence[Any]:
            return _heard(self.connection, lambda: result.fetchmany(rows))

        result = _heard(self.connection, lambda: self.connection.execute(self.statement, execution_options=in_pieces))
        reading.callback(_leave, self.connection, result)
        return pieces(fetch, build, batch_rows)


def _heard(connection: "sa.Connection", call: Callable[[], Value]) -> Value:
    """Return what `call` gives, and hear Ctrl-C meanwhile: drivers written in C do not, and have a way to be ended."""
    driver: Any = connection.connection.dbapi_connection
    end = getattr(driver, "interrupt", None) or getattr(driver, "cancel", None)
    return interruptible(call, end) if callable(end) else call()


def _end(connection: "sa.Connection") -> None:
    """Roll back and close a connection, also one that was cut off meanwhile: what was read has been read.

    One that cannot be rolled back is thrown away, or SQLAlchemy tries it once more and logs a trace.
    """
    try:
        connection.rollback()
    except Exception:  # noqa: BLE001  # a driver says so in its own way
        with suppress(Exception):
            connection.invalidate()
    with suppress(Exception):
        connection.close()


def _leave(connection: "sa.Connection", result: "sa.CursorResult[Any]") -> None:
    """End a reading, also one of which rows are left: PyMySQL would first read them all.

    A cursor of a connection that was cut off cannot be closed, of which SQLAlchemy would log a trace.
    """
    cursor: Any = result.cursor
    unread: Any = getattr(cursor, "_result", None)
    if getattr(unread, "unbuffered_active", False):
        unread.unbuffered_active = False
        connection.invalidate()
    if cursor is not None:
        with suppress(Exception):
            cursor.close()


def _kinds_seen(
    connection: "sa.Connection", rows: "Rows", names: Sequence[str], *, but_null: bool = False
) -> list[set[Kind]]:
    """Return the kinds of the first values of each column; `but_null`: of the first rows where all have one."""
    met: list[set[Kind]] = [set() for _ in names]
    statement = rows.values(names, limit=SEEN_ROWS, but_null=but_null)
    with connection.execute(statement, execution_options={"yield_per": FIRST_ROWS}) as result:
        for piece in result.partitions():
            for kinds, values in zip(met, zip(*piece, strict=True), strict=True):
                kinds.update(kind_of(value) for value in values if value is not None)
    return met


def _types_of_sqlite(connection: "sa.Connection", rows: "Rows", names: Sequence[str]) -> list[set[Kind]]:
    """Return the kinds of all values of each column: SQLite tells the types of values, and of no columns."""
    ((*found,),) = _heard(connection, lambda: connection.execute(rows.types(names)).fetchall())
    return [{SQLITE_TYPES[word] for word in (words or "").split(",") if word in SQLITE_TYPES} for words in found]
