"""While the other side is away, little is risked to see whether it is back (R21, R23)."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from syncer.capi.circuit import OPENS_AFTER, PROBE_EVENTS
from syncer.engine.breaker import PROBE_LASTS_S, PROBE_LOOK_S, Breaker
from syncer.engine.recover import recover
from syncer.pipeline import Delivery as Settings
from syncer.report import RunStatus
from syncer.spec.limits import WINDOW_MARGIN_S, WINDOW_S
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.request_lines import requests_of
from syncer.state.requests import RequestState
from tests.simulation.machine import NOON, FakeClock

ACKED = Outcome(kind=OutcomeClass.ACKED)
NOT_SENT = Outcome(kind=OutcomeClass.NOT_SENT, reason="connection_refused", explanation="nobody is there")
DOUBT = Outcome(kind=OutcomeClass.DOUBT, reason="read_timeout", explanation="no answer")
REFUSED = Outcome(kind=OutcomeClass.REJECTED, reason="remote_rejected")
SIZES = Settings(events_per_request=20, requests_in_flight=2)


@pytest.fixture
def open_breaker() -> Breaker:
    breaker = Breaker()
    for _ in range(OPENS_AFTER):
        breaker.told(NOT_SENT, now=0.0, jitter=0.0, took_s=0.0)
    return breaker


def deliver(bench: Any, events: int, settings: Settings = SIZES, breaker: Breaker | None = None) -> Any:
    with bench.begin() as run:
        delivery = bench.delivery(run, settings)
        if breaker is not None:
            delivery.tools = replace(delivery.tools, breaker=breaker)
        delivery.submit(bench.page(run, 1, events))
        delivery.drain()
        return delivery, run.report()


def test_one_request_goes_at_a_time_until_the_first_answer(bench: Any) -> None:
    bench.sender.follow([NOT_SENT, NOT_SENT, ACKED])
    _, report = deliver(bench, 40)
    assert [len(events) for events in bench.sender.sent] == [20, 20, 20, 20]
    assert bench.sender.sent[0] == bench.sender.sent[1] == bench.sender.sent[2]
    assert report.acknowledged == 40


@pytest.mark.parametrize(("failure", "noted"), [(NOT_SENT, 0), (DOUBT, 20 + 20 + 20 + 10)])
def test_R23_a_probe_has_ten_events_and_its_success_lets_all_go(bench: Any, failure: Outcome, noted: int) -> None:
    bench.sender.follow([failure] * 4 + [ACKED])
    _, report = deliver(bench, 60)
    sizes = [len(events) for events in bench.sender.sent]
    assert (sizes[:5], sum(sizes[4:])) == ([20, 20, 20, PROBE_EVENTS, PROBE_EVENTS], 60)
    assert bench.sender.sent[3] == bench.sender.sent[4]
    assert (report.acknowledged, report.requests, report.watermark_after) == (60, 8, "60")
    assert report.possible_duplicates == noted
    assert [each.state for each in requests_of(bench.store, "run-1")][:2] == [
        RequestState.SUPERSEDED,
        RequestState.ACKED,
    ]


def test_R23_a_probe_of_a_divided_request_has_ten_events_too(bench: Any) -> None:
    bench.sender.answer = lambda number, events: (
        [REFUSED, DOUBT, DOUBT, DOUBT][number] if number < 4 else REFUSED if "7" in events else ACKED
    )
    _, report = deliver(bench, 64, Settings(requests_in_flight=1))
    sizes = [len(events) for events in bench.sender.sent]
    assert (sizes[:4], sizes[4] <= PROBE_EVENTS) == ([64, 32, 32, 32], True)
    assert (report.acknowledged, report.watermark_after) == (63, "64")


def test_R03_what_a_probe_left_over_is_in_doubt_after_the_run_as_well(bench: Any) -> None:
    bench.sender.follow([DOUBT])
    delivery, _ = deliver(bench, 60)
    assert delivery.stopped.status is RunStatus.FAILED
    sent = {int(event) for events in bench.sender.sent for event in events}
    with bench.begin() as run:
        doubts = recover(run, mode="at_least_once", now=bench.clock.now())
    assert {int.from_bytes(name, "big") for name in doubts} == sent


def test_a_run_ends_after_six_failed_probes_or_attempts(bench: Any) -> None:
    bench.sender.follow([NOT_SENT])
    delivery, report = deliver(bench, 100)
    assert (report.requests, delivery.stopped.status) == (6, RunStatus.FAILED)


def test_R21_the_next_run_of_the_process_waits_and_gives_up_after_one_probe(bench: Any) -> None:
    breaker = Breaker()
    bench.sender.answer = lambda number, events: ACKED if number == 0 else NOT_SENT
    deliver(bench, 200, breaker=breaker)
    assert breaker.circuit.failed_probes >= 4
    breaker.circuit = replace(breaker.circuit, failed_probes=6)
    before, at = len(bench.sender.sent), breaker.resumes_at
    deliver(bench, 50, breaker=breaker)
    assert [len(events) for events in bench.sender.sent[before:]] == [PROBE_EVENTS]
    assert bench.sender.at[-1] >= at


def test_a_small_or_single_event_is_its_own_probe(bench: Any, open_breaker: Breaker) -> None:
    _, report = deliver(bench, 3, breaker=open_breaker)
    assert ([len(events) for events in bench.sender.sent], report.acknowledged) == ([3], 3)
    assert open_breaker.circuit.is_proven


def test_of_several_runs_one_sends_the_probe(open_breaker: Breaker) -> None:
    at = open_breaker.resumes_at
    assert not open_breaker.admits(now=at - 0.1, unfinished=0)
    assert open_breaker.admits(now=at, unfinished=0)
    assert open_breaker.begin_probe(at)
    assert not open_breaker.begin_probe(at)
    assert not open_breaker.admits(now=at + 1, unfinished=0)
    assert open_breaker.admits(now=at + PROBE_LASTS_S, unfinished=0), "a run that died with its probe blocks nobody"
    open_breaker.told(ACKED, now=at, jitter=0.0, took_s=0.0)
    assert open_breaker.admits(now=at, unfinished=3)


def test_R23_a_run_waits_no_longer_for_the_probe_of_another_than_that_takes(bench: Any, open_breaker: Breaker) -> None:
    class ProbedMeanwhile(FakeClock):
        """The probe of the other run is answered at its second hearing."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if len(self.slept) == 2:
                open_breaker.told(ACKED, now=self.elapsed, jitter=0.0, took_s=seconds)

    at, clock = open_breaker.resumes_at, ProbedMeanwhile()
    clock.elapsed = bench.sender.clock.elapsed = at
    assert open_breaker.begin_probe(at)
    with bench.begin() as run:
        delivery = bench.delivery(run, SIZES)
        delivery.tools = replace(delivery.tools, breaker=open_breaker, clock=clock)
        delivery.submit(bench.page(run, 1, 40))
        delivery.drain()
        assert run.report().acknowledged == 40
    assert clock.slept == [PROBE_LOOK_S, PROBE_LOOK_S]
    assert [len(events) for events in bench.sender.sent] == [20, 20]


def test_R20_events_that_grow_old_while_it_is_open_are_left_out(bench: Any, open_breaker: Breaker) -> None:
    open_breaker.told(replace(NOT_SENT, retry_after_s=86_400.0), now=0.0, jitter=0.0, took_s=0.0)
    with bench.begin() as run:
        delivery = bench.delivery(run, SIZES)
        delivery.tools = replace(delivery.tools, breaker=open_breaker)
        page = bench.page(run, 1, 4)
        old = page.events["event_time"] - pl.Series([0, 570_000, 0, 570_000])
        delivery.submit(replace(page, events=page.events.with_columns(event_time=old)))
        delivery.drain()
        assert run.report().tally.buckets == {"expired": 2}
    assert bench.sender.sent == [["1", "3"]]


def test_R20_a_request_that_waits_and_goes_as_the_probe_is_judged_by_its_age_too(bench: Any) -> None:
    later = replace(DOUBT, retry_after_s=86_400.0)
    bench.sender.follow([ACKED, later, DOUBT, DOUBT, ACKED])
    with bench.begin() as run:
        delivery = bench.delivery(run, Settings(events_per_request=1, requests_in_flight=2))
        page = bench.page(run, 1, 3)
        oldest = int(NOON.timestamp()) - WINDOW_S + WINDOW_MARGIN_S
        times = page.events["event_time"].scatter(1, oldest)
        delivery.submit(replace(page, events=page.events.with_columns(event_time=times)))
        delivery.drain()
        report = run.report()
    assert bench.sender.sent == [["1"], ["2"], ["3"], ["3"], ["3"]]
    assert (report.acknowledged, report.tally.buckets) == (2, {"held": 1})


def test_R21_the_next_run_of_the_process_heeds_what_the_last_answer_said_of_the_rate_limit(bench: Any) -> None:
    bench.sender.follow([replace(ACKED, usage_percent=100.0, retry_after_s=1_800.0), ACKED])
    breaker = Breaker()
    deliver(bench, 1, breaker=breaker)
    deliver(bench, 1, breaker=breaker)
    assert bench.sender.at[1] >= 1_800.0
