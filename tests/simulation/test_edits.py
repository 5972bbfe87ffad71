"""Rows that are changed and deleted while a run is under way, between reading, sending and sending again (R14, F16)."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.counts import count
from tests.simulation.machine import Crash
from tests.simulation.meta import Event
from tests.simulation.simulate import Simulation
from tests.simulation.world import Shape

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

GROUPS = 3


def busy(simulation: Simulation, rng: random.Random) -> None:
    """Let rows change or go whenever a request arrives."""
    look: Any = simulation.meta.look

    def and_change(events: list[Event]) -> None:
        look(events)
        rows = simulation.world.rows
        if rows and rng.random() < 0.5:
            number = rng.randrange(len(rows))
            if rng.random() < 0.3:
                rows.pop(number)
            else:
                rows[number] = simulation.world._edited(rows[number])

    simulation.meta.look = and_change


@pytest.mark.parametrize("group", range(GROUPS))
def test_R14_F16_a_settled_event_is_never_sent_again_whatever_becomes_of_its_row(
    group: int, room: Path, template: Path
) -> None:
    for seed in range(group, count(300), GROUPS):
        rng = random.Random(seed)
        # a row that gets its consent while the last run reads is sent by the next one, which nobody waits for here
        shape = replace(Shape.of(rng), odd=0.0, poison=0.0, consent=False, faults=rng.choice([0.0, 0.3, 0.6]))
        simulation = Simulation(room / f"edits{seed}", template, rng, shape)
        simulation.world.grow(shape.rows)
        busy(simulation, rng)
        for _ in range(3):
            simulation.run(faults=shape.faults, trouble_at=rng.choice([None, rng.randint(1, 60)]), raises=Crash)
            simulation.clock.sleep(60)
        simulation.settle()
        taken = {name: times for name, times in simulation.meta.taken.items() if times > 1}
        assert sum(taken.values()) - len(taken) <= simulation.checker.announced(), f"seed {seed}"
        simulation.close()
