"""A column of a Postgres query: how it is selected, compared and sorted, and as what it travels; pure.

Both ways of reading get the same SELECT, whose columns are of the few types of `Travels`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from connectors.batches import texts
from connectors.bounds import Grid
from connectors.errors import QueryError
from connectors.incremental import CursorKind
from connectors.wrapping import INNER, quoted

if TYPE_CHECKING:
    import pyarrow as pa

UUIDS: Final = Grid(kind=CursorKind.TEXT, form=re.compile(r"\{?(?:[0-9A-Fa-f]{4}-?){7}[0-9A-Fa-f]{4}\}?"))
DECIMAL_DIGITS: Final = 38
"""Digits that Arrow's decimals have at most."""


class Travels(StrEnum):
    """What is selected, as Postgres calls it; a DECIMAL as its text."""

    BOOLEAN = "bool"
    INT16 = "int2"
    INT32 = "int4"
    INT64 = "int8"
    FLOAT32 = "float4"
    FLOAT64 = "float8"
    TEXT = "text"
    DECIMAL = "numeric"
    BINARY = "bytea"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    TIMESTAMP_TZ = "timestamptz"


@dataclass(frozen=True, slots=True)
class Described:
    """What Postgres says of a column's type."""

    type_name: str
    """Such as `numeric(12,2)`."""
    builtin: str
    """The type's own name, such as `int4`; empty where it is no type of Postgres itself."""
    family: str
    """b: one value, c: composite, e: enum, r and m: ranges, p: what only functions know."""
    is_array: bool
    items: str
    """Of an array `builtin` of what it holds, `e` for an enum; else empty."""
    modifier: int
    """Digits of a numeric, -1 where it has none."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the user's query."""

    name: str
    type_name: str
    travels: Travels
    value: str
    """The expression that is selected."""
    rank: str
    """The expression that is compared and sorted: as the column stands, so that an index serves it."""
    order: tuple[Grid, str] | None = None
    """The values it can hold, and the SQL type to bind others as; None: none are compared."""
    can_be_cursor: bool = False
    is_json: bool = False
    is_list: bool = False
    """Whether it holds lists of what `travels` says."""
    digits: int = 0
    """All digits of a DECIMAL."""
    scale: int = 0
    """Those of them behind the point."""

    @property
    def cursor_remedy(self) -> str:
        """What makes a cursor of it where it is none."""
        return _REMEDIES.get(self.type_name.partition("(")[0], _REMEDY)

    @property
    def grid(self) -> tuple[Grid, str]:
        """The values it can hold, and the SQL type to bind others as; raises `QueryError` where it has no order."""
        if self.order is None:
            raise QueryError(f'"{self.name}" is of type {self.type_name}, whose values have no order to read by')
        return self.order

    @property
    def arrow(self) -> "pa.DataType":
        """The type in Arrow, JSON as text."""
        import pyarrow as pa

        return pa.list_(self._one) if self.is_list else self._one

    @property
    def _one(self) -> "pa.DataType":
        import pyarrow as pa

        if self.travels is Travels.DECIMAL:
            return pa.decimal128(self.digits, self.scale)
        return {
            Travels.BOOLEAN: pa.bool_(),
            Travels.INT16: pa.int16(),
            Travels.INT32: pa.int32(),
            Travels.INT64: pa.int64(),
            Travels.FLOAT32: pa.float32(),
            Travels.FLOAT64: pa.float64(),
            Travels.TEXT: pa.string(),
            Travels.BINARY: pa.binary(),
            Travels.DATE: pa.date32(),
            Travels.TIME: pa.time64("us"),
            Travels.TIMESTAMP: pa.timestamp("us"),
            Travels.TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
        }[self.travels]

    def from_arrow(self, values: "pa.Array", *, is_utf8: bool) -> "pa.Array":
        """Return what the driver for Arrow gave in the type of the column; a text that is no UTF-8 is NULL."""
        import pyarrow as pa

        if not is_utf8 and self.travels is Travels.TEXT:
            return self.from_bytes(values.cast(pa.list_(pa.binary()) if self.is_list else pa.binary()).to_pylist())
        if self.travels is Travels.DECIMAL:
            return _decimals(values, self.arrow)
        return values if values.type == self.arrow else values.cast(self.arrow)

    def from_bytes(self, values: Sequence[Any]) -> "pa.Array":
        """Return texts, or lists of them, in the type of the column; what is no UTF-8 is NULL."""
        import pyarrow as pa

        if not self.is_list:
            found = texts(values)
            return _decimals(found, self.arrow) if self.travels is Travels.DECIMAL else found
        return pa.array([None if items is None else texts(items).to_pylist() for items in values], self.arrow)


def column(name: str, kind: Described) -> Column:
    """Return the column of this type."""
    if kind.items in _LISTS:
        return _list(name, kind)
    if kind.is_array or kind.family == "c" or kind.builtin == "record":
        return _json(name, kind)
    if kind.builtin == "numeric":
        return _numeric(name, kind)
    return _BUILTIN.get(kind.builtin, _printed)(name, kind)


def _name(name: str) -> str:
    return f"{INNER}.{quoted(name)}"


def _as_it_is(order: tuple[Grid, str] | None, *, can_be_cursor: bool = True) -> Callable[[str, Described], Column]:
    def make(name: str, kind: Described) -> Column:
        place, is_cursor = _name(name), order is not None and can_be_cursor
        return Column(name, kind.type_name, Travels(kind.builtin), place, place, order, is_cursor)

    return make


def _integer(bits: int, sql_type: str) -> tuple[Grid, str]:
    return Grid(kind=CursorKind.INTEGER, lowest=-(2 ** (bits - 1)), highest=2 ** (bits - 1) - 1), sql_type


def _text(name: str, kind: Described) -> Column:
    """Return a text, compared by its bytes whatever the column's collation."""
    is_plain = kind.builtin in {"text", "varchar"}
    value = _name(name) if is_plain else f"CAST({_name(name)} AS text)"
    order = Grid(kind=CursorKind.TEXT), "text"
    return Column(name, kind.type_name, Travels.TEXT, value, f'{value} COLLATE "C"', order, can_be_cursor=True)


def _printed(name: str, kind: Described) -> Column:
    """Return a column that travels as the text that Postgres prints."""
    value = f"CAST({_name(name)} AS text)"
    order = Grid(kind=CursorKind.TEXT), "text"
    return Column(name, kind.type_name, Travels.TEXT, value, f'{value} COLLATE "C"', order)


def _address(name: str, kind: Described) -> Column:
    """Return an address without the length of its net, which CAST adds and printing does not."""
    value = f"CAST(pg_catalog.inet_out({_name(name)}) AS text)"
    order = Grid(kind=CursorKind.TEXT), "text"
    return Column(name, kind.type_name, Travels.TEXT, value, f'{value} COLLATE "C"', order)


def _uuid(name: str, kind: Described) -> Column:
    """Return a UUID, whose order is that of its text."""
    value = f"CAST({_name(name)} AS text)"
    return Column(name, kind.type_name, Travels.TEXT, value, _name(name), (UUIDS, "uuid"), can_be_cursor=True)


def _json(name: str, kind: Described) -> Column:
    """Return JSON, or what becomes JSON: a composite value, or an array of what no list holds."""
    text = f"CAST({_name(name)} AS text)"
    value = text if kind.builtin in {"json", "jsonb"} else f"CAST(pg_catalog.to_json({_name(name)}) AS text)"
    return Column(name, kind.type_name, Travels.TEXT, value, f'{text} COLLATE "C"', is_json=True)


def _list(name: str, kind: Described) -> Column:
    """Return a list; an array of several dimensions, which is no list, is NULL."""
    place, travels = _name(name), _LISTS[kind.items]
    items = place if kind.items == travels.value else f"CAST({place} AS {travels.value}[])"
    value = f"CASE WHEN pg_catalog.array_ndims({place}) > 1 THEN NULL ELSE {items} END"
    return Column(name, kind.type_name, travels, value, f'CAST({place} AS text) COLLATE "C"', is_list=True)


def _object_id(name: str, kind: Described) -> Column:
    value = f"CAST({_name(name)} AS int8)"
    return Column(name, kind.type_name, Travels.INT64, value, value, _integer(64, "int8"), can_be_cursor=True)


def _time(name: str, kind: Described) -> Column:
    """Return a time; 24:00, which is none elsewhere, is NULL."""
    value = f"NULLIF({_name(name)}, TIME '24:00')"
    return Column(name, kind.type_name, Travels.TIME, value, _name(name))


def _numeric(name: str, kind: Described) -> Column:
    """Return a decimal where the type tells its digits and Arrow has so many, else the text with all of them."""
    place = _name(name)
    size = _digits(kind.modifier)
    value = f"CAST({place} AS text)"
    if size is None:
        order = Grid(kind=CursorKind.DECIMAL, digits=None), "numeric"
        return Column(name, kind.type_name, Travels.TEXT, value, place, order)
    digits, scale = size
    most = 10**digits - 1
    order = Grid(kind=CursorKind.DECIMAL, digits=scale, lowest=-most, highest=most), "numeric"
    return Column(
        name, kind.type_name, Travels.DECIMAL, value, place, order, can_be_cursor=True, digits=digits, scale=scale
    )


def _money(name: str, kind: Described) -> Column:
    """Return the number of an amount: what Postgres prints of it goes by the server's `lc_monetary`."""
    number = f"CAST({_name(name)} AS numeric)"
    order = Grid(kind=CursorKind.DECIMAL, digits=None), "numeric"
    return Column(name, kind.type_name, Travels.TEXT, f"CAST({number} AS text)", number, order)


def _digits(modifier: int) -> tuple[int, int] | None:
    """Return all digits and those behind the point, None where there are none or too many.

    Source: the macros of numeric.c, `numeric_typmod_precision` and `numeric_typmod_scale`.
    """
    if modifier < 4:
        return None
    precision, raw = ((modifier - 4) >> 16) & 0xFFFF, (modifier - 4) & 0x7FF
    scale = (raw ^ 1024) - 1024
    digits = max(precision, scale) if scale >= 0 else precision - scale
    return (digits, max(scale, 0)) if digits <= DECIMAL_DIGITS else None


def _decimals(values: "pa.Array", kind: "pa.DataType") -> "pa.Array":
    """Return texts of numbers as decimals; NaN is NULL."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return values.cast(kind)
    except pa.ArrowInvalid:
        nothing: Any = pa.scalar(None, values.type)
        return pc.if_else(pc.equal(values, "NaN"), nothing, values).cast(kind)


_BUILTIN: Final[dict[str, Callable[[str, Described], Column]]] = {
    "bool": _as_it_is(None),
    "int2": _as_it_is(_integer(16, "int2")),
    "int4": _as_it_is(_integer(32, "int4")),
    "int8": _as_it_is(_integer(64, "int8")),
    "float4": _as_it_is((Grid(kind=CursorKind.DECIMAL, digits=None), "float8"), can_be_cursor=False),
    "float8": _as_it_is((Grid(kind=CursorKind.DECIMAL, digits=None), "float8"), can_be_cursor=False),
    "text": _text,
    "varchar": _text,
    "bpchar": _text,
    "name": _text,
    "uuid": _uuid,
    "inet": _address,
    "json": _json,
    "jsonb": _json,
    "oid": _object_id,
    "money": _money,
    "bytea": _as_it_is(None),
    "date": _as_it_is((Grid(kind=CursorKind.DATE, has_earlier=True), "date")),
    "time": _time,
    "timestamp": _as_it_is((Grid(kind=CursorKind.TIMESTAMP, digits=6, has_earlier=True), "timestamp")),
    "timestamptz": _as_it_is((Grid(kind=CursorKind.TIMESTAMP_TZ, digits=6, has_earlier=True), "timestamptz")),
}
_LISTS: Final = {
    **{kind.value: kind for kind in Travels if kind.name.startswith(("BOOLEAN", "INT", "FLOAT", "TEXT"))},
    **dict.fromkeys(("varchar", "bpchar", "name", "uuid", "numeric", "e"), Travels.TEXT),
}
"""Items of arrays that travel as lists, and what they are in them."""
_REMEDY: Final = "cast it, or a part of it, to bigint, numeric(38, 9), text, date or timestamp in the query"
_REMEDIES: Final = {
    "numeric": "cast it to numeric(38, 9), or as many digits as it needs, in the query",
    "money": "cast it to numeric(38, 9), or as many digits as it needs, in the query",
    "real": "cast it to numeric(38, 9), or as many digits as it needs, in the query",
    "double precision": "cast it to numeric(38, 9), or as many digits as it needs, in the query",
    "bytea": "give encode(..., 'hex') of it in the query",
    "time without time zone": "add its date in the query, which makes a timestamp",
    "interval": "add it to a timestamp in the query",
}
