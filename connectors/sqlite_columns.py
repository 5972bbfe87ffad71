"""A column of SQLite and the one type that its values travel as: by its declared type, else by the values met.

SQLite lets any value into any column. What does not fit the type of its column is NULL, in the order as well.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from connectors.batches import texts
from connectors.bounds import Grid
from connectors.errors import QueryError
from connectors.incremental import CursorKind
from connectors.wrapping import INNER, quoted

if TYPE_CHECKING:
    import pyarrow as pa

DECIMAL_DIGITS = 38
"""Digits that Arrow's decimals have at most."""


class Kind(StrEnum):
    """What the values of a column are."""

    INTEGER = "INTEGER"
    REAL = "REAL"
    TEXT = "TEXT"
    BLOB = "BLOB"
    BOOLEAN = "BOOLEAN"
    DECIMAL = "DECIMAL"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"
    TIMESTAMP_TZ = "TIMESTAMP WITH TIME ZONE"
    JSON = "JSON"


BY_NAME: Final = {
    "BOOL": Kind.BOOLEAN,
    "BOOLEAN": Kind.BOOLEAN,
    "DATE": Kind.DATE,
    "TIMESTAMPTZ": Kind.TIMESTAMP_TZ,
    "TIMESTAMP WITH TIME ZONE": Kind.TIMESTAMP_TZ,
    "JSON": Kind.JSON,
    "FLOAT": Kind.REAL,
    "DOUBLE": Kind.REAL,
    "DOUBLE PRECISION": Kind.REAL,
    "REAL": Kind.REAL,
}
MOMENTS: Final = ("TIMESTAMP", "DATETIME", "TIMESTAMP WITHOUT TIME ZONE")
"""Declared types of times; most of the values tell whether they are instants."""
DECIMALS: Final = ("DECIMAL", "NUMERIC", "NUMBER", "DEC")
"""Types with digits in brackets; without them they say nothing."""
INTEGERS: Final = re.compile(r"(UNSIGNED )?(TINY|SMALL|MEDIUM|BIG|BIG )?INT(EGER|\d)?( UNSIGNED)?")
TEXTS: Final = ("CHAR", "CLOB", "TEXT")
"""What SQLite looks for in a declared type that makes texts of numbers."""

FLAGS: Final = {"integer": 1, "real": 2, "text": 4, "blob": 8}
"""Types of values, as bits of a number."""

_DECLARED = re.compile(r"([A-Z0-9_ ]*?) *(?:\( *(\d+) *(?:, *(\d+) *)?\) *([A-Z ]*))?")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the user's query whose kind is known."""

    name: str
    kind: Kind
    declared: str = ""
    digits: int = 0
    """All digits of a DECIMAL."""
    scale: int = 0
    """Those of them behind the point."""

    @property
    def type_name(self) -> str:
        """The type for a message."""
        return self.declared or self.kind.value

    @property
    def is_json(self) -> bool:
        """Whether its text is JSON."""
        return self.kind is Kind.JSON

    @property
    def can_be_cursor(self) -> bool:
        """Whether its order is that of its cursor values."""
        return self.kind not in {Kind.REAL, Kind.BLOB, Kind.BOOLEAN, Kind.JSON}

    @property
    def cursor_remedy(self) -> str:
        """What makes a cursor of it where it is none."""
        return "cast it, or a part of it, to INTEGER or TEXT in the query"

    @property
    def value(self) -> str:
        """The expression that is selected: the value where it fits the column's type, else NULL."""
        return _VALUES[self.kind](self)

    @property
    def rank(self) -> str:
        """The expression that is compared and sorted: text by its bytes, whatever the column's collation."""
        return f"{self.value} COLLATE BINARY" if self.kind in {Kind.TEXT, Kind.JSON} else self.value

    @property
    def grid(self) -> tuple[Grid, str]:
        """The values it can hold, and the kind to bind others as; raises `QueryError` where it has no order."""
        match self.kind:
            case Kind.INTEGER:
                return Grid(kind=CursorKind.INTEGER, lowest=-(2**63), highest=2**63 - 1), self.kind
            case Kind.REAL:
                return Grid(kind=CursorKind.DECIMAL, digits=None), self.kind
            case Kind.DECIMAL:
                most = 10**self.digits - 1
                return Grid(kind=CursorKind.DECIMAL, digits=self.scale, lowest=-most, highest=most), self.kind
            case Kind.TEXT | Kind.JSON:
                return Grid(kind=CursorKind.TEXT), Kind.TEXT
            case Kind.DATE:
                return Grid(kind=CursorKind.DATE), self.kind
            case Kind.TIMESTAMP:
                return Grid(kind=CursorKind.TIMESTAMP, digits=6), self.kind
            case Kind.TIMESTAMP_TZ:
                return Grid(kind=CursorKind.TIMESTAMP_TZ, digits=6), self.kind
            case Kind.BLOB | Kind.BOOLEAN:
                raise QueryError(f'"{self.name}" is of type {self.type_name}, whose values have no order to read by')

    @property
    def arrow(self) -> "pa.DataType":
        """The type in Arrow, JSON as text."""
        import pyarrow as pa

        if self.kind is Kind.DECIMAL:
            return pa.decimal128(self.digits, self.scale)
        return {
            Kind.INTEGER: pa.int64(),
            Kind.REAL: pa.float64(),
            Kind.TEXT: pa.string(),
            Kind.JSON: pa.string(),
            Kind.BLOB: pa.binary(),
            Kind.BOOLEAN: pa.bool_(),
            Kind.DATE: pa.date32(),
            Kind.TIMESTAMP: pa.timestamp("us"),
            Kind.TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
        }[self.kind]

    def array(self, values: Sequence[Any]) -> "pa.Array":
        """Return what `value` gave, texts as bytes, as Arrow; a text that is no UTF-8 is NULL."""
        import pyarrow as pa

        match self.kind:
            case Kind.TEXT | Kind.JSON:
                return texts(values)
            case Kind.BOOLEAN:
                return pa.array(values, pa.int8()).cast(pa.bool_())
            case Kind.DATE:
                return pa.array(values, pa.int32()).cast(pa.date32())
            case Kind.TIMESTAMP | Kind.TIMESTAMP_TZ:
                return pa.array(values, pa.int64()).cast(self.arrow)
            case Kind.DECIMAL:
                return pa.array(_decimals(values, self.scale), self.arrow)
            case _:
                return pa.array(values, self.arrow)


def declared_column(name: str, declared: str) -> Column | None:
    """Return the column of the type that a table declares; None where the values have to tell."""
    found = _DECLARED.fullmatch(" ".join(declared.upper().split()))
    if found is None:
        return None
    word = " ".join(filter(None, (found[1], found[4])))
    if word in DECIMALS and found[2]:
        digits, scale = int(found[2]), int(found[3] or 0)
        fits = 0 < digits <= DECIMAL_DIGITS and scale <= digits
        return Column(name, Kind.DECIMAL, declared, digits, scale) if fits else None
    if word in BY_NAME:
        return Column(name, BY_NAME[word], declared)
    if INTEGERS.fullmatch(word):
        return Column(name, Kind.INTEGER, declared)
    return Column(name, Kind.TEXT, declared) if any(part in word for part in TEXTS) else None


def types_met(name: str, declared: str) -> str:
    """Return the SQL of the number that tells `column_met` about all values of the column; it is an aggregate."""
    value = _name(name)
    if not _is_moment(declared):
        return " + ".join(f"{flag} * max(typeof({value}) = '{kind}')" for kind, flag in FLAGS.items())
    has_zone = f"substr({value}, -1) IN ('Z', 'z') OR substr({value}, {len('2026-11-20 10:00') + 1}) GLOB '*[-+]*'"
    of_text = f"CASE WHEN {has_zone} THEN 1 WHEN {value} GLOB '[0-9]*' THEN -1 ELSE 0 END"
    return f"sum(CASE typeof({value}) WHEN 'text' THEN {of_text} WHEN 'null' THEN 0 WHEN 'blob' THEN 0 ELSE 1 END)"


def column_met(name: str, declared: str, met: int | None) -> Column:
    """Return the column by the values it holds: `met` is what `types_met` gave, None where they cannot be read."""
    found = met or 0
    if _is_moment(declared):
        return Column(name, Kind.TIMESTAMP_TZ if found > 0 else Kind.TIMESTAMP, declared)
    has_number = found & (FLAGS["integer"] | FLAGS["real"])
    if found & FLAGS["text"] or (has_number and found & FLAGS["blob"]):
        return Column(name, Kind.TEXT)
    if has_number:
        return Column(name, Kind.REAL if found & FLAGS["real"] else Kind.INTEGER)
    return Column(name, Kind.BLOB if found or declared.upper() == "BLOB" else Kind.TEXT)


def _is_moment(declared: str) -> bool:
    return " ".join(declared.upper().partition("(")[0].split()) in MOMENTS


def _name(name: str) -> str:
    return f"{INNER}.{quoted(name)}"


def _integer(column: Column) -> str:
    name = _name(column.name)
    return f"CASE typeof({name}) WHEN 'integer' THEN {name} END"


def _real(column: Column) -> str:
    name = _name(column.name)
    return f"CASE typeof({name}) WHEN 'real' THEN {name} WHEN 'integer' THEN CAST({name} AS REAL) END"


def _text(column: Column) -> str:
    return f"CAST({_name(column.name)} AS TEXT)"


def _blob(column: Column) -> str:
    name = _name(column.name)
    return f"CASE WHEN typeof({name}) IN ('blob', 'text') THEN CAST({name} AS BLOB) END"


def _json(column: Column) -> str:
    name = _name(column.name)
    return f"CASE WHEN typeof({name}) <> 'blob' THEN CAST({name} AS TEXT) END"


def _boolean(column: Column) -> str:
    name = _name(column.name)
    of_text = f"CASE lower({name}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
    of_integer = f"CASE WHEN {name} IN (0, 1) THEN {name} END"
    return f"CASE typeof({name}) WHEN 'integer' THEN {of_integer} WHEN 'text' THEN {of_text} END"


def _decimal(column: Column) -> str:
    name, end = _name(column.name), f"1e{column.digits - column.scale}"
    rounded = f"CASE typeof({name}) WHEN 'real' THEN round({name}, {column.scale}) WHEN 'integer' THEN {name} END"
    return f"CASE WHEN {rounded} > -{end} AND {rounded} < {end} THEN {rounded} END"


def _time(function: str) -> Callable[[Column], str]:
    def value(column: Column) -> str:
        name = _name(column.name)
        # As bytes: a text that is no UTF-8 would end the query before the function sees it.
        return f"{function}(CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END)"

    return value


_VALUES: Final[dict[Kind, Callable[[Column], str]]] = {
    Kind.INTEGER: _integer,
    Kind.REAL: _real,
    Kind.TEXT: _text,
    Kind.BLOB: _blob,
    Kind.BOOLEAN: _boolean,
    Kind.DECIMAL: _decimal,
    Kind.DATE: _time("syncer_day"),
    Kind.TIMESTAMP: _time("syncer_local"),
    Kind.TIMESTAMP_TZ: _time("syncer_instant"),
    Kind.JSON: _json,
}


def _decimals(values: "Sequence[int | float | None]", scale: int) -> list[Decimal | None]:
    context, step = Context(prec=DECIMAL_DIGITS, rounding=ROUND_HALF_EVEN), Decimal(1).scaleb(-scale)
    return [None if value is None else Decimal(repr(value)).quantize(step, context=context) for value in values]
