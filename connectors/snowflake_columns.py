"""A column of Snowflake and the one type that its values travel as, whatever the driver makes of each batch of them.

The driver gives numbers and times in the type that fits the batch at hand: a NUMBER is int8 here and decimal there,
a TIMESTAMP has nanoseconds until one of them lies beyond the year 2262. The declared type says what all of them are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from connectors.bounds import Grid
from connectors.errors import QueryError
from connectors.incremental import INFINITY, NANOSECONDS, CursorKind
from connectors.wrapping import INNER, quoted

if TYPE_CHECKING:
    import pyarrow as pa

LONG_DIGITS = 18
"""So many digits always fit into 64 bits."""
MICROSECOND_DIGITS = 6
UTF8 = "'utf8'"
"""Collation by code points, which is the order of the bytes."""


class Kind(StrEnum):
    """A type of Snowflake; its text names it in SQL."""

    NUMBER = "NUMBER"
    FLOAT = "FLOAT"
    VARCHAR = "VARCHAR"
    BOOLEAN = "BOOLEAN"
    BINARY = "BINARY"
    DATE = "DATE"
    TIME = "TIME"
    TIMESTAMP_NTZ = "TIMESTAMP_NTZ"
    TIMESTAMP_LTZ = "TIMESTAMP_LTZ"
    TIMESTAMP_TZ = "TIMESTAMP_TZ"
    VARIANT = "VARIANT"
    OBJECT = "OBJECT"
    ARRAY = "ARRAY"
    OTHER = "of another kind"


BY_CODE: Final[Mapping[int, Kind]] = {
    0: Kind.NUMBER,
    1: Kind.FLOAT,
    2: Kind.VARCHAR,
    3: Kind.DATE,
    4: Kind.TIMESTAMP_NTZ,
    5: Kind.VARIANT,
    6: Kind.TIMESTAMP_LTZ,
    7: Kind.TIMESTAMP_TZ,
    8: Kind.TIMESTAMP_NTZ,
    9: Kind.OBJECT,
    10: Kind.ARRAY,
    11: Kind.BINARY,
    12: Kind.TIME,
    13: Kind.BOOLEAN,
}
"""The driver's codes of types; GEOGRAPHY, GEOMETRY, VECTOR, MAP, FILE and intervals are none of them."""
JSON: Final = frozenset({Kind.VARIANT, Kind.OBJECT, Kind.ARRAY})
INSTANTS: Final = frozenset({Kind.TIMESTAMP_LTZ, Kind.TIMESTAMP_TZ})
MOMENTS: Final = INSTANTS | {Kind.TIMESTAMP_NTZ}
CURSORS: Final = MOMENTS | {Kind.NUMBER, Kind.VARCHAR, Kind.DATE}
CASTS: Final = {
    Kind.FLOAT: "cast it to a NUMBER in the query",
    Kind.BINARY: "give TO_VARCHAR(..., 'HEX') of it in the query",
    Kind.TIME: "add its date in the query, which makes a TIMESTAMP",
}
ANY_CAST: Final = "cast it, or a part of it, to NUMBER, VARCHAR, DATE or TIMESTAMP in the query"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the user's query."""

    name: str
    kind: Kind
    digits: int = 38
    """All digits of a NUMBER."""
    scale: int = 0
    """Those behind the point of a NUMBER, or of the seconds of a time."""

    @property
    def type_name(self) -> str:
        """The type for a message."""
        if self.kind is Kind.NUMBER:
            return f"NUMBER({self.digits},{self.scale})"
        return f"{self.kind}({self.scale})" if self.kind in MOMENTS or self.kind is Kind.TIME else self.kind.value

    @property
    def is_json(self) -> bool:
        """Whether its text is JSON."""
        return self.kind in JSON

    @property
    def can_be_read(self) -> bool:
        """Whether its values come in a type that is known here."""
        return self.kind is not Kind.OTHER

    @property
    def can_be_cursor(self) -> bool:
        """Whether its order is that of its cursor values."""
        return self.kind in CURSORS

    @property
    def cursor_remedy(self) -> str:
        """What makes a cursor of it where it is none."""
        return CASTS.get(self.kind, ANY_CAST)

    @property
    def value(self) -> str:
        """The expression that is selected; raises `QueryError` for a type that no reader knows."""
        name = f"{INNER}.{quoted(self.name)}"
        if not self.can_be_read:
            what = f'"{self.name}" is of a type that cannot be read, such as GEOGRAPHY, VECTOR or an interval'
            raise QueryError(what, remedy="convert it in the query, such as by ST_ASWKT or TO_VARCHAR")
        return f"TO_JSON(TO_VARIANT({name}))" if self.is_json else name

    @property
    def rank(self) -> str:
        """The expression that is compared and sorted: text by its bytes, whatever the column's collation."""
        return f"COLLATE({self.value}, {UTF8})" if self.kind is Kind.VARCHAR else self.value

    @property
    def grid(self) -> tuple[Grid, str]:
        """The values it can hold, and the SQL type to bind others as; raises `QueryError` where it has no order."""
        match self.kind:
            case Kind.NUMBER:
                most = 10**self.digits - 1
                grid = Grid(kind=CursorKind.DECIMAL, digits=self.scale, lowest=-most, highest=most)
                return grid, self.type_name
            case Kind.FLOAT:
                return Grid(kind=CursorKind.DECIMAL, digits=None), self.kind
            case Kind.VARCHAR:
                return Grid(kind=CursorKind.TEXT), self.kind
            case Kind.DATE:
                return Grid(kind=CursorKind.DATE), self.kind
            case Kind.TIMESTAMP_NTZ:
                return Grid(kind=CursorKind.TIMESTAMP, digits=self.scale), self.type_name
            case Kind.TIMESTAMP_LTZ | Kind.TIMESTAMP_TZ:
                return Grid(kind=CursorKind.TIMESTAMP_TZ, digits=self.scale), self.type_name
            case _:
                raise QueryError(f'"{self.name}" is of type {self.type_name}, whose values have no order to read by')

    @property
    def arrow(self) -> "pa.DataType":
        """The type that its values travel as, JSON as its text."""
        import pyarrow as pa

        unit = "us" if self.scale <= MICROSECOND_DIGITS else "ns"
        if self.kind is Kind.NUMBER:
            is_long = self.scale == 0 and self.digits <= LONG_DIGITS
            return pa.int64() if is_long else pa.decimal128(self.digits, self.scale)
        if self.kind in MOMENTS:
            return pa.timestamp(unit, "UTC" if self.kind in INSTANTS else None)
        others = {
            Kind.TIME: pa.time64(unit),
            Kind.FLOAT: pa.float64(),
            Kind.BOOLEAN: pa.bool_(),
            Kind.BINARY: pa.binary(),
            Kind.DATE: pa.date32(),
        }
        return others.get(self.kind, pa.string())


def column_of(described: Any) -> Column:
    """Return the column that the driver describes."""
    kind = BY_CODE.get(described.type_code, Kind.OTHER)
    digits = described.precision if kind is Kind.NUMBER and described.precision else 38
    return Column(described.name, kind, digits=digits, scale=described.scale or 0)


def bound(text: str, sql_type: str) -> tuple[str, str]:
    """Return the text to bind for that of a cursor value, and what stands for it in the SELECT."""
    if sql_type == Kind.VARCHAR:
        return text, "?"
    if sql_type.startswith(tuple(INSTANTS)):  # Snowflake reads offsets in digits
        text = text.removesuffix("Z") + "+00:00"
    return text, f"CAST(? AS {sql_type})"


def typed(batch: "pa.RecordBatch", columns: "Sequence[Column]", schema: "pa.Schema") -> "pa.RecordBatch":
    """Return `batch` as the `columns` declare it; raises `QueryError` where a value is none of its type."""
    import pyarrow as pa

    arrays = [_as(column, values) for column, values in zip(columns, batch.columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _as(column: Column, values: "pa.Array") -> "pa.Array":
    import pyarrow as pa

    target = column.arrow
    if values.type == target:
        return values
    try:
        if pa.types.is_timestamp(target) and pa.types.is_timestamp(values.type):
            return _moments(values, target)
        return values.cast(target)
    except pa.ArrowInvalid:  # its text repeats the value
        what = f'"{column.name}" is of type {column.type_name}, and a value of it came as {values.type}'
        raise QueryError(what, remedy="cast the column in the query") from None


def _moments(values: "pa.Array", target: "pa.TimestampType") -> "pa.Array":
    """Return times in the unit of `target`; one that its 64 bits cannot hold is infinite, and costs no other row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = values.view(pa.int64())
    given, wanted = NANOSECONDS[values.type.unit], NANOSECONDS[target.unit]
    if given < wanted:
        steps = pa.scalar(wanted // given, pa.int64())
        rest = pc.subtract(numbers, pc.multiply(pc.divide(numbers, steps), steps))
        floored = pc.subtract(pc.divide(numbers, steps), pc.cast(pc.less(rest, 0), pa.int64()))
        return floored.view(target)
    factor = given // wanted
    most = INFINITY // factor
    fits = pc.and_(pc.less_equal(numbers, most), pc.greater_equal(numbers, -most))
    finite = pc.multiply(pc.if_else(fits, numbers, pa.scalar(0, pa.int64())), pa.scalar(factor, pa.int64()))
    infinite = pc.if_else(pc.greater(numbers, 0), pa.scalar(INFINITY), pa.scalar(-INFINITY))
    return pc.if_else(fits, finite, infinite).view(target)
