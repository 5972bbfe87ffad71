"""Delivery: how many requests are under way, how long they wait, when it ends."""

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import pytest

from syncer.engine.decide import MOST_ATTEMPTS
from syncer.engine.endings import INTERRUPTED
from syncer.engine.executor import Inline
from syncer.engine.mass_reject import MOST_REFUSED_IN_A_ROW
from syncer.errors import StateError
from syncer.pipeline import Delivery as Settings
from syncer.ports import Points
from syncer.report import Bucket, RunStatus
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.requests import RequestState
from syncer.state.runs import RunLog

ACKED = Outcome(kind=OutcomeClass.ACKED)
NOT_SENT = Outcome(kind=OutcomeClass.NOT_SENT, reason="connection_refused", explanation="nobody is there")
DOUBT = Outcome(kind=OutcomeClass.DOUBT, reason="read_timeout", explanation="no answer")
BLOCKED = Outcome(kind=OutcomeClass.BLOCKED, reason="token_invalid", explanation="make a new token")


class OneByOne:
    """Ends the oldest request, and only when somebody waits for it. Mutable."""

    def __init__(self) -> None:
        self.most = 0
        self.sends: dict[Future[Outcome], Callable[[], Outcome]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, send: Callable[[], Outcome]) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        self.sends[future] = send
        self.most = max(self.most, len(self.sends))
        return future

    def finished(self, futures: Collection[Future[Outcome]], *, timeout_s: float | None) -> set[Future[Outcome]]:
        future = next(iter(futures))
        future.set_result(self.sends.pop(future)())
        return {future}

    def all_finished(self, futures: Collection[Future[Outcome]], *, timeout_s: float) -> set[Future[Outcome]]:
        return {future for future in futures if future.done()}


class Patient(OneByOne):
    """Ends requests when it is told to; who waits for one that is not over would wait for ever. Mutable."""

    def answer_all(self) -> None:
        for future in list(self.sends):
            future.set_result(self.sends.pop(future)())

    def finished(self, futures: Collection[Future[Outcome]], *, timeout_s: float | None) -> set[Future[Outcome]]:
        done = {future for future in futures if future.done()}
        assert done or timeout_s == 0.0
        return done


def deliver(bench: Any, events: int, settings: Settings | None = None, **options: Any) -> Any:
    """Send so many events in one run; return the delivery and the run's report."""
    with bench.begin() as run:
        delivery = bench.delivery(run, settings, **options)
        delivery.submit(bench.page(run, 1, events))
        delivery.drain()
        return delivery, run.report()


@pytest.mark.parametrize(("events", "most"), [(6, 4), (40, 8)])
def test_requests_at_a_time_grow_from_four_while_answers_are_quick(bench: Any, events: int, most: int) -> None:
    executor = OneByOne()
    deliver(bench, events, Settings(events_per_request=1, requests_in_flight=8), executor=executor)
    assert executor.most == most


def test_no_more_requests_are_under_way_than_the_pipeline_says(bench: Any) -> None:
    executor = OneByOne()
    deliver(bench, 40, Settings(events_per_request=2, requests_in_flight=3), executor=executor)
    assert executor.most == 3
    assert len(bench.sender.sent) == 20


def test_a_page_waits_while_more_requests_of_the_one_before_wait_than_may_be_under_way(bench: Any) -> None:
    executor = OneByOne()
    with bench.begin() as run:
        delivery = bench.delivery(run, Settings(events_per_request=1, requests_in_flight=2), executor=executor)
        delivery.submit(bench.page(run, 1, 10))
        assert len(bench.sender.sent) == 0, "the next page is made while this one is sent"
        delivery.submit(bench.page(run, 11, 10))
        assert 10 - len(bench.sender.sent) - len(executor.sends) <= 2
        delivery.drain()
    assert len(bench.sender.sent) == 20


def test_while_the_next_page_is_made_as_many_requests_are_under_way_as_may_be(bench: Any) -> None:
    executor = Patient()
    with bench.begin() as run:
        delivery = bench.delivery(run, Settings(events_per_request=1, requests_in_flight=4), executor=executor)
        delivery.submit(bench.page(run, 1, 1))
        assert len(executor.sends) == 1, "a page with fewer requests than may be under way leaves at once"
        executor.answer_all()
        for first in (2, 6, 10):
            delivery.submit(bench.page(run, first, 4))
            assert len(executor.sends) == 4, "what was answered meanwhile makes room, and nothing waits for the rest"
            executor.answer_all()
        delivery.drain()
    assert len(bench.sender.sent) == 13


class Making(OneByOne):
    """Ends what is made beside requests only once no request is under way. Mutable."""

    def beside(self, work: Callable[[], Any]) -> Future[Any]:
        self.work, self.made = work, Future[Any]()
        return self.made

    def finished(self, futures: Collection[Future[Any]], *, timeout_s: float | None) -> set[Future[Any]]:
        if set(futures) != {self.made}:
            return super().finished(futures, timeout_s=timeout_s)
        self.made.set_result(self.work())
        return {self.made}


def test_while_the_next_page_is_made_requests_end_and_others_take_their_places(bench: Any) -> None:
    with bench.begin() as run:
        delivery = bench.delivery(run, Settings(events_per_request=1, requests_in_flight=2), executor=Making())
        delivery.submit(bench.page(run, 1, 6))
        assert delivery.meanwhile(lambda: len(bench.sender.sent)) == 6
        assert run.report().acknowledged == 6


def test_a_page_that_cannot_be_made_says_why(bench: Any) -> None:
    with bench.begin() as run, pytest.raises(ZeroDivisionError):
        bench.delivery(run).meanwhile(lambda: 1 // 0)


class Passed(Points):
    """Notes the points of the requests that are passed; the state fails at a hit of `arm.in`, 1 is the first. Mutable."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.fails_at: int | None = None

    def hit(self, name: str, /) -> None:
        if name.partition(".")[0] in ("arm", "outcome", "post"):
            self.names.append(name)
        if self.names.count("arm.in") == self.fails_at:
            raise StateError("state: the disk is full")


def test_a_turn_is_one_commit_of_all_that_ended_and_all_that_is_sent_next(bench: Any) -> None:
    points = bench.store.points = Passed()
    with bench.begin() as run:
        delivery = bench.delivery(run, Settings(events_per_request=1, requests_in_flight=2), executor=Inline())
        delivery.tools = replace(delivery.tools, points=points)
        delivery.submit(bench.page(run, 1, 1))
        delivery.drain()
        points.names.clear()
        delivery.submit(bench.page(run, 2, 5))
        delivery.drain()
    begun = ["arm.before", "arm.in", "arm.before", "arm.in"]
    ended = ["post.after", "post.after", "outcome.before", "outcome.in", "outcome.before", "outcome.in"]
    first = [*begun, "arm.after", "arm.after", "post.before", "post.before"]
    second = [*ended, *begun, "outcome.after", "outcome.after", "arm.after", "arm.after", "post.before", "post.before"]
    third = [*ended, "arm.before", "arm.in", "outcome.after", "outcome.after", "arm.after", "post.before"]
    last = ["post.after", "outcome.before", "outcome.in", "outcome.after"]
    assert points.names == [*first, *second, *third, *last]


class TakesOver(Points):
    """Another run takes over at a hit of `post.before`, 1 is the first. Mutable."""

    def __init__(self, bench: Any, run: RunLog, at: int) -> None:
        self.bench, self.run, self.left = bench, run, at

    def hit(self, name: str, /) -> None:
        self.left -= name == "post.before"
        if name == "post.before" and self.left == 0:
            self.run.close()
            self.bench.begin().close()


@pytest.mark.parametrize("at", [1, 2, 3])
def test_R25_of_several_requests_that_one_commit_armed_a_stale_holder_sends_one_more_at_most(
    bench: Any, at: int
) -> None:
    with bench.begin() as run:
        delivery = bench.delivery(run, Settings(events_per_request=1, requests_in_flight=4), executor=Inline())
        delivery.submit(bench.page(run, 1, 1))
        delivery.drain()
        delivery.tools = replace(delivery.tools, points=TakesOver(bench, run, at))
        with pytest.raises(StateError, match="has taken this pipeline over"):
            delivery.submit(bench.page(run, 2, 4))
    assert len(bench.sender.sent) == 1 + at


def test_R03_where_doubt_is_held_nothing_is_armed_that_a_stale_holder_does_not_send(bench: Any) -> None:
    with bench.begin() as run:
        settings = Settings(events_per_request=1, requests_in_flight=4, mode="at_most_once")
        delivery = bench.delivery(run, settings, executor=Inline())
        delivery.submit(bench.page(run, 1, 1))
        delivery.drain()
        delivery.tools = replace(delivery.tools, points=TakesOver(bench, run, 2))
        with pytest.raises(StateError, match="has taken this pipeline over"):
            delivery.submit(bench.page(run, 2, 4))
    with bench.begin() as run:
        assert len(run.unfinished()) == len(bench.sender.sent) - 1 == 2


def test_what_a_commit_that_failed_had_armed_is_not_sent_later(bench: Any) -> None:
    points = bench.store.points = Passed()
    with bench.begin() as run:
        delivery = bench.delivery(run, Settings(events_per_request=1, requests_in_flight=2))
        delivery.submit(bench.page(run, 1, 1))
        delivery.drain()
        points.fails_at = 3
        with pytest.raises(StateError, match="the disk is full"):
            delivery.submit(bench.page(run, 2, 2))
        delivery.stop(INTERRUPTED)
        delivery.drain()
    assert len(bench.sender.sent) == 1


def test_a_request_that_was_not_sent_waits_longer_each_time(bench: Any) -> None:
    bench.sender.follow([NOT_SENT] * 5 + [ACKED])
    _, report = deliver(bench, 1)
    waits = [wait for wait in bench.clock.slept if wait]
    assert len(waits) == 5
    assert all(wait <= 2.0**number for number, wait in enumerate(waits))
    assert (report.acknowledged, report.requests, report.possible_duplicates) == (1, 6, 0)


def test_retry_after_is_obeyed(bench: Any) -> None:
    bench.sender.follow([Outcome(kind=OutcomeClass.THROTTLED, retry_after_s=120.0), ACKED])
    deliver(bench, 1)
    assert 120.0 <= bench.sender.at[1] <= 132.0


def test_a_rate_limit_stops_all_requests_not_only_the_one_that_met_it(bench: Any) -> None:
    bench.sender.follow([Outcome(kind=OutcomeClass.THROTTLED, retry_after_s=60.0), ACKED])
    deliver(bench, 5, Settings(events_per_request=1, requests_in_flight=1))
    assert bench.sender.at[1] >= 60.0


def test_usage_headers_slow_the_next_requests_down(bench: Any) -> None:
    full = Outcome(kind=OutcomeClass.ACKED, usage_percent=100.0)
    bench.sender.follow([full, ACKED])
    deliver(bench, 3, Settings(events_per_request=1, requests_in_flight=1))
    assert bench.sender.at == [0.0, 60.0, 60.0]


def test_an_answer_without_usage_does_not_lift_the_wait_that_another_asked_for(bench: Any) -> None:
    bench.sender.follow([Outcome(kind=OutcomeClass.ACKED, usage_percent=100.0), ACKED])
    deliver(bench, 3, Settings(events_per_request=1, requests_in_flight=2), executor=OneByOne())
    assert bench.sender.at[2] >= 60.0


def test_while_the_other_side_is_away_only_as_many_requests_try_as_may_be_under_way(bench: Any) -> None:
    bench.sender.follow([ACKED, DOUBT])
    _, report = deliver(bench, 50, Settings(events_per_request=1, requests_in_flight=2))
    assert len({events[0] for events in bench.sender.sent[1:]}) == 2
    assert report.tally.buckets[Bucket.PENDING] == 49


@pytest.mark.parametrize(("outcome", "state"), [(NOT_SENT, RequestState.RETRY), (DOUBT, RequestState.DOUBT)])
def test_after_six_attempts_the_events_are_left_to_the_next_run(
    bench: Any, outcome: Outcome, state: RequestState
) -> None:
    bench.sender.follow([outcome])
    delivery, report = deliver(bench, 3)
    assert len(bench.sender.sent) == MOST_ATTEMPTS
    assert delivery.stopped.status is RunStatus.FAILED
    assert delivery.stopped.message == outcome.explanation
    assert report.tally.buckets[Bucket.PENDING] == 3
    with bench.begin() as run:
        assert [left.state for left in run.unfinished()] == [state]


@pytest.mark.parametrize(
    ("answers", "noted"),
    [
        ([DOUBT, ACKED], 10),
        ([DOUBT, DOUBT, ACKED], 20),
        ([DOUBT, NOT_SENT, NOT_SENT, ACKED], 10),
        ([DOUBT, NOT_SENT, DOUBT, NOT_SENT, ACKED], 20),
        ([NOT_SENT, ACKED], 0),
    ],
)
def test_R03_possible_duplicates_are_noted_once_for_each_answer_that_leaves_doubt(
    bench: Any, answers: list[Outcome], noted: int
) -> None:
    bench.sender.follow(answers)
    _, report = deliver(bench, 10)
    assert (report.possible_duplicates, report.acknowledged) == (noted, 10)


def test_at_most_once_holds_doubt_and_goes_on(bench: Any) -> None:
    bench.sender.follow([DOUBT, ACKED])
    delivery, report = deliver(bench, 4, Settings(mode="at_most_once", events_per_request=2))
    assert delivery.stopped is None
    assert (report.tally.buckets[Bucket.HELD], report.acknowledged) == (2, 2)
    assert report.watermark_after == "4"


def test_a_wrong_count_is_held_and_ends_the_run(bench: Any) -> None:
    bench.sender.follow([Outcome(kind=OutcomeClass.ANOMALY, reason="count_differs", explanation="compare")])
    delivery, report = deliver(bench, 4, Settings(events_per_request=2, requests_in_flight=1))
    assert (delivery.stopped.status, delivery.stopped.pause_reason) == (RunStatus.FAILED, None)
    assert report.tally.buckets == {Bucket.HELD: 2, Bucket.PENDING: 2}


def test_a_blocked_request_pauses_at_once_and_consumes_nothing(bench: Any) -> None:
    bench.sender.follow([BLOCKED])
    delivery, report = deliver(bench, 4, Settings(events_per_request=1, requests_in_flight=1))
    assert len(bench.sender.sent) == 1
    assert (delivery.stopped.status, delivery.stopped.pause_reason) == (RunStatus.PAUSED, "token_invalid")
    assert report.tally.buckets == {Bucket.PENDING: 4}
    assert report.watermark_after is None


def test_one_bad_event_is_found_and_all_others_are_delivered(bench: Any) -> None:
    bench.sender.refuse({"37"})
    _, report = deliver(bench, 64)
    assert report.acknowledged == 63
    assert report.tally.buckets == {Bucket.REJECTED_REMOTE: 1}
    assert report.tally.reasons == {"remote_rejected": 1}
    assert report.requests <= 2 * 7 + 1
    assert report.watermark_after == "64"


def test_a_true_hint_finds_the_bad_event_in_three_requests(bench: Any) -> None:
    bench.sender.refuse({"37"}, blamed=lambda events: (events.index("37"),))
    _, report = deliver(bench, 64)
    assert [len(events) for events in bench.sender.sent] == [64, 1, 63]
    assert report.acknowledged == 63


def test_a_lying_hint_condemns_nobody(bench: Any) -> None:
    bench.sender.refuse({"37"}, blamed=lambda events: (0,))
    _, report = deliver(bench, 64)
    assert report.acknowledged == 63
    assert bench.sender.sent[1] == ["1"]


def test_a_part_in_doubt_is_held_and_the_search_goes_on_without_it(bench: Any) -> None:
    def answer(number: int, events: list[str]) -> Outcome:
        if number == 1:
            return DOUBT
        return Outcome(kind=OutcomeClass.REJECTED, reason="r") if "8" in events else ACKED

    bench.sender.answer = answer
    _, report = deliver(bench, 8, Settings(mode="at_most_once"))
    buckets = report.tally.buckets
    assert buckets[Bucket.HELD] == len(bench.sender.sent[1])
    assert buckets[Bucket.REJECTED_REMOTE] == 1
    assert report.acknowledged + buckets[Bucket.HELD] == 7
    assert report.watermark_after == "8"


def test_a_request_that_is_too_big_is_halved(bench: Any) -> None:
    bench.sender.answer = lambda number, events: (
        Outcome(kind=OutcomeClass.TOO_BIG, reason="request_too_large") if len(events) > 2 else ACKED
    )
    _, report = deliver(bench, 8)
    assert report.acknowledged == 8


def test_twenty_refusals_in_a_row_pause_the_pipeline(bench: Any) -> None:
    bench.sender.refuse({str(number) for number in range(1, 91)})
    delivery, report = deliver(bench, 90)
    assert (delivery.stopped.status, delivery.stopped.pause_reason) == (RunStatus.PAUSED, "systematic_reject")
    assert report.tally.buckets[Bucket.REJECTED_REMOTE] == MOST_REFUSED_IN_A_ROW
    assert report.tally.buckets[Bucket.PENDING] == 90 - MOST_REFUSED_IN_A_ROW


@pytest.mark.parametrize(("subcode", "pauses"), [(None, True), (2804050, False)])
def test_a_small_request_refused_event_by_event_pauses_where_no_rule_of_data_is_named(
    bench: Any,
    subcode: int | None,
    pauses: bool,  # noqa: FBT001
) -> None:
    bench.sender.follow([Outcome(kind=OutcomeClass.REJECTED, reason="remote_rejected", code=100, subcode=subcode)])
    delivery, report = deliver(bench, 3)
    assert report.tally.buckets == {Bucket.REJECTED_REMOTE: 3}
    assert (delivery.stopped is not None and delivery.stopped.pause_reason == "systematic_reject") is pauses


def test_one_success_between_refusals_keeps_the_pipeline_going(bench: Any) -> None:
    bench.sender.refuse({str(number) for number in range(1, 61) if number % 2})
    delivery, report = deliver(bench, 60)
    assert delivery.stopped is None
    assert (report.acknowledged, report.tally.buckets[Bucket.REJECTED_REMOTE]) == (30, 30)


def test_money_is_counted_with_the_events_that_were_taken(bench: Any) -> None:
    bench.sender.refuse({"2"})
    _, report = deliver(bench, 3)
    assert report.value == {"EUR": 5.0}
