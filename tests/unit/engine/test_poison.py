"""Events that Meta refuses: exactly those are set aside, and where nearly all are, the mapping is to blame (F19, F20)."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from syncer.engine.mass_reject import MOST_REFUSED_IN_A_ROW
from syncer.pipeline import Delivery as Settings
from syncer.report import Bucket, RunStatus
from syncer.spec.outcomes import Outcome, OutcomeClass
from tests.counts import FULL, count
from tests.simulation.machine import Shuffled, Trouble

Blame = Callable[[list[str], set[str]], tuple[int, ...]]
SIZES = {1: 1_000, 2: 1_000, 5: 500, 10: 200, 50: 1_000}
"""So many events in one request, of which so many are bad."""


def nobody(events: list[str], bad: set[str]) -> tuple[int, ...]:
    return ()


def the_first(events: list[str], bad: set[str]) -> tuple[int, ...]:
    return tuple(number for number, event in enumerate(events) if event in bad)[:1]


def a_good_one(events: list[str], bad: set[str]) -> tuple[int, ...]:
    return tuple(number for number, event in enumerate(events) if event not in bad)[:1]


def beyond(events: list[str], bad: set[str]) -> tuple[int, ...]:
    return (len(events), -1)


def refuse(bench: Any, bad: set[str], blame: Blame = nobody, *, code: Callable[[str], int] = lambda event: 100) -> None:
    """Let Meta refuse every request with a bad event in it."""

    def answer(number: int, events: list[str]) -> Outcome:
        found = next((event for event in events if event in bad), None)
        if found is None:
            return Outcome(kind=OutcomeClass.ACKED)
        return Outcome(
            kind=OutcomeClass.REJECTED, reason="remote_rejected", code=code(found), subcode=2804050,
            fbtrace_id=f"trace{number}", blamed=blame(events, bad),
        )  # fmt: skip

    bench.sender.answer = answer


def send(bench: Any, events: int, settings: Settings | None = None, **options: Any) -> Any:
    with bench.begin() as run:
        delivery = bench.delivery(run, settings, **options)
        delivery.submit(bench.page(run, 1, events))
        delivery.drain()
        return delivery.stopped, run.report()


def set_aside(bench: Any) -> list[tuple[int, int, int, str]]:
    """Return number, code, subcode and trace id of each event in quarantine."""
    query = "SELECT identity, code, subcode, fbtrace_id FROM quarantine ORDER BY identity"
    with bench.store.reading() as connection:
        return [(int.from_bytes(row[0], "big"), *row[1:]) for row in connection.execute(text(query))]


@pytest.mark.faults
@pytest.mark.parametrize("layout", range(count(200)))
def test_R17_F19_exactly_the_poison_is_set_aside_whatever_the_hint(bench: Any, layout: int) -> None:
    rng = random.Random(layout)
    bad_ones = (1, 2, 5, 10, 50)[layout % (5 if FULL or layout < 5 else 4)]
    size = SIZES[bad_ones]
    bad = {str(number) for number in rng.sample(range(1, size + 1, 2), bad_ones)}
    refuse(bench, bad, rng.choice([nobody, the_first, a_good_one, beyond]))
    stopped, report = send(bench, size)
    assert stopped is None
    assert report.acknowledged == size - bad_ones
    assert report.tally.buckets == {Bucket.REJECTED_REMOTE: bad_ones}
    assert report.requests <= 2 * bad_ones * (math.log2(size) + 1) + 1
    assert {str(number) for number, *_ in set_aside(bench)} == bad
    alone = {(number, 100, 2804050, f"trace{at}") for at, [number] in one_by_one(bench, bad)}
    assert set(set_aside(bench)) <= alone  # code, subcode and trace id are those of its own refusal
    taken = [event for events in bench.sender.sent if not bad & set(events) for event in events]
    assert len(taken) == len(set(taken))


def one_by_one(bench: Any, bad: set[str]) -> list[tuple[int, list[int]]]:
    """Return number and event of each request of one bad event."""
    sent = enumerate(bench.sender.sent)
    return [(at, [int(events[0])]) for at, events in sent if len(events) == 1 and events[0] in bad]


@pytest.mark.faults
@pytest.mark.parametrize("layout", range(count(10) + 1))
def test_R18_F20_a_broken_mapping_pauses_and_twenty_are_set_aside(bench: Any, layout: int) -> None:
    rng = random.Random(layout)
    events = 100_000 if FULL else 10_000
    refuse(bench, {str(number) for number in range(1, events + 1)}, rng.choice([nobody, the_first]))
    executor = Shuffled(rng, bench.clock, Trouble()) if layout % 2 else None
    stopped, report = send(bench, events, Settings(requests_in_flight=1 + 3 * (layout % 2)), executor=executor)
    assert (stopped.status, stopped.pause_reason) == (RunStatus.PAUSED, "systematic_reject")
    assert len(set_aside(bench)) == report.tally.buckets[Bucket.REJECTED_REMOTE] == MOST_REFUSED_IN_A_ROW
    assert report.tally.buckets[Bucket.PENDING] == events - MOST_REFUSED_IN_A_ROW
    assert len(bench.sender.sent) < 200


@pytest.mark.parametrize(("refused", "pauses"), [(20, False), (21, True), (60, True)])
def test_R18_more_than_a_tenth_refused_pauses_and_a_tenth_is_set_aside(
    bench: Any,
    refused: int,
    pauses: bool,  # noqa: FBT001
) -> None:
    refuse(bench, {str(number) for number in range(1, 3 * refused, 3)})
    stopped, report = send(bench, 200)
    assert (stopped is not None) is pauses
    assert report.tally.buckets[Bucket.REJECTED_REMOTE] == len(set_aside(bench)) == 20
    if pauses:
        assert stopped.pause_reason == "systematic_reject"
        assert "21 of 200 events of this run (remote_rejected)" in stopped.message
        assert report.acknowledged + report.tally.buckets[Bucket.PENDING] == 180


def test_R18_refusals_of_two_codes_are_no_row(bench: Any) -> None:
    refuse(bench, {str(number) for number in range(1, 51)}, code=lambda event: 100 + int(event) % 2)
    stopped, report = send(bench, 50)
    assert (stopped, report.tally.buckets[Bucket.REJECTED_REMOTE]) == (None, 50)
