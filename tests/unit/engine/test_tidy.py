"""What a run leaves behind beside its state."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from syncer.state.ledger_sizes import LedgerSizes
from syncer.state.store import Store
from tests.simulation.simulate import Simulation
from tests.simulation.world import Row, Shape

PLAIN = Shape(rows=20, batch_rows=5, events_per_request=5, requests_in_flight=2, odd=0.0, poison=0.0, faults=0.0)


@pytest.fixture
def simulation(engine_template: Path, tmp_path: Path) -> Iterator[Simulation]:
    """Twenty plain rows, of which more are settled after a run than the next one may read."""
    shape = replace(PLAIN, ledger_sizes=LedgerSizes(long=3, in_file=12))
    made = Simulation(tmp_path / "world", engine_template, random.Random(3), shape)
    made.world.rows = [Row(f"k{n}", n, 1_795_348_000, 2.5, "system_generated") for n in range(1, 21)]
    yield made
    made.close()


def files(simulation: Simulation) -> list[str]:
    return sorted(path.name.split("-", 1)[1] for path in (simulation.folder / ".syncer" / "ledger").glob("*"))


def find_it_short(store: Store) -> None:
    store.ledger_sizes = LedgerSizes()


def test_files_that_nobody_believes_go_although_the_ledger_is_short(simulation: Simulation) -> None:
    """Else what a state has forgotten, or an erasure took out of it, would lie there for ever."""
    simulation.settle()
    simulation.run()
    (path,) = (simulation.folder / ".syncer" / "ledger").glob("*")
    path.rename(path.with_name(f"{path.name.split('-')[0]}-0-99.ids"))

    simulation.run(spoil=find_it_short)

    assert "0-99.ids" not in files(simulation)
    assert simulation.meta.taken.total() == 20
