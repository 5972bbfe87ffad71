"""Events that grow too old while a run waits are left out only by a clock that was held against the destination's."""

import random
from dataclasses import replace
from typing import Any

import pytest

from syncer.engine.clock_check import CLOCK_WRONG, ClockCheck
from syncer.engine.deliver import Delivery
from syncer.engine.executor import Inline
from syncer.engine.tools import Tools
from syncer.pipeline import Delivery as Settings
from syncer.report import Bucket
from syncer.spec.outcomes import Outcome, OutcomeClass
from tests.simulation.machine import NOON

DAY_S = 86_400
ACKED = Outcome(kind=OutcomeClass.ACKED)
AWAY_A_DAY = Outcome(kind=OutcomeClass.NOT_SENT, reason="no_connection", retry_after_s=DAY_S)
DOUBT_A_DAY = Outcome(kind=OutcomeClass.DOUBT, reason="read_timeout", retry_after_s=DAY_S)


def delivered(bench: Any, *answers: Outcome, tells: Outcome) -> tuple[Any, Delivery]:
    """Send an event of 6.5 days and one of a day to a destination that gives these answers and `tells` the time."""
    bench.sender.follow(answers)
    check = ClockCheck(lambda: tells)
    with bench.begin() as run:
        tools = Tools(executor=Inline(), clock=bench.clock, rng=random.Random(7), clock_check=check)
        delivery = Delivery(run, bench.sender, Settings(), tools)
        page = bench.page(run, 1, 2)
        events = page.events.with_columns(
            event_time=page.events["row"].cast(int) * 5 * DAY_S + int(NOON.timestamp() - 6.5 * DAY_S)
        )
        delivery.submit(replace(page, events=events))
        delivery.drain()
        return run.report(), delivery


@pytest.mark.parametrize("answer", [AWAY_A_DAY, DOUBT_A_DAY], ids=["away", "doubt"])
def test_R31_nothing_grows_too_old_by_a_wrong_clock_that_no_answer_told(bench: Any, answer: Outcome) -> None:
    report, delivery = delivered(bench, answer, ACKED, tells=replace(ACKED, date_skew_s=-2.0 * DAY_S))
    assert delivery.stopped is not None
    assert delivery.stopped.pause_reason == CLOCK_WRONG
    assert (bench.sender.sent, report.tally.buckets) == ([["1", "2"]], {Bucket.PENDING: 2})


def test_R31_nothing_grows_too_old_while_nobody_can_be_asked_for_the_time(bench: Any) -> None:
    report, delivery = delivered(bench, AWAY_A_DAY, ACKED, tells=AWAY_A_DAY)
    assert delivery.stopped is not None
    assert (delivery.stopped.status, delivery.stopped.pause_reason) == ("failed", None)
    assert (bench.sender.sent, report.tally.buckets) == ([["1", "2"]], {Bucket.PENDING: 2})


def test_R20_what_grew_too_old_by_a_right_clock_is_left_out(bench: Any) -> None:
    report, delivery = delivered(bench, AWAY_A_DAY, ACKED, tells=replace(ACKED, date_skew_s=1.0))
    assert delivery.stopped is None
    assert (bench.sender.sent, report.tally.buckets) == ([["1", "2"], ["2"]], {Bucket.EXPIRED: 1})
