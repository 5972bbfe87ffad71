"""What an earlier run left behind is closed before anything is read."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from syncer.engine.age import RESENT_FOR
from syncer.engine.recover import recover
from syncer.report import Bucket
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.history import report_of
from syncer.state.requests import RequestState
from tests.simulation.machine import NOON, Crash

SECOND = timedelta(seconds=1)
LEAVE = {
    "armed": None,
    "doubt": Outcome(kind=OutcomeClass.DOUBT, reason="read_timeout"),
    "retry": Outcome(kind=OutcomeClass.NOT_SENT, reason="connection_refused"),
}


def leave(bench: Any, how: str) -> None:
    """A run of five events that ends with its request in the state `how`."""
    outcome = LEAVE[how]

    def answer(number: int, events: list[str]) -> Outcome:
        if outcome is None:
            raise Crash
        return outcome

    bench.sender.answer = answer
    with bench.begin() as run:
        delivery = bench.delivery(run)
        try:
            delivery.submit(bench.page(run, 1, 5))
            delivery.drain()
        except Crash:
            return


@pytest.fixture
def left(bench: Any) -> Callable[[str], Any]:
    def begin_after(how: str) -> Any:
        leave(bench, how)
        return bench.begin()

    return begin_after


@pytest.mark.parametrize(("how", "noted"), [("armed", 5), ("doubt", 5), ("retry", 0)])
def test_doubtful_events_are_given_back_as_possible_duplicates_unsent_ones_as_they_are(
    left: Callable[[str], Any], how: str, noted: int
) -> None:
    with left(how) as run:
        assert [request.state for request in run.unfinished()] == [RequestState(how)]
        doubts = recover(run, mode="at_least_once", now=NOON)
        report = run.report()
        assert report.possible_duplicates == noted
        assert not any(run.ledger.settled((1).to_bytes(16, "big")))
        assert set(doubts.values()) == ({NOON} if noted else set())
        assert len(doubts) == noted


@pytest.mark.parametrize(("how", "held"), [("armed", 5), ("doubt", 5), ("retry", 0)])
def test_at_most_once_holds_doubtful_events_in_the_run_that_sent_them(
    bench: Any, left: Callable[[str], Any], how: str, held: int
) -> None:
    with left(how) as run:
        recover(run, mode="at_most_once", now=NOON)
        assert run.report().possible_duplicates == 0
        assert list(run.ledger.settled((1).to_bytes(16, "big"))) == [held > 0]
    assert report_of(bench.store, "run-1").tally.buckets[Bucket.HELD] == held


@pytest.mark.parametrize("how", ["armed", "doubt"])
@pytest.mark.parametrize(("later", "held"), [(RESENT_FOR, 0), (RESENT_FOR + SECOND, 5)])
def test_R03_doubt_is_given_back_for_48_hours_and_held_afterwards(
    bench: Any, left: Callable[[str], Any], how: str, later: timedelta, held: int
) -> None:
    with left(how) as run:
        doubts = recover(run, mode="at_least_once", now=NOON + later)
        assert (len(doubts), run.report().possible_duplicates) == (5 - held, 5 - held)
    assert report_of(bench.store, "run-1").tally.buckets[Bucket.HELD] == held


@pytest.mark.parametrize("mode", ["at_least_once", "at_most_once"])
def test_what_was_recovered_is_not_found_again(bench: Any, left: Callable[[str], Any], mode: Any) -> None:
    with left("armed") as run:
        recover(run, mode=mode, now=NOON)
    with bench.begin() as run:
        assert run.unfinished() == []
