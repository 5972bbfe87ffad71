"""What keeps a run from sending more than was meant: `max_rows`, `enabled`, `tolerate`."""

from collections import Counter
from dataclasses import replace

import click
import pytest

from syncer.cli.common import Exit
from syncer.cli.run import choose
from syncer.exit_codes import exit_code
from syncer.outlook import forecast
from syncer.pipeline import Tolerate
from syncer.report import Bucket, RunReport, RunStatus, Tally
from syncer.session import find_pipeline
from syncer.share import Share
from tests.acceptance.shop import Shop
from tests.acceptance.test_operator_actions import opened

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("cursor", ["cursor: updated_at\n", "", "cursor: {column: updated_at, lookback: 30d}\n"])
def test_a_run_sends_of_no_more_rows_than_max_rows_and_the_next_goes_on(shop: Shop, cursor: str) -> None:
    shop.edit("pipelines/orders.yaml", "cursor: updated_at\n", f"{cursor}delivery: {{max_rows: 3}}\n")
    shop.add_orders(1, 7, changes="UPDATE orders SET currency = NULL WHERE order_id = 2")
    with opened(shop) as session:
        orders = find_pipeline(session.project, "orders")
        would = forecast(session, orders, on_rows=lambda rows: None)
        assert (would.to_send, would.tally.buckets["over_max_rows"]) == (3, 3)
        assert "over_max_rows" in [each.code for each in would.advice]
        first, second = session.run("orders"), session.run("orders")
        assert (first.status, first.pause_reason) == (RunStatus.PAUSED, "over_max_rows")
        assert (first.acknowledged, first.events, first.tally.reasons["over_max_rows"]) == (3, 7, 3)
        assert "sent events of 3 rows, as many as delivery.max_rows allows" in first.message
        assert (second.status, second.acknowledged) == (RunStatus.DONE_WITH_REJECTS, 3)
        assert session.run("orders").acknowledged == 0
        assert forecast(session, orders, on_rows=lambda rows: None).pause_reason is None
    assert sorted(shop.order_ids()) == ["1", "3", "4", "5", "6", "7"]


def test_as_many_rows_as_max_rows_are_no_reason_to_pause(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination:", "delivery: {max_rows: 3}\ndestination:")
    shop.add_orders(1, 3)
    with opened(shop) as session:
        assert (session.run("orders").status, shop.order_ids()) == (RunStatus.DONE, ["1", "2", "3"])
        shop.add_orders(4, 9)
        one = session.run("orders", limit=2)
        assert (one.status, one.acknowledged, one.tally.buckets["over_max_rows"]) == (RunStatus.PAUSED, 2, 3)


def test_a_pipeline_that_is_not_enabled_runs_by_name_only(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "name: orders\n", "name: orders\nenabled: false\ntags: [daily]\n")
    with opened(shop) as session:
        (named,) = choose(session.project, ["orders"], None, everything=False)
        with pytest.raises(click.UsageError, match="no pipeline is enabled"):
            choose(session.project, [], None, everything=True)
        with pytest.raises(click.UsageError, match="no enabled pipeline has the tag 'daily'"):
            choose(session.project, [], "tag:daily", everything=False)
    assert named.name == "orders"


@pytest.mark.parametrize(
    ("tolerated", "buckets", "code"),
    [
        ("0%", {}, Exit.DONE),
        ("0%", {Bucket.REJECTED_LOCAL: 1}, Exit.TOO_MANY_REJECTS),
        ("2%", {Bucket.REJECTED_LOCAL: 1, Bucket.HELD: 1}, Exit.DONE),
        ("2%", {Bucket.REJECTED_REMOTE: 2, Bucket.KEY_PROBLEM: 1}, Exit.TOO_MANY_REJECTS),
        ("0%", {Bucket.NO_RULE: 50, Bucket.BEFORE_START: 50}, Exit.DONE),
    ],
)
def test_more_rejects_than_tolerated_end_with_3(
    shop: Shop, tolerated: str, buckets: dict[Bucket, int], code: Exit
) -> None:
    with opened(shop) as session:
        orders = find_pipeline(session.project, "orders")
    tally = Tally(buckets=Counter({bucket.value: count for bucket, count in buckets.items()}))
    report = RunReport(
        pipeline="orders",
        target="default",
        destination="meta",
        run_id="1",
        status=RunStatus.DONE_WITH_REJECTS,
        acknowledged=100 - tally.buckets.total(),
        tally=tally,
    )
    assert exit_code(report, replace(orders, tolerate=Tolerate(rejected=Share.parse(tolerated)))) is code
