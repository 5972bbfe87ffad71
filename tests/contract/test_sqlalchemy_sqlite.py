"""SQLite behind SQLAlchemy keeps the contract of every connector."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from connectors.base import Query
from connectors.batches import MET
from connectors.testing import SourceContract
from tests.contract.sqlalchemy_databases import Database


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Database:
    file = tmp_path_factory.mktemp("sqlite") / "warehouse.db"
    file.touch()
    return Database(f"sqlite:///{file}", root=file.parent)


class TestSqliteBySqlalchemy(SourceContract):
    lacks = frozenset(
        {"boolean", "date", "time", "list", "struct", "list_of_structs"}  # its values are numbers, texts and bytes
        | {"decimal_4_2", "decimal_38_10", "decimal_38_0", "uint64", "float64"}
        | {"timestamp_s", "timestamp_ms", "timestamp_us", "timestamp_ns", "timestamptz_us", "timestamptz_ns"}
    )
    failing = (
        "json(name)",
        "json_extract(name, '$.id')",
        "abs(CASE name WHEN '1' THEN 1 ELSE -9223372036854775808 END)",
    )


def test_a_type_that_values_told_is_marked_as_such(warehouse: Database) -> None:
    with warehouse.connect() as source:
        schema = source.schema(Query(sql="SELECT 1 AS number, 'one' AS word"))
    assert [field.metadata for field in schema] == [MET, MET]


def test_ctrl_c_ends_a_query_of_a_driver_that_does_not_hear_it(warehouse: Database) -> None:
    endless = (
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT max(n) AS n FROM numbers"
    )
    with warehouse.connect() as source, pressing_ctrl_c(), pytest.raises(KeyboardInterrupt):
        list(source.read(Query(sql=endless)))


@contextmanager
def pressing_ctrl_c() -> Iterator[None]:
    """Press it, and again after a while: Python forgets one that comes while it collects what SQLAlchemy watches."""
    is_heard = Event()

    def press() -> None:
        patience_s = 0.3
        while not is_heard.wait(patience_s):
            os.kill(os.getpid(), signal.SIGINT)
            patience_s = 10

    with ThreadPoolExecutor(1) as other:
        other.submit(press)
        try:
            yield
        finally:
            is_heard.set()
