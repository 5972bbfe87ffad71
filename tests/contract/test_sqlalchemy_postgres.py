"""Postgres behind SQLAlchemy keeps the contract of every connector."""

import pytest

from connectors.testing import SourceContract
from tests.contract.sqlalchemy_databases import Database, postgres_url

__all__ = ["postgres_url"]

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def warehouse(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Database:
    return Database(postgres_url, root=tmp_path_factory.mktemp("root"))


class TestPostgresBySqlalchemy(SourceContract):
    lacks = frozenset(
        {"uint64", "timestamp_ns", "timestamptz_ns"} | {"struct", "list_of_structs"}  # only types that somebody named
    )
