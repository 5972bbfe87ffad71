"""Events that grow too old while a run waits are left out only by a clock that was held against the destination's."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
import pytest

from syncer.capi.circuit import Circuit
from syncer.engine.breaker import Breaker
from syncer.engine.clock_check import CLOCK_WRONG, ClockCheck
from syncer.engine.deliver import Delivery
from syncer.engine.endings import Ending
from syncer.engine.executor import Inline
from syncer.engine.tools import Tools
from syncer.pipeline import Delivery as Settings
from syncer.ports import Points
from syncer.report import Bucket
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.runs import RunLog
from tests.simulation.machine import NOON, FakeClock

DAY_S = 86_400
OLD, YOUNG = 6.5, 1.5
"""Days: one of them and another is more than a request may wait."""
ACKED = Outcome(kind=OutcomeClass.ACKED)
RIGHT, AHEAD = replace(ACKED, date_skew_s=1.0), replace(ACKED, date_skew_s=-2.0 * DAY_S)
NO_TIME = Outcome(kind=OutcomeClass.DOUBT, status=404)
REFUSED = Outcome(kind=OutcomeClass.REJECTED, reason="remote_rejected")
AWAY = Outcome(kind=OutcomeClass.NOT_SENT, reason="no_connection", retry_after_s=10.0)
AWAY_A_DAY = replace(AWAY, retry_after_s=DAY_S)
DOUBT_A_DAY = Outcome(kind=OutcomeClass.DOUBT, reason="read_timeout", retry_after_s=DAY_S)


@dataclass
class Asked:
    """A destination that is asked for the time. Mutable."""

    tells: Outcome
    look: Callable[[], object] = lambda: None
    seen: list[object] = field(default_factory=list)
    """What there was to see each time."""

    def __call__(self) -> Outcome:
        self.seen.append(self.look())
        return self.tells


def delivered(
    bench: Any, run: RunLog, *days: float, ask: Asked, each: int = 1000, circuit: Circuit | None = None
) -> Ending | None:
    """Send events that are so many days old, `each` to a request; return how that ended early."""
    tools = Tools(
        executor=Inline(), clock=bench.clock, rng=random.Random(1), clock_check=ClockCheck(ask),
        breaker=Breaker(circuit),
    )  # fmt: skip
    delivery = Delivery(run, bench.sender, Settings(events_per_request=each), tools)
    page, times = bench.page(run, 1, len(days)), [int(NOON.timestamp() - each * DAY_S) for each in days]
    delivery.submit(replace(page, events=page.events.with_columns(event_time=pl.Series(times))))
    delivery.drain()
    return delivery.stopped


def take_a_day(bench: Any, *answers: Outcome) -> None:
    """Let the first answer come after a day, as where the machine slept; the last one is given for ever."""

    def answer(number: int, events: list[str]) -> Outcome:
        if number == 0:
            bench.clock.sleep(DAY_S)
        return answers[min(number, len(answers) - 1)]

    bench.sender.answer = answer


@pytest.mark.parametrize("answer", [AWAY_A_DAY, DOUBT_A_DAY], ids=["away", "doubt"])
def test_R31_nothing_grows_too_old_by_a_wrong_clock_that_no_answer_told(bench: Any, answer: Outcome) -> None:
    bench.sender.follow([answer, ACKED])
    with bench.begin() as run:
        stopped = delivered(bench, run, OLD, YOUNG, ask=Asked(AHEAD))
        assert stopped is not None
        assert stopped.pause_reason == CLOCK_WRONG
        assert (bench.sender.sent, run.report().tally.buckets) == ([["1", "2"]], {Bucket.PENDING: 2})


def test_R31_nothing_grows_too_old_while_nobody_can_be_asked_for_the_time(bench: Any) -> None:
    bench.sender.follow([AWAY_A_DAY, ACKED])
    with bench.begin() as run:
        stopped = delivered(bench, run, OLD, YOUNG, ask=Asked(AWAY_A_DAY))
        assert stopped is not None
        assert (stopped.status, stopped.pause_reason) == ("failed", None)
        assert (bench.sender.sent, run.report().tally.buckets) == ([["1", "2"]], {Bucket.PENDING: 2})


def test_R20_what_grew_too_old_by_a_right_clock_is_left_out(bench: Any) -> None:
    bench.sender.follow([AWAY_A_DAY, ACKED])
    with bench.begin() as run:
        assert delivered(bench, run, OLD, YOUNG, ask=Asked(RIGHT)) is None
        assert (bench.sender.sent, run.report().tally.buckets) == ([["1", "2"], ["2"]], {Bucket.EXPIRED: 1})


def test_R31_a_probe_with_a_request_that_still_waits_leaves_nothing_out_either(bench: Any) -> None:
    """The smallest request goes, not the one whose turn it is."""
    bench.sender.follow([AWAY_A_DAY, ACKED])
    with bench.begin() as run:
        stopped = delivered(bench, run, OLD, YOUNG, ask=Asked(AHEAD), each=1, circuit=Circuit(failures=3))
        assert stopped is not None
        assert run.report().tally.buckets == {Bucket.PENDING: 2}


def test_R31_parts_of_a_refused_request_are_not_left_out_by_a_wrong_clock(bench: Any) -> None:
    take_a_day(bench, REFUSED, ACKED)
    with bench.begin() as run:
        stopped = delivered(bench, run, OLD, YOUNG, ask=Asked(AHEAD))
        assert stopped is not None
        assert run.report().tally.buckets == {Bucket.PENDING: 2}


def test_R31_a_request_that_falls_due_within_a_commit_is_not_left_out_by_a_wrong_clock(bench: Any) -> None:
    bench.sender.follow([AWAY, ACKED])
    bench.store.points = SlowCommit(bench.clock)
    with bench.begin() as run:
        stopped = delivered(bench, run, OLD, ask=Asked(AHEAD))
        assert stopped is not None
        assert run.report().tally.buckets == {Bucket.PENDING: 1}


class SlowCommit(Points):
    """The first commit of an outcome takes a day. Mutable."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def hit(self, name: str, /) -> None:
        if name == "retry.in" and self._clock.elapsed < DAY_S:
            self._clock.sleep(DAY_S)


@pytest.mark.parametrize("answers", [[RIGHT], [AWAY, RIGHT]], ids=["it came with this answer", "another goes first"])
def test_nobody_is_asked_for_the_time_where_an_answer_tells_it_before_a_request_goes(
    bench: Any, answers: list[Outcome]
) -> None:
    take_a_day(bench, *answers)
    with bench.begin() as run:
        assert delivered(bench, run, YOUNG, OLD, ask=(ask := Asked(AWAY)), each=1) is None
        assert (ask.seen, run.report().tally.buckets) == ([], {Bucket.EXPIRED: 1})


def test_R03_outcomes_are_written_before_somebody_is_asked_for_the_time(bench: Any) -> None:
    take_a_day(bench, ACKED)
    with bench.begin() as run:
        ask = Asked(AWAY, look=lambda: run.report().acknowledged)
        assert delivered(bench, run, YOUNG, OLD, ask=ask, each=1) is not None
        assert ask.seen == [1]


def test_a_destination_that_tells_no_time_is_asked_once_for_all_that_goes_then(bench: Any) -> None:
    take_a_day(bench, AWAY, AWAY, ACKED)
    with bench.begin() as run:
        assert delivered(bench, run, YOUNG, OLD, OLD, OLD, ask=(ask := Asked(NO_TIME)), each=1) is None
        assert (len(ask.seen), run.report().tally.buckets) == (1, {Bucket.EXPIRED: 3})


def test_nobody_is_asked_for_the_time_where_doubt_is_held_whatever_its_age(bench: Any) -> None:
    with bench.begin() as run:
        tools = Tools(executor=Inline(), clock=bench.clock, clock_check=ClockCheck(ask := Asked(AWAY)))
        page = bench.page(run, 1, 1)
        doubts = {page.events["identity"][0]: NOON}
        delivery = Delivery(run, bench.sender, Settings(mode="at_most_once"), tools, doubts=doubts)
        delivery.submit(page)
        delivery.drain()
        assert (delivery.stopped, ask.seen, run.report().tally.buckets) == (None, [], {Bucket.HELD: 1})
