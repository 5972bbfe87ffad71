"""A column of a database behind SQLAlchemy and the one type that its values travel as.

Drivers hand over Python's values. What does not fit the type of its column is NULL and costs no other row.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from connectors.bounds import Grid
from connectors.errors import QueryError
from connectors.incremental import CursorKind

if TYPE_CHECKING:
    import pyarrow as pa

DECIMAL_DIGITS = 38
"""Digits that Arrow's decimals have at most."""


class Kind(StrEnum):
    """What the values of a column are."""

    BOOLEAN = "BOOLEAN"
    INTEGER = "INTEGER"
    UNSIGNED = "UNSIGNED INTEGER"
    REAL = "FLOAT"
    DECIMAL = "DECIMAL"
    NUMBER = "NUMERIC without digits"
    """A decimal whose digits the database does not tell; it travels as text, which loses none."""
    TEXT = "TEXT"
    BLOB = "BINARY"
    DATE = "DATE"
    TIME = "TIME"
    TIMESTAMP = "TIMESTAMP"
    TIMESTAMP_TZ = "TIMESTAMP WITH TIME ZONE"
    JSON = "JSON"
    LIST = "ARRAY"
    OTHER = "a type of its own"
    """Travels as the text that the database writes for it."""


CURSORS: Final = frozenset(
    {Kind.INTEGER, Kind.UNSIGNED, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ}
)
"""Kinds whose values ascend as their cursor values do."""
TEXTS: Final = frozenset({Kind.TEXT, Kind.JSON, Kind.OTHER})
"""Kinds that are compared as text."""
GRIDS: Final = {
    Kind.INTEGER: Grid(kind=CursorKind.INTEGER, lowest=-(2**63), highest=2**63 - 1),
    Kind.UNSIGNED: Grid(kind=CursorKind.INTEGER, lowest=0, highest=2**64 - 1),
    Kind.REAL: Grid(kind=CursorKind.DECIMAL, digits=None),
    Kind.NUMBER: Grid(kind=CursorKind.DECIMAL, digits=None),
    Kind.DATE: Grid(kind=CursorKind.DATE),
    Kind.TIMESTAMP: Grid(kind=CursorKind.TIMESTAMP, digits=6),
    Kind.TIMESTAMP_TZ: Grid(kind=CursorKind.TIMESTAMP_TZ, digits=6),
    **dict.fromkeys(TEXTS, Grid(kind=CursorKind.TEXT)),
}
NATURAL: Final[dict[Kind, frozenset[type]]] = {
    Kind.BOOLEAN: frozenset({bool}),
    Kind.INTEGER: frozenset({int}),
    Kind.UNSIGNED: frozenset({int}),
    Kind.REAL: frozenset({float}),
    Kind.DECIMAL: frozenset({Decimal}),
    Kind.NUMBER: frozenset({str}),
    Kind.BLOB: frozenset({bytes}),
    Kind.DATE: frozenset({date}),
    Kind.TIME: frozenset({time}),
    Kind.TIMESTAMP: frozenset({datetime}),
    Kind.TIMESTAMP_TZ: frozenset({datetime}),
    Kind.LIST: frozenset({list}),
    **dict.fromkeys(TEXTS, frozenset({str})),
}
"""Types of values that Arrow takes as they are."""
MISFITS: Final = (ValueError, TypeError, ArithmeticError)
"""What Python raises for a value that another type cannot take."""
DAY: Final = timedelta(days=1)
MIDNIGHT: Final = datetime(2000, 1, 1)  # noqa: DTZ001  # times of day have no zone


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the user's query whose kind is known."""

    name: str
    kind: Kind
    digits: int = 0
    """All digits of a DECIMAL."""
    scale: int = 0
    """Those of them behind the point."""
    item: Kind | None = None
    """Kind of the items of an ARRAY."""
    as_text: bool = False
    """The database makes the text of it, since its driver would lose a part of the value or fail."""
    is_declared: bool = True
    """The database tells the kind; False: values of the query did."""

    @property
    def type_name(self) -> str:
        """The type for a message."""
        return f"DECIMAL({self.digits}, {self.scale})" if self.kind is Kind.DECIMAL else self.kind.value

    @property
    def can_be_cursor(self) -> bool:
        """Whether its order is that of its cursor values."""
        return self.kind in CURSORS

    @property
    def cursor_remedy(self) -> str:
        """What makes a cursor of it where it is none."""
        if self.kind in {Kind.NUMBER, Kind.REAL}:
            return "cast it to a DECIMAL with digits, such as DECIMAL(38, 6), in the query"
        return "cast it, or a part of it, to a whole number, text, date or timestamp in the query"

    @property
    def grid(self) -> tuple[Grid, str]:
        """The values it can hold, and the kind to bind others as; raises `QueryError` where it has no order."""
        if self.kind is Kind.DECIMAL:
            most = 10**self.digits - 1
            return Grid(kind=CursorKind.DECIMAL, digits=self.scale, lowest=-most, highest=most), self.kind
        if self.kind not in GRIDS:
            raise QueryError(f'"{self.name}" is of type {self.type_name}, whose values have no order to read by')
        return GRIDS[self.kind], self.kind

    @property
    def arrow(self) -> "pa.DataType":
        """The type in Arrow, JSON as text."""
        import pyarrow as pa

        if self.kind is Kind.LIST:
            return pa.list_(Column(self.name, self.item or Kind.TEXT).arrow)
        return {
            Kind.BOOLEAN: pa.bool_(),
            Kind.INTEGER: pa.int64(),
            Kind.UNSIGNED: pa.uint64(),
            Kind.REAL: pa.float64(),
            Kind.DECIMAL: pa.decimal128(self.digits or DECIMAL_DIGITS, self.scale),
            Kind.BLOB: pa.binary(),
            Kind.DATE: pa.date32(),
            Kind.TIME: pa.time64("us"),
            Kind.TIMESTAMP: pa.timestamp("us"),
            Kind.TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
        }.get(self.kind, pa.string())

    def array(self, values: Sequence[Any]) -> "pa.Array":
        """Return the driver's values as Arrow; what does not fit is NULL."""
        import pyarrow as pa

        try:
            if set(map(type, values)) - {type(None)} <= NATURAL[self.kind] and not self._needs_a_look(values):
                return pa.array(values, self.arrow)
            return pa.array([None if value is None else _converted(value, self) for value in values], self.arrow)
        except (pa.ArrowException, *MISFITS):
            return pa.array([self._fitted(value) for value in values], self.arrow)

    def _needs_a_look(self, values: Sequence[Any]) -> bool:
        if self.kind is Kind.JSON:
            return not self.is_declared
        return self.kind is Kind.TIMESTAMP and any(value is not None and value.tzinfo is not None for value in values)

    def _fitted(self, value: Any) -> Any:
        """Return what Arrow takes for `value`, None where there is nothing."""
        import pyarrow as pa

        try:
            found = None if value is None else _converted(value, self)
            pa.array([found], self.arrow)
        except (pa.ArrowException, *MISFITS):
            return None
        return found


def column_met(name: str, kinds: Iterable[Kind]) -> Column:
    """Return the column by the kinds of the values it holds."""
    met = frozenset(kinds)
    whole = {Kind.BOOLEAN, Kind.INTEGER}
    if len(met) == 1:
        (kind,) = met
    elif met and met <= whole:
        kind = Kind.INTEGER
    elif met and met <= {*whole, Kind.REAL}:
        kind = Kind.REAL
    elif met and met <= {*whole, Kind.UNSIGNED, Kind.REAL, Kind.NUMBER}:
        kind = Kind.NUMBER
    else:
        kind = Kind.TEXT
    return Column(name, Kind.TEXT if kind is Kind.OTHER else kind, is_declared=False)


def kind_of(value: object) -> Kind:
    """Return the kind of one value that is not NULL."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Kind.INTEGER if -(2**63) <= value < 2**63 else Kind.NUMBER if not 0 <= value < 2**64 else Kind.UNSIGNED
    if isinstance(value, datetime):
        return Kind.TIMESTAMP if value.tzinfo is None else Kind.TIMESTAMP_TZ
    by_type: tuple[tuple[type | tuple[type, ...], Kind], ...] = (
        (bool, Kind.BOOLEAN),
        (float, Kind.REAL),
        (Decimal, Kind.NUMBER),
        (str, Kind.TEXT),
        ((bytes, bytearray, memoryview), Kind.BLOB),
        (date, Kind.DATE),
        ((time, timedelta), Kind.TIME),
        ((dict, list, tuple), Kind.JSON),
    )
    return next((kind for types, kind in by_type if isinstance(value, types)), Kind.OTHER)


def _converted(value: Any, column: Column) -> Any:
    """Return `value` as a type that Arrow takes for `column`; raises what Python does where there is none."""
    found = bytes(value) if isinstance(value, bytearray | memoryview) else value
    if column.kind is Kind.JSON:
        return found if isinstance(found, str) and column.is_declared else _json(found)
    convert = _CONVERTED.get(column.kind)
    return convert(found) if convert else found


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict | list | tuple):
        return _json(value)
    if isinstance(value, date | time):
        return value.isoformat()
    return _digits(value) if isinstance(value, Decimal) else str(value)


def _digits(value: Any) -> str:
    """Return a number with all of its digits and without an exponent."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _json(value: Any) -> str:
    return json.dumps(value, default=_text, ensure_ascii=False, allow_nan=False)


def _time(value: Any) -> time | None:
    if isinstance(value, timedelta):
        return (MIDNIGHT + value).time() if timedelta() <= value < DAY else None
    return value if isinstance(value, time) and value.tzinfo is None else None


def _boolean(value: Any) -> bool | None:
    return bool(value) if value in {0, 1} else None


def _whole(value: Any) -> int | None:
    return int(value) if value == int(value) else None


def _local(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) and value.tzinfo is None else None


_CONVERTED: Final[dict[Kind, Callable[[Any], Any]]] = {
    Kind.TEXT: _text,
    Kind.OTHER: _text,
    Kind.NUMBER: lambda value: value if isinstance(value, str) else _digits(value),
    Kind.BOOLEAN: _boolean,
    Kind.INTEGER: _whole,
    Kind.UNSIGNED: _whole,
    Kind.DECIMAL: lambda value: value if isinstance(value, Decimal) else Decimal(str(value)),
    Kind.REAL: float,
    Kind.BLOB: lambda value: value.encode() if isinstance(value, str) else value,
    Kind.DATE: lambda value: value if type(value) is date else None,
    Kind.TIME: _time,
    Kind.TIMESTAMP: _local,
}
"""What makes a value that Arrow takes; other kinds are taken as they are."""
