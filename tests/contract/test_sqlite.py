"""SQLite keeps the contract of every connector."""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.base import Source
from connectors.moments import moment_text
from connectors.sqlite import Options, connect
from connectors.testing import SourceContract

PER_UNIT = {"s": 10**9, "ms": 10**6, "us": 10**3}


def declared(kind: pa.DataType) -> str:
    """Return the type that a table would declare for a column of this type."""
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz is None else "TIMESTAMP WITH TIME ZONE"
    names = ((pa.types.is_integer, "INTEGER"), (pa.types.is_floating, "REAL"), (pa.types.is_string, "TEXT"))
    others = ((pa.types.is_boolean, "BOOLEAN"), (pa.types.is_binary, "BLOB"), (pa.types.is_date, "DATE"))
    return next(name for test, name in (*names, *others) if test(kind))


def stored(kind: pa.DataType) -> Callable[[pa.Scalar], Any]:
    """Return what writes a value as programs do that use SQLite."""
    if pa.types.is_timestamp(kind):
        zone = "" if kind.tz is None else "Z"
        return lambda value: f"{moment_text(value.value * PER_UNIT[kind.unit])}{zone}" if value.is_valid else None
    if pa.types.is_date(kind) or pa.types.is_decimal(kind):
        return lambda value: str(value.as_py()) if value.is_valid else None
    return lambda value: value.as_py()


class SqliteFile:
    """A SQLite file that tests fill; counts its tables."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "warehouse.db"
        self._tables = 0
        self.file.touch()

    def create(self, rows: pa.Table) -> str:
        self._tables += 1
        name = f"table_{self._tables}"
        columns = ", ".join(f"{self.quoted(field.name)} {declared(field.type)}" for field in rows.schema)
        places = ", ".join("?" for _ in rows.schema)
        values = zip(*(map(stored(column.type), column) for column in rows.columns), strict=True)
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(f"CREATE TABLE {name} ({columns})")
            connection.executemany(f"INSERT INTO {name} VALUES ({places})", values)
        return name

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def connect(self) -> Source:
        return connect(Options(path=self.file.name), root=self.file.parent)

    def checksum(self) -> str:
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> SqliteFile:
    return SqliteFile(tmp_path_factory.mktemp("sqlite"))


class TestSqlite(SourceContract):
    lacks = frozenset(
        {"uint64", "decimal_38_10", "decimal_38_0"}  # numbers have 64 bits
        | {"float64"}  # no NaN and no -0.0
        | {"time", "timestamp_ns", "timestamptz_ns", "list", "struct", "list_of_structs"}
    )
    failing = (
        "json(name)",
        "json_extract(name, '$.id')",
        "abs(CASE name WHEN '1' THEN 1 ELSE -9223372036854775808 END)",
    )
