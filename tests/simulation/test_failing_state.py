"""A state whose statements fail, and a holder that is taken over while it sleeps (F03, F04)."""

import random
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from syncer.state.store import Store
from tests.counts import FULL
from tests.failing import stepped
from tests.simulation.simulate import BrokenError, Simulation
from tests.simulation.world import Shape

SHAPE = Shape(rows=12, batch_rows=6, events_per_request=4, requests_in_flight=2, odd=0.1, poison=0.1, faults=0.2)
ERRORS = ("database or disk is full", "disk I/O error", "database is busy", "database is locked")
SEED = 4
CALM = replace(SHAPE, faults=0.0)
GROUPS = 4 if FULL else 1
STEP = GROUPS if FULL else 20


@dataclass
class FailAt:
    """Lets one statement or commit of a store fail, or each from there on. Mutable."""

    number: int
    text: str
    for_ever: bool
    seen: int = 0

    def __call__(self, store: Store) -> None:
        stepped(store, self.step)

    def step(self) -> None:
        self.seen += 1
        if self.seen == self.number or (self.for_ever and self.seen > self.number):
            raise sqlite3.OperationalError(self.text)


def fail_at(number: int, text: str, room: Path, template: Path, *, for_ever: bool, seen: set[bytes]) -> bool:
    """Return whether the run has so many statements; what leaves the same behind as one before is not run on."""
    simulation = Simulation(room / "failing", template, random.Random(SEED), SHAPE)
    failing = FailAt(number, text, for_ever)
    try:
        simulation.world.grow(SHAPE.rows)
        simulation.run(faults=SHAPE.faults, spoil=failing)
        left = simulation.fingerprint()
        if left not in seen:
            seen.add(left)
            simulation.settle()
    except BrokenError as broken:
        pytest.fail(f"statement {number}, {text}: {broken}", pytrace=False)
    finally:
        simulation.close()
    return failing.seen >= number


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for_ever"])
def test_R04_R05_R30_a_state_that_fails_anywhere_sends_nothing_unnoted_and_loses_nothing(
    group: int, room: Path, template: Path, *, for_ever: bool
) -> None:
    seen: set[bytes] = set()
    number = 1 + group
    while all(fail_at(number, text, room, template, for_ever=for_ever, seen=seen) for text in ERRORS):
        number += STEP
    assert number > 40


@dataclass
class Sleep:
    """Lets a holder sleep at one hit while another takes over and runs to its end. Mutable."""

    simulation: Simulation
    number: int
    is_stale: bool = False

    def __call__(self, name: str) -> None:
        trouble = self.simulation.trouble
        if len(trouble.names) != self.number or name.endswith(".in") or _is_within(trouble.names):
            return
        trouble.meanwhile = None
        self.simulation.take_over()
        self.simulation.meta.look = lambda events: None  # what a stale holder sends has no intent any more
        self.is_stale = "lease.after" in trouble.names and name != "finish.after"


def _is_within(names: list[str]) -> bool:
    """Return whether the last hit is before a write that is not the first of its commit, which keeps others out."""
    return names[-1].endswith(".before") and names[-2:-1] != [] and names[-2].endswith(".in")


def sleep_at(number: int, shape: Shape, room: Path, template: Path) -> Sleep | None:
    """Return what came of it; None where the run has fewer hits."""
    simulation = Simulation(room / "stale", template, random.Random(SEED), shape)
    try:
        simulation.world.grow(SHAPE.rows)
        sleep = simulation.trouble.meanwhile = Sleep(simulation, number)
        report = simulation.run(spoil=lambda store: None)
        if len(simulation.trouble.names) < number:
            return None
        if sleep.is_stale:
            assert simulation.trouble.names[number:].count("post.before") <= 1
            assert report is None or report.status == "failed"
        simulation.meta.look = simulation.checker.before_send
        simulation.settle()
    finally:
        simulation.close()
    return sleep


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("requests_in_flight", [1, 3])
def test_R25_a_holder_that_was_taken_over_sends_one_request_more_at_most(
    requests_in_flight: int, room: Path, template: Path
) -> None:
    shape = replace(CALM, requests_in_flight=requests_in_flight, events_per_request=2)
    number, stale = 1, 0
    while True:
        try:
            sleep = sleep_at(number, shape, room, template)
        except (BrokenError, AssertionError) as broken:
            pytest.fail(f"taken over at hit {number}: {broken}", pytrace=False)
        if sleep is None:
            break
        stale += sleep.is_stale
        number += 1 if FULL else 10
    assert stale > 5
