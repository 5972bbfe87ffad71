"""Held requests sent again by an operator, with a process that dies anywhere, and twice (R36)."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.spec.outcomes import OutcomeClass
from tests.counts import FULL
from tests.simulation.simulate import BrokenError, Simulation
from tests.simulation.world import Shape

SHAPE = Shape(rows=12, batch_rows=6, events_per_request=3, requests_in_flight=2, odd=0.0, poison=0.0)
MOST = 200
STEP = 1 if FULL else 8


def resend_and_die(at: int, folder: Path, template: Path) -> tuple[int, int]:
    """Hold some requests, die at hit number `at` of their resend, do it again twice; return crashes and events held."""
    simulation = Simulation(folder, template, random.Random(36), SHAPE)
    try:
        simulation.world.grow(SHAPE.rows)
        simulation.meta.kinds = (OutcomeClass.ANOMALY,)
        for _ in range(3):
            simulation.run(faults=0.6)
        held = len(simulation.checker.held())
        simulation.run(trouble_at=at, resend=True)
        simulation.run(resend=True)
        assert simulation.checker.held() == []
        posts = simulation.posts
        simulation.run(resend=True)
        assert simulation.posts == posts, "what is settled was sent again"
        simulation.settle()
        return simulation.crashes, held
    finally:
        simulation.close()


def test_R36_what_a_resend_sends_keeps_no_request_held_of_one_that_died(room: Path, template: Path) -> None:
    simulation = Simulation(room / "died", template, random.Random(36), replace(SHAPE, mode="at_most_once"))
    try:
        simulation.world.grow(SHAPE.rows)
        simulation.meta.kinds = (OutcomeClass.ANOMALY,)
        simulation.run(faults=1.0)
        posts = simulation.posts
        for at in range(1, MOST):
            simulation.run(trouble_at=at, resend=True)
            if simulation.posts > posts:
                break
        assert simulation.crashes == at, "it died when it had sent the first request"
        simulation.run(resend=True)
        assert simulation.checker.held() == []
    finally:
        simulation.close()


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_R36_a_resend_that_dies_anywhere_is_taken_up_and_loses_nothing(room: Path, template: Path) -> None:
    for at in range(1, MOST, STEP):
        try:
            crashes, held = resend_and_die(at, room / "resend", template)
        except BrokenError as broken:
            pytest.fail(f"died at hit {at}: {broken}", pytrace=False)
        assert held > 1
        if not crashes:
            break
    assert crashes == 0, "the run has more points than were tried"
    assert at > 20
