"""A batch transformed in columns and row by row: both must give the same."""

import json
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa

from syncer.pipeline import Pipeline
from syncer.state.requests import split
from syncer.transform import Scope, Transformed, compile_transform
from syncer.transform.consent import Unsent


def transformed(
    pipeline: Pipeline,
    batch: pa.RecordBatch,
    scope: Scope,
    *,
    now: int,
    start: int | None,
    only: pl.Series | None = None,
    suppressed: Unsent = (),
) -> Transformed:
    """Return what the columns make of `batch`; fails where its rows one by one give anything else."""
    columns, rows = (
        compile_transform(pipeline, batch.schema, scope, few=few).knowing(suppressed)(
            batch, now=now, start=start, only=only
        )
        for few in (0, batch.num_rows)
    )
    assert rows.events.schema == columns.events.schema
    assert rows.events.drop("json").rows() == columns.events.drop("json").rows()
    assert list(map(in_order, rows.events["json"])) == list(map(in_order, columns.events["json"]))
    assert rows.rejects.schema == columns.rejects.schema
    assert rows.rejects.rows() == columns.rejects.rows()
    assert rows.tally == columns.tally
    assert sorted(split(rows.elsewhere)) == sorted(split(columns.elsewhere))
    assert rows.unsent.schema == columns.unsent.schema
    assert rows.unsent.rows() == columns.unsent.rows()
    assert rows.consent_column == columns.consent_column
    return columns


def in_order(text: str) -> Any:
    """Return what JSON says, with numbers as they are written and objects as lists of their members."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=list)
