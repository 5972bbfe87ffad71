"""One row of a query, found by its key."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import InvalidOperation
from typing import TYPE_CHECKING

from connectors.base import Query, Range
from connectors.errors import QueryError
from connectors.incremental import CursorValue, cursor_kind, cursor_value
from syncer.watermark import order

if TYPE_CHECKING:
    import pyarrow as pa


def of_key(query: Query, shape: "pa.Schema", columns: Sequence[str], key: Sequence[str]) -> Query:
    """Return the query for the first row, in order of the key, that is not below `key`; `has_key` tells its own."""
    if len(key) != len(columns):
        raise QueryError(f"the key has {len(columns)} columns: {', '.join(columns)}", remedy="give a value for each")
    ranges = []
    for column, text in zip(columns, key, strict=True):
        kind = cursor_kind(shape.field(column).type)
        if kind is None:
            what = f"no single row can be found by column {column}: its type has no exact text to compare with"
            raise QueryError(what, remedy="leave --key out; `syncer deliveries` lists all keys")
        ranges.append(Range(column=column, low=CursorValue(kind, text)))
    return replace(query, ranges=tuple(ranges), cursor_column=None, limit=1, batch_rows=1)


def has_key(rows: "pa.RecordBatch", columns: Sequence[str], key: Sequence[str]) -> bool:
    """Return whether the first of `rows` has this key, however its numbers and times are written."""
    return all(_is(cursor_value(rows.column(name), 0), text) for name, text in zip(columns, key, strict=True))


def _is(value: CursorValue | None, text: str) -> bool:
    try:
        return value is not None and order(value) == order(CursorValue(value.kind, text))
    except (ValueError, InvalidOperation):
        return False
