"""Alerts in the state: each change once, whoever sees it; messages in their order, until they are told."""

from collections.abc import Callable
from datetime import timedelta

from syncer.state.alerts import (
    MOST_WAITING,
    Message,
    Standing,
    claim,
    end_alert,
    failed,
    forget_receivers,
    raise_alert,
    sent,
    standing,
)
from syncer.state.store import Store

LEASE = timedelta(minutes=2)


def alert(store: Store, about: str = "orders/meta") -> Standing:
    return Standing(about=about, condition="failed", since=store.clock.now(), text="it failed")


def bodies(messages: list[Message]) -> list[str]:
    return [message.body for message in messages]


def test_of_two_that_see_a_change_one_writes_it_down(opened: Callable[..., Store]) -> None:
    one, other = opened(), opened()
    raised = alert(one)
    assert raise_alert(one, "prod", raised, body="b", to=["slack"])
    assert not raise_alert(other, "prod", alert(other), body="b", to=["slack"])
    assert standing(other, "prod") == {("orders/meta", "failed"): raised}
    assert standing(other, "dev") == {}
    assert bodies(claim(other, "prod", "slack", lease=LEASE)) == ["b"]
    assert end_alert(other, "prod", raised, body="e", to=["slack"])
    assert not end_alert(one, "prod", raised, body="e", to=["slack"])
    assert standing(one, "prod") == {}


def test_an_alert_of_later_is_not_ended_by_who_knows_the_earlier_one(store: Store) -> None:
    before = alert(store)
    raise_alert(store, "prod", before, body="b", to=[])
    end_alert(store, "prod", before, body=None, to=["slack"])
    store.clock.sleep(60)
    raise_alert(store, "prod", alert(store), body="b", to=[])
    assert not end_alert(store, "prod", before, body="e", to=["slack"])
    assert claim(store, "prod", "slack", lease=LEASE) == []


def test_a_message_is_one_daemons_until_its_lease_ends_or_it_is_told(opened: Callable[..., Store]) -> None:
    one, other = opened(), opened()
    raise_alert(one, "prod", alert(one), body="1", to=["slack", "email"])
    raise_alert(one, "prod", alert(one, "refunds/meta"), body="2", to=["slack"])
    taken = claim(one, "prod", "slack", lease=LEASE)
    assert bodies(taken) == ["1", "2"]
    assert claim(other, "prod", "slack", lease=LEASE) == []
    other.clock.sleep(121)
    assert bodies(claim(other, "prod", "slack", lease=LEASE)) == ["1", "2"]
    sent(other, taken)
    other.clock.sleep(121)
    assert claim(other, "prod", "slack", lease=LEASE) == []
    assert bodies(claim(other, "prod", "email", lease=LEASE)) == ["1"]


def test_what_was_not_told_keeps_later_changes_behind_it(store: Store) -> None:
    raise_alert(store, "prod", alert(store), body="1", to=["slack"])
    failed(store, claim(store, "prod", "slack", lease=LEASE), next_at=store.clock.now() + timedelta(seconds=300))
    raise_alert(store, "prod", alert(store, "refunds/meta"), body="2", to=["slack"])
    store.clock.sleep(200)
    assert claim(store, "prod", "slack", lease=LEASE) == []
    store.clock.sleep(101)
    again = claim(store, "prod", "slack", lease=LEASE)
    assert [(message.body, message.attempts) for message in again] == [("1", 1), ("2", 0)]


def test_R31_a_clock_that_was_ahead_keeps_no_receiver_from_hearing_once_it_is_set_right(store: Store) -> None:
    raise_alert(store, "prod", alert(store), body="b", to=["slack"])
    failed(store, claim(store, "prod", "slack", lease=LEASE), next_at=store.clock.now() + timedelta(days=400))
    assert bodies(claim(store, "prod", "slack", lease=LEASE)) == ["b"]
    assert claim(store, "prod", "slack", lease=LEASE) == []


def test_messages_of_receivers_that_are_gone_are_forgotten_and_there_is_a_limit(store: Store) -> None:
    raised = alert(store)
    for number in range(3):
        raise_alert(store, "prod", alert(store, f"{number}/meta"), body=str(number), to=["slack", "email"])
    now = store.clock.now()
    assert forget_receivers(store, "prod", ["slack"], before=now) == 0
    later = now + timedelta(seconds=1)
    assert forget_receivers(store, "prod", ["slack"], before=later) == 3
    assert forget_receivers(store, "prod", ["slack"], before=later) == 0
    assert claim(store, "prod", "email", lease=LEASE) == []
    many = [f"p{number}/meta" for number in range(MOST_WAITING)]
    raise_alert(store, "prod", raised, body="x", to=["pager"] * len(many))
    raise_alert(store, "prod", alert(store, "last/meta"), body="y", to=["pager"])
    assert forget_receivers(store, "prod", ["slack"], before=later) == MOST_WAITING
