"""What operators change: under the lock, with a line in the audit log, and no event loses its place in the ledger."""

import sqlite3
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from syncer.errors import LockedError, StateError, SyncerError
from syncer.report import RunStatus
from syncer.state import operations
from syncer.state.backup import copy_to
from syncer.state.requests import RequestState
from syncer.state.scope import Scope
from syncer.state.store import Store, open_store
from tests.integration.state.conftest import ORDERS

SALES = Scope("default", "sales", "meta")


def audit(store: Store) -> list[tuple[Any, ...]]:
    with store.reading() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT action, before, after FROM audit ORDER BY id"))]


def ran(store: Store, acts: Any, *, upto: int = 5, scope: Scope = ORDERS, run_id: str = "run-1") -> None:
    with acts.begin(store, run_id, scope=scope) as run:
        acts.read(run, upto)
        run.settle(acts.arm(run, 1, upto), acts.accepted(), state=RequestState.ACKED, watermark=acts.mark(upto))
        run.finish(RunStatus.DONE, now=store.clock.now())


def test_a_reset_goes_both_ways_and_the_ledger_stays(store: Store, acts: Any) -> None:
    ran(store, acts)
    operations.reset(store, ORDERS, before=acts.mark(5), after=acts.mark(2), actor="ada")
    operations.reset(store, ORDERS, before=acts.mark(2), after=acts.mark(9), actor="ada")
    operations.reset(store, ORDERS, before=acts.mark(9), after=None, actor="ada")
    assert audit(store) == [("reset", "5", "2"), ("reset", "2", "9"), ("reset", "9", None)]
    with acts.begin(store, "run-2") as run:
        assert run.watermark is None
        assert run.ledger.settled(acts.identities(1, 6)).to_list() == [True] * 5 + [False]


def test_a_reset_is_refused_while_a_run_holds_the_pipeline_or_has_moved_on(store: Store, acts: Any) -> None:
    with pytest.raises(SyncerError, match="it never ran"):
        operations.position(store, ORDERS)
    ran(store, acts)
    with acts.begin(store, "run-2"), pytest.raises(LockedError):
        operations.reset(store, ORDERS, before=acts.mark(5), after=None, actor="ada")
    with pytest.raises(SyncerError, match="has moved to 5"):
        operations.reset(store, ORDERS, before=acts.mark(4), after=None, actor="ada")
    assert operations.position(store, ORDERS).watermark == acts.mark(5)
    assert audit(store) == []


def test_a_reset_passes_no_request_that_is_unfinished(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 3)
        acts.arm(run, 1, 3)
    with pytest.raises(SyncerError, match=r"3 events below .* `syncer run orders` settles them"):
        operations.reset(store, ORDERS, before=None, after=acts.mark(9), actor="ada")
    operations.reset(store, ORDERS, before=None, after=None, actor="ada")


def test_a_writer_that_outlived_its_lock_is_shut_out_by_a_reset(store: Store, acts: Any) -> None:
    ran(store, acts)
    stale = acts.begin(store, "run-2")
    stale.close()
    operations.reset(store, ORDERS, before=acts.mark(5), after=acts.mark(1), actor="ada")
    with pytest.raises(StateError, match="another run has taken this pipeline over"):
        stale.advance(acts.mark(7))


def test_a_renamed_pipeline_keeps_ledger_watermark_history_and_the_name_in_its_ids(store: Store, acts: Any) -> None:
    ran(store, acts)
    assert operations.rename(store, "default", old="orders", new="sales", actor="ada") == ("meta",)
    with acts.begin(store, "run-2", scope=SALES) as run:
        assert (run.watermark, run.ids_name) == (acts.mark(5), "orders")
        assert run.ledger.settled(acts.identities(1, 5)).all()
        run.finish(RunStatus.DONE, now=store.clock.now())
    with pytest.raises(StateError, match=r"orders was renamed to sales.*write `name: sales`"):
        acts.begin(store, "run-3")
    operations.rename(store, "default", old="sales", new="shop", actor="ada")
    operations.rename(store, "default", old="shop", new="orders", actor="ada")
    with acts.begin(store, "run-4") as run:
        assert (run.watermark, run.ids_name) == (acts.mark(5), None)
    assert audit(store) == [("rename", "orders", "sales"), ("rename", "sales", "shop"), ("rename", "shop", "orders")]


def test_a_rename_that_would_mix_two_pipelines_is_refused(store: Store, acts: Any) -> None:
    with pytest.raises(SyncerError, match="no state of this name to move; it has state of nothing"):
        operations.rename(store, "default", old="orders", new="sales", actor="ada")
    ran(store, acts)
    ran(store, acts, scope=SALES, run_id="run-2")
    with pytest.raises(SyncerError, match="sales: target default has state of this name already"):
        operations.rename(store, "default", old="orders", new="sales", actor="ada")
    operations.rename(store, "default", old="orders", new="shop", actor="ada")
    with pytest.raises(SyncerError, match="the ids of the events of shop are made of this name"):
        operations.rename(store, "default", old="sales", new="orders", actor="ada")
    with acts.begin(store, "run-3", scope=SALES), pytest.raises(LockedError):
        operations.rename(store, "default", old="sales", new="other", actor="ada")


def test_a_copy_holds_everything_and_is_for_its_owner_alone(tmp_path: Path, acts: Any) -> None:
    with open_store("sqlite:///.syncer/state.db", root=tmp_path, home=tmp_path / ".syncer") as store:
        ran(store, acts)
        copy = tmp_path / "copy.db"
        with acts.begin(store, "run-2"):  # runs may go on
            operations.back_up(store, "default", copy, actor="ada")
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert audit(store) == [("backup", None, str(copy))]
        with pytest.raises(StateError, match=r"copy\.db exists already and is not written over"):
            operations.back_up(store, "default", copy, actor="ada")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".syncer", "copy.db"]
    with (
        open_store("sqlite:///copy.db", root=tmp_path, home=tmp_path / ".syncer") as store,
        acts.begin(store, "r") as run,
    ):
        assert run.ledger.settled(acts.identities(1, 5)).all()


def test_a_copy_that_cannot_be_made_leaves_no_file(tmp_path: Path) -> None:
    with open_store("sqlite:///.syncer/state.db", root=tmp_path, home=tmp_path / ".syncer") as store:
        with pytest.raises(StateError, match="No such file or directory; name another place"):
            operations.back_up(store, "default", tmp_path / "away" / "copy.db", actor="ada")
        (tmp_path / "link.db").symlink_to(tmp_path / "planted")
        with pytest.raises(StateError, match=r"link\.db exists already and is not written over"):
            operations.back_up(store, "default", tmp_path / "link.db", actor="ada")
        (tmp_path / "link.db").unlink()
        assert store.place.path is not None
        with closing(sqlite3.connect(store.place.path)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with store.place.path.open("r+b") as file:
            file.seek(-4096, 2)
            file.write(b"\xff" * 4096)
        with pytest.raises(StateError, match=r"cannot be copied .* the file is damaged"):
            copy_to(store.place.path, tmp_path / "copy.db")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".syncer"]


def test_a_copy_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    path, copy = tmp_path / "state.db", tmp_path / "copy.db"
    with ThreadPoolExecutor(1) as other, closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("CREATE TABLE t (i)")
        writer.execute("BEGIN EXCLUSIVE")  # the copy waits for it
        copying = other.submit(copy_to, path, copy)
        deadline = time.monotonic() + 10
        while not list(tmp_path.glob(".copy.db.*.part")):
            assert time.monotonic() < deadline
        assert not copy.exists()
        copy.touch()  # somebody else takes the name meanwhile
        writer.execute("COMMIT")
        with pytest.raises(StateError, match=r"copy\.db exists already and is not written over"):
            copying.result()
    assert (copy.stat().st_size, sorted(each.name for each in tmp_path.iterdir())) == (0, ["copy.db", "state.db"])
