"""Whether a dataset answers (promises R21 and R23)."""

import random

import pytest

from syncer.capi.circuit import OPENS_AFTER, Circuit
from syncer.spec.outcomes import Outcome, OutcomeClass

LAST = 0.999999


def told(circuit: Circuit, kind: str, *, at: float = 0.0, jitter: float = 0.0, **asks: float) -> Circuit:
    return circuit.after(Outcome(kind=OutcomeClass(kind), **asks), at=at, jitter=jitter)  # type: ignore[arg-type]


def opened(kind: str = "doubt") -> Circuit:
    circuit = Circuit(is_proven=True)
    for _ in range(OPENS_AFTER):
        circuit = told(circuit, kind)
    return circuit


@pytest.mark.parametrize("kind", ["not_sent", "doubt"])
def test_it_opens_after_three_failures_in_a_row(kind: str) -> None:
    circuit = opened(kind)
    assert (circuit.is_open, circuit.is_proven, circuit.failed_probes, circuit.resumes_at) == (True, False, 0, 0.5)
    twice = told(told(Circuit(), kind), kind)
    assert (twice.is_open, told(told(twice, "acked"), kind).is_open) == (False, False)


def test_a_wrong_count_opens_it_at_once() -> None:
    assert told(Circuit(is_proven=True), "anomaly").is_open


@pytest.mark.parametrize("kind", ["acked", "rejected", "too_big"])
def test_any_answer_about_events_closes_it(kind: str) -> None:
    assert told(opened(), kind, at=1.0) == Circuit(is_proven=True)


def test_a_refusal_of_the_sender_neither_opens_nor_closes_it() -> None:
    assert told(opened(), "blocked", at=1.0) == opened()
    assert told(Circuit(), "blocked") == Circuit()


def test_R21_behind_a_rate_limit_one_request_goes_at_a_time_and_waits_grow() -> None:
    first = told(Circuit(is_proven=True), "throttled", at=5.0)
    assert first == Circuit(failed_probes=1, resumes_at=15.0)
    assert told(first, "throttled", at=6.0) == Circuit(failed_probes=1, resumes_at=16.0)
    assert told(first, "throttled", at=15.0) == Circuit(failed_probes=2, resumes_at=35.0)
    assert told(first, "throttled", at=15.0, retry_after_s=90.0).resumes_at == 105.0
    assert told(first, "acked", at=15.0) == Circuit(is_proven=True)


@pytest.mark.parametrize("kind", ["acked", "rejected", "too_big"])
def test_R21_an_answer_to_what_was_sent_before_it_lifts_no_wait_that_another_asked_for(kind: str) -> None:
    limited = told(Circuit(is_proven=True), "throttled", at=5.0, retry_after_s=90.0)
    assert told(limited, kind, at=6.0) == limited
    assert told(limited, kind, at=95.0) == Circuit(is_proven=True)
    asked = told(Circuit(is_proven=True), "doubt", at=5.0, retry_after_s=60.0)
    assert told(asked, kind, at=6.0) == Circuit(is_proven=True, resumes_at=65.0)
    assert told(opened("doubt"), kind, at=0.1) == Circuit(resumes_at=0.5)


@pytest.mark.parametrize("kind", ["acked", "rejected", "too_big"])
def test_R21_none_goes_while_a_rate_limit_is_nearly_used_up_by_an_answer_about_events(kind: str) -> None:
    busy = told(Circuit(), kind, at=5.0, usage_percent=90.0)
    assert busy == Circuit(is_proven=True, resumes_at=10.0)
    assert told(busy, kind, at=6.0, usage_percent=100.0, retry_after_s=600.0).resumes_at == 606.0
    assert told(busy, kind, at=6.0, usage_percent=80.0) == busy
    assert told(busy, kind, at=10.0, usage_percent=80.0) == Circuit(is_proven=True)


@pytest.mark.parametrize(("failed", "ceiling_s"), [(0, 1), (1, 2), (4, 16), (9, 300), (1_000, 300)])
def test_R21_probes_wait_half_a_ceiling_that_doubles_and_up_to_all_of_it(failed: int, ceiling_s: float) -> None:
    before = Circuit(failures=OPENS_AFTER, failed_probes=failed - 1) if failed else Circuit(failures=OPENS_AFTER - 1)
    assert told(before, "doubt").resumes_at == ceiling_s / 2
    assert ceiling_s * 0.99 < told(before, "doubt", jitter=LAST).resumes_at < ceiling_s


def test_R21_a_probe_waits_as_long_as_the_answer_asks_for_and_up_to_a_tenth_more() -> None:
    assert told(Circuit(failures=2), "doubt", retry_after_s=600.0).resumes_at == 600.0
    assert told(Circuit(failures=2), "doubt", retry_after_s=600.0, jitter=0.5).resumes_at == 630.0


def test_R21_no_request_goes_before_any_answer_allows_it_although_the_circuit_is_closed() -> None:
    asked = told(Circuit(is_proven=True), "doubt", at=5.0, retry_after_s=60.0)
    assert asked == Circuit(failures=1, is_proven=True, resumes_at=65.0)
    third = told(told(asked, "not_sent", at=6.0), "not_sent", at=7.0)
    assert (third.is_open, third.resumes_at) == (True, 65.0)


def test_what_was_under_way_when_it_opened_is_no_failed_probe() -> None:
    circuit = told(opened(), "doubt", at=0.1)
    assert (circuit.failures, circuit.failed_probes) == (OPENS_AFTER + 1, 0)
    assert told(circuit, "doubt", at=circuit.resumes_at).failed_probes == 1


def test_R21_half_an_hour_of_outage_costs_few_probes() -> None:
    def probes(seed: int) -> int:
        rng, circuit, count = random.Random(seed), Circuit(), 0
        while circuit.resumes_at < 1_800:
            circuit, count = told(circuit, "not_sent", at=circuit.resumes_at, jitter=rng.random()), count + 1
        return count

    assert max(probes(seed) for seed in range(300)) <= 25
