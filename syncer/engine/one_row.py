"""The row of a query with a key, or the rows where several have it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import InvalidOperation
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from connectors.base import Query, Range
from connectors.errors import QueryError
from connectors.incremental import CursorValue, cursor_kind, cursor_value
from syncer.transform.key_text import key_text
from syncer.watermark import order

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.transform import Transform


MOST_ALIKE = 100
"""Rows with one key that are looked at: of those none is sent where one has no consent."""


def of_key(query: Query, shape: "pa.Schema", columns: Sequence[str], key: Sequence[str]) -> Query:
    """Return the query for the first `MOST_ALIKE` rows, in order of the key, that are not below `key`.

    `find` tells its own.
    Where a column has no exact text to compare with, as floats have none, it gives all rows that may be it.
    Raises `QueryError` where the key has another number of values.
    """
    if len(key) != len(columns):
        raise QueryError(f"the key has {len(columns)} columns: {', '.join(columns)}", remedy="give a value for each")
    kinds = [cursor_kind(shape.field(column).type) for column in columns]
    ranges = tuple(
        Range(column=column, low=CursorValue(kind, text))
        for column, kind, text in zip(columns, kinds, key, strict=True)
        if kind is not None
    )
    if None in kinds:
        return replace(query, ranges=ranges, cursor_column=None)
    return replace(query, ranges=ranges, cursor_column=None, limit=MOST_ALIKE, batch_rows=MOST_ALIKE)


def find(
    read: "Iterable[pa.RecordBatch]", transform: "Transform", key: Sequence[str], *, now: int
) -> "pa.RecordBatch | None":
    """Return the rows with `key`, as a run orders them, None where there is none.

    Batches are read until there are `MOST_ALIKE` of them: without order of the key any batch may have some.
    """
    found: list[pa.RecordBatch] = []
    for rows in read:
        if (alike := _all_with_key(rows, transform, key, now=now)).num_rows:
            found.append(alike)
            if sum(each.num_rows for each in found) >= MOST_ALIKE:
                break
    return _in_order(_together(found), transform) if found else None


def _all_with_key(rows: "pa.RecordBatch", transform: "Transform", key: Sequence[str], *, now: int) -> "pa.RecordBatch":
    """Return the `rows` with this key, which begin with them where they are in its order.

    Numbers and times may be written in any way, but where a column is compared by its text: then as `deliveries` does.
    """
    columns = transform.key_columns
    if all(cursor_kind(rows.schema.field(column).type) for column in columns):
        found = list(takewhile(lambda place: _has_key(rows, columns, key, place), range(rows.num_rows)))
    else:
        named = transform.named(rows, now=now)
        found = named.filter(named["key"] == key_text(key))["row"].unique(maintain_order=True).to_list()
    return taken(rows, found)


def taken(rows: "pa.RecordBatch", places: Sequence[int]) -> "pa.RecordBatch":
    """Return the rows at `places`.

    They are put together of slices: Arrow takes no rows by number of views and of run-end encoded columns.
    """
    return _together([rows.slice(place, 1) for place in places]) if places else rows.slice(0, 0)


def _together(parts: "Sequence[pa.RecordBatch]") -> "pa.RecordBatch":
    import pyarrow as pa

    return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]


def _in_order(rows: "pa.RecordBatch", transform: "Transform") -> "pa.RecordBatch":
    """Return the rows as a run orders them, by the cursor."""
    if transform.cursor_column is None:
        return rows
    cursors = [cursor_value(rows.column(transform.cursor_column), place) for place in range(rows.num_rows)]
    return taken(rows, sorted(range(rows.num_rows), key=lambda place: _place_of(cursors[place])))


def _place_of(cursor: CursorValue | None) -> tuple[bool, Any]:
    return (False, None) if cursor is None else (True, order(cursor))


def _has_key(rows: "pa.RecordBatch", columns: Sequence[str], key: Sequence[str], place: int) -> bool:
    return all(_is(cursor_value(rows.column(name), place), text) for name, text in zip(columns, key, strict=True))


def _is(value: CursorValue | None, text: str) -> bool:
    try:
        return value is not None and order(value) == order(CursorValue(value.kind, text))
    except (ValueError, InvalidOperation):
        return False
