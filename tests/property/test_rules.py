"""Rules over random rows: each gives what a pipeline of its own would, and the columns make what the reference makes."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syncer.mapping import Column, Constant, Entry, Json, Mapping
from syncer.pipeline import Consent, EventRule, Pipeline, Route, Settings
from syncer.transform import Scope, Transformed, compile_transform
from syncer.transform.built import BuiltEvent, BuiltReject
from syncer.transform.reference import Reference
from syncer.transform.reference_rules import References
from tests.counts import count

NOW = 1_795_700_000
SCOPE = Scope("prod", "meta", b"salt")
SHAPE = pa.schema(
    {
        "key": pa.int64(),
        "status": pa.string(),
        "total": pa.float64(),
        "lead_at": pa.int64(),
        "won_at": pa.int64(),
        "email": pa.binary(),
        "pixel_id": pa.string(),
        "agreed": pa.string(),
    }
)
TIMES = st.sampled_from([None, NOW - 60, NOW - 3_600, NOW - 8 * 86_400])
ROWS = st.fixed_dictionaries(
    {
        "key": st.none() | st.integers(1, 9),
        "status": st.sampled_from([None, "lead", "won", "lost"]),
        "total": st.sampled_from([None, 0.0, 10.0, float("nan")]),
        "lead_at": TIMES,
        "won_at": TIMES,
        "email": st.sampled_from([None, b"a@b.co", b"x", b"\xff"]),
        "pixel_id": st.sampled_from([None, "p1", "p2"]),
        "agreed": st.sampled_from([None, "yes", "yes", "no", "?"]),
    }
)
CONDITIONS: st.SearchStrategy[dict[str, Json] | None] = st.sampled_from(
    [
        None,
        {"status": "won"},
        {"status": ["lead", "won"]},
        {"status": {"not": "lost"}},
        {"total": {"gt": 5}},
        {"lead_at": {"is_null": False}},
        {"email": {"is_null": True}},
        {"status": "won", "total": {"gte": 0}},
    ]
)
ROUTES = st.none() | st.sampled_from(
    [
        Route(column="status", map={"lead": "meta", "won": "other", "lost": "meta"}),
        Route(column="email", map={"x": "meta", "a@b.co": "other"}),
        Route(column="total", map={"0": "other", "10": "meta"}),
    ]
)


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    """Return the mapping of one rule."""
    server: dict[str, Entry] = {
        "event_name": Constant(value=draw(st.sampled_from(["Lead", "Purchase"]))),
        "event_time": Column(column=draw(st.sampled_from(["lead_at", "won_at"]))),
    }
    if draw(st.booleans()):
        server["event_id"] = Column(column="pixel_id")
    custom: dict[str, Entry] = {"value": Column(column="total"), "currency": Constant(value="EUR")}
    return Mapping(
        server_event=server,
        customer_info={"em": Column(column="email")},
        custom_data=custom if draw(st.booleans()) else {},
        rest=draw(st.booleans()),
    )


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Return a pipeline with one to four rules."""
    rules = [
        EventRule(id=f"rule_{number}", when=draw(CONDITIONS), mapping=draw(mappings()))
        for number in range(draw(st.integers(1, 4)))
    ]
    made = with_rules(*rules, consent=draw(st.sampled_from([None, Consent(column="agreed")])))
    route = draw(ROUTES)
    if route is None:
        return made
    names = st.lists(st.sampled_from(sorted({*route.map.values()})), min_size=1, unique=True)
    return replace(made, route=route, destinations=tuple(draw(names)))


LEAD = Mapping(
    server_event={"event_name": Constant(value="Lead"), "event_time": Column(column="lead_at")},
    customer_info={"em": Column(column="email")},
)


def with_rules(*rules: EventRule, consent: Consent | None = None) -> Pipeline:
    return Pipeline(
        name="funnel",
        source="warehouse",
        query="SELECT 1",
        key=("key",),
        start="beginning",
        destinations=("meta",),
        mapping=Mapping(server_event={}, customer_info={}),
        settings=Settings(action_source="system_generated"),
        events=rules,
        consent=consent,
        file=Path("funnel.yaml"),
        fingerprint="0",
    )


def made(pipeline: Pipeline, batch: pa.RecordBatch) -> Transformed:
    return compile_transform(pipeline, batch.schema, SCOPE, few=0)(batch, now=NOW, start=None)


@given(pipeline=pipelines(), rows=st.lists(ROWS, max_size=12))
@pytest.mark.faults
@settings(max_examples=count(200), deadline=None)
def test_rules_give_what_the_reference_builds(pipeline: Pipeline, rows: list[dict[str, Any]]) -> None:
    batch = pa.RecordBatch.from_pylist([{**row, "key": number} for number, row in enumerate(rows)], schema=SHAPE)
    found = made(pipeline, batch)
    references = References.of(pipeline, batch.schema.names, SCOPE)
    built = [(number, one) for number, row in enumerate(batch.to_pylist()) for one in references.build(row, now=NOW)]
    events = [(number, one) for number, one in built if isinstance(one, BuiltEvent)]
    rejects = [(number, one) for number, one in built if not isinstance(one, BuiltEvent)]
    assert [(row, read(text)) for row, text in found.events.select("row", "json").rows()] == [
        (number, read(json.dumps(one.event, default=float))) for number, one in events
    ]
    assert sorted(found.rejects.select("row", "identity", "bucket", "reason").rows()) == sorted(
        (number, one.identity, one.bucket, one.reason) for number, one in rejects
    )
    assert sum(found.tally.buckets.values()) + found.events.height == len(built) >= len(rows)
    by_rule = [(number, kind, row) for number, row in enumerate(batch.to_pylist()) for kind in references.kinds]
    each = [(number, kind.build(row, now=NOW)) for number, kind, row in by_rule if is_its(kind, row)]
    assert set(found.unsent.select("row", "identity").rows()) == {
        (number, one.identity) for number, one in each if isinstance(one, BuiltReject) and one.bucket == "no_consent"
    }


@given(pipeline=pipelines(), rows=st.lists(ROWS, max_size=12))
@pytest.mark.faults
@settings(max_examples=count(200), deadline=None)
def test_rules_give_what_one_pipeline_a_rule_gives(pipeline: Pipeline, rows: list[dict[str, Any]]) -> None:
    batch = pa.RecordBatch.from_pylist([{**row, "email": b"a@b.co"} for row in rows], schema=SHAPE)
    plain = [each for each in pipeline.events if "event_id" not in each.mapping.server_event and not each.mapping.rest]
    if not plain:
        return
    together, alone = made(with_rules(*plain), batch), [made(with_rules(rule), batch) for rule in plain]
    events = pl.concat([each.events for each in alone]).sort("row", maintain_order=True)
    assert together.events.rows() == events.rows()
    rejects = pl.concat([each.rejects for each in alone])
    assert judged(together.rejects) == judged(rejects)
    without = [set(each.rejects.filter(pl.col("reason") == "no_rule")["row"]) for each in alone]
    assert set(together.rejects.filter(pl.col("reason") == "no_rule")["row"]) == set.intersection(*without)


NOTHING: dict[str, Any] = dict.fromkeys(SHAPE.names)
WITH_AN_ID = replace(LEAD, server_event={**LEAD.server_event, "event_id": Column(column="pixel_id")})


@given(pipeline=pipelines(), rows=st.lists(ROWS, max_size=12))
@example(
    pipeline=with_rules(EventRule(id="a", mapping=WITH_AN_ID), EventRule(id="b", mapping=WITH_AN_ID)),
    rows=[NOTHING | {"email": b"a@b.co", "lead_at": NOW - 60, "pixel_id": each} for each in ("p1", None, None, None)],
)
@pytest.mark.faults
@settings(max_examples=count(200), deadline=None)
def test_rows_of_one_key_give_what_the_reference_builds_of_the_batch(
    pipeline: Pipeline, rows: list[dict[str, Any]]
) -> None:
    batch = pa.RecordBatch.from_pylist([{**row, "key": number % 3} for number, row in enumerate(rows)], schema=SHAPE)
    found = made(pipeline, batch)
    references = References.of(pipeline, batch.schema.names, SCOPE)
    each = enumerate(references.build_batch(batch.to_pylist(), now=NOW))
    built = [(number, one) for number, several in each for one in several]
    assert [(row, identity) for row, identity in found.events.select("row", "identity").rows()] == [
        (number, one.identity) for number, one in built if isinstance(one, BuiltEvent)
    ]
    assert sorted(found.rejects.select("row", "identity", "reason").rows(), key=str) == sorted(
        ((number, one.identity, one.reason) for number, one in built if isinstance(one, BuiltReject)), key=str
    )


def is_its(kind: Reference, row: dict[str, Any]) -> bool:
    return kind.matches(row) and not kind.is_away(row)


def judged(rejects: pl.DataFrame) -> list[Any]:
    """Return what is said of events; what is said of whole rows stands once, by whichever rule."""
    of_rows = pl.col("reason").is_in(["no_rule", "key_missing"])
    return sorted(rejects.filter(~of_rows).rows(), key=str)


def read(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def test_of_the_events_that_are_wanted_those_are_made_whose_rule_still_matches() -> None:
    """As where a reject is judged again after its row changed."""
    kinds = {status: EventRule(id=status, when={"status": status}, mapping=LEAD) for status in ("lead", "won")}
    row = {"key": 1, "status": "won", "lead_at": NOW - 60, "email": b"a@b.co"}
    batch = pa.RecordBatch.from_pylist([row], schema=SHAPE)
    transform = compile_transform(with_rules(*kinds.values()), batch.schema, SCOPE)
    lead, won = transform.named(batch, now=NOW)["identity"]
    gone = transform(batch, now=NOW, start=None, only=pl.Series([lead]))
    assert (gone.events.height, gone.rejects["reason"].to_list()) == (0, ["no_rule"])
    assert transform(batch, now=NOW, start=None, only=pl.Series([lead, won])).events["identity"].to_list() == [won]


def test_a_row_without_a_key_that_no_rule_matches_lacks_its_key() -> None:
    batch = pa.RecordBatch.from_pylist([{"key": None, "status": "lost"}, {"key": 1, "status": "lost"}], schema=SHAPE)
    found = made(with_rules(EventRule(id="won", when={"status": "won"}, mapping=LEAD)), batch)
    assert found.rejects["reason"].to_list() == ["key_missing", "no_rule"]
