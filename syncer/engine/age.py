"""What must not leave any more at the moment its request is sent; pure (reliability promises R03 and R20)."""

from datetime import datetime, timedelta
from typing import Literal

import polars as pl

from syncer.spec.limits import DEDUPLICATION_S, PHYSICAL_STORE_WINDOW_S, WINDOW_MARGIN_S, WINDOW_S

RESENT_FOR = timedelta(seconds=DEDUPLICATION_S)
"""Ours: doubt that is older than Meta's own deduplication is not sent again by itself."""
Mode = Literal["at_least_once", "at_most_once"]


def left_out(
    events: pl.DataFrame, *, now: datetime, doubt_since: datetime | None = None, mode: Mode = "at_least_once"
) -> pl.Series | None:
    """Return which of `events`, all of one age class, may not be sent at `now`; None: all may.

    Those are the events outside Meta's window, less its margin; all of them where they were first sent at
    `doubt_since`, nobody knows whether they arrived, and they may not be sent again for that.
    """
    if doubt_since is not None and not may_resend(doubt_since, now, mode=mode):
        return pl.Series([True], dtype=pl.Boolean).new_from_index(0, events.height)
    window_s = PHYSICAL_STORE_WINDOW_S if events["age_class"][0] else WINDOW_S
    oldest = int(now.timestamp()) - (window_s - WINDOW_MARGIN_S)
    is_gone = events["event_time"] < oldest
    return is_gone if is_gone.any() else None


def may_resend(first_sent: datetime, now: datetime, *, mode: Mode) -> bool:
    """Return whether events that may have arrived may be sent again unasked."""
    return mode == "at_least_once" and now - first_sent <= RESENT_FOR
