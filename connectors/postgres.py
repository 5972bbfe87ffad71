"""A Postgres database, read by one statement, which sees one moment, in a transaction that can only read.

psycopg describes the query and checks it; its rows come as Arrow by ADBC (COPY), and by a cursor of the server where
ADBC is not installed or cannot connect. Both give the same types; `postgres_columns` has the rules.

Each reading has connections of its own. Settings hold for their transaction only, so that a pooler in between may
give each transaction another connection. Texts are compared by their bytes, times are in UTC.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Final, Self, TypeAlias

from connectors.base import Query
from connectors.batches import given, with_json
from connectors.errors import QueryError, SourceError
from connectors.postgres_columns import Column, column
from connectors.postgres_place import Place, place
from connectors.postgres_text import one_select, require_expression
from connectors.readings import Readings
from connectors.tables import nearest_table
from connectors.wrapping import INNER, around, quoted, refuse_known_alias, selected, wrapped

if TYPE_CHECKING:
    import psycopg
    import pyarrow as pa

    from connectors.postgres_session import Session

FIRST: Final = len(around("").partition("\n")[0]) + 1
"""Characters before the user's query in the SELECT around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """A PostgreSQL database."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password"})

    url: str | None = field(default=None, repr=False)
    """The whole connection as a URL, the password by reference; options below win over what it says."""
    host: str | None = None
    """Name or address of the server, or the folder of its socket."""
    port: int | None = None
    """Port of the server; 5432 unless set."""
    database: str | None = None
    """Name of the database."""
    user: str | None = None
    """A role that may only read."""
    password: str | None = field(default=None, repr=False)
    """Password of the role, by reference."""
    sslmode: str | None = None
    """disable, prefer, require, verify-ca or verify-full."""
    sslrootcert: str | None = None
    """File with the certificate authority of the server; relative paths start at the project."""
    application_name: str = "syncer"
    """Name under which the server lists the connection."""
    options: str | None = None
    """Command-line options for the server, such as `-c search_path=analytics`."""
    connect_timeout: str = "10s"
    """How long connecting may take."""
    statement_timeout: str = "2h"
    """How long one reading may take, its sending included, such as `15m`; 0 means no end."""
    lock_timeout: str = "30s"
    """How long a reading waits for a table that is locked."""


def connect(options: Options, *, root: Path) -> "PostgresSource":
    """Return the warehouse; raises `SourceRefusedError` where the options are wrong."""
    import connectors.postgres_session  # noqa: F401  # a missing driver shows here

    return PostgresSource(place(options, root=root))


class PostgresSource:
    """One Postgres database; holds the readings that are open."""

    def __init__(self, place: Place, *, ways: "Sequence[Way] | None" = None) -> None:
        self._place = place
        self._ways = (by_arrow, by_cursor) if ways is None else ways
        self._readings = Readings()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._readings.close()

    def schema(self, query: Query) -> "pa.Schema":
        """Return the columns that `query` would give, in order, reading no row.

        Raises `QueryError` where Postgres refuses the query, `ColumnError` where it lacks a column or the
        cursor's type has no order to go by.
        """
        with self._reading() as reading:
            return self._asked(reading, query).schema

    def read(self, query: Query) -> "Iterator[pa.RecordBatch]":
        """Yield non-empty batches of at most `query.batch_rows` rows, ascending by cursor, then `order_by`.

        The moment that is read is that of the first batch that is asked for, later where a table is locked then;
        Postgres keeps it until the last one is given or the iterator is closed. Raises `SourceError`; batches already yielded stay valid.
        """
        with self._reading() as reading:
            asked = self._asked(reading, query)
            found = next(rows for way in self._ways if (rows := way(asked, reading)) is not None)
            yield from given(found, asked.schema, batch_rows=query.batch_rows, readings=self._readings)

    @contextmanager
    def _reading(self) -> Iterator[ExitStack]:
        """Give what ends with the reading, and turn Postgres's errors while rows are read into ours."""
        with self._readings.begin() as reading, self._explained():
            try:
                yield reading
            except SourceError:
                self._readings.refuse_if_closed()
                raise

    @contextmanager
    def _explained(
        self, sql: Sequence[str] = (), *, session: "Session | None" = None, first: int = FIRST
    ) -> Iterator[None]:
        """Turn psycopg's errors into ours; with `sql` they are about these texts of the user, the first one at `first`."""
        import psycopg

        from connectors.postgres_session import explained

        try:
            yield
        except psycopg.Error as error:
            self._readings.refuse_if_closed()
            known = explained(error, self._place, sql=sql, first=first)
            if session is not None and isinstance(error, psycopg.errors.UndefinedTable):
                known = QueryError(known.what, remedy=self._other_table(error, session))
            raise known from None

    def _other_table(self, error: "psycopg.Error", session: "Session") -> str:
        name = (error.diag.message_primary or "").partition('"')[2].partition('"')[0]
        tables = session.tables()
        if not tables:
            return f"{self._place.peer.user} may read no table of {self._place.peer.place}: GRANT SELECT, or mend `database`"
        return nearest_table(name, tables, self._place.peer.place)

    def _asked(self, reading: ExitStack, query: Query) -> "Asked":
        from connectors.postgres_session import Session

        sql = one_select(query.sql)
        ends = reading.enter_context(ExitStack())
        session = Session(self._place, ends)
        columns = self._columns(session, query, sql)
        source, values = f"({around(sql, query.expressions)})", Values()
        text = wrapped(query, source, columns, values.bind, limit=query.limit)
        with self._explained((query.sql, *(part for _, part in query.expressions))):
            session.set_variables(values.texts)
            session.check(wrapped(query, source, columns, Values().bind, limit=None))
        chosen = tuple(selected(query, columns))
        return Asked(self._place, session, ends, text, tuple(values.texts), chosen, query.batch_rows)

    def _columns(self, session: "Session", query: Query, sql: str) -> dict[str, Column]:
        """Return the columns of the user's query and of the expressions over it."""
        first = FIRST - query.sql.find(sql)  # brackets and comments before it were taken off
        with self._explained((query.sql,), session=session, first=first):
            described = session.described(around(sql))
        columns = {name: column(name, kind) for name, kind in described.items()}
        for alias, expression in query.expressions:
            refuse_known_alias(alias, columns)
            try:
                columns[alias] = self._expression(session, sql, alias, expression)
            except QueryError as error:
                raise QueryError(f'the expression for "{alias}": {error.what}', remedy=error.remedy) from None
        return columns

    def _expression(self, session: "Session", sql: str, alias: str, expression: str) -> Column:
        """Return the column that `expression` gives over `sql`; raises `QueryError` where it is not one value a row."""
        require_expression(expression)
        start = "SELECT (\n"
        text = f"{start}{expression}\n) AS {quoted(alias)} FROM (\n{sql}\n) AS {INNER}"
        with self._explained((expression, sql), session=session, first=len(start)):
            # WHERE takes neither aggregates nor windows nor what turns one row into several
            found = session.described(f"{text} WHERE (\n{expression}\n) IS NULL")
        return column(alias, found[alias])


@dataclass(slots=True)
class Values:
    """Values to compare with; mutable: gathers them while a SELECT is written."""

    texts: list[str] = field(default_factory=list)

    def bind(self, text: str, sql_type: str) -> str:
        """Return the expression that gives `text`, which never stands in the SELECT itself."""
        from connectors.postgres_session import variable

        self.texts.append(text)
        return f"CAST(pg_catalog.current_setting('{variable(len(self.texts) - 1)}') AS {sql_type})"


@dataclass(frozen=True, slots=True)
class Asked:
    """A SELECT that Postgres understands."""

    place: Place
    session: "Session"
    session_ends: ExitStack
    text: str
    values: tuple[str, ...]
    columns: tuple[Column, ...]
    batch_rows: int

    @property
    def schema(self) -> "pa.Schema":
        """The columns as they are given."""
        import pyarrow as pa

        plain = pa.schema([(column.name, column.arrow) for column in self.columns])
        return with_json(plain, frozenset(column.name for column in self.columns if column.is_json))


Way: TypeAlias = "Callable[[Asked, ExitStack], Iterator[pa.RecordBatch] | None]"
"""Returns the rows in pieces, None where it cannot."""


def by_arrow(asked: Asked, reading: ExitStack) -> "Iterator[pa.RecordBatch] | None":
    """Return the rows by ADBC, None where it is not installed or cannot connect."""
    try:
        from connectors.postgres_adbc import Bulk, Unusable
    except ImportError:
        return None
    try:
        bulk = Bulk(asked.place, reading)
    except Unusable:
        return None
    is_utf8 = asked.session.is_utf8
    asked.session_ends.close()
    return bulk.rows(asked.text, asked.values, asked.columns, asked.batch_rows, is_utf8=is_utf8)


def by_cursor(asked: Asked, reading: ExitStack) -> "Iterator[pa.RecordBatch] | None":
    """Return the rows by a cursor of the session that described them."""
    del reading  # the session ends with it already
    asked.session.take_raw_texts()
    return asked.session.rows(asked.text, asked.columns, asked.batch_rows)
