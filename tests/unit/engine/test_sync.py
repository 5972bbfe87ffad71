"""A whole run: what it says when the warehouse fails, a hand stops it, or both ends have trouble."""

import random
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import ref

import pyarrow as pa
import pytest

from connectors.base import Query
from connectors.errors import SourceUnavailableError
from syncer.engine.executor import Inline
from syncer.engine.job import Sample
from syncer.engine.span import Span
from syncer.engine.sync import run_sync
from syncer.engine.tools import Sender, Tools
from syncer.errors import StateError
from syncer.report import Bucket, RunStatus
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.operations import position
from tests.counts import FULL
from tests.simulation.machine import NOON, Crash
from tests.simulation.simulate import ORDERS, Simulation
from tests.simulation.world import Row, Shape, Warehouse

STEP = 1 if FULL else 4
PLAIN = Shape(rows=20, batch_rows=5, events_per_request=5, requests_in_flight=2, odd=0.0, poison=0.0, faults=0.0)
AWAY = SourceUnavailableError("the warehouse is away", remedy="run again")


@pytest.fixture
def simulation(engine_template: Path, tmp_path: Path) -> Iterator[Simulation]:
    """Twenty plain rows in four batches, four requests."""
    made = Simulation(tmp_path / "world", engine_template, random.Random(3), PLAIN)
    made.world.rows = [Row(f"k{n}", n, 1_795_348_000, 2.5, "system_generated") for n in range(1, 21)]
    yield made
    made.close()


def answering(simulation: Simulation, answer: Callable[[Any], Outcome]) -> None:
    """Let `answer` speak in the place of Meta."""

    class Other:
        def send(self, events: Any) -> Outcome:
            simulation.meta.run.posts += 1
            return answer(events)

    other: Sender = Other()
    simulation.sender = other


def test_what_was_read_before_the_warehouse_failed_is_delivered(simulation: Simulation) -> None:
    simulation.warehouse.fails_after, simulation.warehouse.failure = 2, AWAY
    report = simulation.run()
    assert report is not None
    assert (report.status, report.message) == (RunStatus.FAILED, "the warehouse is away; run again")
    assert (report.acknowledged, report.tally.rows_read, report.watermark_after) == (10, 10, "10")
    simulation.warehouse.failure = None
    simulation.settle()
    assert simulation.meta.taken.total() == 20


class Watched(Warehouse):
    """Notes how many of the batches that it gave before are there still as it gives the next."""

    def __init__(self, other: Warehouse) -> None:
        super().__init__(other.world, other.given)
        self.left: list[int] = []

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        before: list[ref[pa.RecordBatch]] = []
        for batch in super().read(query):
            self.left.append(sum(earlier() is not None for earlier in before))
            before.append(ref(batch))
            yield batch


def test_a_batch_is_gone_before_the_next_is_read(simulation: Simulation) -> None:
    simulation.warehouse = watched = Watched(simulation.warehouse)
    simulation.run()
    assert watched.left == [0, 0, 0, 0]


def test_a_warehouse_that_fails_does_not_hide_that_meta_blocks_the_pipeline(simulation: Simulation) -> None:
    simulation.warehouse.fails_after, simulation.warehouse.failure = 1, AWAY
    answering(simulation, lambda events: Outcome(kind=OutcomeClass.BLOCKED, reason="token_invalid"))
    report = simulation.run()
    assert report is not None
    assert (report.status, report.pause_reason) == (RunStatus.PAUSED, "token_invalid")


def test_a_first_run_judges_a_key_no_second_time_once_its_event_is_settled(simulation: Simulation) -> None:
    """A batch later the row could not be sent any more: it is a duplicate, whatever it holds (R14)."""
    simulation.world.rows[7] = replace(simulation.world.rows[7], key="k1", at=1_700_000_000)
    report = simulation.run()
    assert report is not None
    assert (report.acknowledged, report.tally.buckets) == (19, {Bucket.DUPLICATE_SKIPPED: 1})


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_an_interrupt_while_reading_waits_for_what_is_under_way(simulation: Simulation, batches: int) -> None:
    simulation.warehouse.fails_after, simulation.warehouse.failure = batches, KeyboardInterrupt()
    report = simulation.run()
    assert report is not None
    assert report.status is RunStatus.INTERRUPTED
    assert report.acknowledged == simulation.meta.taken.total()
    assert report.possible_duplicates == 0
    simulation.warehouse.failure = None
    simulation.settle(is_calm=True)


def test_a_stop_at_the_end_waits_for_what_is_under_way_as_well(
    simulation: Simulation, engine_template: Path, tmp_path: Path
) -> None:
    """Rows that fit a few requests are all read before the first answer comes."""
    simulation.run()
    third = [number for number, name in enumerate(simulation.trouble.names, 1) if name == "post.before"][2]
    other = Simulation(tmp_path / "other", engine_template, random.Random(3), PLAIN)
    other.world.rows = list(simulation.world.rows)
    report = other.run(trouble_at=third, raises=None)
    other.settle(is_calm=True)
    other.close()
    assert report is not None
    assert report.status is RunStatus.INTERRUPTED
    assert report.acknowledged == 15


@pytest.mark.faults
def test_a_stop_at_any_point_leaves_no_doubt(engine_template: Path, tmp_path: Path) -> None:
    endings = set()
    for at in range(1, 400, STEP):
        made = Simulation(tmp_path / str(at), engine_template, random.Random(5), PLAIN)
        made.world.rows = [Row(f"k{n}", n, 1_795_348_000, 2.5, "system_generated") for n in range(1, 8)]
        report = made.run(trouble_at=at, raises=None)
        is_through = len(made.trouble.names) < at
        made.settle(is_calm=True)
        made.close()
        assert report is not None
        endings.add(report.status)
        if is_through:
            assert endings == {RunStatus.INTERRUPTED, RunStatus.DONE}
            return
    pytest.fail("a run has more points than were tried")


def test_a_state_that_fails_is_told_and_not_what_follows_from_it(
    simulation: Simulation, engine_template: Path, tmp_path: Path
) -> None:
    simulation.run()
    second = [number for number, name in enumerate(simulation.trouble.names, 1) if name == "outcome.in"][1]
    other = Simulation(tmp_path / "other", engine_template, random.Random(3), PLAIN)
    other.world.rows = list(simulation.world.rows)
    report = other.run(trouble_at=second, raises=StateError)
    other.settle()
    other.close()
    assert report is not None
    assert (report.status, report.message) == (RunStatus.FAILED, "outcome.in")


@pytest.mark.faults
def test_an_interrupt_at_any_point_keeps_every_promise(engine_template: Path, tmp_path: Path) -> None:
    for at in range(1, 400, STEP):
        made = Simulation(tmp_path / str(at), engine_template, random.Random(5), PLAIN)
        made.world.rows = [Row(f"k{n}", n, 1_795_348_000, 2.5, "system_generated") for n in range(1, 8)]
        made.run(trouble_at=at, raises=KeyboardInterrupt)
        is_through = len(made.trouble.names) < at
        made.settle()
        made.close()
        if is_through:
            return
    pytest.fail("a run has more points than were tried")


def test_a_limit_sends_that_many_events_and_the_next_run_the_others(simulation: Simulation) -> None:
    report = simulation.run(limit=7)
    assert report is not None
    assert (report.acknowledged, report.tally.buckets[Bucket.PENDING], report.watermark_after) == (7, 3, "8")
    simulation.settle(is_calm=True, twice=True)


def test_a_second_run_sends_nothing_again(simulation: Simulation) -> None:
    first, second = simulation.run(), simulation.run()
    assert first is not None
    assert second is not None
    assert (first.acknowledged, second.acknowledged) == (20, 0)
    assert second.tally.buckets == {Bucket.DUPLICATE_SKIPPED: second.tally.rows_read}
    assert second.watermark_after == first.watermark_after == "20"


def test_a_run_over_no_rows_writes_no_watermark(simulation: Simulation) -> None:
    simulation.world.rows.clear()
    report = simulation.run()
    assert report is not None
    assert (report.status, report.watermark_after, report.events) == (RunStatus.DONE, None, 0)


def test_an_error_of_ours_while_reading_still_takes_the_outcomes_under_way(simulation: Simulation) -> None:
    simulation.warehouse.fails_after, simulation.warehouse.failure = 3, ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        simulation.run()
    simulation.warehouse.failure = None
    simulation.settle(is_calm=True)


class InTurn(Inline):
    """Tells who waits for requests that the oldest is done."""

    def finished(self, futures: Collection[Future[Any]], *, timeout_s: float | None) -> set[Future[Any]]:
        return set(list(futures)[: timeout_s != 0.0])

    def all_finished(self, futures: Collection[Future[Any]], *, timeout_s: float) -> set[Future[Any]]:
        return set()


def test_an_error_of_ours_behind_the_last_row_still_takes_the_outcomes_under_way(simulation: Simulation) -> None:
    def answer(events: Any) -> Outcome:
        if simulation.meta.run.posts == 3:
            raise MemoryError
        return Outcome(kind=OutcomeClass.ACKED)

    answering(simulation, answer)
    store = simulation._store
    assert store is not None
    job = replace(simulation._job(store), limit=17)
    with pytest.raises(MemoryError):
        run_sync(job, Tools(executor=InTurn(), clock=simulation.clock, rng=random.Random(1)))
    with store.start_run(job.scope, run_id="next", now=NOON, fingerprint="f", trigger="manual", holder="tester") as run:
        assert [request.events for request in run.unfinished()] == [5]


def test_after_a_crash_the_next_run_says_that_the_first_was_interrupted(simulation: Simulation) -> None:
    answering(simulation, lambda events: dies())
    assert simulation.run() is None
    simulation.sender = simulation.meta
    report = simulation.run()
    assert report is not None
    assert report.possible_duplicates > 0
    assert report.acknowledged == 20


def dies() -> Outcome:
    raise Crash


def test_the_in_memory_warehouse_reads_as_a_source_must(simulation: Simulation) -> None:
    batches = list(simulation.warehouse.read(Query(sql="", cursor_column="updated", batch_rows=8)))
    assert [batch.num_rows for batch in batches] == [5, 5, 5, 5]
    assert batches[0].column("updated").to_pylist() == [1, 2, 3, 4, 5]


def test_a_sample_is_settled_and_moves_neither_watermark_nor_start(simulation: Simulation) -> None:
    reports = [simulation.run(limit=3, sample=Sample()) for _ in range(2)]
    assert [report and (report.acknowledged, report.events) for report in reports] == [(3, 3), (3, 6)]
    assert simulation._store is not None
    at = position(simulation._store, ORDERS)
    assert (at.watermark, at.start) == (None, None)
    simulation.settle()
    assert sorted(simulation.meta.taken.values()) == [1] * 20


@pytest.mark.parametrize("at", range(1, 60, 3))
def test_a_backfill_that_dies_anywhere_loses_nothing_and_leaves_the_watermark(simulation: Simulation, at: int) -> None:
    before, _ = simulation.run(limit=5), simulation.run(span=Span(since=0), trouble_at=at)
    after = simulation.run(limit=1)
    assert before is not None
    assert after is not None
    assert before.watermark_after == after.watermark_before == "6"
    simulation.settle()
    assert len(simulation.meta.taken) == 20


def test_R18_a_paused_pipeline_sets_one_event_a_run_aside_while_meta_refuses_all(simulation: Simulation) -> None:
    simulation.world.rows = [Row(f"k{n}", n, 1_795_348_000, 2.5, "system_generated") for n in range(1, 61)]
    simulation.world.poison = {f"k{n}" for n in range(1, 61)}
    reports = [simulation.run() for _ in range(3)]
    refused = [report and report.tally.buckets[Bucket.REJECTED_REMOTE] for report in reports]
    assert refused == [20, 1, 1]
    assert [report and report.pause_reason for report in reports] == ["systematic_reject"] * 3
    simulation.world.poison.clear()
    simulation.world.healed = {f"k{n}" for n in range(1, 61)}
    mended = simulation.run()
    assert mended is not None
    assert (mended.acknowledged, mended.pause_reason) == (38, None)


def test_R18_a_resumed_pipeline_may_set_as_many_aside_again(simulation: Simulation) -> None:
    simulation.world.rows = [Row(f"k{n}", n, 1_795_348_000, 2.5, "system_generated") for n in range(1, 31)]
    simulation.world.poison = {f"k{n}" for n in range(1, 31)}
    simulation.run()
    assert simulation._store is not None
    simulation._store.resume(ORDERS, actor="tester")
    last = simulation.run()
    assert last is not None
    assert (last.status, last.tally.buckets[Bucket.REJECTED_REMOTE]) == (RunStatus.DONE_WITH_REJECTS, 10)


def test_R36_a_held_event_whose_row_was_dated_back_is_found_and_sent_again(simulation: Simulation) -> None:
    simulation.meta.kinds = (OutcomeClass.ANOMALY,)
    simulation.run(faults=1.0)
    held = simulation.checker.held()
    assert held
    simulation.world.rows = [replace(row, cursor=row.cursor - 5) for row in simulation.world.rows if row.cursor]
    report = simulation.run(resend=True)
    assert report is not None
    assert (report.acknowledged, report.possible_duplicates) == (len(held), len(held))
    assert simulation.checker.held() == []
