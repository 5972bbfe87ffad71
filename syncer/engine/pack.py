"""Events into requests: by age class, up to a number of events and of bytes; pure."""

from bisect import bisect_right
from collections.abc import Iterator

import polars as pl

ENVELOPE_BYTES = 512
"""Room for what surrounds the events of a body."""


def pack(events: pl.DataFrame, *, most_events: int, most_bytes: int) -> Iterator[pl.DataFrame]:
    """Yield slices of `events` that each fit one request, in order, losing and repeating nothing.

    Meta refuses a whole request for one event that is too old, and its windows differ by action_source:
    age classes never share a request. An event larger than `most_bytes` goes alone.
    """
    classes = events["age_class"]
    if classes.n_unique() > 1:
        for part in events.partition_by("age_class", maintain_order=True):
            yield from _cut(part, most_events, most_bytes)
    else:
        yield from _cut(events, most_events, most_bytes)


def _cut(events: pl.DataFrame, most_events: int, most_bytes: int) -> Iterator[pl.DataFrame]:
    ends = (events["json"].str.len_bytes().cast(pl.Int64) + 1).cum_sum().to_list()
    begin, sent_bytes = 0, 0
    while begin < events.height:
        fits = bisect_right(ends, sent_bytes + most_bytes - ENVELOPE_BYTES, begin) - begin
        length = max(1, min(fits, most_events))
        yield events.slice(begin, length)
        begin += length
        sent_bytes = ends[begin - 1]
