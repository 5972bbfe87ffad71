"""A state file that is locked, or whose rights are taken away, while a run writes to it; for as long as it really takes (R30, F37)."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from syncer.errors import StateError
from syncer.state.store import Store, open_store
from tests.counts import FULL

STORE_WAITS_S = 10


@pytest.mark.faults
@pytest.mark.timeout(120)
@pytest.mark.parametrize("locked_s", [1, 3, 9, 12, 30] if FULL else [1])
def test_R30_F37_a_lock_is_waited_for_ten_seconds_and_then_named(
    tmp_path: Path, acts: Any, contradictions: Callable[[Store], list[str]], locked_s: int
) -> None:
    with open_store("sqlite:///.syncer/state.db", root=tmp_path, home=tmp_path / ".syncer") as store:
        run = acts.begin(store)
        other = sqlite3.connect(tmp_path / ".syncer" / "state.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        release = Timer(locked_s, lambda: other.execute("ROLLBACK"))
        release.start()
        if locked_s < STORE_WAITS_S:
            acts.deliver(run, 1, 1)
        else:
            with pytest.raises(
                StateError, match=r"state\.db: another program keeps it locked; close that program, or wait"
            ):
                acts.deliver(run, 1, 1)
        release.join()
        other.close()
        run.close()
        with acts.begin(store, "run-2") as again:
            acts.deliver(again, 2, 1)
        assert contradictions(store) == []


AS_NOBODY = """
import os, sys
from pathlib import Path
from syncer.errors import StateError
from syncer.state.store import open_store
from tests.integration.state.conftest import Acts
root, kept = Path(sys.argv[1]), sys.argv[2] == "connections"
home, acts = root / "home", Acts()
if os.geteuid() == 0:
    os.seteuid(65534)
with open_store("sqlite:///home/state.db", root=root, home=home) as store:
    run = acts.begin(store)
    acts.deliver(run, 1, 1)
    files = [each for each in home.iterdir() if each.is_file()]
    for each in files:
        each.chmod(0o400)
    home.chmod(0o500)
    if not kept:
        store.database.close()
    for number in (2, 3):
        try:
            acts.deliver(run, number, 1)
        except StateError as error:
            print(error)
    run.close()
    home.chmod(0o700)
    for each in files:
        each.chmod(0o600)
"""


@pytest.fixture
def open_folder(sqlite_template: Path) -> Iterator[Path]:
    """A folder that every user may enter, with a store that nobody owns."""
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name), Path(name) / "home"
        folder.chmod(0o755)
        home.mkdir(mode=0o700)
        shutil.copy(sqlite_template, home / "state.db")
        if os.geteuid() == 0:
            for each in (home, home / "state.db"):
                os.chown(each, 65534, -1)
        yield folder
        assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.mark.parametrize("kept", ["connections", "nothing"])
def test_R30_F37_a_right_to_write_that_is_lost_stops_the_run_by_name_and_the_next_one_goes_on(
    open_folder: Path, acts: Any, contradictions: Callable[[Store], list[str]], kept: str
) -> None:
    command = [sys.executable, "-c", AS_NOBODY, str(open_folder), kept]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert "Permission denied" in first or "give this user the right to write" in first
    assert second == "state: an earlier write of this run failed; the run stops"
    home = open_folder / "home"
    with open_store("sqlite:///home/state.db", root=open_folder, home=home) as store, acts.begin(store, "run-2") as run:
        acts.deliver(run, 9, 1)
        assert run.ledger.settled(acts.identities(1, 1) + acts.identities(9, 1)).to_list() == [True, True]
        assert contradictions(store) == []
