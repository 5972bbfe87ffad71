"""The whole query is read again after the ledger forgot: what left it is refused by its age (R11)."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.counts import count
from tests.simulation.simulate import Simulation
from tests.simulation.world import Shape

DAY_S = 86_400


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(count(120)))
def test_R11_a_whole_re_read_after_pruning_at_any_time_sends_nothing_again(
    room: Path, template: Path, seed: int
) -> None:
    rng, pauses = random.Random(seed), random.Random(seed)
    shape = replace(Shape.of(rng), cursor="none", faults=0.0, rows=20)
    simulation = Simulation(room / f"forgetting{seed}", template, rng, shape)
    try:
        simulation.world.grow(20)
        for _ in range(5):
            simulation.run()
            simulation.world.grow(5)
            simulation.clock.sleep(pauses.randint(1, 70) * DAY_S)
        simulation.settle(is_calm=True)
        assert simulation.trouble.passed["prune.after"] > 0
        assert set(simulation.meta.taken.values()) == {1}
    finally:
        simulation.close()
