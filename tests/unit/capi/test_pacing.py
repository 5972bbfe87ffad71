"""Waits between requests (promise R21)."""

import random

import pytest

from syncer.capi.pacing import wait_s
from syncer.spec.outcomes import Outcome, OutcomeClass

LAST = 0.999999


def outcome(kind: str, retry_after_s: float | None = None, usage_percent: float | None = None) -> Outcome:
    return Outcome(kind=OutcomeClass(kind), retry_after_s=retry_after_s, usage_percent=usage_percent)


@pytest.mark.parametrize("kind", ["not_sent", "doubt"])
@pytest.mark.parametrize(
    ("attempt", "ceiling_s"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (1_000_000, 300), (0, 1)]
)
def test_a_failure_waits_anything_up_to_a_ceiling_that_doubles(kind: str, attempt: int, ceiling_s: int) -> None:
    assert wait_s(outcome(kind), attempt, jitter=0.0) == 0.0
    assert wait_s(outcome(kind), attempt, jitter=0.5) == ceiling_s / 2
    assert wait_s(outcome(kind), attempt, jitter=LAST) <= ceiling_s


@pytest.mark.parametrize(("attempt", "lowest_s"), [(1, 10), (2, 20), (3, 40), (4, 80), (5, 150), (50, 150)])
def test_throttling_waits_at_least_half_its_ceiling_and_never_under_ten_seconds(attempt: int, lowest_s: int) -> None:
    assert wait_s(outcome("throttled"), attempt, jitter=0.0) == lowest_s
    assert lowest_s < wait_s(outcome("throttled"), attempt, jitter=LAST) < 2 * lowest_s <= 300


@pytest.mark.parametrize("kind", list(OutcomeClass))
@pytest.mark.parametrize("told_s", [1.0, 45.0, 3_600.0])
def test_what_the_answer_asks_for_is_obeyed_plus_up_to_a_tenth(kind: str, told_s: float) -> None:
    alone_s = wait_s(outcome(kind), 1, jitter=0.5)
    waited_s = wait_s(outcome(kind, told_s), 1, jitter=0.5)
    assert waited_s == max(alone_s, told_s * 1.05)


def test_a_wait_without_end_is_cut() -> None:
    assert wait_s(outcome("throttled", 604_800.0), 1, jitter=0.0) == 86_400.0
    assert wait_s(outcome("throttled", 604_800.0), 1, jitter=0.0, longest_obeyed_s=600.0) == 600.0


@pytest.mark.parametrize(("usage", "waits_s"), [(None, 0), (50, 0), (80, 0), (90, 5), (99, 9.5), (100, 60), (140, 60)])
def test_a_sender_slows_down_before_the_limit_and_pauses_at_it(usage: float | None, waits_s: float) -> None:
    assert wait_s(outcome("acked", None, usage), 1, jitter=0.3) == pytest.approx(waits_s)


def test_a_limit_that_names_its_time_is_waited_for_just_that_long() -> None:
    assert wait_s(outcome("acked", 20.0, 100.0), 1, jitter=0.0) == 20.0


@pytest.mark.parametrize("kind", ["acked", "rejected", "too_big", "anomaly"])
def test_an_answer_goes_on_at_once(kind: str) -> None:
    assert wait_s(outcome(kind), 5, jitter=0.9) == 0.0


def test_who_asks_again_while_blocked_asks_seldom() -> None:
    assert 150.0 <= wait_s(outcome("blocked"), 1, jitter=0.0) <= wait_s(outcome("blocked"), 1, jitter=LAST) <= 300.0


def requests_in_outage(seed: int, kind: str, minutes: int) -> list[float]:
    """Return when one pipeline asks during an outage that answers at once."""
    rng, at, times = random.Random(seed), 0.0, []
    while at < minutes * 60:
        times.append(at)
        at += wait_s(outcome(kind), len(times), jitter=rng.random())
    return times


@pytest.mark.parametrize("kind", ["not_sent", "doubt", "throttled"])
def test_half_an_hour_of_outage_costs_at_most_thirty_requests_a_pipeline(kind: str) -> None:
    assert max(len(requests_in_outage(seed, kind, 30)) for seed in range(500)) <= 30


@pytest.mark.parametrize("kind", ["not_sent", "throttled"])
def test_fifty_pipelines_do_not_fall_into_step(kind: str) -> None:
    times = [at for seed in range(50) for at in requests_in_outage(seed, kind, 30)]
    buckets: dict[int, int] = {}
    for at in times:
        buckets[int(at)] = buckets.get(int(at), 0) + 1
    assert max(buckets.values()) <= 0.2 * len(times)
