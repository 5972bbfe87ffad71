"""The `fbc` of a click id and the time of its click. Twin of `browser.fbc_from_click`."""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from syncer.spec import browser
from syncer.spec.context import NOTHING_KNOWN, Context
from syncer.transform.claims import only
from syncer.transform.masks import certain
from syncer.transform.pieces import Piece
from syncer.transform.rows import Rows
from syncer.transform.texts import texts

PLAIN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{15,}(?:\.[A-Za-z0-9_-]{2}|\.[A-Za-z0-9_-]{8})?$"
"""Click ids that need no closer look."""


@dataclass(frozen=True, slots=True)
class Clicks:
    """Makes `fbc` values of click ids; where the time of the click is not known the event's own is the next best."""

    rows: Rows
    event_time: pl.Series
    """Unix seconds."""
    timezone: str

    def fbc(self, piece: Piece, clicked_at: str | None) -> Piece:
        """Return the `fbc` of each click id; one of which none can be made stays as it is."""
        ids = texts(piece.only(piece.present()).values)
        moments = self._times(clicked_at)
        frame = pl.DataFrame([ids.alias("id"), moments.alias("ms"), ids.str.contains(PLAIN).alias("plain")])
        built = pl.when("plain").then(pl.format("fb.1.{}.{}", "ms", "id"))
        values = frame.select(built.alias("fbc")).to_series()
        odd = certain(~frame["plain"]).arg_true()
        if len(odd):
            given = zip(ids.gather(odd), moments.gather(odd), strict=True)
            made = [browser.fbc_from_click(*each, NOTHING_KNOWN) or each[0] for each in given]
            values = values.scatter(odd, pl.Series(made, dtype=pl.String))
        return Piece(values, piece.how)

    def _times(self, column: str | None) -> pl.Series:
        """Return milliseconds."""
        of_events = self.event_time * 1_000
        if column is None:
            return of_events
        return _click_ms(self.rows.frame.get_column(column), self.timezone).fill_null(of_events)


def _click_ms(values: pl.Series, timezone: str) -> pl.Series:
    """Twin of `browser.click_ms`."""
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime) and (dtype.time_zone or timezone) == "UTC":
        known = values.dt.epoch("ms")
        return only(known, known > 0)
    context = Context(timezone=ZoneInfo(timezone))
    return pl.Series([browser.click_ms(value, context) for value in values.to_list()], dtype=pl.Int64, strict=False)
