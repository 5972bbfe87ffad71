"""Files of a ledger that are spoiled, of another state or of a crash, or know who was erased, are not believed."""

import os
import shutil
from pathlib import Path

import pytest

from syncer.errors import StateError
from syncer.state import erased
from syncer.state.ledger import ledger_of
from syncer.state.ledger_files import LedgerFiles, extend
from syncer.state.store import Store
from tests.integration.state.conftest import ORDERS, Acts, Opener
from tests.integration.state.in_files import EACH, deliver, files, folder, known, of_requests, spoil, with_small_files


@pytest.fixture
def store(opened: Opener) -> Store:
    return with_small_files(opened())


def test_a_spoiled_file_that_was_to_become_one_with_others_is_taken_away(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    spoil(path, "identity")
    deliver(store, acts, range(6, 11))
    with pytest.raises(StateError, match="cannot be relied on"):
        extend(store, ORDERS)
    assert not path.exists()
    extend(store, ORDERS)
    assert known(store, acts)[0] == of_requests(*range(1, 11))


@pytest.mark.parametrize("how", ["cut", "empty", "directory", "other", "link"])
def test_a_file_that_is_not_whole_is_left_out_and_made_anew(store: Store, acts: Acts, how: str) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    spoil(path, how)
    found, ledger = known(store, acts)
    assert (found, ledger.read) == (of_requests(*range(1, 6)), 5 * EACH)
    extend(store, ORDERS)
    found, ledger = known(store, acts)
    assert (found, ledger.read) == (of_requests(*range(1, 6)), 0)


def test_a_file_of_another_release_is_made_anew_and_nobody_is_warned(
    store: Store, acts: Acts, caplog: pytest.LogCaptureFixture
) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    spoil(path, "of another release")
    found, ledger = known(store, acts)
    assert (found, ledger.read, ledger.has_untidy_files) == (of_requests(*range(1, 6)), 5 * EACH, True)
    extend(store, ORDERS)
    found, ledger = known(store, acts)
    assert (found, ledger.read, ledger.has_untidy_files) == (of_requests(*range(1, 6)), 0, False)
    assert not caplog.records


def test_identities_that_a_disk_has_spoiled_stop_the_run_and_the_next_one_reads_the_state(
    store: Store, acts: Acts
) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    spoil(path, "identity")
    with pytest.raises(StateError, match=r"cannot be relied on .* run again"):
        known(store, acts)
    assert known(store, acts)[0] == of_requests(*range(1, 6))


def test_a_spoiled_file_that_cannot_be_taken_away_is_named(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    ledger = ledger_of(store, 1)
    with path.open("r+b") as file:
        file.seek(-3, os.SEEK_END)
        file.write(b"?")
    path.unlink()
    path.mkdir()
    with pytest.raises(StateError, match=r"cannot be taken away; delete it and run again"):
        ledger.settled(acts.identities(1, 200))


def test_files_of_a_state_that_was_put_back_are_not_believed(
    store: Store, opened: Opener, acts: Acts, tmp_path: Path
) -> None:
    """The ids of its requests are given out again: the file covers others than these."""
    path = store.place.path
    if path is None:
        pytest.skip("a copy of a Postgres database is a matter of its own tools")
    deliver(store, acts, range(1, 4))
    store.close()
    shutil.copy(path, tmp_path / "older.db")
    newer = opened()
    deliver(newer, acts, range(4, 9))
    extend(newer, ORDERS)
    assert files(newer) == ["0-8.ids"]
    newer.close()
    for side in ("", "-wal", "-shm", ".guard"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    shutil.copy(tmp_path / "older.db", path)
    older = opened()
    deliver(older, acts, range(20, 27))
    found, ledger = known(older, acts)
    assert (found, ledger.read) == (of_requests(1, 2, 3, *range(20, 27)), 10 * EACH)


def test_who_was_erased_is_in_no_file(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    gone = acts.identities(EACH, 1)
    erased.erase(store, ORDERS, [gone], actor="tester")
    assert files(store) == []
    assert known(store, acts)[0] == of_requests(*range(1, 6))[1:]
    extend(store, ORDERS)
    assert all(gone not in path.read_bytes() for path in folder(store).iterdir())


def test_an_erasure_names_a_file_that_it_cannot_take_away(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    path.unlink()
    path.mkdir()
    gone = acts.identities(EACH, 1)
    with pytest.raises(StateError, match=rf"{path.name} cannot be taken away .*; delete it"):
        erased.erase(store, ORDERS, [gone], actor="tester")
    assert erased.erased_of(store, 1) == {gone}


def test_a_file_from_before_an_erasure_on_another_machine_is_not_believed(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    kept = path.read_bytes()
    erased.erase(store, ORDERS, [acts.identities(EACH, 1)], actor="tester")
    path.write_bytes(kept)
    assert known(store, acts)[0] == of_requests(*range(1, 6))[1:]


@pytest.mark.parametrize("pid", [os.getpid(), 99_999_999], ids=["of this process", "of another"])
def test_a_draft_that_a_crash_left_is_in_nobodys_way_and_goes(store: Store, acts: Acts, pid: int) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    path.with_name(f"{path.name}.{pid}.new").write_bytes(b"half")
    deliver(store, acts, range(6, 11))
    extend(store, ORDERS)
    assert known(store, acts)[0] == of_requests(*range(1, 11))
    assert files(store) == ["0-10.ids"]


def test_who_was_erased_is_in_no_draft_that_a_crash_left(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 6))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    shutil.copy(path, path.with_name(f"{path.name}.99999999.new"))
    erased.erase(store, ORDERS, [acts.identities(EACH, 1)], actor="tester")
    assert files(store) == []


def test_overlapping_files_of_a_crash_are_taken_once(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 4))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    small = path.read_bytes()
    deliver(store, acts, range(4, 8))
    extend(store, ORDERS)
    path.write_bytes(small)
    assert files(store) == ["0-3.ids", "0-7.ids"]
    assert LedgerFiles.of(store, 1).upto == 7
    extend(store, ORDERS)
    assert files(store) == ["0-7.ids"]
