"""The rows of a small batch as Python values, where those are exactly what `rows` makes columns of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

import pyarrow as pa
import pyarrow.types as kinds

from syncer.transform.rows import text_of_bytes

SINGLE: Final = (
    kinds.is_boolean,
    kinds.is_integer,
    kinds.is_float64,
    kinds.is_decimal128,
    kinds.is_string,
    kinds.is_large_string,
)
WHOLE: Final = (*SINGLE, kinds.is_binary, kinds.is_large_binary, kinds.is_date32, kinds.is_time, kinds.is_null)
"""Types of columns, but floats of 32 bits, which columns read as they are written; inside lists and structs Python and columns agree about fewer."""
JSON: Final = "arrow.json"


def are_known(schema: pa.Schema, columns: Sequence[str]) -> bool:
    """Return whether Python reads each of `columns` as columns do; nanoseconds, for one, it does not know."""
    return all(_is_known(schema.field(name).type) for name in columns)


def json_columns(schema: pa.Schema, columns: Sequence[str]) -> frozenset[str]:
    """Return those of `columns` whose text is JSON."""
    return frozenset(name for name in columns if _is_json(schema.field(name).type))


def python_values(batch: pa.RecordBatch, columns: Sequence[str]) -> list[dict[str, Any]] | None:
    """Return `columns` of each row; None where a value is none to Python, such as text that is not UTF-8."""
    try:
        values = [_values(batch.column(name)) for name in columns]
    except (ValueError, OverflowError):  # UnicodeDecodeError and ArrowInvalid are ValueErrors
        return None
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]


def readable(row: Mapping[str, Any], columns: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Return values with bytes as text, or as a digest where they can only be one, and the columns that are neither."""
    values: dict[str, Any] = {}
    lost: list[str] = []
    for name in columns:
        value = row[name]
        try:
            values[name] = text_of_bytes(value) if isinstance(value, bytes) else value
        except ValueError:
            lost.append(name)
        if isinstance(value, datetime) and value.tzinfo:
            values[name] = value.astimezone(UTC)
    return values, lost


def _values(array: pa.Array) -> list[Any]:
    array.validate(full=True)
    kind = array.type
    if kinds.is_timestamp(kind) and kind.tz is not None:
        array = array.view(pa.timestamp(kind.unit, "UTC"))
    return cast("list[Any]", array.to_pylist())


def _is_known(kind: pa.DataType) -> bool:
    if kinds.is_timestamp(kind) or kinds.is_time(kind):
        return bool(kind.unit != "ns")
    if isinstance(kind, pa.BaseExtensionType):
        return _is_json(kind)
    return _is_plain(kind) or any(is_kind(kind) for is_kind in WHOLE)


def _is_plain(kind: pa.DataType) -> bool:
    if kinds.is_struct(kind):
        return kind.num_fields > 0 and all(_is_plain(field.type) for field in kind)
    if kinds.is_list(kind) or kinds.is_large_list(kind):
        return _is_plain(kind.value_type)
    return any(is_kind(kind) for is_kind in SINGLE)


def _is_json(kind: pa.DataType) -> bool:
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == JSON and _is_plain(kind.storage_type)
