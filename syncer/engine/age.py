"""What must not leave any more at the moment its request is sent; pure (reliability promises R03 and R20)."""

from datetime import datetime, timedelta

import polars as pl

from syncer.spec.limits import DEDUPLICATION_S, PHYSICAL_STORE_WINDOW_S, WINDOW_MARGIN_S, WINDOW_S

RESENT_FOR = timedelta(seconds=DEDUPLICATION_S)
"""Ours: doubt that is older than Meta's own deduplication is not sent again by itself."""


def left_out(events: pl.DataFrame, *, now: datetime, doubt_since: datetime | None = None) -> pl.Series | None:
    """Return which of `events`, all of one age class, may not be sent at `now`; None: all may.

    Those are the events outside Meta's window, less its margin; all of them where they were first sent at
    `doubt_since`, nobody knows whether they arrived, and that is too long ago to send them again.
    """
    if doubt_since is not None and is_past_resending(doubt_since, now):
        return pl.Series([True], dtype=pl.Boolean).new_from_index(0, events.height)
    window_s = PHYSICAL_STORE_WINDOW_S if events["age_class"][0] else WINDOW_S
    oldest = int(now.timestamp()) - (window_s - WINDOW_MARGIN_S)
    is_gone = events["event_time"] < oldest
    return is_gone if is_gone.any() else None


def is_past_resending(first_sent: datetime, now: datetime) -> bool:
    """Return whether events that may have arrived are too old to be sent again unasked."""
    return now - first_sent > RESENT_FOR
