"""Tokens that expire, permissions that are taken away, datasets that are deleted, before and in the middle of a run (R22, F24)."""

import pytest

from syncer.config.load import load_project
from syncer.ports import NO_POINTS, Points
from syncer.report import Bucket, RunReport
from syncer.sandbox.faults import parse_faults
from syncer.session import Session
from tests.acceptance.shop import TOKEN, Shop
from tests.counts import FULL

pytestmark = [pytest.mark.acceptance, pytest.mark.faults]

ORDERS = 40
SMALL = "destination: meta\ndelivery: {events_per_request: 5, requests_in_flight: 2}"
BLOCKS = {
    "expired": ("190/463", "token_expired", "token"),
    "password changed": ("190/460", "token_password_changed", "token"),
    "not permitted": ("200", "permission_missing", "Business Settings"),
    "permission gone": ("10", "permission_missing", "Business Settings"),
    "dataset deleted": ("100/33", "dataset_unknown", "dataset"),
}
"""Code and subcode of Meta, our reason, a word of the remedy."""
TRIES = [(name, at) for name in BLOCKS for at in (1, 4)]


class BlockAt(Points):
    """Lets the dataset refuse the sender from some request of a run on. Mutable."""

    def __init__(self, shop: Shop, faults: str, *, at: int) -> None:
        self._shop, self._faults, self._left = shop, faults, at

    def hit(self, name: str, /) -> None:
        self._left -= name == "post.before"
        if self._left == 0:
            self._shop.sandbox.sandbox.faults = parse_faults(self._faults)


def run(shop: Shop, points: Points = NO_POINTS) -> RunReport:
    with Session(load_project(shop.folder, environ={"TOKEN": TOKEN}), points=points) as session:
        return session.run("orders")


@pytest.mark.parametrize(("name", "at"), TRIES if FULL else TRIES[1:2])
def test_R22_F24_a_blocked_pipeline_loses_no_event_and_names_the_remedy(shop: Shop, name: str, at: int) -> None:
    code, reason, remedy = BLOCKS[name]
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL)
    shop.add_orders(1, ORDERS)
    blocked = run(shop, BlockAt(shop, f"error=100%:{code}", at=at))
    assert (blocked.status, blocked.pause_reason) == ("paused", reason)
    assert remedy in blocked.message
    assert blocked.acknowledged >= 5 * (at - 2)
    assert blocked.tally.buckets == {Bucket.PENDING: ORDERS - blocked.acknowledged}
    still = run(shop)
    assert (still.status, still.pause_reason, still.requests, still.acknowledged) == ("paused", reason, 1, 0)

    shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
    after = run(shop)
    assert (after.status, after.acknowledged) == ("done", ORDERS - blocked.acknowledged)
    assert after.possible_duplicates == 0
    assert sorted(map(int, shop.order_ids())) == list(range(1, ORDERS + 1))
