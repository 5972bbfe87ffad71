"""A Postgres database of a test's own, filled from Arrow."""

import hashlib
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pyarrow as pa
from psycopg import sql

from connectors.base import Source
from connectors.moments import moment_text
from connectors.postgres import Options, PostgresSource, Way
from connectors.postgres_place import place

PER_UNIT = {"s": 10**9, "ms": 10**6, "us": 10**3}
NAMES = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int64, "bigint"),
    (pa.types.is_int32, "integer"),
    (pa.types.is_integer, "smallint"),
    (pa.types.is_float32, "real"),
    (pa.types.is_float64, "double precision"),
    (pa.types.is_string, "text"),
    (pa.types.is_binary, "bytea"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time"),
)


def written(value: pa.Scalar, kind: pa.DataType) -> str | None:
    """Return the text that Postgres reads as `value`."""
    if not value.is_valid:
        return None
    if pa.types.is_timestamp(kind):
        return f"{moment_text(value.value * PER_UNIT[kind.unit])}{'' if kind.tz is None else 'Z'}"
    if pa.types.is_binary(kind):
        return f"\\x{value.as_py().hex()}"
    if pa.types.is_list(kind):
        items = (written(item, kind.value_type) for item in value)
        return "{" + ",".join("NULL" if item is None else json.dumps(item) for item in items) + "}"
    if pa.types.is_struct(kind):
        members = (written(value[place], kind.field(place).type) for place in range(kind.num_fields))
        return "(" + ",".join(member or "" for member in members) + ")"
    return str(value.as_py())


class PostgresDatabase:
    """A database that tests fill; counts its tables and types."""

    def __init__(self, server: str, *ways: Way) -> None:
        self.url = server.replace("+psycopg", "")
        self.ways = ways or None
        self._tables = self._types = 0
        name = f"syncer_test_{uuid4().hex[:8]}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
        self.name = name

    def create(self, rows: pa.Table) -> str:
        self._tables += 1
        name = f"table_{self._tables}"
        with self._connected() as connection, connection.cursor() as cursor:
            columns = [f"{self.quoted(field.name)} {self._declared(field.type, connection)}" for field in rows.schema]
            cursor.execute(f"CREATE TABLE {name} ({', '.join(columns)})".encode())
            with cursor.copy(f"COPY {name} FROM STDIN".encode()) as copy:
                for values in zip(*rows.columns, strict=True):
                    copy.write_row([written(value, value.type) for value in values])
        return name

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def connect(self, **options: Any) -> Source:
        given = Options(**{"url": self.url, "database": self.name, **options})
        return PostgresSource(place(given, root=Path("/")), ways=self.ways)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, and return the rows of the last one."""
        with psycopg.connect(self.url, dbname=self.name, autocommit=True) as connection:
            cursors = [connection.execute(statement.encode()) for statement in statements]
            return cursors[-1].fetchall() if cursors[-1].description else []

    def checksum(self) -> str:
        with self._connected() as connection:
            tables = connection.execute(
                "SELECT oid::regclass::text, relkind::text FROM pg_class WHERE oid >= 16384 ORDER BY 1"
            ).fetchall()
            found: list[Any] = [tables]
            for name, kind in tables:
                content = sql.SQL("SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} AS t").format(
                    sql.SQL(name)
                )
                found += connection.execute(content).fetchall() if kind == "r" else []
        return hashlib.sha256(repr(found).encode()).hexdigest()

    def drop(self) -> None:
        self._run(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _declared(self, kind: pa.DataType, connection: "psycopg.Connection[Any]") -> str:
        if pa.types.is_decimal(kind):
            return f"numeric({kind.precision}, {kind.scale})"
        if pa.types.is_timestamp(kind):
            return "timestamp" if kind.tz is None else "timestamptz"
        if pa.types.is_list(kind):
            return f"{self._declared(kind.value_type, connection)}[]"
        if not pa.types.is_struct(kind):
            return next(name for test, name in NAMES if test(kind))
        self._types += 1
        members = ", ".join(f"{self.quoted(field.name)} {self._declared(field.type, connection)}" for field in kind)
        connection.execute(f"CREATE TYPE type_{self._types} AS ({members})".encode())
        return f"type_{self._types}"

    def _connected(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.url, dbname=self.name)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())
