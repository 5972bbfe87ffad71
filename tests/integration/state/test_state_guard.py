"""A state that is older than it was, missing, or another one: refused, and taken again once somebody says so (R30, F36)."""

import fcntl
import random
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from syncer.errors import StateError
from syncer.state import operations
from syncer.state.guard import LINE_BYTES, Guard, Mark
from syncer.state.store import Store, open_store, open_unguarded
from tests.counts import count

URL = "sqlite:///.syncer/state.db"


def opened_at(root: Path) -> Store:
    return open_store(URL, root=root, home=root / ".syncer")


def file_of(root: Path) -> Path:
    return root / ".syncer" / "state.db"


def an_older_copy(root: Path, acts: Any) -> None:
    """Put a copy from before the last run in place of the state."""
    with opened_at(root) as store, acts.begin(store) as run:
        acts.deliver(run, 1, 5)
    copy = file_of(root).read_bytes()
    with opened_at(root) as store, acts.begin(store, "run-2") as run:
        acts.deliver(run, 6, 5)
        acts.deliver(run, 11, 5)
    file_of(root).write_bytes(copy)


def nothing(root: Path, acts: Any) -> None:
    with opened_at(root) as store, acts.begin(store) as run:
        acts.deliver(run, 1, 5)
    file_of(root).unlink()


def an_empty_file(root: Path, acts: Any) -> None:
    nothing(root, acts)
    file_of(root).touch()


def an_empty_database(root: Path, acts: Any) -> None:
    nothing(root, acts)
    open_unguarded(URL, root=root, home=root / ".syncer").close()


def another_store(root: Path, acts: Any) -> None:
    nothing(root, acts)
    other = root / "other"
    other.mkdir()
    with opened_at(other) as store, acts.begin(store) as run:
        for number in range(9):
            acts.deliver(run, number * 5, 5)
    shutil.copy(file_of(other), file_of(root))


def without_its_log(root: Path, acts: Any) -> None:
    """Take away the log of a process that was killed."""
    with opened_at(root) as store, acts.begin(store) as run:
        acts.deliver(run, 1, 5)
    with opened_at(root) as store, acts.begin(store, "run-2") as run:
        acts.deliver(run, 6, 5)
        kept = file_of(root).read_bytes()
    file_of(root).write_bytes(kept)


def a_damaged_guard(root: Path, acts: Any) -> None:
    with opened_at(root) as store, acts.begin(store) as run:
        acts.deliver(run, 1, 5)
    guard = file_of(root).with_name("state.db.guard")
    guard.write_bytes(guard.read_bytes().replace(b" 00000000000000000001 ", b" 00000000000000000000 ", 1))


CASES: dict[Callable[[Path, Any], None], str] = {
    an_older_copy: r"state.db is older than it was: 1 run, 2 requests that it had are gone; restore its newest copy",
    nothing: r"state.db is missing or empty, although there was one; restore its newest copy",
    an_empty_file: r"state.db is missing or empty, although there was one",
    an_empty_database: r"state.db is missing or empty, although there was one",
    another_store: r"state.db is another store than the one that was here",
    without_its_log: r"state.db is older than it was: 1 run, 1 request that it had are gone",
    a_damaged_guard: r"state.db.guard is damaged, so an old state would go unnoticed; .*`syncer state accept`",
}


@pytest.mark.parametrize("happens", CASES, ids=lambda case: case.__name__)
def test_R30_F36_a_state_that_knows_less_than_it_did_is_refused_and_left_as_it_is_until_it_is_accepted(
    tmp_path: Path, acts: Any, happens: Callable[[Path, Any], None]
) -> None:
    happens(tmp_path, acts)
    before = file_of(tmp_path).read_bytes() if file_of(tmp_path).exists() else None
    for _ in range(2):
        with pytest.raises(StateError, match=CASES[happens]):
            opened_at(tmp_path)
    assert (file_of(tmp_path).read_bytes() if file_of(tmp_path).exists() else None) == before
    with open_unguarded(URL, root=tmp_path, home=tmp_path / ".syncer") as store:
        operations.accept_store(store, "default", actor="ada")
    with opened_at(tmp_path) as store:
        with acts.begin(store, "run-9") as run:
            acts.deliver(run, 1_000, 5)
        with store.reading() as connection:
            found = connection.execute(text("SELECT actor, action, after FROM audit")).all()
    assert [(line.actor, line.action) for line in found] == [("ada", "accept")]
    assert "operator actions" in found[0].after
    opened_at(tmp_path).close()


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(count(20)))
def test_R30_F36_the_newest_copy_put_back_is_taken_and_goes_on(tmp_path: Path, acts: Any, seed: int) -> None:
    rng, copies = random.Random(seed), []
    for number in range(rng.randint(2, 5)):
        with opened_at(tmp_path) as store, acts.begin(store, f"run-{number}") as run:
            for part in range(rng.randint(0, 2)):
                acts.deliver(run, number * 100 + part * 10, 10)
        copies.append(file_of(tmp_path).read_bytes())
    file_of(tmp_path).write_bytes(rng.choice(copies[:-1]))
    with pytest.raises(StateError, match="is older than it was"):
        opened_at(tmp_path)
    file_of(tmp_path).write_bytes(copies[-1])
    with opened_at(tmp_path) as store, acts.begin(store, "last") as run:
        acts.deliver(run, 5_000, 1)


def test_a_state_exchanged_under_an_open_store_stops_its_writes(tmp_path: Path, acts: Any) -> None:
    with opened_at(tmp_path) as store, acts.begin(store) as run:
        Guard(file_of(tmp_path)).replace(Mark("0" * 32))
        acts.read(run, 1)
        with pytest.raises(StateError, match="was exchanged while it was open"):
            acts.arm(run, 1, 1)


@pytest.mark.parametrize("is_replaced", [True, False])
def test_R30_no_run_begins_in_a_state_whose_file_was_taken_away(
    tmp_path: Path, acts: Any, *, is_replaced: bool
) -> None:
    """What it writes would be gone with the process, so its events would be sent again."""
    with opened_at(tmp_path) as store:
        with acts.begin(store, "first") as run:
            acts.deliver(run, 1, 10)
        file = file_of(tmp_path)
        copy = file.read_bytes()
        file.unlink()
        if is_replaced:
            file.write_bytes(copy)
        with pytest.raises(StateError, match="was taken away or replaced while it was open; end each syncer"):
            acts.begin(store, "second")


def test_R30_a_process_that_wrote_less_takes_nothing_back_from_the_guard(tmp_path: Path) -> None:
    slow, fast = Guard(tmp_path / "state.db"), Guard(tmp_path / "state.db")
    fast.raise_to(Mark("1" * 32, epochs=2, requests=7, acts=1))
    slow.raise_to(Mark("1" * 32, epochs=3, requests=5))
    assert fast.read() == Mark("1" * 32, epochs=3, requests=7, acts=1)


def test_S13_the_guard_is_private_and_never_grows(tmp_path: Path, acts: Any) -> None:
    with opened_at(tmp_path) as store, acts.begin(store) as run:
        acts.deliver(run, 1, 1)
    guard = file_of(tmp_path).with_name("state.db.guard")
    assert (stat.S_IMODE(guard.stat().st_mode), guard.stat().st_size) == (0o600, LINE_BYTES)
    guard.unlink()
    guard.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError, match="guard is a symbolic link, which is not followed"):
        opened_at(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_R30_a_process_that_was_stopped_while_it_wrote_keeps_others_waiting_no_longer_than_they_say(
    tmp_path: Path,
) -> None:
    guard = Guard(tmp_path / "state.db", patience_s=0.05)
    guard.replace(Mark("0" * 32))
    with guard.path.open("rb") as asleep:
        fcntl.flock(asleep, fcntl.LOCK_EX)
        with pytest.raises(StateError, match="another process keeps it locked"):
            guard.read()
    assert guard.read() == Mark("0" * 32)
