"""Whatever the mapping and the rows are: each row ends in one bucket, what is sent is taken, nothing goes twice (F27)."""

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from connectors.base import Query
from syncer.engine.executor import Inline
from syncer.engine.job import Job
from syncer.engine.sync import run_sync
from syncer.engine.tools import Tools
from syncer.pipeline import Delivery, Pipeline
from syncer.report import Bucket, RunReport, RunStatus
from syncer.sandbox.refusal import Refusal
from syncer.sandbox.rules import Law, judge_batch
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.scope import Scope
from syncer.state.store import open_store
from syncer.transform.comparable import incomparable, unmatched
from tests.counts import count
from tests.property.test_rules import ROWS, SHAPE
from tests.property.test_rules import pipelines as ruled
from tests.property.test_transform import NOW, NOW_AT, batches, pipelines

ORDERS = Scope("prod", "orders", "meta")
STATE = "sqlite:///.syncer/state.db"
LIKELY = {"email": b"a@b.co", "lead_at": NOW - 60, "agreed": "yes", "total": 10.0}
"""With these a row gives events, unless none of its rules matches."""
ENDED = (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS)


class StillClock:
    """Stands at the time that the rows are made for."""

    def now(self) -> Any:
        return NOW_AT

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing is to be waited for")


class OneBatch:
    """A source that gives one batch."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def schema(self, query: Query) -> pa.Schema:
        return self._batch.schema

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        yield self._batch.select(list(query.columns or self._batch.schema.names))


class Judge:
    """Takes what the sandbox's rules take, and refuses one event at a time, as Meta does. Mutable."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, str]] = Counter()

    def send(self, events: "pl.Series") -> Outcome:
        came = [orjson.loads(text) for text in events]
        verdict = judge_batch({"data": came}, now=NOW, law=Law())
        if isinstance(verdict, Refusal):
            blamed = () if verdict.event is None else (verdict.event,)
            return Outcome(kind=OutcomeClass.REJECTED, reason="data_error", explanation="refused", blamed=blamed)
        self.taken.update((event["event_name"], event["event_id"]) for event in came)
        return Outcome(kind=OutcomeClass.ACKED)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state file with the newest schema, to be copied for each pipeline."""
    folder = tmp_path_factory.mktemp("template")
    with open_store(STATE, root=folder, home=folder / ".syncer"):
        pass
    return folder / ".syncer"


def run(pipeline: Pipeline, batch: pa.RecordBatch, judge: Judge, home: Path, *, times: int = 2) -> list[RunReport]:
    clock, rng = StillClock(), random.Random(0)
    with open_store(STATE, root=home.parent, home=home, clock=clock) as store:
        job = Job(
            pipeline=pipeline, scope=ORDERS, store=store, open_source=lambda: OneBatch(batch),
            open_sender=lambda: nullcontext(judge),
        )  # fmt: skip
        return [run_sync(job, Tools(executor=Inline(), clock=clock, rng=rng)) for _ in range(times)]


@pytest.mark.faults
@pytest.mark.timeout(900)
@given(pipeline=pipelines(), batch=batches())
@settings(max_examples=count(500), deadline=None)
def test_F27_R01_each_row_ends_in_one_bucket_and_nothing_goes_twice(
    template: Path, pipeline: Pipeline, batch: pa.RecordBatch
) -> None:
    assume(not any(chain(incomparable(pipeline, batch.schema), unmatched(pipeline, batch.schema))))
    judge = Judge()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / ".syncer"
        shutil.copytree(template, home)
        first, second = run(replace(pipeline, start="beginning"), batch, judge, home)
    event("sent" if first.acknowledged else str(first.status))
    assert first.tally.rows_read == batch.num_rows == first.events
    assert first.acknowledged == judge.taken.total()
    assert first.status in (*ENDED, RunStatus.PAUSED)
    if first.status in ENDED:
        assert not first.tally.buckets[Bucket.PENDING]
    assert second.acknowledged == 0 or first.status not in ENDED
    assert max(judge.taken.values(), default=1) == 1 or "event_id" in pipeline.mapping.server_event


@pytest.mark.faults
@pytest.mark.timeout(900)
@given(pipeline=ruled(), rows=st.lists(ROWS, min_size=3, max_size=8), most=st.integers(1, 3))
@settings(max_examples=count(60), deadline=None)
def test_F27_R01_events_of_rules_go_once_also_where_each_run_sends_of_few_rows(
    template: Path, pipeline: Pipeline, rows: list[dict[str, Any]], most: int
) -> None:
    assume(not any(incomparable(pipeline, SHAPE)))
    batch = pa.RecordBatch.from_pylist([row | LIKELY | {"key": (row["key"] or 0) % 4} for row in rows], schema=SHAPE)
    whole, cut = Judge(), Judge()
    for judge, delivery in ((whole, Delivery()), (cut, Delivery(max_rows=most))):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / ".syncer"
            shutil.copytree(template, home)
            wanted = replace(pipeline, name="orders", delivery=delivery)
            reports = run(wanted, batch, judge, home, times=len(rows) + 1)
        event(f"{reports[0].pause_reason} {bool(reports[0].acknowledged)}")
        assert [report.tally.rows_read for report in reports] == [len(rows)] * len(reports)
        assert min(report.events for report in reports) >= len(rows)
        assert sum(report.acknowledged for report in reports) == judge.taken.total()
        assert reports[-1].acknowledged == 0
        assert reports[-1].status in ENDED
    assert cut.taken == whole.taken
    maps_ids = any("event_id" in rule.mapping.server_event for rule in pipeline.events)
    assert maps_ids or max(whole.taken.values(), default=1) == 1
