"""The first rows of a pipeline as Meta would get them; nothing is sent, nothing is remembered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from connectors.base import Source
from syncer.engine.compiled import compiled
from syncer.engine.one_row import find, of_key
from syncer.engine.plan import plan
from syncer.pipeline import Pipeline
from syncer.transform.built import Step
from syncer.transform.identity import Scope
from syncer.transform.key_text import key_text
from syncer.transform.reference_rules import References
from syncer.transform.rows import read_rows
from syncer.transform.texts import text_of

NOTHING = "NULL"
"""Stands for a part of a key that a row has not."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that gives no event."""

    key: str
    reason: str
    field: str | None
    rule: str | None = None
    """Id of the rule that gives none; None: the pipeline has none, or it holds for the whole row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would become of some rows."""

    events: tuple[str, ...]
    """JSON texts, in the order of the rows."""
    refused: tuple[Refused, ...]
    steps: tuple[tuple[str, tuple[Step, ...]], ...]
    """(key, with the rule where there are any; each value on its way) for every event, and each row that gives none."""


def preview(
    pipeline: Pipeline, source: Source, scope: Scope, *, now: int, limit: int, key: Sequence[str] = ()
) -> Preview:
    """Return what would become of the first `limit` rows, or of the row with `key`, if they were sent at `now`."""
    transform, shape = compiled(pipeline, source, scope)
    query = plan(
        pipeline,
        None,
        columns=transform.columns,
        expressions=transform.expressions,
        cursor_column=transform.cursor_column,
        key_columns=transform.key_columns,
    )
    if key:
        rows = find(source.read(of_key(query, shape, transform.key_columns, key)), transform, key, now=now)
    else:
        rows = next(iter(source.read(replace(query, limit=limit, batch_rows=limit))), None)
    if rows is None:
        return Preview(events=(), refused=(), steps=())
    columns = [rows.column(name).to_pylist() for name in transform.key_columns]
    keys = [key_text([text_of(part) or NOTHING for part in parts]) for parts in zip(*columns, strict=True)]
    made = transform(rows, now=now, start=None)
    named = transform.named(rows, now=now).filter(pl.col("is_given") & pl.col("identity").is_not_null())
    rules = dict(named.select("identity", "rule").iter_rows())
    refused = (
        Refused(keys[row["row"]], row["reason"], row["field"], rules.get(row["identity"]))
        for row in made.rejects.iter_rows(named=True)
    )
    readable = read_rows(rows, transform.inputs)
    references = References.of(pipeline, shape.names, scope, json_columns=readable.json_columns)
    built = (references.build(row, now=now) for row in readable.frame.iter_rows(named=True))
    steps = (
        (f"{key}, rule {one.rule}" if one.rule else key, one.steps)
        for key, each in zip(keys, built, strict=True)
        for one in each
    )
    return Preview(events=tuple(made.events["json"]), refused=tuple(refused), steps=tuple(steps))
