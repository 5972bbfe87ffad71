"""A state file that another program keeps locked, or that may not be written any more, while a run is under way (R30, F37).

The store waits for 50 ms instead of 10 s here, so 5 ms stand for a second.
"""

import random
import sqlite3
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import Connection, event

from syncer.state.database import driver
from syncer.state.store import Store
from tests.counts import count
from tests.simulation.simulate import BrokenError, Simulation
from tests.simulation.world import Shape

SHAPE = replace(Shape(), rows=40, faults=0.1)
SECOND_S = 0.005
PATIENCE_S = 10
LATEST_HIT = 60
TRIES = range(0, 30, 30 // count(30))
"""Each is the seed; a lock is kept a second longer from one to the next."""


@dataclass
class Trespass:
    """Comes between a run and its state at the first write from some hit on. Mutable."""

    simulation: Simulation
    path: Path
    at: int
    locked_s: float | None
    """None: the file may not be written any more instead."""
    has_struck: bool = False

    def __call__(self, store: Store) -> None:
        self._timer = Timer(0, lambda: None)
        self._other = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        event.listen(store.database.engine, "begin", self._prepare)
        self.simulation.trouble.meanwhile = self._look

    def end(self) -> None:
        self.simulation.trouble.meanwhile = None
        if self._timer.is_alive():
            self._timer.join()
        self._other.close()

    def _prepare(self, connection: Connection) -> None:
        raw = driver(connection)
        raw.execute(f"PRAGMA busy_timeout = {int(PATIENCE_S * SECOND_S * 1000)}")
        raw.execute(f"PRAGMA query_only = {self.has_struck and self.locked_s is None}")

    def _look(self, name: str) -> None:
        is_write = name.endswith(".before") and not name.startswith("post")
        if self.has_struck or not is_write or len(self.simulation.trouble.names) < self.at:
            return
        self.has_struck = True
        if self.locked_s is not None:
            self._other.execute("BEGIN IMMEDIATE")
            self._timer = Timer(self.locked_s, lambda: self._other.execute("ROLLBACK"))
            self._timer.start()


def trespass(number: int, folder: Path, template: Path) -> str:
    """Return what the run said of it."""
    rng = random.Random(number)
    simulation = Simulation(folder, template, rng, SHAPE)
    locked_s = None if number % 3 == 2 else (number + 1) * SECOND_S
    struck = Trespass(simulation, folder / ".syncer" / "state.db", rng.randint(1, LATEST_HIT), locked_s)
    try:
        simulation.world.grow(SHAPE.rows)
        report = simulation.run(faults=SHAPE.faults, spoil=struck)
        struck.end()
        said = simulation.stopped_by if report is None else report.message
        simulation.settle()
    finally:
        simulation.close()
    assert struck.has_struck
    if locked_s is None:
        assert "the file cannot be written; give this user the right to write it and its folder" in said
    elif locked_s > 1.5 * PATIENCE_S * SECOND_S:
        assert "another program keeps it locked; close that program, or wait and run again" in said
    return said


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_R30_F37_a_locked_or_read_only_state_stops_the_run_by_name_and_the_next_one_goes_on(
    room: Path, template: Path
) -> None:
    seen: Counter[str] = Counter()
    for number in TRIES:
        try:
            seen[trespass(number, room / f"locked{number}", template).partition(";")[0][-20:]] += 1
        except (BrokenError, AssertionError) as broken:
            pytest.fail(f"try {number}: {broken}", pytrace=False)
    assert len(seen) > 1, seen
