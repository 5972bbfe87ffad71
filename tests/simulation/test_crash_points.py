"""A process that dies at any one point, or at any two, of runs over 40 rows (F02)."""

import random
from pathlib import Path

import pytest

from tests.counts import FULL, SOAK, count, note
from tests.simulation.deaths import Deaths, crash_everywhere, crash_thrice, crash_twice
from tests.simulation.simulate import BrokenError, Summary
from tests.simulation.world import Shape

SEED = 26
CALM = Shape(rows=40, batch_rows=20, events_per_request=20, requests_in_flight=2, odd=0.1, poison=0.03, faults=0.0)
ROUGH = Shape(
    rows=40,
    batch_rows=40,
    events_per_request=14,
    requests_in_flight=2,
    odd=0.0,
    poison=0.0,
    faults=0.4,
    mode="at_most_once",
)
MOST = 400
TRIPLE_GROUPS = 20 if SOAK else 1
LASTS = 10
"""How many third deaths are tried after one pair."""
FIRSTS = (range(1, 16), range(16, 31), range(31, 46), range(46, MOST)) if FULL else (range(20, 21),)
"""Where first deaths are tried, in parts: those beside each other leave the same behind most often."""
POINTS = {"lease", "start", "page", "arm", "post", "outcome", "split", "dead", "finish"}


def die_at(at: int, shape: Shape, room: Path, template: Path) -> Summary:
    try:
        return crash_everywhere(room / "crash", template, SEED, at, shape)
    except BrokenError as broken:
        pytest.fail(f"died at hit {at}: {broken}", pytrace=False)


@pytest.mark.faults
@pytest.mark.parametrize("shape", [CALM, ROUGH], ids=["poison", "at_most_once"])
def test_R02_R03_death_at_any_point_loses_nothing(shape: Shape, room: Path, template: Path) -> None:
    seen: set[str] = set()
    for at in range(1, MOST, 1 if FULL else 3):
        summary = die_at(at, shape, room, template)
        seen |= {name.partition(".")[0] for name in summary.points}
        if not summary.crashes:
            break
    assert summary.crashes == 0, "the run has more points than were tried"
    assert seen >= (POINTS if shape is CALM else {"hold"})


@pytest.mark.faults
@pytest.mark.soak("F02")
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("shape", [CALM, ROUGH], ids=["poison", "at_most_once"])
@pytest.mark.parametrize("firsts", FIRSTS, ids=[f"from_{firsts[0]}" for firsts in FIRSTS])
def test_R02_R03_death_at_any_two_points_loses_nothing(firsts: range, shape: Shape, room: Path, template: Path) -> None:
    """Of first deaths that leave the same behind, one is tried: what follows cannot tell them apart."""
    deaths = Deaths(shape)
    try:
        for first in firsts:
            if not crash_twice(room / f"pairs{firsts[0]}", template, SEED, first, deaths):
                break
    except BrokenError as broken:
        pytest.fail(str(broken), pytrace=False)
    assert deaths.tried >= deaths.distinct > 0
    note("F02", pairs=deaths.tried, deaths=2 * (deaths.tried - deaths.alike), distinct=deaths.distinct)


@pytest.mark.faults
@pytest.mark.soak("F02")
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("shape", [CALM, ROUGH], ids=["poison", "at_most_once"])
@pytest.mark.parametrize("group", range(TRIPLE_GROUPS))
def test_R02_R03_death_at_any_three_points_loses_nothing(group: int, shape: Shape, room: Path, template: Path) -> None:
    """Sampled; what came to the same before is not run on from."""
    deaths, rng = Deaths(shape), random.Random(f"triples {group}")
    wanted = count(20, 50_000) // TRIPLE_GROUPS // 2
    try:
        while deaths.tried < wanted:
            lasts = min(LASTS, wanted - deaths.tried)
            crash_thrice(room / f"triples{group}", template, SEED, rng, lasts, deaths)
    except BrokenError as broken:
        pytest.fail(str(broken), pytrace=False)
    assert deaths.distinct > 0
    note("F02", tried=deaths.tried, deaths=3 * deaths.tried, distinct=deaths.distinct)


def test_a_crash_comes_where_it_is_wanted_and_nowhere_else(room: Path, template: Path) -> None:
    """A crash that never happens would prove nothing."""
    assert crash_everywhere(room / "crash", template, SEED, 1, CALM).crashes == 1
    assert crash_everywhere(room / "crash", template, SEED, MOST, CALM).crashes == 0
