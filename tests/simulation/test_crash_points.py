"""A process that dies at any one point of a run over 40 rows (F02)."""

from pathlib import Path

import pytest

from tests.simulation.simulate import BrokenError, Summary, crash_everywhere
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
POINTS = {"lease", "start", "page", "arm", "post", "outcome", "split", "dead", "finish"}


def die_at(at: int, shape: Shape, room: Path, template: Path) -> Summary:
    try:
        return crash_everywhere(room / "crash", template, SEED, at, shape)
    except BrokenError as broken:
        pytest.fail(f"died at hit {at}: {broken}", pytrace=False)


@pytest.mark.parametrize("shape", [CALM, ROUGH], ids=["poison", "at_most_once"])
def test_R02_R03_death_at_any_point_loses_nothing(shape: Shape, room: Path, template: Path) -> None:
    seen: set[str] = set()
    for at in range(1, MOST):
        summary = die_at(at, shape, room, template)
        seen |= {name.partition(".")[0] for name in summary.points}
        if not summary.crashes:
            break
    assert summary.crashes == 0, "the run has more points than were tried"
    assert seen >= (POINTS if shape is CALM else {"hold"})


def test_a_crash_comes_where_it_is_wanted_and_nowhere_else(room: Path, template: Path) -> None:
    """A crash that never happens would prove nothing."""
    assert crash_everywhere(room / "crash", template, SEED, 1, CALM).crashes == 1
    assert crash_everywhere(room / "crash", template, SEED, MOST, CALM).crashes == 0
