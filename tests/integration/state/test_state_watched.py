"""What alerts ask of the state: deliveries of some hours, what waits, when Meta took something last."""

from datetime import timedelta
from typing import Any

from syncer.alerts.facts import Volume
from syncer.alerts.look import volume_of
from syncer.report import RunStatus
from syncer.state.history import stored_pipelines
from syncer.state.requests import RequestState
from syncer.state.store import Store
from syncer.state.watched import delivered_in, known_since, last_acknowledged_at, waiting_events
from tests.integration.state.conftest import NOON, ORDERS

DAY, WEEK = timedelta(days=1), timedelta(days=7)


def run(store: Store, acts: Any, name: str, orders: int, *, trigger: str = "schedule") -> None:
    """Deliver `orders` events in a run that takes an hour."""
    begun = store.start_run(
        ORDERS, run_id=name, now=store.clock.now(), fingerprint="f", trigger=trigger, holder="tester"
    )
    with begun:
        if orders:
            acts.deliver(begun, hash(name) % 2**40, orders)
        store.clock.sleep(3_600)
        begun.finish(RunStatus.DONE, now=store.clock.now(), elapsed_s=3_600.0)


def pipeline_id(store: Store) -> int:
    return stored_pipelines(store, "default")[0].id


def test_24_hours_are_held_against_the_same_hours_of_the_weeks_before(store: Store, acts: Any) -> None:
    store.clock.at = NOON - 3 * WEEK - DAY  # type: ignore[attr-defined]  # the test's clock
    run(store, acts, "first", 0)
    for weeks, orders, late_s in ((3, 30, 0), (2, 60, 60), (1, 90, -60), (0, 12, 30)):
        store.clock.at = NOON - weeks * WEEK - timedelta(hours=9)  # type: ignore[attr-defined]
        run(store, acts, f"night-{weeks}", 0)
        store.clock.at = NOON - weeks * WEEK + timedelta(seconds=late_s)  # type: ignore[attr-defined]
        run(store, acts, f"noon-{weeks}", orders)
        run(store, acts, f"by-hand-{weeks}", 7, trigger="backfill")
    found, since = pipeline_id(store), known_since(store, "default")
    assert volume_of(store, found, NOON + timedelta(seconds=30), since[found]) == Volume(
        delivered=12, usual=60.0, weeks=3
    )
    yesterday = NOON - DAY
    assert delivered_in(store, found, [(yesterday, NOON + DAY), (NOON - 9 * WEEK, NOON - 4 * WEEK)]) == [12, 0]


def test_a_pipeline_of_less_than_a_week_has_nothing_usual(store: Store, acts: Any) -> None:
    run(store, acts, "first", 50)
    found = pipeline_id(store)
    assert volume_of(store, found, NOON, NOON) == Volume(delivered=50, usual=0.0, weeks=0)


def test_what_waits_is_counted_up_to_a_time_with_what_is_held_and_not_what_is_under_way(
    store: Store, acts: Any
) -> None:
    with acts.begin(store) as begun:
        acts.read(begun, 9)
        held = acts.arm(begun, 1, 2)
        begun.settle(held, acts.unknown(), state=RequestState.HELD)
        acts.arm(begun, 5, 4)
    found, later = pipeline_id(store), store.clock.now() + timedelta(minutes=15)

    def waiting(**more: Any) -> tuple[int, int | None]:
        facts: dict[str, Any] = {"armed_before": later, "held_after": 999, "until": 1_000}
        return waiting_events(store, found, **(facts | more))

    assert waiting() == (6, 1_000)
    assert waiting(held_after=1_000) == (4, 1_000)
    assert waiting(until=999) == (0, None)
    assert waiting(armed_before=NOON - DAY) == (0, None)


def test_the_last_acknowledgement_is_found_behind_requests_that_were_not(store: Store, acts: Any) -> None:
    assert known_since(store, "default") == {}
    with acts.begin(store) as begun:
        acts.deliver(begun, 1, 3)
        acts.read(begun, 1)
        acts.arm(begun, 9, 1)
    found = pipeline_id(store)
    assert last_acknowledged_at(store, found) == store.clock.now()
    assert last_acknowledged_at(store, found + 1) is None
    assert known_since(store, "default") == {found: NOON}
