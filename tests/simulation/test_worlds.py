"""Random worlds with crashes, faults, ties, late rows, poison and edits keep every promise (F01, F08, F09, F27).

`SYNCER_SEEDS` is the number of worlds, or the first and the last as in `2000-2999`; `SYNCER_SEED` the one to look at.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.counts import FULL, SOAK, count, note
from tests.simulation.simulate import BrokenError, Summary, simulate

GROUPS = 100 if SOAK else 10
CORPUS = (398, 5068, 5121, 5344, 11679)
"""Worlds that failed once."""
ONE_SEED = os.environ.get("SYNCER_SEED")


def chosen() -> range:
    first, _, last = os.environ.get("SYNCER_SEEDS", str(count(2_000, 50_000) if FULL else 40)).rpartition("-")
    return range(int(first), int(last) + 1) if first else range(int(last))


def replay(seed: int) -> str:
    return f"SYNCER_SEED={seed} .venv/bin/python -m pytest tests/simulation/test_worlds.py -n0 -k every_world"


def keep_every_promise(seed: int, room: Path, template: Path) -> Summary:
    try:
        return simulate(seed, room / f"world{seed}", template)
    except BrokenError as broken:
        pytest.fail(f"{broken}\n{replay(seed)}", pytrace=False)
    except Exception as error:
        error.add_note(replay(seed))
        raise


@pytest.mark.faults
@pytest.mark.soak("F01")
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("group", range(1 if ONE_SEED else GROUPS))
def test_R01_to_R06_R10_R34_every_world_comes_to_rest_with_nothing_lost(group: int, room: Path, template: Path) -> None:
    seeds = [int(ONE_SEED)] if ONE_SEED else chosen()[group::GROUPS]
    told = [keep_every_promise(seed, room, template) for seed in seeds]
    note(
        "F01",
        tried=len(told),
        deaths=sum(world.crashes for world in told),
        requests=sum(world.posts for world in told),
        duplicates=sum(world.duplicates for world in told),
        announced=sum(world.announced for world in told),
    )


@pytest.mark.parametrize("seed", CORPUS)
def test_a_world_that_failed_once_does_so_no_more(seed: int, room: Path, template: Path) -> None:
    keep_every_promise(seed, room, template)


ELSEWHERE = """
import sys
from pathlib import Path
from tests.simulation.test_worlds import trace_hash
room, template, *seeds = sys.argv[1:]
for seed in seeds:
    print(trace_hash(int(seed), Path(room), Path(template)))
"""


def trace_hash(seed: int, room: Path, template: Path) -> str:
    """Return a digest of all that a world came to: requests, answers, points, sums."""
    return hashlib.sha256(repr(simulate(seed, room / f"again{seed}", template)).encode()).hexdigest()


@pytest.mark.faults
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("part", range(2))
def test_R35_one_seed_gives_one_history_whatever_order_sets_have(part: int, room: Path, template: Path) -> None:
    """Of twenty worlds one; a process of its own has another order of sets."""
    seeds = chosen()[:: 20 if FULL else 10][part::2]
    (room / f"elsewhere{part}").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(room / f"elsewhere{part}"), str(template), *map(str, seeds)],
        cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONHASHSEED": str(part + 1)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    here = [trace_hash(seed, room, template) for seed in seeds]
    assert dict(zip(seeds, done.stdout.split(), strict=True)) == dict(zip(seeds, here, strict=True))
