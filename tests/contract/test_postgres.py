"""Postgres keeps the contract of every connector, by either way of reading."""

from collections.abc import Iterator

import pytest

from connectors.postgres import by_arrow, by_cursor
from connectors.testing import SourceContract
from tests.postgres_database import PostgresDatabase

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=[by_arrow, by_cursor], ids=["arrow", "cursor"])
def warehouse(request: pytest.FixtureRequest, postgres_server: str) -> Iterator[PostgresDatabase]:
    database = PostgresDatabase(postgres_server, request.param)
    yield database
    database.drop()


class TestPostgres(SourceContract):
    lacks = frozenset({"uint64", "timestamp_ns", "timestamptz_ns"})
    as_json = frozenset({"struct", "list_of_structs"})
