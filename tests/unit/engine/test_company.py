"""How long answers that came soon wait for others."""

from dataclasses import dataclass
from typing import Any

import pytest

from syncer.engine.company import company_s


@dataclass(frozen=True, slots=True)
class Events:
    height: int


@dataclass(frozen=True, slots=True)
class Request:
    events: Events
    begun: float = 0.0


def request(events: int, begun: float = 0.0) -> Any:
    return Request(Events(events), begun)


@pytest.mark.parametrize(
    ("came", "others", "waits_s"),
    [
        ([1_000], [], 0.005),
        ([1_000], [1_000], 0.01),
        ([1_000], [1_000, 1_000, 1_000], 0.02),
        ([1_000], [1_000] * 15, 0.02),
        ([100], [100, 100, 100], 0.002),
        ([100], [1_000, 1_000, 1_000], 0.002),
        ([1, 1_000], [1_000, 1_000], 0.015_005),
        ([], [1_000], 0.0),
    ],
)
def test_an_answer_waits_5_us_for_each_event_under_way_of_four_requests_like_it_at_most(
    came: list[int], others: list[int], waits_s: float
) -> None:
    done = [request(events) for events in came]
    assert company_s(done, [*done, *map(request, others)], now=0.000_03) == pytest.approx(waits_s)


def test_one_that_took_40_us_for_each_event_waits_for_nobody() -> None:
    slow, late = request(1_000), request(1_000, begun=0.02)
    assert company_s([slow], [slow, late], now=0.040_1) == 0.0
    assert company_s([slow], [slow, late], now=0.039_9) == pytest.approx(0.01)
    assert company_s([late], [slow, late], now=0.040_1) == pytest.approx(0.01), "it was quick itself"
