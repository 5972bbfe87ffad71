import random
import threading
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest

from syncer.engine.executor import Executor, Inline, Threads
from syncer.engine.run_id import new_run_id
from syncer.spec.outcomes import Outcome, OutcomeClass

ACKED = Outcome(kind=OutcomeClass.ACKED)


def fail() -> Outcome:
    raise ValueError("no")


@pytest.mark.parametrize("executor", [Inline(), Threads(2)], ids=["inline", "threads"])
def test_every_send_ends_in_its_future(executor: Executor) -> None:
    with executor:
        futures: set[Future[Outcome]] = {executor.submit(lambda: ACKED) for _ in range(5)}
        done: set[Future[Outcome]] = set()
        while done != futures:
            done |= executor.finished(futures - done, timeout_s=5)
        assert [future.result() for future in done] == [ACKED] * 5
        assert executor.all_finished(futures, timeout_s=5) == futures
        failed = executor.submit(fail)
        executor.finished({failed}, timeout_s=5)
        assert isinstance(failed.exception(), ValueError)


@pytest.mark.parametrize("executor", [Inline(), Threads(1)], ids=["inline", "threads"])
def test_what_is_made_beside_sends_needs_no_place_of_theirs(executor: Executor) -> None:
    over = threading.Event()
    with executor:
        if isinstance(executor, Threads):
            executor.submit(lambda: ACKED if over.wait(30) else fail())
        made = executor.beside(lambda: 1 + 1)
        assert executor.finished({made}, timeout_s=30) == {made}
        over.set()
        assert made.result() == 2


def test_what_a_test_has_not_ended_is_not_done() -> None:
    assert Inline().all_finished({Future()}, timeout_s=5) == set()


def test_all_are_waited_for_but_not_for_longer_than_said() -> None:
    slow, over = threading.Event(), threading.Event()
    with Threads(3) as executor:
        soon = executor.submit(lambda: ACKED if slow.wait(30) else fail())
        never = executor.submit(lambda: ACKED if over.wait(30) else fail())
        assert executor.all_finished({soon, never}, timeout_s=0.01) == set()
        slow.set()
        assert executor.all_finished({soon}, timeout_s=30) == {soon}
        assert executor.all_finished({soon, never}, timeout_s=0.01) == {soon}
        over.set()
        assert executor.all_finished({soon, never}, timeout_s=30) == {soon, never}


def test_run_ids_sort_by_time_and_are_26_characters() -> None:
    rng = random.Random(1)
    earlier = new_run_id(datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC), rng)
    later = new_run_id(datetime(2026, 11, 22, 12, 0, 0, 1000, tzinfo=UTC), rng)
    assert earlier < later
    assert {len(earlier), len(later)} == {26}
