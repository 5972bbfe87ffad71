"""One value of a cursor column as typed text, exact in both directions."""

from dataclasses import dataclass
from enum import StrEnum


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
