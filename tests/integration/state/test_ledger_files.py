"""A long ledger lies in files beside the state: they say what the state says, whatever becomes of either."""

import os
import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from syncer.errors import StateError
from syncer.pipeline import Retention
from syncer.report import RunStatus
from syncer.state import erased, outbox
from syncer.state.ledger import Ledger, ledger_of
from syncer.state.ledger_files import PAGE_ROWS, LedgerFiles, extend
from syncer.state.ledger_sizes import LedgerSizes
from syncer.state.prune import prune
from syncer.state.requests import SETTLED, RequestState
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import REQUESTS
from tests.integration.state.conftest import ORDERS, Acts, Opener

EACH = 3
"""Events in a request."""


@pytest.fixture
def store(opened: Opener) -> Store:
    made = opened()
    made.ledger_sizes = LedgerSizes(long=4 * EACH, in_file=16 * EACH)
    return made


def deliver(store: Store, acts: Acts, numbers: range, *, scope: Scope = ORDERS, run_id: str = "") -> None:
    """Deliver requests: number 7 has the identities 21, 22 and 23."""
    with acts.begin(store, run_id or f"run-{numbers}-{scope}", scope=scope) as run:
        for number in numbers:
            acts.deliver(run, EACH * number, EACH)
        run.finish(RunStatus.DONE, now=store.clock.now())


def folder(store: Store) -> Path:
    assert store.beside is not None
    return store.beside


def files(store: Store) -> list[str]:
    return sorted(path.name.split("-", 1)[1] for path in folder(store).glob("*"))


def known(store: Store, acts: Acts, upto: int = 200, *, pipeline_id: int = 1) -> tuple[list[int], Ledger]:
    """Return which of the first identities the ledger knows, by both of its ways, and the ledger."""
    ledger = ledger_of(store, pipeline_id)
    first, second = (ledger.settled(acts.identities(1, upto)).to_list() for _ in range(2))
    assert first == second
    return [number for number, is_known in enumerate(first, 1) if is_known], ledger


def of_requests(*numbers: int) -> list[int]:
    return [EACH * number + more for number in numbers for more in range(EACH)]


def spoil(path: Path, how: str) -> None:
    whole = path.read_bytes()
    match how:
        case "cut":
            path.write_bytes(whole[:-16])
        case "empty":
            path.write_bytes(b"")
        case "directory":
            path.write_bytes(whole[:75] + bytes([whole[75] ^ 1]) + whole[76:])
        case "identity":
            path.write_bytes(whole[:-3] + bytes([whole[-3] ^ 0x10]) + whole[-2:])
        case "other":
            path.write_bytes(b"PK" + whole[2:])
        case "of another release":
            path.write_bytes(b"syncerL2" + whole[8:])
        case "link":
            path.rename(path.with_suffix(".moved"))
            path.symlink_to(path.with_suffix(".moved"))


def test_what_is_in_files_is_not_read_from_the_state(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 9))
    assert known(store, acts)[1].read == 8 * EACH
    assert extend(store, ORDERS) == 8 * EACH
    deliver(store, acts, range(9, 11))
    found, ledger = known(store, acts)
    assert (found, ledger.read) == (of_requests(*range(1, 11)), 2 * EACH)
    assert files(store) == ["0-8.ids"]


def test_the_files_are_for_their_user_alone(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 3))
    extend(store, ORDERS)
    (path,) = folder(store).iterdir()
    assert (folder(store).stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o700, 0o600)


def test_many_files_become_few_and_large_ones_stay(store: Store, acts: Acts) -> None:
    first = 1
    seen = []
    for many in (40, 2, 2, 1, 6):
        deliver(store, acts, range(first, first + many))
        first += many
        assert extend(store, ORDERS) == EACH * (first - 1)
        seen.append(files(store))
        assert known(store, acts)[0] == of_requests(*range(1, first))
    assert seen == [
        ["0-40.ids"],
        ["0-40.ids", "40-42.ids"],
        ["0-40.ids", "40-44.ids"],
        ["0-40.ids", "40-45.ids"],
        ["0-51.ids"],
    ]


def test_many_files_of_one_size_become_one_although_the_last_is_small(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 2 * PAGE_ROWS + 11))
    extend(store, ORDERS)
    assert files(store) == [f"0-{2 * PAGE_ROWS + 10}.ids"]


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


def test_each_pipeline_has_files_of_its_own(store: Store, acts: Acts) -> None:
    other = Scope("default", "leads", "meta")
    deliver(store, acts, range(1, 6))
    deliver(store, acts, range(6, 11), scope=other)
    deliver(store, acts, range(11, 13))
    extend(store, ORDERS)
    extend(store, other)
    assert len(files(store)) == 2
    assert known(store, acts)[0] == of_requests(*range(1, 6), 11, 12)
    assert known(store, acts, pipeline_id=2)[0] == of_requests(*range(6, 11))


@pytest.mark.parametrize("state", [RequestState.ARMED, RequestState.DOUBT])
def test_no_file_reaches_a_request_that_is_under_way(store: Store, acts: Acts, state: RequestState) -> None:
    deliver(store, acts, range(1, 5))
    with acts.begin(store, "run-open") as run:
        acts.read(run, EACH)
        request = acts.arm(run, EACH * 5, EACH)
        if state is RequestState.DOUBT:
            run.settle(request, acts.unknown(), state=RequestState.DOUBT)
        acts.deliver(run, EACH * 6, EACH)
        extend(store, ORDERS)
        assert files(store) == ["0-4.ids"]
        if state is RequestState.ARMED:
            run.settle(request, acts.accepted(), state=RequestState.ACKED)
    settled = [1, 2, 3, 4, 6] if state is RequestState.DOUBT else [1, 2, 3, 4, 5, 6]
    assert known(store, acts)[0] == of_requests(*settled)


def hold(store: Store, acts: Acts, number: int) -> int:
    """Leave a request that only an operator can decide; return its id."""
    with acts.begin(store, f"run-held-{number}") as run:
        acts.read(run, EACH)
        request = acts.arm(run, EACH * number, EACH)
        run.settle(request, acts.unknown(), state=RequestState.DOUBT)
        run.settle(request, None, state=RequestState.HELD)
        run.finish(RunStatus.DONE, now=store.clock.now())
    return request


@pytest.mark.parametrize(("decision", "of_it"), [(None, [4]), ("acked_assumed", [4]), ("superseded", [])])
def test_a_held_request_keeps_no_later_one_out_and_counts_as_somebody_decides(
    store: Store, acts: Acts, decision: str | None, of_it: list[int]
) -> None:
    deliver(store, acts, range(1, 4))
    held = [hold(store, acts, number) for number in (4, 5)]
    deliver(store, acts, range(6, 9))
    assert extend(store, ORDERS) == 6 * EACH
    assert files(store) == ["0-8.ids"]
    if decision is not None:
        decide(store, held[0], RequestState(decision))
    deliver(store, acts, range(9, 11))
    found, ledger = known(store, acts)
    assert (found, ledger.read) == (of_requests(1, 2, 3, *of_it, *range(5, 11)), 2 * EACH)
    deliver(store, acts, range(11, 30))
    extend(store, ORDERS)
    assert files(store) == ["0-29.ids"]
    assert known(store, acts)[0] == of_requests(1, 2, 3, *of_it, *range(5, 30))


def decide(store: Store, request: int, state: RequestState) -> None:
    """Do what an operator's word does."""
    with store.tx("test") as connection:
        ((opened, _, _),) = [
            each for each in outbox.in_state(connection, 1, RequestState.HELD) if each[0].id == request
        ]
        epoch = connection.execute(select(REQUESTS.c.epoch).where(REQUESTS.c.id == request)).scalar_one()
        outbox.settle(connection, opened, state=state, outcome=None, epoch=epoch, at=store.clock.now())


def test_held_requests_alone_make_no_file_and_are_known(store: Store, acts: Acts) -> None:
    for number in (1, 2):
        hold(store, acts, number)
    assert extend(store, ORDERS) == 0
    assert known(store, acts)[0] == of_requests(1, 2)
    deliver(store, acts, range(3, 8))
    hold(store, acts, 8)
    assert extend(store, ORDERS) == 5 * EACH
    assert files(store) == ["0-7.ids"]
    assert known(store, acts)[0] == of_requests(*range(1, 9))


def test_what_the_state_forgets_the_files_forget_although_the_oldest_is_held(store: Store, acts: Acts) -> None:
    hold(store, acts, 1)
    deliver(store, acts, range(2, 9))
    extend(store, ORDERS)
    store.clock.sleep(timedelta(days=92).total_seconds())
    deliver(store, acts, range(9, 11), run_id="later")
    extend(store, ORDERS)
    prune(store, Retention(), now=store.clock.now())
    assert known(store, acts)[0] == of_requests(1, 9, 10)


def test_what_meta_refused_is_asked_of_the_state(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 3))
    with acts.begin(store, "run-refused") as run:
        acts.read(run, 1)
        run.settle(acts.arm(run, 90, 1), acts.refused(), state=RequestState.DEAD)
        run.finish(RunStatus.DONE, now=store.clock.now())
    extend(store, ORDERS)
    assert 90 in known(store, acts)[0]
    otherwise = ledger_of(store, 1, states=set(SETTLED) - {RequestState.DEAD})
    assert otherwise.settled(acts.identities(90, 1)).to_list() == [False]
    assert otherwise.settled(acts.identities(EACH, 1)).to_list() == [True]


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


def test_what_the_state_forgets_the_files_forget(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 9))
    extend(store, ORDERS)
    store.clock.sleep(timedelta(days=89).total_seconds())
    deliver(store, acts, range(9, 11), run_id="later")
    extend(store, ORDERS)
    assert known(store, acts)[0] == of_requests(*range(1, 11))
    store.clock.sleep(timedelta(days=2).total_seconds())
    deliver(store, acts, range(11, 12), run_id="last")
    assert prune(store, Retention(), although_not_due=True) > 0
    assert known(store, acts)[0] == of_requests(9, 10, 11)


def test_files_of_which_the_state_has_forgotten_a_little_serve_until_they_are_made_anew(
    store: Store, acts: Acts
) -> None:
    deliver(store, acts, range(1, 2))
    store.clock.sleep(timedelta(days=89).total_seconds())
    deliver(store, acts, range(2, 12), run_id="later")
    extend(store, ORDERS)
    store.clock.sleep(timedelta(days=2).total_seconds())
    deliver(store, acts, range(12, 13), run_id="last")
    assert prune(store, Retention(), although_not_due=True) > 0
    found, ledger = known(store, acts)
    assert (found, ledger.read, ledger.has_untidy_files) == (of_requests(*range(1, 13)), EACH, True)
    extend(store, ORDERS)
    found, ledger = known(store, acts)
    assert (found, ledger.read, ledger.has_untidy_files) == (of_requests(*range(2, 13)), 0, False)


def test_without_a_folder_nothing_is_written(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 6))
    store.beside = None
    assert extend(store, ORDERS) == 0
    assert known(store, acts)[0] == of_requests(*range(1, 6))


def test_who_is_stopped_leaves_what_is_whole(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, PAGE_ROWS + 11))
    looks = iter([False, True])
    assert extend(store, ORDERS, is_stopped=lambda: next(looks, True)) == PAGE_ROWS * EACH
    assert known(store, acts, 900)[0] == of_requests(*range(1, PAGE_ROWS + 11))


def test_files_that_did_not_become_one_do_so_with_the_next_run(store: Store, acts: Acts) -> None:
    deliver(store, acts, range(1, 2 * PAGE_ROWS + 11))
    looks = iter([False] * 3)
    extend(store, ORDERS, is_stopped=lambda: next(looks, True))
    assert len(files(store)) == 3
    assert ledger_of(store, 1).has_untidy_files
    extend(store, ORDERS)
    assert files(store) == [f"0-{2 * PAGE_ROWS + 10}.ids"]
    assert not ledger_of(store, 1).has_untidy_files


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


def test_a_run_that_settles_much_puts_it_in_files_while_it_goes_on(store: Store, acts: Acts) -> None:
    """Else its memory would grow with its rows."""
    store.ledger_sizes = LedgerSizes(
        few=2 * EACH, recent=4 * EACH, long=4 * EACH, in_file=16 * EACH, in_memory=40 * EACH
    )
    with acts.begin(store, "run-1", scope=ORDERS) as run:
        for number in range(1, 101):
            digests = acts.identities(EACH * number, EACH)
            assert not run.ledger.settled(digests).any()
            acts.deliver(run, EACH * number, EACH)
            run.ledger.add(digests)
            assert run.ledger.settled(acts.identities(EACH, EACH * number)).all()
            assert not run.ledger.settled(acts.identities(EACH * (number + 1), EACH)).any()
        made = files(store)
        assert len(made) > 4
        run.finish(RunStatus.DONE, now=store.clock.now())
    assert known(store, acts, 400)[0] == of_requests(*range(1, 101))
    extend(store, ORDERS)
    assert len(files(store)) == 1


def test_a_long_ledger_without_files_gets_them_as_a_run_looks_into_it(store: Store, acts: Acts) -> None:
    """Else each look-up would read all of it, where it is too long for memory."""
    deliver(store, acts, range(1, 101))
    store.ledger_sizes = LedgerSizes(few=2, long=4 * EACH, in_file=16 * EACH, in_memory=40 * EACH)
    with acts.begin(store, "run-2", scope=ORDERS) as run:
        for _ in range(3):
            found = run.ledger.settled(acts.identities(1, 400)).to_list()
            assert [number for number, is_known in enumerate(found, 1) if is_known] == of_requests(*range(1, 101))
        assert LedgerFiles.of(store, 1).upto == 100
    assert not ledger_of(store, 1).settled(acts.identities(1, 2)).any()


def test_a_run_goes_on_without_files_that_cannot_be_written(store: Store, acts: Acts) -> None:
    store.ledger_sizes = LedgerSizes(few=2 * EACH, recent=4 * EACH, in_file=16 * EACH)
    folder(store).parent.mkdir(exist_ok=True)
    folder(store).write_text("in the way")
    with acts.begin(store, "run-1", scope=ORDERS) as run:
        for number in range(1, 61):
            acts.deliver(run, EACH * number, EACH)
            run.ledger.add(acts.identities(EACH * number, EACH))
            assert run.ledger.settled(acts.identities(EACH, EACH * number)).all()
    assert folder(store).is_file()


def test_random_histories_are_told_as_the_state_alone_tells_them(store: Store, acts: Acts) -> None:
    rng = random.Random(7)
    first, settled = 1, set[int]()
    for turn in range(12):
        many = rng.randint(1, 25)
        deliver(store, acts, range(first, first + many), run_id=f"run-{turn}")
        settled.update(of_requests(*range(first, first + many)))
        first += many
        if rng.random() < 0.6:
            extend(store, ORDERS)
        assert known(store, acts, EACH * first + 10)[0] == sorted(settled)
