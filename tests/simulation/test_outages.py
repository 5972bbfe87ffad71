"""The other side is away, or wants less, for half an hour: few requests, and not all at once (F23)."""

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import polars as pl
import pytest

from connectors.incremental import CursorKind, CursorValue
from syncer.engine.breaker import Breaker
from syncer.engine.deliver import Delivery
from syncer.engine.executor import Inline
from syncer.engine.page import Page
from syncer.engine.recover import recover
from syncer.engine.tools import Tools
from syncer.pipeline import Delivery as Settings
from syncer.report import RunStatus, Tally
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.history import stored_pipeline
from syncer.state.request_lines import unfinished_requests
from syncer.state.scope import Scope
from syncer.state.store import Store, open_store
from tests.counts import count
from tests.simulation.machine import NOON, FakeClock
from tests.simulation.simulate import STATE

HALF_AN_HOUR_S = 1_800.0
EVERY_S = 300.0
JITTER_S = 30.0
"""Of the schedule."""
ACKED = Outcome(kind=OutcomeClass.ACKED)
AWAY = {
    "not_sent": (OutcomeClass.NOT_SENT,),
    "doubt": (OutcomeClass.DOUBT,),
    "throttled": (OutcomeClass.THROTTLED,),
    "mixed": (OutcomeClass.NOT_SENT, OutcomeClass.DOUBT, OutcomeClass.THROTTLED),
    "anomaly": (OutcomeClass.ANOMALY,),
}
SHAPES = list(product(AWAY, (None, 5.0, 120.0), (0, 3)))
"""What is answered, what the answers ask for, and how many requests were taken before it began."""
PIPELINES = 50


@dataclass
class Away:
    """Takes some requests, then none. Mutable."""

    clock: FakeClock
    rng: random.Random
    shape: tuple[str, float | None, int]
    times: list[float] = field(default_factory=list)

    def send(self, events: pl.Series) -> Outcome:
        self.times.append(self.clock.monotonic())
        name, retry_after_s, taken = self.shape
        if len(self.times) <= taken:
            return ACKED
        kind = self.rng.choice(AWAY[name])
        return Outcome(kind=kind, reason="made_up", explanation="made up", retry_after_s=retry_after_s)


def page(events: int) -> Page:
    numbers = range(events)
    frame = pl.DataFrame(
        {
            "row": pl.Series(numbers, dtype=pl.UInt32),
            "identity": [number.to_bytes(16, "big") for number in numbers],
            "event_time": [int(NOON.timestamp())] * events,
            "age_class": pl.Series([0] * events, dtype=pl.UInt8),
            "value": [1.0] * events,
            "currency": ["EUR"] * events,
            "json": [str(number) for number in numbers],
        }
    )
    return Page(number=0, rows=events, events=frame, cursor_at=at, upto=at(events - 1))


def at(row: int) -> CursorValue:
    return CursorValue(CursorKind.INTEGER, str(row))


def half_an_hour(
    store: Store, clock: FakeClock, number: int, shape: tuple[str, float | None, int], *, is_cron: bool = False
) -> list[float]:
    """Run pipeline `number` every five minutes, with `is_cron` in a process for each run; return when it sent requests."""
    rng, clock.elapsed = random.Random(f"{number} {shape}"), 0.0
    sender, breaker = Away(clock, rng, shape), Breaker()
    tick = 0.0
    while tick < HALF_AN_HOUR_S:
        clock.elapsed = max(clock.elapsed, tick + rng.uniform(0, JITTER_S))
        scope = Scope("default", f"orders{number}", "meta")
        if is_cron and (found := stored_pipeline(store, scope)):
            breaker = Breaker.after(unfinished_requests(store, found.id))
        once(store, clock, scope, sender, breaker)
        tick = max(tick + EVERY_S, clock.elapsed // EVERY_S * EVERY_S)
    return [time for time in sender.times[shape[2] :] if time < HALF_AN_HOUR_S]


def once(store: Store, clock: FakeClock, scope: Scope, sender: Away, breaker: Breaker) -> None:
    read = page(200)
    with store.start_run(
        scope, run_id=f"{scope.pipeline} {clock.elapsed} {len(sender.times)}", now=clock.now(), fingerprint="f",
        trigger="schedule", holder="tester",
    ) as run:  # fmt: skip
        tools = Tools(executor=Inline(), clock=clock, rng=sender.rng, breaker=breaker)
        delivery = Delivery(run, sender, Settings(events_per_request=20), tools)
        delivery.doubts = recover(run, mode="at_least_once", now=clock.now())
        run.page(Tally(rows_read=read.rows), [], read.rows)
        delivery.submit(read)
        delivery.drain()
        status = delivery.stopped.status if delivery.stopped else RunStatus.DONE
        run.finish(status, now=clock.now())


OpenStore = Callable[[FakeClock], Store]


@pytest.fixture
def open_state(room: Path, template: Path) -> Iterator[OpenStore]:
    """Open a fresh state on a clock."""
    opened: list[Store] = []
    root = room / "outage"
    (root / ".syncer").mkdir(mode=0o700, parents=True)
    shutil.copy(template, root / ".syncer" / "state.db")

    def open_it(clock: FakeClock) -> Store:
        opened.append(open_store(STATE, root=root, home=root / ".syncer", clock=clock))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()
    shutil.rmtree(root)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("is_cron", [False, True])
def test_R21_F23_half_an_hour_of_outage_costs_a_pipeline_at_most_thirty_requests(
    open_state: OpenStore, *, is_cron: bool
) -> None:
    clock = FakeClock()
    store = open_state(clock)
    shapes = random.Random(23).sample(SHAPES, count(30))
    counts = {shape: len(half_an_hour(store, clock, n, shape, is_cron=is_cron)) for n, shape in enumerate(shapes)}
    assert {shape: many for shape, many in counts.items() if not 2 <= many <= 30} == {}


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_R21_F23_fifty_pipelines_with_a_process_each_do_not_fall_into_step(open_state: OpenStore) -> None:
    clock = FakeClock()
    store = open_state(clock)
    for shape in random.Random(50).sample(SHAPES, count(10)):
        times = [time for number in range(PIPELINES) for time in half_an_hour(store, clock, number, shape)]
        ((_, most),) = Counter(int(time) for time in times).most_common(1)
        assert most <= 0.2 * len(times), shape
