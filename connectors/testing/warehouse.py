"""What the contract asks of a connector's tests: a warehouse to fill, and ways to look at what came out."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Protocol
from weakref import WeakKeyDictionary

import pyarrow as pa
import pytest

from connectors.base import Query, Source


class Warehouse(Protocol):
    """A warehouse of the tests, shared by the tests of a class."""

    def create(self, rows: pa.Table) -> str:
        """Make a new table with these columns, names exactly as they are, and return its name for SQL."""
        ...

    def quoted(self, name: str) -> str:
        """Return `name` as an identifier of the dialect."""
        ...

    def connect(self) -> Source:
        """Return a new source."""
        ...

    def checksum(self) -> str:
        """Return a text that any write to the warehouse changes; no source is reading."""
        ...


class Contract:
    """A part of the contract."""

    lacks: ClassVar[frozenset[str]] = frozenset()
    """Cases of `cursors.CURSORS` and `types_kept.KEPT` that the warehouse has no type for."""
    as_json: ClassVar[frozenset[str]] = frozenset()
    """Cases of `types_kept.KEPT` that arrive as JSON text."""
    failing: ClassVar[tuple[str, ...]] = (
        "CAST(name AS INTEGER)",
        "CAST(name AS DATE)",
        "CAST(name AS DECIMAL(9, 2))",
    )
    """Expressions over a text `name` that fail on a word while rows are read, and take the text `1`."""

    @pytest.fixture
    def source(self, warehouse: Warehouse) -> Iterator[Source]:
        """Give a connected source."""
        with warehouse.connect() as source:
            yield source

    @pytest.fixture
    def people(self, warehouse: Warehouse) -> str:
        """Give a table of five rows with a tie and NULLs in `seen`, not in order."""
        return once(
            warehouse,
            "people",
            lambda: pa.table(
                {
                    "id": pa.array([5, 3, 1, 4, 2], pa.int64()),
                    "seen": pa.array([20, 20, None, 10, None], pa.int64()),
                    "name": ["eve", "cid", "ann", "dan", "bob"],
                }
            ),
        )


_TABLES: WeakKeyDictionary[Warehouse, dict[str, str]] = WeakKeyDictionary()


def once(warehouse: Warehouse, name: str, rows: Callable[[], pa.Table]) -> str:
    """Return the name for SQL of the table that tests share under `name`; nothing ever writes to it."""
    tables = _TABLES.setdefault(warehouse, {})
    if name not in tables:
        tables[name] = warehouse.create(rows())
    return tables[name]


def all_rows(source: Source, query: Query) -> list[dict[str, Any]]:
    """Return the rows of `query` as dictionaries."""
    return [row for batch in source.read(query) for row in batch.to_pylist()]


def values(source: Source, query: Query, column: str) -> list[Any]:
    """Return one column of `query`."""
    return [value for batch in source.read(query) for value in batch.column(column).to_pylist()]
