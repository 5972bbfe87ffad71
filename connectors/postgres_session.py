"""A session with Postgres by psycopg: one read-only transaction, what a query gives, and its rows by a cursor."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.adapt import Loader
from psycopg.types.numeric import Int4BinaryLoader, Int8BinaryLoader
from psycopg.types.string import ByteaBinaryLoader

from connectors.batches import pieces
from connectors.errors import SourceError
from connectors.postgres_columns import Column, Described, Travels
from connectors.postgres_errors import Said, about_connecting, explain
from connectors.postgres_place import Place

if TYPE_CHECKING:
    import pyarrow as pa

FETCHED_ROWS: Final = 2_000
"""Rows that one answer of the server holds at most; more cost more CPU a row, fewer more round trips."""
BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
"""Each statement sees the moment in which it begins. What is seen from an earlier moment of a table that was truncated or
rewritten since is nothing: Postgres keeps none of its old rows."""
RAW_TEXTS: Final = "SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', true)"
TYPES: Final = """
SELECT pg_catalog.format_type(asked.oid, asked.modifier),
    CASE WHEN kind.typnamespace = 'pg_catalog'::regnamespace THEN kind.typname::text ELSE '' END,
    kind.typtype::text, kind.typcategory = 'A', CASE WHEN kind.typcategory <> 'A' THEN '' WHEN item.typtype = 'e' THEN 'e'
        WHEN item.typnamespace = 'pg_catalog'::regnamespace THEN item.typname::text ELSE '' END, asked.modifier
FROM unnest(%s::oid[], %s::int[]) WITH ORDINALITY AS asked (oid, modifier, place)
JOIN pg_catalog.pg_type AS kind ON kind.oid = asked.oid
LEFT JOIN pg_catalog.pg_type AS item ON item.oid = kind.typelem ORDER BY asked.place
"""
TABLES: Final = """
SELECT CASE WHEN pg_catalog.pg_table_is_visible(oid) THEN relname::text
    ELSE pg_catalog.format('%s.%s', relnamespace::regnamespace, relname) END
FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_catalog.has_table_privilege(oid, 'SELECT')
AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) ORDER BY 1 LIMIT 1000
"""
DAYS_TO_2000: Final = 10_957
"""From 1970, where Arrow begins to count; Postgres begins in 2000."""
_INTEGERS: Final[dict[Travels, tuple[type[Loader], int]]] = {
    Travels.DATE: (Int4BinaryLoader, DAYS_TO_2000),
    Travels.TIME: (Int8BinaryLoader, 0),
    Travels.TIMESTAMP: (Int8BinaryLoader, DAYS_TO_2000 * 86_400 * 10**6),
    Travels.TIMESTAMP_TZ: (Int8BinaryLoader, DAYS_TO_2000 * 86_400 * 10**6),
}
"""The whole numbers as which Postgres sends times, and what to add for Arrow."""


class Session:
    """One connection with a transaction that can only read; mutable: the transaction may have failed."""

    def __init__(self, place: Place, reading: ExitStack) -> None:
        self._place = place
        try:
            self._connection = psycopg.connect(place.conninfo, autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            raise about_connecting(str(error), place.peer) from None
        reading.callback(self._close)
        self._begin()

    @property
    def is_utf8(self) -> bool:
        """Whether texts are sure to be UTF-8."""
        return self._connection.info.parameter_status("server_encoding") != "SQL_ASCII"

    def set_variables(self, values: Sequence[str]) -> None:
        """Let `current_setting(variable(n))` give the n-th text until the transaction ends."""
        for place, text in enumerate(values):
            self._connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (variable(place), text))

    def take_raw_texts(self) -> None:
        """Let texts come as they are stored, where they need not be UTF-8: Postgres refuses such rows else."""
        if not self.is_utf8:
            self._connection.execute(RAW_TEXTS)

    def described(self, sql: str) -> dict[str, Described]:
        """Return the columns that `sql` gives, reading no row."""
        found = self.check(sql)
        asked = [(found.ftype(place), found.fmod(place)) for place in range(found.nfields)]
        names = [(found.fname(place) or b"").decode() for place in range(found.nfields)]
        rows = self._connection.execute(TYPES, ([oid for oid, _ in asked], [modifier for _, modifier in asked]))
        return dict(zip(names, (Described(*row) for row in rows), strict=True))

    def check(self, sql: str) -> "psycopg.pq.abc.PGresult":
        """Let Postgres understand the SELECT and refuse it; it reads no row. Binary is what takes one statement only."""
        cursor = self._connection.execute(f"{sql}\nLIMIT 0", binary=True)
        assert cursor.pgresult is not None  # noqa: S101  # a statement that ran has one
        return cursor.pgresult

    def tables(self) -> tuple[str, ...]:
        """Return the tables and views that this user may read; begins a new transaction."""
        with suppress(psycopg.Error):
            self._connection.execute("ROLLBACK")
            self._begin()
            return tuple(name for (name,) in self._connection.execute(TABLES).fetchall())
        return ()

    def rows(self, sql: str, columns: Sequence[Column], batch_rows: int) -> "Iterator[pa.RecordBatch]":
        """Yield the rows of `sql` in pieces, by a cursor of the server."""
        import pyarrow as pa

        schema = pa.schema([(column.name, column.arrow) for column in columns])

        def build(rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
            given = zip(columns, zip(*rows, strict=True), strict=True)
            return pa.RecordBatch.from_arrays([_array(column, values) for column, values in given], schema=schema)

        with self._connection.cursor("syncer_rows", scrollable=False) as cursor:
            for name, loader in _LOADERS.items():
                cursor.adapters.register_loader(name, loader)
            cursor.execute(sql, binary=True)
            yield from pieces(cursor.fetchmany, build, batch_rows, piece_rows=FETCHED_ROWS)

    def _begin(self) -> None:
        self._connection.execute(BEGIN)
        self._connection.execute(setting(self._place.settings))

    def _close(self) -> None:
        with suppress(psycopg.Error):
            self._connection.close()


def variable(place: int) -> str:
    """Return the name of a setting that holds a value: what Postgres cannot bind in COPY, and cursors share."""
    return f"syncer.value_{place}"


def setting(settings: Sequence[tuple[str, str]]) -> str:
    """Return the SELECT that sets them for this transaction."""
    return "SELECT " + ", ".join(f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in settings)


def explained(error: psycopg.Error, place: Place, *, sql: Sequence[str] = (), first: int = 0) -> SourceError:
    """Return the error in our words; the query's own text begins `first` characters into the SELECT around it."""
    if isinstance(error, psycopg.DataError) and error.sqlstate is None:
        return explain(Said("22000", ""), place.peer)
    diagnosis = error.diag
    position = int(diagnosis.statement_position or 0) - 1 - first
    line = sql[0].count("\n", 0, position) + 1 if sql and 0 <= position <= len(sql[0]) else None
    hint = "" if error.sqlstate not in {"42703", "42883"} else diagnosis.message_hint or ""
    return explain(Said(error.sqlstate, diagnosis.message_primary or "", hint, line), place.peer, sql=sql)


_LOADERS: Final[dict[str, type[Loader]]] = {
    **{travels.value: loader for travels, (loader, _) in _INTEGERS.items()},
    "text": ByteaBinaryLoader,
    "varchar": ByteaBinaryLoader,
}


def _array(column: Column, values: Sequence[Any]) -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.travels in _INTEGERS:
        loader, epoch = _INTEGERS[column.travels]
        numbers = pa.array(values, pa.int32() if loader is Int4BinaryLoader else pa.int64())
        return pc.add(numbers, pa.scalar(epoch, numbers.type)).view(column.arrow)  # wraps, as the other way does
    if column.travels in {Travels.TEXT, Travels.DECIMAL}:
        return column.from_bytes(values)
    return pa.array(values, column.arrow)
