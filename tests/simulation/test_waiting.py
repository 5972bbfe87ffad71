"""Waits of days: what has grown too old meanwhile is not sent, and costs no other event (F22)."""

import random
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.spec.outcomes import OutcomeClass
from tests.counts import count
from tests.simulation.simulate import BrokenError, Simulation
from tests.simulation.world import DAY_S, Shape

WAITS = (OutcomeClass.NOT_SENT, OutcomeClass.THROTTLED, OutcomeClass.DOUBT)
ONCE_BROKEN = (23,)
"""A request that had grown too old was taken for the one that asks whether the other side is back."""


def wait_for_days(seed: int, folder: Path, template: Path) -> tuple[int, float]:
    """Run over rows up to seven days old while answers ask for days; return events that expired waiting, and seconds."""
    rng = random.Random(seed)
    shape = replace(Shape.of(rng), rows=30, odd=0.0, delay_s=0, batch_rows=10)
    simulation = Simulation(folder, template, rng, shape)
    try:
        simulation.world.grow(shape.rows)
        simulation.world.rows = [replace(row, at=row.at - rng.randrange(7 * DAY_S)) for row in simulation.world.rows]
        simulation.meta.kinds, simulation.meta.retry_after_s = WAITS, DAY_S
        simulation.run(faults=0.8)
        simulation.run(faults=0.5)
        waited_s = simulation.clock.monotonic()
        simulation.settle()
        with closing(sqlite3.connect(folder / ".syncer" / "state.db")) as state:
            (expired,) = state.execute(
                "SELECT COALESCE(SUM(events), 0) FROM requests WHERE state = 'expired'"
            ).fetchone()
        return expired, waited_s
    finally:
        simulation.close()


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_R20_F22_no_request_that_waited_for_days_has_an_event_outside_the_window(room: Path, template: Path) -> None:
    left_out, waited_s = 0, 0.0
    for seed in {*range(count(50)), *ONCE_BROKEN}:
        try:
            expired, elapsed_s = wait_for_days(seed, room / f"wait{seed}", template)
        except BrokenError as broken:
            pytest.fail(f"seed {seed}: {broken}", pytrace=False)
        left_out, waited_s = left_out + expired, max(waited_s, elapsed_s)
    assert (left_out > 0, waited_s > DAY_S) == (True, True)
