"""The rows of a batch as columns of few types, with what cannot be read set aside.

What is left: text, booleans, numbers, dates and times within the years 1 to 9999, and lists and structs of text,
booleans and numbers. Everything else becomes text, JSON text where it is nested. A value that cannot be read is NULL
here, and its row is marked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from syncer.transform.json_text import json_of
from syncer.transform.signs import Signs
from syncer.transform.texts import text_of

PLAIN: Final = (
    kinds.is_boolean,
    kinds.is_integer,
    kinds.is_float32,
    kinds.is_float64,
    kinds.is_decimal128,
    kinds.is_string,
    kinds.is_large_string,
    kinds.is_null,
    kinds.is_time,
    kinds.is_duration,
)
DataType: TypeAlias = pl.DataType | pl.datatypes.DataTypeClass

DIGEST_BYTES = 32
DECIMAL_DIGITS: Final = 38
"""Digits that a decimal of 128 bits has at most."""
FIRST_DAY: Final = (date.min - date(1970, 1, 1)).days
LAST_DAY: Final = (date.max - date(1970, 1, 1)).days
DAY: Final = {"s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}


class Read(NamedTuple):
    """One column, readable."""

    values: pl.Series
    unreadable: pl.Series | None = None
    """Where a value could not be read; None: nowhere."""
    is_json: bool = False
    """Whether the text is JSON."""
    signs: Signs | None = None
    """Of text; None: not known."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Readable columns of equal length."""

    frame: pl.DataFrame
    json_columns: frozenset[str] = frozenset()
    """Columns whose text is JSON."""
    unreadable: tuple[tuple[str, pl.Series], ...] = ()
    """(column, mask) of the columns with values that could not be read."""
    signs: Mapping[str, Signs] = field(default_factory=dict)
    """Those of which the text of a column is made, as far as they are known."""

    def filter(self, mask: pl.Series) -> "Rows":
        """Return the rows where `mask` is true."""
        unreadable = ((name, where.filter(mask)) for name, where in self.unreadable)
        left = tuple((name, where) for name, where in unreadable if where.any())
        return Rows(self.frame.filter(mask), self.json_columns, left, self.signs)


def read_rows(batch: pa.RecordBatch, columns: Sequence[str]) -> Rows:
    """Return `columns` of `batch`, which has each of them exactly once."""
    read = {name: read_column(batch.column(name)) for name in columns}
    return Rows(
        pl.DataFrame({name: column.values for name, column in read.items()}),
        frozenset(name for name, column in read.items() if column.is_json),
        tuple((name, column.unreadable) for name, column in read.items() if column.unreadable is not None),
        {name: column.signs for name, column in read.items() if column.signs is not None},
    )


def read_column(array: pa.Array) -> Read:
    """Return `array` as a series of one of the types of this module."""
    array = _decoded(array)
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(array)
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind):
        return _text(array)
    if kinds.is_date64(kind):
        read = _times(array.view(pa.timestamp("ms")))
        return read._replace(values=read.values.dt.date())
    if kinds.is_date32(kind) or kinds.is_timestamp(kind):
        return _times(array)
    if _is_plain(kind) and _is_valid(array):
        return Read(_as_written(pl.Series(array)))
    if kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_fixed_size_binary(kind):
        return _text(array)
    return _value_by_value(array, _plain_text, is_json=kinds.is_nested(kind))


def _decoded(array: pa.Array) -> pa.Array:
    kind = array.type
    if kinds.is_dictionary(kind):
        return array.dictionary_decode()
    if kinds.is_run_end_encoded(kind):
        return pc.run_end_decode(array)
    if kinds.is_fixed_size_list(kind):
        return array.cast(pa.list_(kind.value_type))  # of a slice with NULLs polars takes none of fixed size
    if kinds.is_decimal128(kind) and kind.scale < 0:  # which polars does not know
        digits = kind.precision - kind.scale
        return array.cast(pa.decimal128(digits, 0) if digits <= DECIMAL_DIGITS else pa.decimal256(digits, 0))
    return array.cast(pa.float32()) if kinds.is_float16(kind) else array


def _is_valid(array: pa.Array) -> bool:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _is_plain(kind: pa.DataType) -> bool:
    if kinds.is_struct(kind):
        return all(_is_plain(field.type) for field in kind)
    if kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        return _is_plain(kind.value_type)
    return any(is_kind(kind) for is_kind in PLAIN)


def _as_written(values: pl.Series) -> pl.Series:
    """Return `values` with floats of 32 bits as those of 64 that are written alike: 19.99, not 19.989999771118164."""
    written, wide = _with_floats_as(pl.String(), values.dtype), _with_floats_as(pl.Float64(), values.dtype)
    return values if wide == values.dtype else values.cast(written).cast(wide)


def _with_floats_as(other: DataType, dtype: DataType) -> DataType:
    """Return `dtype` with another type in the place of floats of 32 bits."""
    match dtype:
        case pl.List(inner=inner):
            return pl.List(_with_floats_as(other, inner))
        case pl.Struct(fields=fields):
            return pl.Struct([pl.Field(each.name, _with_floats_as(other, each.dtype)) for each in fields])
    return other if dtype == pl.Float32 else dtype


def _extension(array: pa.ExtensionArray) -> Read:
    name = array.type.extension_name
    if name == "arrow.uuid":
        return _value_by_value(array.storage, lambda value: str(UUID(bytes=value.as_py())), is_json=False)
    read = read_column(array.storage)
    if name != "arrow.json":
        return read
    values = read.values.to_frame("json").select(pl.when(pl.col("json") != "null").then("json").alias("json"))
    return read._replace(values=values.to_series(), is_json=True)


def _text(array: pa.Array) -> Read:
    text = array if kinds.is_string(array.type) else array.cast(pa.large_binary()).view(pa.large_string())
    if _is_valid(text.view(pa.binary() if kinds.is_string(text.type) else pa.large_binary())):
        signs = Signs.of_arrow(text)
        if signs.is_ascii or _is_valid(text):
            return Read(pl.Series(text), signs=signs)
    return _value_by_value(array.cast(pa.large_binary()), lambda value: text_of_bytes(value.as_py()), is_json=False)


def text_of_bytes(value: bytes) -> str:
    """Return the text that `value` is, or the hex digits of what can only be a digest; else raises `ValueError`."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        if len(value) != DIGEST_BYTES:
            raise
        return value.hex()


def _times(array: pa.Array) -> Read:
    """Return dates and times without those that no calendar holds, such as a warehouse's infinity; zones become UTC."""
    is_date = kinds.is_date32(array.type)
    per_day = 1 if is_date else DAY[array.type.unit]
    numbers = array.view(pa.int32() if is_date else pa.int64())
    reach = pc.min_max(numbers)
    low, high = FIRST_DAY * per_day, (LAST_DAY + 1) * per_day - 1
    bad = None
    if reach["min"].is_valid and (reach["min"].as_py() < low or reach["max"].as_py() > high):
        bad = pc.fill_null(pc.or_(pc.less(numbers, low), pc.greater(numbers, high)), fill_value=False)
        numbers = pc.if_else(bad, None, numbers)
    kind = array.type if is_date or array.type.tz is None else pa.timestamp(array.type.unit, "UTC")
    return Read(pl.Series(numbers.view(kind)), None if bad is None else pl.Series(bad))


def _value_by_value(array: pa.Array, text: Callable[[pa.Scalar], str | None], *, is_json: bool) -> Read:
    values: list[str | None] = []
    bad: list[bool] = []
    for value in array:
        try:
            values.append(text(value) if value.is_valid else None)
            bad.append(False)
        except (ValueError, OverflowError, ArithmeticError):  # UnicodeDecodeError and ArrowInvalid are ValueErrors
            values.append(None)
            bad.append(True)
    mask = pl.Series(bad, dtype=pl.Boolean)
    return Read(pl.Series(values, dtype=pl.String), mask if mask.any() else None, is_json)


def _plain_text(value: pa.Scalar) -> str | None:
    plain = _plain(value)
    return json_of(plain) if isinstance(plain, dict | list) else text_of(plain)


def _plain(value: pa.Scalar) -> object:
    """Return `value` as Python value; maps become dicts, what JSON has no word for becomes text."""
    kind = value.type
    if not value.is_valid:
        return None
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(value.value)
    if kinds.is_struct(kind):
        return {kind.field(place).name: _plain(value[place]) for place in range(kind.num_fields)}
    if kinds.is_map(kind):
        return {str(_plain(pair[0])): _plain(pair[1]) for pair in value.values}
    if hasattr(value, "values"):
        return [_plain(item) for item in value.values]
    plain = (
        _as_written(pl.Series([value.as_py()], dtype=pl.Float32)).item() if kinds.is_float32(kind) else value.as_py()
    )
    known = (str, bool, int, float, Decimal)
    return plain if isinstance(plain, known) else text_of(plain) if isinstance(plain, date | bytes) else str(plain)
