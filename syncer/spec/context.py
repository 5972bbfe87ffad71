"""What a value's rule needs to know besides the value."""

from dataclasses import dataclass
from datetime import UTC, date, tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The surroundings of one value."""

    country: str | None = None
    """Two-letter code in lower case of the row, else of the pipeline; see `places.row_country`."""
    date_format: str | None = None
    """How dates are written: strptime's letters such as `%d/%m/%Y`, or an order: dmy, mdy, ymd."""
    today: date | None = None
    """The day, in UTC, after which nobody was born; None: any."""
    timezone: tzinfo = UTC
    """Zone of times without zone."""


NOTHING_KNOWN = Context()
