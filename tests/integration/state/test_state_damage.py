"""A damaged state file is refused, or nothing of it that decides over what is sent has changed (R30, F35)."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from syncer.errors import StateError
from syncer.state import operations
from syncer.state.erased import erase, erased_of
from syncer.state.history import stored_pipelines
from syncer.state.ledger import ledger_of
from syncer.state.scope import Scope
from syncer.state.store import Store, open_store
from tests.counts import count

URL = "sqlite:///.syncer/state.db"
ORDERS, SALES = Scope("default", "orders", "meta"), Scope("default", "sales", "meta")
PAGE = 4_096
GROUPS = 10


def opened_at(root: Path) -> Store:
    return open_store(URL, root=root, home=root / ".syncer")


def fill(root: Path, acts: Any) -> None:
    """Make a state of several pages: ledger, watermark, a renamed pipeline, an erased person, a request without answer."""
    with opened_at(root) as store:
        for scope in (ORDERS, Scope("default", "goods", "meta")):
            with acts.begin(store, f"run-{scope.pipeline}", scope=scope) as run:
                run.fix_start(1_000)
                for number in range(12):
                    acts.deliver(run, number * 100, 100)
                run.advance(acts.mark(1_200))
        operations.rename(store, "default", old="goods", new="sales", actor="ada")
        erase(store, ORDERS, [acts.identities(9_000, 1), acts.identities(7, 1)], actor="ada")
        with acts.begin(store, "run-9") as run:
            acts.read(run, 5)
            acts.arm(run, 9_500, 5)


def decides(store: Store, acts: Any) -> list[object]:
    """Return all that bears on what the next run of each pipeline sends."""
    found: list[object] = [store.salt]
    for row in stored_pipelines(store, "default"):
        settled = ledger_of(store, row.id).settled(acts.identities(0, 1_300)).to_list()
        found += [row.scope, row.watermark, row.start, row.ids_name, settled, erased_of(store, row.id)]
    with acts.begin(store, "run-10") as run:
        found += [(each.state, each.digests, each.cursor_low) for each in run.unfinished()]
        found.append(run.watermark)
    with acts.begin(store, "run-11", scope=SALES) as run:
        found.append(run.watermark)
    return found


def a_byte(content: bytearray, rng: random.Random) -> None:
    content[rng.randrange(len(content))] ^= rng.randint(1, 255)


def a_page(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content) // PAGE) * PAGE
    content[at : at + PAGE] = rng.choice([bytes(PAGE), rng.randbytes(PAGE), content[:PAGE]])


def half_a_page(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content) // 512) * 512
    content[at : at + 512] = rng.choice([bytes(512), rng.randbytes(512)])


def a_truncation(content: bytearray, rng: random.Random) -> None:
    del content[rng.randrange(len(content)) :]


def pages_swapped(content: bytearray, rng: random.Random) -> None:
    one, two = (number * PAGE for number in rng.sample(range(len(content) // PAGE), 2))
    content[one : one + PAGE], content[two : two + PAGE] = content[two : two + PAGE], content[one : one + PAGE]


DAMAGES: list[Callable[[bytearray, random.Random], None]] = [a_byte, a_byte, a_byte, a_page, half_a_page, a_truncation, pages_swapped]  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, module_acts: Any) -> tuple[Path, list[object]]:
    """A state and what it decides."""
    root = tmp_path_factory.mktemp("sound")
    fill(root, module_acts)
    shutil.copytree(root, root / "looked-at", ignore=lambda _, names: {"looked-at"} & set(names))
    with opened_at(root / "looked-at") as store:
        return root, decides(store, module_acts)


@pytest.mark.faults
@pytest.mark.parametrize("group", range(GROUPS))
def test_R30_F35_damage_is_refused_or_decides_nothing(
    tmp_path: Path, sound: tuple[Path, list[object]], acts: Any, group: int
) -> None:
    root, right = sound
    for seed in range(group, count(300), GROUPS):
        rng = random.Random(seed)
        folder = tmp_path / str(seed)
        shutil.copytree(root / ".syncer", folder / ".syncer")
        file = folder / ".syncer" / "state.db"
        content = bytearray(file.read_bytes())
        damage = rng.choice(DAMAGES)
        damage(content, rng)
        file.write_bytes(content)
        try:
            with opened_at(folder) as store:
                found = decides(store, acts)
        except StateError:
            continue
        assert found == right, f"seed {seed}: {damage.__name__} went unnoticed"
