"""DuckDB keeps the contract of every connector."""

import hashlib
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from connectors.base import Source
from connectors.duckdb import Options, connect
from connectors.testing import SourceContract


class DuckDBFile:
    """A DuckDB file that tests fill; counts its tables."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "warehouse.duckdb"
        self._tables = 0
        duckdb.connect(str(self.file)).close()

    def create(self, rows: pa.Table) -> str:
        self._tables += 1
        name = f"table_{self._tables}"
        with duckdb.connect(str(self.file)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register("rows_of_test", rows)
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows_of_test")
        return name

    def quoted(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def connect(self) -> Source:
        return connect(Options(path=self.file.name, threads=2), root=self.file.parent)

    def checksum(self) -> str:
        return hashlib.sha256(self.file.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> DuckDBFile:
    return DuckDBFile(tmp_path_factory.mktemp("duckdb"))


class TestDuckDB(SourceContract):
    lacks = frozenset({"timestamptz_ns"} if duckdb.__version__ < "2" else ())
    failing = (
        *SourceContract.failing,
        "CASE WHEN name <> '1' THEN TIMESTAMPTZ '2026-11-20 12:00:00Z' AT TIME ZONE name END",
    )
