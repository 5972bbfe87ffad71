import json
from datetime import UTC, datetime

import pytest

from syncer.sandbox.faults import parse_faults
from syncer.state.scope import Scope
from syncer.state.store import open_store
from tests.acceptance.shop import MakeShop, Shop

pytestmark = pytest.mark.acceptance


def test_every_row_arrives_once_and_a_second_run_sends_only_what_is_new(shop: Shop) -> None:
    shop.add_orders(1, 2_500)
    first = shop.syncer("run", "orders", "--output", "json")
    assert first.code == 0, first.err
    assert (first.report["status"], first.report["acknowledged"], first.report["requests"]) == ("done", 2_500, 3)
    assert first.err.splitlines()[0] == "orders: target default, dataset 1234567890, 127.0.0.1"

    shop.add_orders(
        2_501, 2_510, changes="UPDATE orders SET email = 'new@example.com', updated_at = now() WHERE order_id < 6"
    )
    second = shop.syncer("run", "orders", "--output", "json").report
    assert second["acknowledged"] == 10
    assert second["events"] == second["rows_read"] == 10 + second["buckets"]["duplicate_skipped"]
    assert sorted(map(int, shop.order_ids())) == list(range(1, 2_511))


def test_bad_rows_cost_only_themselves(shop: Shop) -> None:
    shop.add_orders(
        1,
        1_000,
        changes="""UPDATE orders SET
            currency = CASE WHEN order_id = 10 THEN NULL WHEN order_id = 20 THEN 'MRU' ELSE currency END,
            total = CASE WHEN order_id = 30 THEN NULL ELSE total END,
            email = CASE order_id WHEN 40 THEN NULL WHEN 50 THEN 'n/a' ELSE email END,
            ordered_at = CASE WHEN order_id = 60 THEN now() - INTERVAL 8 DAY
                              WHEN order_id = 70 THEN now() + INTERVAL 1 DAY
                              WHEN order_id = 80 THEN NULL ELSE ordered_at END""",
    )
    shop.sql("UPDATE orders SET order_id = NULL WHERE order_id = 90")
    done = shop.syncer("run", "orders", "--output", "json")
    report = done.report
    assert (done.code, report["status"], report["acknowledged"]) == (3, "done_with_rejects", 991)
    assert report["buckets"] == {"expired": 1, "key_problem": 1, "rejected_local": 6, "rejected_remote": 1}
    assert report["reasons"]["currency_missing"] == report["reasons"]["value_missing"] == 1
    assert report["reasons"]["customer_info_insufficient"] == 2
    assert report["dropped_fields"] == {"em": 1}
    assert report["events"] == report["rows_read"] == 1_000
    assert "20" not in shop.order_ids()


def test_an_unreachable_dataset_fails_with_remedy_and_loses_nothing(shop: Shop) -> None:
    shop.add_orders(1, 5)
    shop.edit("syncer.yaml", "http://127.0.0.1", "http://localhost")
    shop.edit("syncer.yaml", f":{shop.sandbox.port}", ":9")
    failed = shop.syncer("run", "orders", "--output", "json")
    assert failed.code == 1
    assert failed.report["status"] == "failed"
    assert failed.report["message"]
    assert failed.report["buckets"] == {"pending": 5}
    shop.edit("syncer.yaml", ":9", f":{shop.sandbox.port}")
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 5
    assert len(shop.order_ids()) == 5


def test_a_refused_token_pauses_and_consumes_nothing(shop: Shop) -> None:
    shop.add_orders(1, 5)
    blocked = shop.syncer("run", "orders", "--output", "json", TOKEN="EAAwrong0123456789")
    assert (blocked.code, blocked.report["status"]) == (1, "paused")
    assert blocked.report["pause_reason"]
    assert "EAAwrong" not in blocked.out + blocked.err
    assert json.loads(shop.syncer("status", "--output", "json").out)["state"] == "paused"
    good = shop.syncer("run", "orders", "--output", "json")
    assert (good.code, good.report["acknowledged"]) == (0, 5)
    assert json.loads(shop.syncer("status", "--output", "json").out)["state"] == "done"


def test_a_missing_token_names_the_variable(shop: Shop) -> None:
    shop.add_orders(1, 5)
    shop.edit("syncer.yaml", "${env:TOKEN}", "${env:NO_SUCH_TOKEN}")
    done = shop.syncer("run", "orders")
    assert done.code != 0
    assert "NO_SUCH_TOKEN" in done.out + done.err


def test_server_errors_are_sent_again_with_the_same_event_id(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("500_after=1@1,reset_after=1@2"))
    shop.add_orders(1, 10)
    report = shop.syncer("run", "orders", "--output", "json").report
    assert (report["status"], report["acknowledged"]) == ("done", 10)
    assert report["possible_duplicates"] == 20
    ids = {event["event_id"] for event in shop.sandbox.sandbox.events()}
    assert (len(ids), len(shop.sandbox.sandbox.events())) == (10, 30)


def test_at_most_once_holds_what_is_in_doubt(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("reset_after=1@1"))
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\ndelivery: {mode: at_most_once}")
    shop.add_orders(1, 10)
    done = shop.syncer("run", "orders", "--output", "json")
    assert (done.code, done.report["buckets"]) == (3, {"held": 10})
    again = shop.syncer("run", "orders", "--output", "json").report
    assert (again["acknowledged"], again["buckets"]) == (0, {"duplicate_skipped": 10})
    assert len(shop.order_ids()) == 10


def test_a_request_that_is_too_large_is_halved(make_shop: MakeShop) -> None:
    shop = make_shop(body_limit_bytes=60_000)
    shop.add_orders(1, 1_000)
    report = shop.syncer("run", "orders", "--output", "json").report
    assert report["acknowledged"] == 1_000
    assert sorted(map(int, shop.order_ids())) == list(range(1, 1_001))


def test_limit_sends_so_many_and_the_next_run_goes_on_even_inside_ties(shop: Shop) -> None:
    shop.add_orders(1, 30, changes="UPDATE orders SET updated_at = TIMESTAMPTZ '2026-11-01 00:00:00+00'")
    counts = [
        shop.syncer("run", "orders", "--limit", "12", "--output", "json").report["acknowledged"] for _ in range(3)
    ]
    assert counts == [12, 12, 6]
    assert sorted(map(int, shop.order_ids())) == list(range(1, 31))


def test_rows_without_cursor_value_are_sent_whenever_they_appear(shop: Shop) -> None:
    shop.add_orders(1, 3)
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 3
    shop.sql("INSERT INTO orders VALUES (99, 'late@example.com', 1, 'EUR', now(), NULL)")
    report = shop.syncer("run", "orders", "--output", "json").report
    assert report["acknowledged"] == 1
    assert "99" in shop.order_ids()


def test_a_row_that_must_wait_holds_the_watermark_back(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "browser_pixel: none", "browser_pixel: none, delay: 2h")
    shop.add_orders(1, 3, changes="UPDATE orders SET ordered_at = now() - INTERVAL 3 HOUR WHERE order_id <> 2")
    first = shop.syncer("run", "orders", "--output", "json").report
    assert (first["acknowledged"], first["buckets"]) == (2, {"too_early": 1})
    shop.edit("pipelines/orders.yaml", "delay: 2h", "delay: 1m")
    second = shop.syncer("run", "orders", "--output", "json").report
    assert second["acknowledged"] == 1
    assert sorted(shop.order_ids()) == ["1", "2", "3"]


def test_a_second_run_at_the_same_time_is_told_who_holds_the_pipeline(shop: Shop) -> None:
    shop.add_orders(1, 5)
    url = f"sqlite:///{shop.folder}/.syncer/state.db"
    with (
        open_store(url, root=shop.folder, home=shop.folder / ".syncer") as store,
        store.start_run(
            Scope("default", "orders", "meta"),
            run_id="01J00000000000000000000000", now=datetime.now(UTC), fingerprint="", trigger="manual",
            holder="somebody@elsewhere pid 7",
        ),
    ):  # fmt: skip
        locked = shop.syncer("run", "orders", "--output", "json")
        trial = shop.syncer("send-test", "orders", "--code", "TEST1", "--output", "json")
    for told in (locked, trial):
        assert (told.code, told.report["status"]) == (4, "locked")
        assert "somebody@elsewhere pid 7" in told.report["message"]
    assert shop.order_ids() == []
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 5


def test_a_missing_column_names_the_columns_there_are(shop: Shop) -> None:
    shop.add_orders(1, 2)
    shop.edit("pipelines/orders.yaml", "em: email", "em: emial")
    done = shop.syncer("run", "orders")
    assert done.code == 2
    assert "emial" in done.err
    assert "email" in done.err.replace("emial", "")
    checked = shop.syncer("validate")
    assert checked.code == 2
    assert "mapping.customer_info.em" in checked.out


@pytest.mark.parametrize("kind", ["BOOLEAN", "DOUBLE", "BLOB"])
def test_a_cursor_without_an_order_is_named_at_its_line(shop: Shop, kind: str) -> None:
    shop.add_orders(1, 2)
    shop.edit("pipelines/orders.yaml", "SELECT * FROM orders", f"SELECT *, NULL::{kind} AS odd FROM orders")
    shop.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: odd")
    for done in (shop.syncer("validate"), shop.syncer("run", "orders")):
        assert done.code == 2
        assert "odd" in done.out + done.err
        assert "cast it" in done.out + done.err
        assert "Traceback" not in done.out + done.err
    assert shop.syncer("status").out.count("running") == 0
