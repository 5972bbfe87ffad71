"""Match keys by event name: how many events had a value of each, and how many still have one to be sent."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import polars as pl

from syncer.report import Tally, event_key
from syncer.spec.leaks import found_in
from syncer.transform.validate import Facts

MOST_NAMES: Final = 50
OTHERS: Final = "(others)"
"""Names behind the `MOST_NAMES` most frequent of a batch are counted together, and those with personal data in them."""


@lru_cache(maxsize=1_024)
def counted_as(event_name: str) -> str:
    """Return the name under which an event is counted: its own, unless that holds what no report may."""
    return OTHERS if found_in(event_name) else event_name


def count(tally: Tally, facts: Facts, passed: pl.Series | None) -> None:
    """Count the match keys of the events of one batch that go out, where `passed` is true."""
    keys = {place[1]: present for place, present in facts.present.items() if place[0] == "user_data"}
    lost = {place[1]: mask for place, mask in facts.dropped.items() if place[0] == "user_data"}
    columns = {f"sent {key}": present for key, present in keys.items()}
    columns |= {f"given {key}": keys[key] | mask for key, mask in lost.items() if key in keys and mask.any()}
    frame = pl.DataFrame([facts.event_name.alias("name"), *(mask.alias(name) for name, mask in columns.items())])
    if passed is not None:
        frame = frame.filter(passed)
    for own_name, events, sums in _sums(frame):
        name = counted_as(own_name)
        tally.events[name] += events
        for key in keys:
            sent = sums[f"sent {key}"]
            tally.sent_keys[event_key(key, name)] += sent
            tally.given_keys[event_key(key, name)] += sums.get(f"given {key}", sent)


def _sums(frame: pl.DataFrame) -> list[tuple[str, int, Mapping[str, int]]]:
    """Return of each event name how many events it has, and how often each other column is true."""
    if not frame.height:
        return []
    masks = pl.all().exclude("name").sum()
    names = frame["name"].value_counts(sort=True)["name"]
    if len(names) == 1:
        return [(names[0], frame.height, frame.select(masks).row(0, named=True))]
    if len(names) > MOST_NAMES:
        known = pl.col("name").is_in(names.head(MOST_NAMES).implode())
        frame = frame.with_columns(name=pl.when(known).then("name").otherwise(pl.lit(OTHERS)))
    sums = frame.group_by("name").agg(masks, pl.len().alias("events"))
    return [(row.pop("name"), row.pop("events"), row) for row in sums.iter_rows(named=True)]
