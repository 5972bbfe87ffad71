"""A line for each reject, with its key: the warehouse is read again, the state keeps none."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import polars as pl
import pyarrow as pa

from connectors.base import Source
from connectors.incremental import cursor_kind
from syncer.engine.again import Recall
from syncer.engine.compiled import compiled
from syncer.engine.span import whole
from syncer.pipeline import Pipeline
from syncer.state.quarantine import Reject
from syncer.transform.identity import Scope

SCHEMA: Final = pa.schema(
    {
        "key": pa.string(),
        "rule": pa.string(),
        "event_id": pa.string(),
        "bucket": pa.string(),
        "reason": pa.string(),
        "field": pa.string(),
        "code": pa.int64(),
        "subcode": pa.int64(),
        "fbtrace_id": pa.string(),
        "run_id": pa.string(),
        "at": pa.timestamp("us", "UTC"),
    }
)
"""One reject; `rule` is NULL where the pipeline has none, it, key and event_id where the query gives no such row, or the row has no key."""
REJECT: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "identity": pl.Binary,
    "bucket": pl.String,
    "reason": pl.String,
    "field": pl.String,
    "code": pl.Int64,
    "subcode": pl.Int64,
    "fbtrace_id": pl.String,
    "run_id": pl.String,
    "at": pl.Datetime("us", "UTC"),
}


def rejected_rows(
    pipeline: Pipeline, source: Source, scope: Scope, rejects: Sequence[Reject], *, now: datetime
) -> Iterator[pa.Table]:
    """Yield tables of `SCHEMA`: the rejects that are found, in the order of their rows, then the others.

    The query is read from the lowest cursor value of a reject on, then below it where some are missing.
    """
    transform, shape = compiled(pipeline, source, scope)
    lines = pl.DataFrame([[getattr(each, name) for name in REJECT] for each in rejects], schema=REJECT, orient="row")
    recall = Recall(tuple(reject for reject in rejects if reject.identity is not None))
    column, at = transform.cursor_column, int(now.timestamp())
    kind = None if column is None else cursor_kind(shape.field(column).type)
    parts = (part for part in recall.queries(whole(pipeline, transform), kind) if not recall.is_complete)
    for rows in (rows for part in parts for rows in source.read(part)):
        _, named = recall.rows(rows, transform, now=at)
        named = named.select("identity", "key", "rule", "event_id").unique(
            "identity", keep="first", maintain_order=True
        )
        found = named.join(lines, on="identity", how="inner", maintain_order="left")
        lines = lines.join(named, on="identity", how="anti", maintain_order="left")
        if found.height:
            yield _table(found)
    if lines.height:
        nothing = pl.lit(None, dtype=pl.String)
        yield _table(lines.with_columns(nothing.alias(name) for name in ("key", "rule", "event_id")))


def _table(found: pl.DataFrame) -> pa.Table:
    return found.select(*SCHEMA.names).to_arrow().cast(SCHEMA)
