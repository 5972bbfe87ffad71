"""The state file may not grow any further, at every size it passes; later there is room again (R30, F34)."""

import random
import resource
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.spec.outcomes import OutcomeClass
from syncer.state.store import Store
from tests.counts import count
from tests.simulation.simulate import BrokenError, Simulation
from tests.simulation.world import Shape

SHAPE = replace(Shape(), rows=40, faults=0.2)
LEAST_BYTES, STEP_BYTES = 40_000, 8_192
GO_ON = (OutcomeClass.NOT_SENT, OutcomeClass.THROTTLED, OutcomeClass.DOUBT)
"""Troubles that end no run before the disk is full."""


def allow(file_bytes: int) -> None:
    """Let no file of this process grow beyond `file_bytes`; Python turns the signal into an error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.mark.faults
@pytest.mark.parametrize("step", range(0, 40, 40 // count(40)))
def test_R30_F34_a_disk_that_is_full_at_any_size_sends_nothing_unnoted_and_loses_nothing(
    room: Path, template: Path, step: int
) -> None:
    simulation = Simulation(room / f"full{step}", template, random.Random(step), SHAPE)

    def fill(_: Store) -> None:
        allow(LEAST_BYTES + step * STEP_BYTES)

    try:
        simulation.world.grow(SHAPE.rows)
        simulation.meta.kinds = GO_ON
        report = simulation.run(faults=SHAPE.faults, spoil=fill)
        allow(resource.RLIM_INFINITY)
        assert "the disk failed or is full" in (simulation.stopped_by if report is None else report.message)
        simulation.settle()
    except BrokenError as broken:
        pytest.fail(f"{broken}", pytrace=False)
    finally:
        allow(resource.RLIM_INFINITY)
        simulation.close()
