"""Events of one batch that are the same to the ledger or to Meta: the first is sent, the others are refused.

The same identity is two rows with one key (reliability promise R12), the same name and event_id two rules of one row.
"""

import polars as pl

from syncer.report import Bucket
from syncer.transform.verdicts import COLUMNS, no_refusals

SAME, OTHER = "duplicate_skipped", "key_conflict"
TWIN = "same_event_by_rules"


def refuse_repeated(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the first event of each identity, and a reject for each later one: the same again, or another payload."""
    if events.get_column("identity").n_unique() == events.height:
        return events, no_refusals()
    is_first = events.select(pl.col("identity").is_first_distinct()).to_series()
    later = events.filter(~is_first).select("row", "identity", "json")
    first = events.filter(is_first).select("identity", pl.col("json").alias("sent"))
    same = pl.col("json") == pl.col("sent")
    rejects = later.join(first, on="identity", how="left", maintain_order="left").with_columns(
        bucket=pl.when(same).then(pl.lit(Bucket.DUPLICATE_SKIPPED.value)).otherwise(pl.lit(Bucket.KEY_PROBLEM.value)),
        reason=pl.when(same).then(pl.lit(SAME)).otherwise(pl.lit(OTHER)),
        field=pl.lit(None, dtype=pl.String),
    )
    return events.filter(is_first), rejects.select(*COLUMNS)


def refuse_twins(events: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the events without those that Meta would take for an earlier one of their row, and a reject for each.

    Meta knows an event by event_name and event_id.
    """
    is_first = events.select(pl.struct("row", "event_name", "event_id").is_first_distinct()).to_series()
    if is_first.all():
        return events, no_refusals()
    rejects = events.filter(~is_first).select(
        "row",
        "identity",
        bucket=pl.lit(Bucket.DUPLICATE_SKIPPED.value),
        reason=pl.lit(TWIN),
        field=pl.lit(None, dtype=pl.String),
    )
    return events.filter(is_first), rejects.select(*COLUMNS)
