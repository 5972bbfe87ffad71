"""Random worlds with crashes, faults, ties, late rows, poison and edits keep every promise (F01, F08, F09, F27).

`SYNCER_SEEDS` is the number of worlds, `SYNCER_SEED` the one world to look at.
"""

import os
from pathlib import Path

import pytest

from tests.counts import FULL
from tests.simulation.simulate import BrokenError, simulate

GROUPS = 10
SEEDS = int(os.environ.get("SYNCER_SEEDS", "2000" if FULL else "100"))
CORPUS = (5068, 5121, 5344)
"""Worlds that failed once."""
ONE_SEED = os.environ.get("SYNCER_SEED")


def replay(seed: int) -> str:
    return f"SYNCER_SEED={seed} .venv/bin/python -m pytest tests/simulation/test_worlds.py -n0 -k every_world"


def keep_every_promise(seed: int, room: Path, template: Path) -> None:
    try:
        simulate(seed, room / f"world{seed}", template)
    except BrokenError as broken:
        pytest.fail(f"{broken}\n{replay(seed)}", pytrace=False)
    except Exception as error:
        error.add_note(replay(seed))
        raise


@pytest.mark.faults
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("group", range(1 if ONE_SEED else GROUPS))
def test_R01_to_R06_R10_R34_every_world_comes_to_rest_with_nothing_lost(group: int, room: Path, template: Path) -> None:
    for seed in [int(ONE_SEED)] if ONE_SEED else range(group, SEEDS, GROUPS):
        keep_every_promise(seed, room, template)


@pytest.mark.parametrize("seed", CORPUS)
def test_a_world_that_failed_once_does_so_no_more(seed: int, room: Path, template: Path) -> None:
    keep_every_promise(seed, room, template)


@pytest.mark.parametrize("seed", range(0, 30, 10))
def test_R35_one_seed_gives_one_history(seed: int, room: Path, template: Path) -> None:
    first = simulate(seed, room / f"again{seed}", template)
    assert simulate(seed, room / f"again{seed}", template) == first
