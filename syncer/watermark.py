"""The stored cursor value up to which every row read is settled."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Self

from connectors.incremental import CursorKind, CursorValue

LOOKBACK_OF_TIMES_S = 3_600
DIGITS = 100
"""Room for every number of a warehouse; Python rounds at 28 otherwise."""
TIMES = (CursorKind.DATE, CursorKind.TIMESTAMP, CursorKind.TIMESTAMP_TZ)


@dataclass(frozen=True, slots=True)
class Watermark:
    """A cursor value that only moves up; rows at the value itself are read again and dropped by the ledger."""

    value: CursorValue

    @classmethod
    def parse(cls, kind: str, text: str) -> Self:
        """Return the watermark that was stored as `kind` and `text`."""
        return cls(CursorValue(CursorKind(kind), text))

    def __str__(self) -> str:
        return self.value.text

    @property
    def at(self) -> datetime | None:
        """The time that it is, one without zone read as UTC; None where it is none, or beyond Python's calendar."""
        if self.value.kind not in TIMES:
            return None
        try:
            at = datetime.fromisoformat(self.value.text)
        except ValueError:
            return None
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    def fits(self, kind: CursorKind) -> bool:
        """Return whether values of `kind` can follow this one; a date and a time mean other rows by one text."""
        return _family(self.value.kind) == _family(kind)

    def is_behind(self, other: "Watermark") -> bool:
        """Return whether `other` is further on; raises `ValueError` where the two are of different kinds."""
        return order(self.value) < order(other.value)

    def minus(self, lookback: int | None) -> CursorValue:
        """Return the value to read from: `lookback` below, in seconds for times, else in units of the cursor.

        None takes one hour for times and nothing for the rest. Text has no distance: it is read from the value itself.
        """
        kind = self.value.kind
        if lookback is None:
            lookback = LOOKBACK_OF_TIMES_S if kind in TIMES else 0
        if lookback == 0 or kind is CursorKind.TEXT:
            return self.value
        return CursorValue(kind, _lower(self.value, lookback))


def order(value: CursorValue) -> tuple[str, Decimal | str]:
    """Return what values of one kind sort by, at full precision; tuples of different kinds must not be compared."""
    match value.kind:
        case CursorKind.INTEGER | CursorKind.DECIMAL:
            return (_family(value.kind), Decimal(value.text))
        case CursorKind.TEXT:
            return (_family(value.kind), value.text)
        case CursorKind.DATE:
            return (_family(value.kind), _seconds(value.text + "T00:00:00"))
        case CursorKind.TIMESTAMP | CursorKind.TIMESTAMP_TZ:
            return (_family(value.kind), _seconds(value.text.removesuffix("Z")))


def _family(kind: CursorKind) -> str:
    return "number" if kind in {CursorKind.INTEGER, CursorKind.DECIMAL} else kind.value


def _seconds(text: str) -> Decimal:
    whole, _, fraction = text.partition(".")
    since = datetime.fromisoformat(whole).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return Decimal(since.days * 86_400 + since.seconds) + Decimal(f"0.{fraction or 0}")


def _lower(value: CursorValue, lookback: int) -> str:
    if value.kind not in TIMES:
        with localcontext(prec=DIGITS):
            return f"{Decimal(value.text) - lookback:f}"
    if value.kind is CursorKind.DATE:
        days = -(-lookback // 86_400)
        first = date.min
        day = date.fromisoformat(value.text)
        return (day - timedelta(days=min(days, (day - first).days))).isoformat()
    zone = "Z" if value.text.endswith("Z") else ""
    whole, dot, fraction = value.text.removesuffix("Z").partition(".")
    at = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    room = int((at - datetime.min.replace(tzinfo=UTC)).total_seconds())
    lower = at - timedelta(seconds=min(lookback, room))
    return f"{lower.replace(tzinfo=None).isoformat()}{dot}{fraction}{zone}"
