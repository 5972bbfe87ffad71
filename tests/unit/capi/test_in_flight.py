"""Requests at a time grow while answers stay quick, and never past what was set."""

from dataclasses import replace
from functools import reduce

import pytest

from syncer.capi.in_flight import FIRST, InFlight
from syncer.spec.outcomes import Outcome, OutcomeClass

ACKED = Outcome(kind=OutcomeClass.ACKED, reason="ok", explanation="")


def after(start: InFlight, times: int, *, took_s: float = 0.2, was_full: bool = True) -> InFlight:
    """Return the number after so many answers."""
    return reduce(lambda found, _: found.after(ACKED, took_s=took_s, was_full=was_full), range(times), start)


def test_every_quick_answer_lets_one_more_go() -> None:
    assert after(InFlight(), 12).at_a_time == FIRST + 12


def test_places_that_are_not_used_teach_nothing() -> None:
    assert after(InFlight(), 12, was_full=False).at_a_time == FIRST


def test_slow_answers_stop_the_growth() -> None:
    grown = after(InFlight(), 4)
    assert after(grown, 5, took_s=0.7).at_a_time == grown.at_a_time


def test_after_a_slow_answer_it_grows_by_one_a_round() -> None:
    slowed = after(after(InFlight(), 4), 1, took_s=0.7)
    assert [after(slowed, answers).at_a_time for answers in (7, 8, 16, 17)] == [8, 9, 9, 10]


def test_a_quick_answer_to_a_small_request_is_forgotten() -> None:
    misled = after(after(InFlight(), 1, took_s=0.05), 200)
    assert misled.at_a_time > FIRST + 1


@pytest.mark.parametrize(
    "setback",
    [
        *(
            replace(ACKED, kind=kind)
            for kind in (OutcomeClass.NOT_SENT, OutcomeClass.DOUBT, OutcomeClass.THROTTLED, OutcomeClass.BLOCKED)
        ),
        replace(ACKED, usage_percent=80.0),
    ],
)
def test_a_setback_halves_the_number(setback: Outcome) -> None:
    grown = after(InFlight(), 12)
    assert grown.after(setback, took_s=0.2, was_full=True).at_a_time == 8


def test_no_setback_leaves_fewer_than_at_the_start() -> None:
    assert InFlight().after(replace(ACKED, kind=OutcomeClass.DOUBT), took_s=0.2, was_full=True).at_a_time == FIRST
