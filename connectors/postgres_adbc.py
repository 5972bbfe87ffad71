"""The rows of a SELECT from Postgres as Arrow, by ADBC: Postgres copies them out, and nothing becomes a Python object.

COPY takes no bound values, and without COPY the driver holds the whole result: values are settings of the transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import adbc_driver_manager
from adbc_driver_manager._reader import AdbcRecordBatchReader  # the reader of pyarrow itself loses the codes of errors
from adbc_driver_postgresql import StatementOptions, dbapi

from connectors.interrupts import Ahead, interruptible
from connectors.postgres_columns import Column
from connectors.postgres_errors import OF_NAMES, Said, changed, explain
from connectors.postgres_place import Place
from connectors.postgres_session import BEGIN, RAW_TEXTS, setting, variable

if TYPE_CHECKING:
    import pyarrow as pa

PIECE_BYTES: Final = 4 * 1024 * 1024
PIECES_AHEAD: Final = 2
"""About a batch: it is read while the one before it is made into events."""
PLAIN: Final = {StatementOptions.USE_COPY.value: "false"}
COPIED: Final = {StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(PIECE_BYTES)}


class Unusable(Exception):  # noqa: N818  # no failure of the reading: there is another way
    """ADBC cannot connect where psycopg could."""


class Bulk:
    """One connection with a transaction that can only read; it ends with the reading."""

    def __init__(self, place: Place, reading: ExitStack) -> None:
        self._place, self._reading = place, reading
        try:
            self._connection = reading.enter_context(dbapi.connect(place.conninfo, autocommit=True))
            self._run(BEGIN)
            self._run(setting(place.settings))
        except adbc_driver_manager.Error:
            raise Unusable from None

    def rows(
        self, sql: str, values: Sequence[str], columns: Sequence[Column], batch_rows: int, *, is_utf8: bool
    ) -> "Iterator[pa.RecordBatch]":
        """Yield the rows of `sql` in pieces; `values` are what its variables stand for. Raises `SourceError`."""
        import pyarrow as pa

        schema = pa.schema([(column.name, column.arrow) for column in columns])
        try:
            for place, value in enumerate(values):
                self._run("SELECT pg_catalog.set_config($1, $2, true)", (variable(place), value))
            if not is_utf8:
                self._run(RAW_TEXTS)
            # COPY sees the moment before it waits for a lock, so that it has all of them by then
            self._run(f"SELECT FROM (\n{sql}\n) AS locked LIMIT 0")
            for piece in self._pieces(sql):
                try:
                    given = zip(columns, piece.columns, strict=True)
                    arrays = [column.from_arrow(found, is_utf8=is_utf8) for column, found in given]
                except pa.ArrowException:  # its text may hold values
                    raise changed(self._place.peer) from None
                typed = pa.RecordBatch.from_arrays(arrays, schema=schema)
                yield from (typed.slice(first, batch_rows) for first in range(0, typed.num_rows, batch_rows))
        except adbc_driver_manager.Error as error:
            if error.sqlstate in OF_NAMES:  # the query was understood a moment ago
                raise changed(self._place.peer) from None
            raise explain(Said(error.sqlstate, ""), self._place.peer) from None

    def _pieces(self, sql: str) -> "Iterator[pa.RecordBatch]":
        cursor = self._reading.enter_context(self._connection.cursor(adbc_stmt_kwargs=COPIED))
        interruptible(lambda: cursor.execute(sql), cursor.adbc_cancel)
        stream = cursor.fetch_arrow()  # ends what it points at when it goes
        reader: Any = AdbcRecordBatchReader._import_from_c(stream.address)  # noqa: SLF001
        self._reading.callback(reader.close)
        yield from self._reading.enter_context(Ahead(lambda: _next(reader), cursor.adbc_cancel, most=PIECES_AHEAD))

    def _run(self, sql: str, parameters: Sequence[str] | None = None) -> None:
        with self._connection.cursor(adbc_stmt_kwargs=PLAIN) as cursor:
            interruptible(lambda: cursor.execute(sql, parameters), cursor.adbc_cancel)


def _next(reader: Any) -> "pa.RecordBatch | None":
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
