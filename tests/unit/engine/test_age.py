"""What must not leave any more, judged when its request is sent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from syncer.engine.age import RESENT_FOR, left_out
from syncer.engine.recover import recover
from syncer.pipeline import Delivery as Settings
from syncer.report import Bucket
from syncer.spec.limits import PHYSICAL_STORE_WINDOW_S, WINDOW_MARGIN_S, WINDOW_S
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.history import report_of
from syncer.state.request_lines import requests_of
from syncer.state.requests import RequestState
from tests.simulation.machine import NOON, Crash

ACKED = Outcome(kind=OutcomeClass.ACKED)
DAY_S = 86_400
A_DAY = Outcome(kind=OutcomeClass.THROTTLED, retry_after_s=DAY_S)
DOUBT = Outcome(kind=OutcomeClass.DOUBT, reason="read_timeout", fbtrace_id="A1")
DOUBT_A_DAY = replace(DOUBT, retry_after_s=DAY_S)
REFUSED = Outcome(kind=OutcomeClass.REJECTED, reason="remote_rejected")
REFUSED_A_DAY = replace(REFUSED, retry_after_s=DAY_S)


def aged(*ages_s: int, age_class: int = 0) -> pl.DataFrame:
    """Events of these ages at noon."""
    times = [int(NOON.timestamp()) - age_s for age_s in ages_s]
    return pl.DataFrame({"event_time": times, "age_class": pl.Series([age_class] * len(times), dtype=pl.UInt8)})


@pytest.mark.parametrize(("age_class", "window_s"), [(0, WINDOW_S), (1, PHYSICAL_STORE_WINDOW_S)])
def test_R20_an_event_is_left_out_ten_minutes_before_meta_refuses_it(age_class: int, window_s: int) -> None:
    last_s = window_s - WINDOW_MARGIN_S
    assert left_out(aged(0, last_s, age_class=age_class), now=NOON) is None
    gone = left_out(aged(0, last_s + 1, window_s, age_class=age_class), now=NOON)
    assert gone is not None
    assert gone.to_list() == [False, True, True]


def test_R03_doubt_is_left_out_as_a_whole_once_it_is_48_hours_old() -> None:
    assert left_out(aged(0, 1), now=NOON, doubt_since=NOON - RESENT_FOR) is None
    gone = left_out(aged(0, 1), now=NOON, doubt_since=NOON - RESENT_FOR - timedelta(seconds=1))
    assert gone is not None
    assert gone.to_list() == [True, True]


@pytest.fixture
def deliver(bench: Any) -> Callable[..., Any]:
    """Send events of the given ages in days in one run; return the report."""

    def run(*days: float, settings: Settings | None = None) -> Any:
        with bench.begin() as run:
            delivery = bench.delivery(run, settings)
            page = bench.page(run, 1, len(days))
            times = [int(NOON.timestamp() - day * DAY_S) for day in days]
            events = page.events.with_columns(event_time=pl.Series(times, dtype=pl.Int64))
            delivery.submit(replace(page, events=events))
            delivery.drain()
            return run.report()

    return run


def states(bench: Any, run_id: str = "run-1") -> list[tuple[RequestState, int]]:
    return [(line.state, line.events) for line in requests_of(bench.store, run_id)]


def test_R20_before_a_resend_the_old_events_are_left_out_and_the_others_go(bench: Any, deliver: Any) -> None:
    bench.sender.follow([A_DAY, ACKED])
    report = deliver(6.5, 1, 6.5, 2)
    assert bench.sender.sent == [["1", "2", "3", "4"], ["2", "4"]]
    assert (report.acknowledged, report.tally.buckets, report.tally.reasons, report.watermark_after) == (
        2, {Bucket.EXPIRED: 2}, {"event_time_too_old": 2}, "4",
    )  # fmt: skip
    assert states(bench) == [(RequestState.SUPERSEDED, 4), (RequestState.EXPIRED, 2), (RequestState.ACKED, 2)]
    assert (report.requests, report.possible_duplicates) == (2, 0)


def test_R20_a_request_that_was_never_sent_is_judged_too(bench: Any, deliver: Any) -> None:
    bench.sender.follow([A_DAY, ACKED])
    report = deliver(1, 6.5, 6.5, settings=Settings(events_per_request=1, requests_in_flight=1))
    assert bench.sender.sent == [["1"], ["1"]]
    assert (report.tally.buckets, report.watermark_after) == ({Bucket.EXPIRED: 2}, "3")


def test_R20_a_part_of_a_divided_request_is_judged_too(bench: Any, deliver: Any) -> None:
    bench.sender.follow([REFUSED_A_DAY, REFUSED, ACKED])
    report = deliver(6.5, 1, 1, 1)
    assert bench.sender.sent == [["1", "2", "3", "4"], ["2"], ["3", "4"]]
    assert (report.acknowledged, report.watermark_after) == (2, "4")
    assert report.tally.buckets == {Bucket.EXPIRED: 1, Bucket.REJECTED_REMOTE: 1}


def test_R34_doubt_that_left_the_window_is_held_not_called_expired(bench: Any, deliver: Any) -> None:
    bench.sender.follow([DOUBT_A_DAY, ACKED])
    report = deliver(6.5, 1, 2)
    assert bench.sender.sent == [["1", "2", "3"], ["2", "3"]]
    assert (report.acknowledged, report.tally.buckets, report.possible_duplicates) == (2, {Bucket.HELD: 1}, 2)
    held = next(line for line in requests_of(bench.store, "run-1") if line.state is RequestState.HELD)
    assert (held.reason, held.fbtrace_id) == ("read_timeout", "A1")


def test_R03_doubt_is_sent_again_for_48_hours_and_held_afterwards(bench: Any, deliver: Any) -> None:
    bench.sender.follow([DOUBT_A_DAY])
    report = deliver(1, 1)
    assert len(bench.sender.sent) == 2
    assert (report.tally.buckets, report.possible_duplicates) == ({Bucket.HELD: 2}, 2)


def test_R03_the_48_hours_run_on_over_crashes_for_those_events_alone(bench: Any) -> None:
    def dies(number: int, events: list[str]) -> Outcome:
        raise Crash

    def begin(count: int) -> Any:
        run = bench.begin()
        delivery = bench.delivery(run)
        delivery.doubts = recover(run, mode="at_least_once", now=bench.clock.now())
        return run, delivery, bench.page(run, 1, count)

    bench.sender.answer = dies
    for _ in range(2):
        run, delivery, page = begin(3)
        with run, pytest.raises(Crash):
            send_all(delivery, page)
        bench.clock.sleep(1.2 * DAY_S)
    bench.sender.follow([ACKED])
    run, delivery, page = begin(5)
    with run:
        assert delivery.doubts == {}
        assert run.ledger.settled(b"".join(page.events["identity"])).to_list() == [True] * 3 + [False] * 2
    assert report_of(bench.store, "run-2").tally.buckets == {Bucket.HELD: 3}
    assert [len(events) for events in bench.sender.sent] == [3, 3]


def send_all(delivery: Any, page: Any) -> None:
    """Send the events of one page; a crash may come as soon as the first request goes."""
    delivery.submit(page)
    delivery.drain()


def recovered(bench: Any, mode: Any = "at_least_once") -> Any:
    """A run has begun, has closed what others left, and may deliver."""
    run = bench.begin()
    delivery = bench.delivery(run, Settings(mode=mode))
    delivery.doubts = recover(run, mode=mode, now=bench.clock.now())
    return run, delivery


@pytest.mark.parametrize(
    ("days", "mode", "sent_again"), [(2.5, "at_least_once", 0), (1.5, "at_least_once", 3), (1.5, "at_most_once", 0)]
)
def test_R03_the_48_hours_run_on_over_a_run_that_sends_nothing(
    bench: Any, days: float, mode: Any, sent_again: int
) -> None:
    def dies(number: int, events: list[str]) -> Outcome:
        raise Crash

    bench.sender.answer = dies
    run, delivery = recovered(bench)
    with run:
        page = bench.page(run, 1, 3)
        with pytest.raises(Crash):
            send_all(delivery, page)
    bench.clock.sleep(DAY_S)
    run, _ = recovered(bench)  # and then its warehouse fails
    with run:
        assert run.report().possible_duplicates == 3
    bench.clock.sleep((days - 1) * DAY_S)
    bench.sender.follow([ACKED])
    bench.pages = 0
    run, delivery = recovered(bench, mode)
    with run:
        delivery.submit(bench.page(run, 1, 5))
        delivery.drain()
        report = run.report()
    assert [event for events in bench.sender.sent[1:] for event in events] == ["1", "2", "3", "4", "5"][
        3 - sent_again :
    ]
    assert (report.tally.buckets[Bucket.HELD], report.watermark_after) == (3 - sent_again, "5")
    run, delivery = recovered(bench, mode)
    with run:
        assert delivery.doubts == {}, "what was sent since, or is held, is in doubt no more"


def test_what_was_certainly_not_sent_leaves_no_doubt(bench: Any) -> None:
    bench.sender.follow([Outcome(kind=OutcomeClass.BLOCKED, reason="token_invalid")])
    run, delivery = recovered(bench)
    with run:
        delivery.submit(bench.page(run, 1, 3))
        delivery.drain()
    for _ in range(2):
        run, delivery = recovered(bench)
        with run:
            assert delivery.doubts == {}


def test_doubt_of_an_earlier_run_goes_in_requests_of_its_own(bench: Any) -> None:
    with bench.begin() as run:
        page = bench.page(run, 1, 5)
        delivery = bench.delivery(run)
        delivery.doubts = dict.fromkeys(page.events["identity"].gather([1, 3]), NOON)
        delivery.submit(page)
        delivery.drain()
        assert run.report().watermark_after == "5"
    assert bench.sender.sent == [["2", "4"], ["1", "3", "5"]]


def test_R03_the_48_hours_run_on_for_parts_of_a_request_that_was_in_doubt_and_is_refused(
    bench: Any, deliver: Any
) -> None:
    bench.sender.follow([DOUBT_A_DAY, REFUSED_A_DAY, ACKED])
    assert deliver(1, 1, 1, 1).tally.buckets == {Bucket.HELD: 4}
    assert len(bench.sender.sent) == 2


def test_R03_the_48_hours_run_on_for_what_the_probe_leaves_of_a_part_in_doubt(bench: Any, deliver: Any) -> None:
    def answer(number: int, events: list[str]) -> Outcome:
        if number == 4:
            bench.clock.sleep(3 * DAY_S)
        return (REFUSED, DOUBT, DOUBT, DOUBT, ACKED)[min(number, 4)]

    bench.sender.answer = answer
    report = deliver(*[1] * 40)
    assert [len(events) for events in bench.sender.sent] == [40, 20, 20, 20, 10, 20]
    assert (report.acknowledged, report.tally.buckets) == (30, {Bucket.HELD: 10})


def left_by_a_dead_run(bench: Any, *before: Outcome) -> None:
    """A run that sends four events as one request, gets these answers, the last a refusal, and dies at the first half."""

    def answer(number: int, events: list[str]) -> Outcome:
        if number == len(before):
            raise Crash
        return before[number]

    bench.sender.answer = answer
    run, delivery = recovered(bench)
    with run, pytest.raises(Crash):
        send_all(delivery, bench.page(run, 1, 4))
    assert [len(events) for events in bench.sender.sent] == [4] * len(before) + [2]
    bench.pages = 0


@pytest.mark.parametrize(
    ("days", "mode", "sent_again"), [(1, "at_least_once", 0), (0, "at_least_once", 4), (0, "at_most_once", 0)]
)
def test_R03_parts_of_a_request_in_doubt_that_a_dead_run_never_armed_are_in_doubt(
    bench: Any, days: float, mode: Any, sent_again: int
) -> None:
    left_by_a_dead_run(bench, DOUBT_A_DAY, REFUSED)
    bench.clock.sleep(days * DAY_S)
    bench.sender.follow([ACKED])
    run, delivery = recovered(bench, mode)
    with run:
        page = bench.page(run, 1, 4)
        is_settled = run.ledger.settled(b"".join(page.events["identity"]))
        send_all(delivery, replace(page, events=page.events.filter(~is_settled)))
        assert run.report().watermark_after == "4"
    assert sum(len(events) for events in bench.sender.sent[3:]) == sent_again
    held = [report_of(bench.store, name).tally.buckets[Bucket.HELD] for name in ("run-1", "run-2")]
    assert sum(held) == 4 - sent_again


def test_parts_of_a_request_that_meta_certainly_has_not_are_in_no_doubt(bench: Any) -> None:
    left_by_a_dead_run(bench, Outcome(kind=OutcomeClass.NOT_SENT, reason="connection_refused"), REFUSED)
    run, delivery = recovered(bench)
    with run:
        assert len(delivery.doubts) == 2, "those of the half that was under way"
