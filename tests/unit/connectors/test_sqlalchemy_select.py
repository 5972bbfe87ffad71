"""The SELECT around a query, as dialects that are not here would be given it."""

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.sql import visitors

from connectors.base import Query, Range
from connectors.incremental import CursorKind, CursorValue
from connectors.sqlalchemy_columns import Column, Kind
from connectors.sqlalchemy_select import Rows


@pytest.mark.parametrize(
    ("dialect", "kind", "text", "bound_as"),
    [
        ("bigquery", CursorKind.TIMESTAMP_TZ, "2026-11-20T10:00:00Z", "TIMESTAMP"),
        ("bigquery", CursorKind.TIMESTAMP, "2026-11-20T10:00:00", "DATETIME"),
        ("trino", CursorKind.TIMESTAMP_TZ, "2026-11-20T10:00:00Z", "DATETIME"),
    ],
)
def test_an_instant_is_bound_as_what_bigquery_compares_it_with(
    dialect: str, kind: CursorKind, text: str, bound_as: str
) -> None:
    low = Range(column="at", low=CursorValue(kind, text))
    query = Query(sql="SELECT * FROM orders", cursor_column="at", ranges=(low,))
    column = Column("at", Kind.TIMESTAMP_TZ if text.endswith("Z") else Kind.TIMESTAMP)

    statement = Rows(query, query.sql, ["at"], dialect).select(query, {"at": column}, limit=None)

    bound: list[Any] = [
        element.type for element in visitors.iterate(statement) if isinstance(element, sa.BindParameter)
    ]
    assert [str(kind) for kind in bound] == [bound_as]


@pytest.mark.parametrize(
    ("column", "text", "bound"),
    [
        ("at", "2026-11-20T10:00:00.007", "2026-11-20T10:00:00.006"),
        ("at", "0001-01-01T00:00:00", "0001-01-01T00:00:00"),
        ("paid_at", "2026-11-20T10:00:00.007", "2026-11-20T10:00:00.007"),
    ],
)
def test_a_tie_of_sql_server_whose_datetime_was_rounded_up_lies_within_the_bound(
    column: str, text: str, bound: str
) -> None:
    ranges = (
        Range(column=column, low=CursorValue(CursorKind.TIMESTAMP, text)),
        Range(column=column, high=CursorValue(CursorKind.TIMESTAMP, text)),
    )
    query = Query(sql="SELECT * FROM orders", cursor_column="at", ranges=ranges)
    columns = {name: Column(name, Kind.TIMESTAMP) for name in ("at", "paid_at")}

    statement = Rows(query, query.sql, list(columns), "mssql").select(query, columns, limit=None)

    assert list(statement.compile().params.values()) == [datetime.fromisoformat(bound)] * 2
