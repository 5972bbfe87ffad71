"""A long ledger lies in files beside the state: they say what the state says."""

import random
import shutil
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from syncer.pipeline import Retention
from syncer.report import RunStatus
from syncer.state import outbox
from syncer.state.ledger import ledger_of
from syncer.state.ledger_files import PAGE_ROWS, LedgerFiles, extend
from syncer.state.ledger_sizes import LedgerSizes
from syncer.state.prune import prune
from syncer.state.requests import SETTLED, RequestState
from syncer.state.runs import RunLog
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import REQUESTS
from tests.counts import FULL
from tests.integration.state.conftest import ORDERS, Acts, Opener
from tests.integration.state.in_files import EACH, deliver, files, folder, known, of_requests, with_small_files
from tests.integration.state.some_states import of_some_states


@pytest.fixture
def store(opened: Opener) -> Store:
    return with_small_files(opened())


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


@pytest.mark.faults
@of_some_states
def test_a_run_that_settles_much_puts_it_in_files_while_it_goes_on(store: Store, acts: Acts) -> None:
    """Else its memory would grow with its rows."""
    store.ledger_sizes = LedgerSizes(few=2 * EACH, part=4 * EACH, long=4 * EACH, in_file=16 * EACH, in_memory=40 * EACH)
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


@pytest.mark.faults
@of_some_states
@pytest.mark.parametrize("lands", [False, True])
def test_a_request_that_takes_long_stays_known_as_the_ledger_goes_into_files(
    store: Store, acts: Acts, *, lands: bool
) -> None:
    """No file has it before it has come to its end, and neither have those the requests behind it."""
    store.ledger_sizes = LedgerSizes(few=2 * EACH, part=20 * EACH, long=4 * EACH, in_file=80 * EACH)
    with acts.begin(store, "run-1", scope=ORDERS) as run:
        slowly = acts.identities(EACH, EACH)
        run.ledger.settled(slowly)
        run.ledger.add(slowly)
        acts.read(run, EACH)
        slow = acts.arm(run, EACH, EACH)
        for number in range(2, 300):
            digests = acts.identities(EACH * number, EACH)
            assert not run.ledger.settled(digests).any()
            run.ledger.add(digests)
            acts.deliver(run, EACH * number, EACH)
            if lands and number == 120:
                run.settle(slow, acts.accepted(), state=RequestState.ACKED)
            assert run.ledger.settled(slowly).all()
        assert run.ledger.settled(acts.identities(EACH, EACH * 299)).all()
        assert (len(files(store)) > 0) is lands


def send(run: RunLog, acts: Acts, number: int) -> None:
    digests = acts.identities(EACH * number, EACH)
    assert not run.ledger.settled(digests).any()
    run.ledger.add(digests)
    acts.deliver(run, EACH * number, EACH)


@pytest.mark.faults
@of_some_states
def test_a_request_that_takes_long_stays_known_late_in_a_run(store: Store, acts: Acts) -> None:
    """What files have lies in memory no longer, so there is room."""
    sends = 1_000 if FULL else 250
    store.ledger_sizes = LedgerSizes(
        few=6, part=60, long=12, in_file=240 * sends // 1_000, in_memory=1_800 * sends // 1_000
    )
    with acts.begin(store, "run-1", scope=ORDERS) as run:
        for number in range(1, sends + 1):
            send(run, acts, number)
        slowly = acts.identities(EACH * (sends + 1), EACH)
        run.ledger.add(slowly)
        acts.read(run, EACH)
        acts.arm(run, EACH * (sends + 1), EACH)
        for number in range(sends + 2, sends + 30):
            send(run, acts, number)
        assert run.ledger.settled(slowly).all()


@pytest.mark.faults
@of_some_states
def test_files_that_are_deleted_while_a_run_has_them_and_cannot_be_made_anew_are_not_forgotten(
    store: Store, acts: Acts
) -> None:
    store.ledger_sizes = LedgerSizes(few=6, part=60, long=12, in_file=240)
    with acts.begin(store, "run-1", scope=ORDERS) as run:
        for number in range(1, 150):
            send(run, acts, number)
        assert files(store)
        shutil.rmtree(folder(store))
        with store.tx("test") as connection:  # stands for a disk that is full: no file can be made of it
            connection.execute(update(REQUESTS).where(REQUESTS.c.id == 1).values(checksum=b"x" * 16))
        for number in range(150, 300):
            send(run, acts, number)
        assert run.ledger.settled(acts.identities(EACH, EACH * 299)).all()


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


def test_while_a_run_goes_on_no_file_is_made_of_the_few_requests_behind_another(store: Store, acts: Acts) -> None:
    """Else there are twice as many to look into."""
    deliver(store, acts, range(1, PAGE_ROWS + 3))
    store.ledger_sizes = LedgerSizes(few=2, in_file=16 * EACH)
    with acts.begin(store, "run-2", scope=ORDERS) as run:
        found = [run.ledger.settled(acts.identities(1, 400)).to_list() for _ in range(3)][-1]
        assert [number for number, is_known in enumerate(found, 1) if is_known] == of_requests(*range(1, PAGE_ROWS + 3))
        assert files(store) == [f"0-{PAGE_ROWS}.ids"]
        run.finish(RunStatus.DONE, now=store.clock.now())
    extend(store, ORDERS)
    assert files(store) == [f"0-{PAGE_ROWS}.ids", f"{PAGE_ROWS}-{PAGE_ROWS + 2}.ids"]


def test_a_run_goes_on_without_files_that_cannot_be_written(store: Store, acts: Acts) -> None:
    store.ledger_sizes = LedgerSizes(few=2 * EACH, part=4 * EACH, in_file=16 * EACH)
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
