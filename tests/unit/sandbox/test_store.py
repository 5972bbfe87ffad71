from collections.abc import Callable
from typing import Any

from syncer.sandbox.notes import Note
from syncer.sandbox.seen import Seen
from syncer.sandbox.store import Batch, Store

Event = dict[str, Any]
Change = Callable[[Event, str, object], Event]
HOUR = 3600


def _batch(request: int = 1, *, at: float = 0.0, dataset: str = "1", code: str | None = None) -> Batch:
    return Batch(request=request, received_at=at, dataset_id=dataset, test_event_code=code)


def _take(store: Store, *events: Event, at: float = 0.0, dataset: str = "1") -> list[str | None]:
    store.take(_batch(at=at, dataset=dataset), events, {})
    return [arrival.duplicate for arrival in store.arrivals()[-len(events) :]]


def test_a_repeated_event_id_is_shown_and_kept(event: Event) -> None:
    store = Store(keep=10)
    assert _take(store, event, event | {"event_id": "order-2"}, event) == [None, None, "event_id"]
    assert store.state()["duplicates"] == 1
    assert store.state()["events"] == 3
    assert len(store.arrivals()) == 3


def test_duplicates_are_told_by_dataset_name_and_id_within_48_hours(event: Event) -> None:
    # "48 h from the first one received"
    store = Store(keep=10)
    assert _take(store, event) == [None]
    assert _take(store, event, dataset="2") == [None]
    assert _take(store, event | {"event_name": "Lead"}) == [None]
    assert _take(store, event, at=47 * HOUR) == ["event_id"]
    assert _take(store, event, at=49 * HOUR) == [None]
    assert _take(store, event, at=50 * HOUR) == ["event_id"]


def test_an_event_without_id_is_no_duplicate(event: Event) -> None:
    del event["event_id"]
    assert _take(Store(keep=10), event, event) == [None, None]


def test_offline_events_are_compared_by_order_or_customer(event: Event, change: Change) -> None:
    # offline: dataset, event_time, event_name, item_number plus order_id, or plus the same customer data
    store = Store(keep=10)
    event["action_source"] = "physical_store"
    assert _take(store, change(event, "custom_data.order_id", "o1") | {"event_id": "1"}) == [None]
    assert _take(store, event | {"event_id": "2"}) == ["offline"]
    assert _take(store, change(event, "custom_data", {"value": 1, "order_id": "o2"}) | {"event_id": "3"}) == [None]
    assert _take(store, change(event, "custom_data", {"value": 1}) | {"event_id": "4"}) == [None]
    assert _take(store, event | {"event_id": "5"}) == ["offline"]


def test_all_is_counted_though_only_the_last_are_kept(event: Event) -> None:
    store = Store(keep=3)
    for number in range(10):
        store.take(_batch(number), [event | {"event_id": str(number)}], {0: [Note("event_name_long", ("event_name",))]})
    state = store.state()
    assert [arrival.event["event_id"] for arrival in store.arrivals()] == ["7", "8", "9"]
    assert (state["events"], state["notes"]) == (10, {"event_name_long": 10})
    assert state["value"] == {"USD": 1425.2}
    assert store.coverage() == {"em": 10, "client_user_agent": 10}


def test_coverage_stays_exact_when_key_sets_are_many() -> None:
    store = Store(keep=1)
    events: list[Event] = [
        {"user_data": {f"key{number % 997}": 1, f"other{number}": 1, "em": 1}} for number in range(6000)
    ]
    store.take(_batch(), events, {})
    assert store.coverage()["em"] == 6000


def test_test_events_are_counted_among_the_rest(event: Event) -> None:
    # Test events are "not dropped": they count for measurement and targeting.
    store = Store(keep=1)
    store.take(_batch(code="TEST1"), [event], {})
    assert (store.state()["events"], store.state()["test_events"]) == (1, 1)


def test_reset_forgets_everything(event: Event) -> None:
    store = Store(keep=10)
    _take(store, event)
    store.reset()
    assert store.state()["events"] == 0
    assert _take(store, event) == [None]


def test_seen_keeps_apart_many_keys() -> None:
    seen = Seen(10)
    assert not any(seen.add(("a", number), 0.0) for number in range(20_000))
    assert all(seen.add(("a", number), 5.0) for number in range(20_000))
    assert len(seen) == 20_000


def test_seen_drops_what_left_the_window_when_it_grows() -> None:
    seen = Seen(10)
    for second in range(200):
        for number in range(100):
            seen.add((second, number), float(second))
    assert len(seen) < 4_096
    assert seen.add((199, 0), 199.0)
    assert not seen.add((0, 0), 199.0)


def test_coverage_by_name_counts_address_and_agent_together_though_key_sets_are_many() -> None:
    store = Store(keep=1)
    events: list[Event] = [
        {"event_name": "Lead", "user_data": {f"other{number}": 1, "client_ip_address": 1, "client_user_agent": 1}}
        for number in range(6000)
    ]
    store.take(_batch(), events, {})
    (lead,) = store.coverage_by_name()
    assert (lead["events"], lead["ip_and_agent"]) == (6000, 6000)
    assert store.coverage()["client_ip_address"] == 6000


def test_repeats_are_bounded_and_the_last_ones_are_kept(event: Event) -> None:
    store = Store(keep=3)
    for number in range(10):
        _take(store, event | {"event_id": str(number)}, event | {"event_id": str(number)})
    assert [repeat.event_id for repeat in store.repeats()] == ["9", "8", "7"]
