"""Times before all cursor values, such as -infinity, to the ranges that a run reads."""

from dataclasses import replace
from typing import Any

from connectors.base import Query, Range, Source
from connectors.incremental import CursorKind, CursorValue
from connectors.testing.warehouse import values

EXPECTED = [["early", "later", "none"], ["known"], ["early", "known", "none"], ["known", "later"]]


def in_ranges(source: Source, kind: str, early: str) -> list[list[Any]]:
    """Return which rows lie from 2026 on with those without a value, before it, before it with them, and at all."""
    rows = {"early": early, "known": "2025-02-01", "later": "2026-02-01"}
    told = [f"SELECT '{name}' AS name, CAST('{at}' AS {kind}) AS at" for name, at in rows.items()]
    query = Query(sql=" UNION ALL ".join([*told, "SELECT 'none', NULL"]), cursor_column="at")
    is_instant = kind == "timestamptz"
    low = CursorValue(
        CursorKind.TIMESTAMP_TZ if is_instant else CursorKind.DATE, "2026-01-01" + "T00:00:00Z" * is_instant
    )
    ranges = (
        Range(column="at", low=low, with_null=True),
        Range(column="at", high=low),
        Range(column="at", high=low, with_null=True),
        Range(column="at"),
    )
    return [sorted(values(source, replace(query, ranges=(each,)), "name")) for each in ranges]
