"""Where a reset puts the watermark, and what that costs; pure."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from connectors.incremental import CursorKind, CursorValue
from connectors.moments import SECOND, moment_text, parse_moment
from syncer.watermark import Watermark

START = "start"
"""Stands for no watermark: the next run reads as a first one does."""
EXAMPLES = {
    CursorKind.INTEGER: "a whole number, such as 4711",
    CursorKind.DECIMAL: "a number, such as 4711.50",
    CursorKind.TEXT: "a text",
    CursorKind.DATE: "a day, such as 2026-11-20",
    CursorKind.TIMESTAMP: "a time without zone, such as 2026-11-20T10:00:00",
    CursorKind.TIMESTAMP_TZ: "a time with its zone, such as 2026-11-20T10:00:00Z",
}
WITH_OFFSET = re.compile(r"(.+T.+)([+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reset:
    """A watermark that goes from `before` to `after`; None is where a first run begins."""

    before: Watermark | None
    after: Watermark | None

    @property
    def direction(self) -> Literal["none", "back", "forward"]:
        """Return which way it goes."""
        if self.before is None or self.after is None:
            return "none" if self.before == self.after else "back" if self.after is None else "forward"
        if self.after.is_behind(self.before):
            return "back"
        return "forward" if self.before.is_behind(self.after) else "none"

    @property
    def cost(self) -> str:
        """Return what the next run makes of it, in a sentence or two."""
        match self.direction:
            case "none":
                return "The watermark is there already."
            case "back":
                return (
                    "The next run reads rows again. What was settled stays settled: the ledger skips it. "
                    "The rest is sent as far as Meta still takes it; older events end as expired."
                )
            case "forward":
                return (
                    "Rows between the two are skipped: what of them was not sent will be sent by no run, and Meta will "
                    "not count it. A reset back brings them again, as long as Meta takes events of that age."
                )


def parse_position(text: str, kind: CursorKind) -> Watermark | None:
    """Return the watermark that `text` means to a cursor of `kind`, None for `start`.

    Times with an offset are turned into UTC. Raises `ValueError`, whose text says what such a cursor takes.
    """
    if text == START:
        return None
    try:
        return Watermark(CursorValue(kind, _canonical(text.strip(), kind)))
    except (ValueError, InvalidOperation):
        raise ValueError(f"the cursor takes {EXAMPLES[kind]}, or `{START}`") from None


def _canonical(text: str, kind: CursorKind) -> str:
    match kind:
        case CursorKind.INTEGER:
            return str(int(text))
        case CursorKind.DECIMAL:
            return _decimal(text)
        case CursorKind.TEXT:
            return text
        case CursorKind.DATE:
            return date.fromisoformat(text).isoformat()
        case CursorKind.TIMESTAMP:
            return _moment(text.replace(" ", "T", 1))
        case CursorKind.TIMESTAMP_TZ:
            return _instant(text.replace(" ", "T", 1))


def _decimal(text: str) -> str:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("no number")
    return f"{number:f}"


def _moment(text: str) -> str:
    if text.endswith("Z"):
        raise ValueError("the column has no zone")
    return moment_text(parse_moment(text)) or ""


def _instant(text: str) -> str:
    with_offset = WITH_OFFSET.fullmatch(text)
    if with_offset is None and not text.endswith("Z"):
        raise ValueError("no zone")
    local, offset = with_offset.groups() if with_offset else (text, "+00:00")
    ahead = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").utcoffset()
    shifted = moment_text(parse_moment(local) - int(ahead.total_seconds() if ahead else 0) * SECOND)
    if shifted is None:
        raise ValueError("no calendar holds it")
    return f"{shifted}Z"
