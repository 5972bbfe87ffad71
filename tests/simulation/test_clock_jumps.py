"""A machine whose clock jumps by hours, days and years, also while a run is under way (R31, F38)."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from syncer.engine.clock_check import CLOCK_WRONG
from syncer.ports import SteadyClock
from syncer.report import RunStatus
from tests.counts import count
from tests.simulation.machine import NOON, Crash, FakeClock, WallClock
from tests.simulation.simulate import BrokenError, Simulation
from tests.simulation.world import DAY_S, Shape

HOUR_S, YEARS_10_S = 3_600.0, 3_652 * DAY_S
JUMPS_S = (HOUR_S, -HOUR_S, DAY_S, -DAY_S, YEARS_10_S, -YEARS_10_S)
GROUPS = 3
SEEDS = count(300)


def test_a_steady_clock_goes_on_from_its_beginning_whatever_is_done_to_the_wall_clock() -> None:
    true = FakeClock()
    wall = WallClock(true)
    steady = SteadyClock(wall)
    wall.off_s = YEARS_10_S
    steady.sleep(90)
    assert (steady.now(), steady.monotonic()) == (NOON + timedelta(seconds=90), 90.0)


@dataclass
class Jumps:
    """Sets the clock at some hits of a run. Mutable."""

    simulation: Simulation
    share: float
    seen: Counter[str] = field(default_factory=Counter)

    def __call__(self, name: str) -> None:
        if self.simulation.rng.random() < self.share:
            self.set()
            self.seen["in a run"] += 1

    def set(self) -> None:
        self.simulation.wall.off_s = self.simulation.rng.choice((*JUMPS_S, 0.0, 0.0))


def jump_about(seed: int, folder: Path, template: Path) -> Counter[str]:
    """Run under a clock that jumps, with crashes and faults, then to rest once it is right; return what was met."""
    rng = random.Random(seed)
    shape = replace(Shape.of(rng), delay_s=0)
    simulation = Simulation(folder, template, rng, shape)
    jumps = Jumps(simulation, share=rng.choice([0.02, 0.1, 0.3]))
    try:
        simulation.world.grow(shape.rows)
        for _ in range(rng.randint(2, 4)):
            simulation.trouble.meanwhile = jumps
            began_right = not simulation.wall.off_s
            at = rng.randint(1, 80) if rng.random() < 0.3 else None
            report = simulation.run(faults=shape.faults, trouble_at=at, raises=rng.choice([Crash, KeyboardInterrupt]))
            if report is not None:
                is_paused = report.pause_reason == CLOCK_WRONG
                assert not (is_paused and began_right), "a run stopped for what was done to the clock meanwhile"
                ended = report.status in (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS)
                assert began_right or not report.requests or not ended, "a wrong clock went unnoticed"
                jumps.seen["paused"] += is_paused
                jumps.seen["done"] += ended
            simulation.trouble.meanwhile = None
            simulation.world.change()
            simulation.clock.sleep(rng.choice([1, 60, 1_800]))
            jumps.set()
        simulation.wall.off_s = 0.0
        simulation.settle()
        return jumps.seen
    finally:
        simulation.close()


@pytest.mark.faults
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("group", range(GROUPS))
def test_R31_F38_a_clock_that_jumps_loses_nothing_and_stops_no_run_that_began_right(
    group: int, room: Path, template: Path
) -> None:
    seen: Counter[str] = Counter()
    for seed in range(group, SEEDS, GROUPS):
        try:
            seen += jump_about(seed, room / f"jump{seed}", template)
        except (BrokenError, AssertionError) as broken:
            pytest.fail(f"seed {seed}: {broken}", pytrace=False)
    assert min(seen["in a run"], seen["paused"], seen["done"]) >= SEEDS // GROUPS // 4, seen
