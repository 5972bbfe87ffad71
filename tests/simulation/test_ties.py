"""Many rows on few cursor values: a watermark cannot tell them apart, the ledger does (R08, F11)."""

import json
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from connectors.base import Query
from syncer.engine.executor import Inline
from syncer.engine.job import Job
from syncer.engine.sync import run_sync
from syncer.engine.tools import Tools
from syncer.report import RunReport, RunStatus
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.store import open_store
from tests.counts import FULL, count
from tests.simulation.machine import Crash, FakeClock, Trouble
from tests.simulation.simulate import ORDERS, STATE
from tests.simulation.world import Shape

pytestmark = pytest.mark.faults

ROWS = 10_000 if FULL else 1_000
MOST_RUNS = 5


@dataclass
class Tied:
    """Rows on few cursor values, read in batches of any size; takes events too. Mutable."""

    rows: pa.Table
    rng: random.Random
    taken: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def schema(self, query: Query) -> pa.Schema:
        return pa.schema([self.rows.schema.field(name) for name in query.columns or self.rows.column_names])

    def read(self, query: Query) -> Iterator[pa.RecordBatch]:
        low = next((int(part.low.text) for part in query.ranges if part.low is not None), 0)
        rows = self.rows.filter(pc.greater_equal(self.rows["updated"], low)).select(self.schema(query).names)
        while rows.num_rows:
            size = self.rng.randint(1, ROWS // 4)
            (batch,) = rows.slice(0, size).combine_chunks().to_batches()
            yield batch
            rows = rows.slice(size)

    def send(self, events: Any) -> Outcome:
        self.taken.update(json.loads(event)["custom_data"]["order_id"] for event in events)
        return Outcome(kind=OutcomeClass.ACKED)


def tied(rng: random.Random, clock: FakeClock) -> Tied:
    values = rng.randint(1, 20)
    cursors = sorted(rng.randrange(values) for _ in range(ROWS))
    at = int(clock.now().timestamp()) - 3_600
    rows = {
        "id": [f"k{number:05}" for number in range(ROWS)],
        "updated": cursors,
        "at": [at] * ROWS,
        "value": [2.5] * ROWS,
        "place": ["system_generated"] * ROWS,
    }
    return Tied(pa.table(rows), rng)


@pytest.mark.parametrize("seed", range(count(200)))
def test_R08_F11_ties_lose_and_repeat_nothing_wherever_a_run_ends(seed: int, room: Path, template: Path) -> None:
    rng, clock, trouble = random.Random(seed), FakeClock(), Trouble()
    world, folder = tied(rng, clock), room / f"ties{seed}"
    (folder / ".syncer").mkdir(parents=True, mode=0o700)
    shutil.copy(template, folder / ".syncer" / "state.db")
    pipeline = Shape(
        events_per_request=rng.choice([100, 333, 1000]), requests_in_flight=rng.randint(1, 4), lookback=0
    ).pipeline()

    def run(limit: int | None) -> RunReport | None:
        with open_store(STATE, root=folder, home=folder / ".syncer", points=trouble, clock=clock) as store:
            job = Job(
                pipeline=pipeline,
                scope=ORDERS,
                store=store,
                open_source=lambda: world,
                open_sender=lambda: nullcontext(world),
                limit=limit,
            )
            tools = Tools(executor=Inline(), clock=clock, rng=rng, points=trouble, stop=trouble.stop)
            try:
                return run_sync(job, tools)
            except Crash:
                return None

    deaths = 0
    for number in range(MOST_RUNS):
        is_last = number == MOST_RUNS - 1
        trouble.arm(None if is_last else rng.randint(1, 60), rng.choice([Crash, None]))
        report = run(None if is_last else rng.choice([None, rng.randint(1, ROWS)]))
        deaths += report is None
    noted = possible_duplicates(folder / ".syncer" / "state.db")
    shutil.rmtree(folder)
    assert report is not None
    assert report.status is RunStatus.DONE
    assert len(world.taken) == ROWS
    assert world.taken.total() - ROWS <= noted
    assert deaths or noted == 0


def possible_duplicates(state: Path) -> int:
    """Return how many events all runs say that they may have sent again, those that died too."""
    with closing(sqlite3.connect(state)) as connection:
        query = "SELECT COALESCE(SUM(count), 0) FROM run_counts WHERE name = 'possible_duplicates'"
        return int(connection.execute(query).fetchone()[0])
