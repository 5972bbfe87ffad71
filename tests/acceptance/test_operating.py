"""What operators do to pipelines, and the pipelines' own tests."""

import json

import pytest

from tests.acceptance.shop import Shop

pytestmark = pytest.mark.acceptance
TESTS = """
tests:
  - name: a guest order keeps its value
    rows: [{order_id: 1, email: " A@B.co ", total: "12.50", currency: eur, ordered_at: 2026-11-20T10:00:00Z}]
    expect: [{event_name: Purchase, user_data: {em: [sha256(a@b.co)]}, custom_data: {value: 12.5, currency: EUR}}]
  - name: no currency, no event
    rows: [{ORDER_ID: 2, total: 1, email: a@b.co, ordered_at: 2026-11-20T10:00:00Z}]
    expect_rejected: [{key: 2, reason: currency_missing}]
"""


def test_a_paused_pipeline_reads_and_sends_nothing_until_it_is_resumed(shop: Shop) -> None:
    shop.add_orders(1, 3)
    shop.syncer("pause", "orders")
    assert "`syncer resume orders --target default` ends" in shop.syncer("pause", "orders", "--target", "default").out
    (again,) = map(json.loads, shop.syncer("pause", "orders", "--output", "json").out.splitlines())
    assert again == {"pipeline": "orders", "target": "default", "destination": "meta", "paused": True, "was": "by_hand"}

    held = shop.syncer("run", "orders", "--output", "json")
    assert (held.code, held.report["status"], held.report["pause_reason"]) == (1, "paused", "by_hand")
    assert held.report["rows_read"] == 0
    assert "syncer resume orders" in held.report["message"]
    assert shop.order_ids() == []
    assert "paused" in shop.syncer("status").out
    waiting = shop.syncer("trace", "orders", "1", "--output", "json").report
    assert waiting["conclusion"] == "waiting"
    assert waiting["text"].endswith("paused (by_hand): nothing is sent before `syncer resume orders`.")

    assert "it was paused: by_hand" in shop.syncer("resume", "orders").out
    assert "is not paused" in shop.syncer("resume", "orders").out
    assert "paused" not in shop.syncer("trace", "orders", "1").out
    resumed = shop.syncer("status").out
    assert ("resumed since its last run" in resumed, "lets it run again" in resumed) == (True, False)
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 3


def test_pausing_a_pipeline_that_is_not_there_names_the_nearest(shop: Shop) -> None:
    done = shop.syncer("pause", "ordrs")
    assert done.code == 2
    assert "did you mean 'orders'" in done.err


def test_own_tests_pass_without_warehouse_and_secret(shop: Shop) -> None:
    with (shop.folder / "pipelines" / "orders.yaml").open("a") as file:
        file.write(TESTS)
    (shop.folder / "warehouse.duckdb").unlink()
    done = shop.syncer("test", TOKEN="")
    assert (done.code, done.out.splitlines()[-1]) == (0, "2 tests, 0 failed")


def test_own_tests_say_what_is_not_as_expected(shop: Shop) -> None:
    with (shop.folder / "pipelines" / "orders.yaml").open("a") as file:
        file.write(
            TESTS.replace("value: 12.5,", "value: 13, num_items: 1,").replace(
                "reason: currency_missing", "reason: key_missing"
            )
        )
    done = shop.syncer("test", "orders", "--output", "json")
    first, second = map(json.loads, done.out.splitlines())
    assert done.code == 1
    assert first["failures"] == [
        "event 1.custom_data.value is 12.50, expected 13", "event 1.custom_data.num_items is missing, expected 1"
    ]  # fmt: skip
    assert second["failures"] == ["reject 1.reason is 'currency_missing', expected 'key_missing'"]
