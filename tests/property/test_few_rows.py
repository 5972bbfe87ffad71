"""A small batch gives row by row what it gives in columns, to the last count."""

from dataclasses import replace

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.duration import Duration
from syncer.mapping import Constant
from syncer.pipeline import Consent, Pipeline
from syncer.state.requests import split
from syncer.transform import compile_transform
from syncer.transform.validate import COUNTRY, OPTIONS, STATE
from tests.both_ways import transformed
from tests.counts import count
from tests.property.test_rules import ROWS, SHAPE
from tests.property.test_rules import pipelines as funnels
from tests.property.test_transform import DIGEST, NOW, SCOPE, WHEN, batches, pipelines

STARTS = st.sampled_from([None, None, NOW - 86_400])
KEYS = st.sampled_from(
    [("key",), ("key",), ("word", "key"), ("text",), ("moment",), ("float",), ("bytes",), ("document",)]
)
OTHER_TYPES = {
    "integer": pa.float32(),
    "small": pa.uint64(),
    "float": pa.float32(),
    "seconds": pa.uint32(),
    "word": pa.large_string(),
    "texts": pa.large_list(pa.large_string()),
    "bytes": pa.large_binary(),
    "moment": pa.timestamp("s", "America/New_York"),
    "naive": pa.timestamp("ms"),
    "clock": pa.time32("ms"),
}
CHOICES = {"action_source", "opt_out", OPTIONS, COUNTRY, STATE}
"""Decide over whole events."""
REPEATED = ROWS.map(lambda row: {**row, "key": 1, "email": b"a@b.co"})
"""Rows of one key."""


def retyped(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with other types that both ways read."""
    columns = {
        name: batch.column(name).cast(OTHER_TYPES[name], safe=False) if name in OTHER_TYPES else batch.column(name)
        for name in batch.schema.names
    }
    return pa.RecordBatch.from_pydict(columns)


def lenient(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline as one most of whose rows give an event."""
    mapping = pipeline.mapping
    server = {name: entry for name, entry in mapping.server_event.items() if name not in CHOICES}
    return replace(
        pipeline,
        mapping=replace(
            mapping,
            server_event={**server, "event_name": Constant(value="Lead"), "event_time": WHEN},
            customer_info={**mapping.customer_info, "em": Constant(value=DIGEST), "external_id": Constant(value="me")},
        ),
        settings=replace(pipeline.settings, action_source="other", delay=Duration(0), max_age=None),
        consent=None,
    )


@given(
    pipeline=pipelines() | pipelines().map(lenient) | pipelines().map(lenient),
    key=KEYS,
    batch=batches() | batches().map(retyped),
    start=STARTS,
)
@pytest.mark.faults
@settings(max_examples=count(200), deadline=None)
def test_F27_few_rows_build_what_columns_build(
    pipeline: Pipeline, key: tuple[str, ...], batch: pa.RecordBatch, start: int | None
) -> None:
    transformed(replace(pipeline, key=key), batch, SCOPE, now=NOW, start=start)


@given(pipeline=funnels(), rows=st.lists(ROWS | REPEATED, max_size=12), wanted=st.none() | st.sets(st.integers(0, 50)))
@pytest.mark.faults
@settings(max_examples=count(200), deadline=None)
def test_F27_few_rows_obey_rules_as_columns_do(
    pipeline: Pipeline, rows: list[dict[str, object]], wanted: set[int] | None
) -> None:
    batch = pa.RecordBatch.from_pylist(rows, schema=SHAPE)
    all_made = transformed(pipeline, batch, SCOPE, now=NOW, start=None)
    if wanted is None:
        return
    known = pl.concat([all_made.events["identity"], all_made.rejects["identity"]])
    only = known.gather([number for number in sorted(wanted) if number < len(known)])
    transformed(pipeline, batch, SCOPE, now=NOW, start=None, only=only)


@given(
    pipeline=funnels(),
    consent=st.builds(Consent, column=st.just("agreed"), retroactive=st.booleans()),
    rows=st.lists(ROWS | REPEATED, max_size=12),
    left=st.sets(st.integers(0, 7)),
    destinations=st.sampled_from([(), (SCOPE.destination,), ("other",), (SCOPE.destination, "other")]),
    wanted=st.none() | st.sets(st.integers(0, 50)),
)
@pytest.mark.faults
@settings(max_examples=count(500), deadline=None)
def test_S17_F27_few_rows_ask_for_consent_as_columns_do(
    pipeline: Pipeline,
    consent: Consent,
    rows: list[dict[str, object]],
    left: set[int],
    destinations: tuple[str, ...],
    wanted: set[int] | None,
) -> None:
    """`left` of every eight events were left unsent by an earlier run to each of `destinations`."""

    def known(digests: bytes) -> pl.Series:
        return pl.Series([name[0] % 8 in left for name in split(digests)], dtype=pl.Boolean)

    asking, batch = replace(pipeline, consent=consent), pa.RecordBatch.from_pylist(rows, schema=SHAPE)
    suppressed = tuple((replace(SCOPE, destination=each), known) for each in destinations)
    made = transformed(asking, batch, SCOPE, now=NOW, start=None, suppressed=suppressed)
    if wanted is not None:
        names = pl.concat([made.events["identity"], made.rejects["identity"]])
        only = names.gather([number for number in sorted(wanted) if number < len(names)])
        transformed(asking, batch, SCOPE, now=NOW, start=None, only=only, suppressed=suppressed)


@given(pipeline=pipelines(), key=KEYS, batch=batches() | batches().map(retyped))
@pytest.mark.faults
@settings(max_examples=count(500), deadline=None)
def test_F27_few_rows_are_told_by_what_columns_tell_them_by(
    pipeline: Pipeline, key: tuple[str, ...], batch: pa.RecordBatch
) -> None:
    transform = compile_transform(replace(pipeline, key=key, consent=None), batch.schema, SCOPE)
    told = None if transform.few is None else transform.few.identities(batch)
    assert told is None or told == transform.identities(batch).to_list()


@given(pipeline=pipelines() | pipelines().map(lenient), key=KEYS, batch=batches() | batches().map(retyped))
@pytest.mark.faults
@settings(max_examples=count(500), deadline=None)
def test_F27_few_rows_are_named_as_columns_name_them(
    pipeline: Pipeline, key: tuple[str, ...], batch: pa.RecordBatch
) -> None:
    named_alike(replace(pipeline, key=key, consent=None), batch)


@given(pipeline=funnels(), rows=st.lists(ROWS | REPEATED, min_size=1, max_size=12))
@pytest.mark.faults
@settings(max_examples=count(500), deadline=None)
def test_F27_few_rows_are_named_by_rules_as_columns_name_them(
    pipeline: Pipeline, rows: list[dict[str, object]]
) -> None:
    named_alike(replace(pipeline, consent=None), pa.RecordBatch.from_pylist(rows, schema=SHAPE))


def named_alike(pipeline: Pipeline, batch: pa.RecordBatch) -> None:
    by_columns, by_rows = (
        compile_transform(pipeline, batch.schema, SCOPE, few=few).named(batch, now=NOW) for few in (0, batch.num_rows)
    )
    assert by_rows.schema == by_columns.schema
    assert by_rows.rows() == by_columns.rows()
