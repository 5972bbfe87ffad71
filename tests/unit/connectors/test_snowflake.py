"""Columns of types that no reader knows, as GEOGRAPHY and VECTOR are, beside others."""

from typing import Any, NamedTuple, Self

import pyarrow as pa
import pytest

from connectors.base import Query
from connectors.errors import QueryError
from connectors.snowflake import SnowflakeSource

SQL = "SELECT * FROM shops"


class Described(NamedTuple):
    """A column as the driver describes it."""

    name: str
    type_code: int
    precision: int | None = None
    scale: int | None = None


class Shops:
    """A connection, and its cursor, to an account that describes three columns; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def cursor(self) -> Self:
        return self

    def describe(self, text: str, _parameters: Any = None) -> list[Described]:
        self.asked.append(text)
        return [Described("ID", 0, 18, 0), Described("PLACE", 14), Described("EMBEDDING", 16)]

    def close(self) -> None:
        pass


def test_a_type_that_cannot_be_read_costs_no_query_that_leaves_it_alone() -> None:
    account = Shops()

    with SnowflakeSource(account) as source:
        shape = source.schema(Query(sql=SQL))

    assert shape == pa.schema([("ID", pa.int64()), ("PLACE", pa.string()), ("EMBEDDING", pa.string())])
    assert account.asked[-1].startswith('SELECT _syncer."ID" AS "ID"\nFROM ')


@pytest.mark.parametrize("query", [Query(sql=SQL, columns=("ID", "PLACE")), Query(sql=SQL, order_by=("PLACE",))])
def test_it_is_refused_where_it_is_asked_for(query: Query) -> None:
    with SnowflakeSource(Shops()) as source, pytest.raises(QueryError, match='"PLACE" is of a type that cannot be'):
        source.schema(query)


class Places(Shops):
    def describe(self, text: str, _parameters: Any = None) -> list[Described]:
        return super().describe(text)[1:2]


def test_it_is_refused_where_there_is_no_other_column() -> None:
    with SnowflakeSource(Places()) as source, pytest.raises(QueryError, match='"PLACE" is of a type that cannot be'):
        source.schema(Query(sql=SQL))


def test_it_is_refused_where_every_column_is_read() -> None:
    with SnowflakeSource(Shops()) as source, pytest.raises(QueryError, match='"PLACE" is of a type that cannot be'):
        next(source.read(Query(sql=SQL)), None)
