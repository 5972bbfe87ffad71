"""One value of a cursor column as typed text, exact in both directions."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from connectors.moments import DAY, SECOND, day_text, moment_text

if TYPE_CHECKING:
    import pyarrow as pa

NANOSECONDS: Final = {"s": SECOND, "ms": 10**6, "us": 10**3, "ns": 1}
"""Length of one unit of an Arrow timestamp."""
INFINITY = 2**63 - 1
"""What warehouses write for infinity; of nanoseconds it would be a day in 2262."""


class CursorKind(StrEnum):
    """The family of types in which cursor values are compared; written beside every stored value."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    """Without zone."""
    TIMESTAMP_TZ = "timestamptz"
    """An instant; its text is UTC."""


@dataclass(frozen=True, slots=True)
class CursorValue:
    """A value of the cursor column: binding `text` back as `kind` selects exactly the same boundary."""

    kind: CursorKind
    text: str
    """Full precision, never rounded: `2026-11-20T10:00:00.123456789`, with `Z` for an instant."""


def cursor_kind(column_type: "pa.DataType") -> CursorKind | None:
    """Return the kind of cursor that a column of this type is, or None where it cannot be one.

    Floats cannot: their text does not bind back to the same boundary everywhere.
    """
    import pyarrow.types as kinds

    if kinds.is_dictionary(column_type):
        return cursor_kind(column_type.value_type)
    if kinds.is_timestamp(column_type):
        return CursorKind.TIMESTAMP if column_type.tz is None else CursorKind.TIMESTAMP_TZ
    by_test = (
        (kinds.is_integer, CursorKind.INTEGER),
        (kinds.is_decimal, CursorKind.DECIMAL),
        (kinds.is_string, CursorKind.TEXT),
        (kinds.is_large_string, CursorKind.TEXT),
        (kinds.is_string_view, CursorKind.TEXT),
        (kinds.is_date, CursorKind.DATE),
    )
    return next((kind for test, kind in by_test if test(column_type)), None)


def cursor_value(column: "pa.Array", row: int) -> CursorValue | None:
    """Return the value in `row`; None where it is NULL or none to go by.

    That is a time that no calendar holds, such as infinity, and a text with NUL in it, which no Postgres keeps.

    Raises `TypeError` for a type that `cursor_kind` refuses.
    """
    kind = cursor_kind(column.type)
    if kind is None:
        raise TypeError(f"a column of type {column.type} cannot be a cursor")
    value = column[row]
    text = _text(value, kind) if value.is_valid else None
    return None if text is None else CursorValue(kind, text)


def _text(value: "pa.Scalar", kind: CursorKind) -> str | None:
    match kind:
        case CursorKind.INTEGER:
            return str(value.as_py())
        case CursorKind.DECIMAL:
            return f"{value.as_py():f}"
        case CursorKind.TEXT:
            found = str(value.as_py())
            return None if "\0" in found else found
        case CursorKind.DATE:
            return day_text(value.value * (DAY if value.type.bit_width == 32 else NANOSECONDS["ms"]))
        case CursorKind.TIMESTAMP | CursorKind.TIMESTAMP_TZ:
            is_infinite = abs(value.value) >= INFINITY
            text = None if is_infinite else moment_text(value.value * NANOSECONDS[value.type.unit])
            return text + "Z" if text and kind is CursorKind.TIMESTAMP_TZ else text
