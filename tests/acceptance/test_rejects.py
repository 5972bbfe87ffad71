"""`rejects`: what was set aside, in words and as a file; judged again, by hand and by itself; forgotten."""

import csv
import io
import json
import sqlite3
from contextlib import closing

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from syncer.cli import cli
from tests.acceptance.shop import TOKEN, Shop

pytestmark = pytest.mark.acceptance


@pytest.fixture
def refused(shop: Shop) -> Shop:
    """Ten orders: 3 and 4 have no value, Meta does not take the currency of 7, and 9 is gone since."""
    shop.add_orders(1, 10, changes="UPDATE orders SET total = NULL WHERE order_id IN (3, 4, 9)")
    shop.sql("UPDATE orders SET currency = 'MRU' WHERE order_id = 7")
    assert shop.syncer("run", "orders").code == 3
    shop.sql("DELETE FROM orders WHERE order_id = 9")
    return shop


def test_rejects_are_told_with_keys_but_without_what_the_rows_hold(refused: Shop) -> None:
    listed = refused.syncer("rejects", "list", "orders", "--rows", "--output", "json").report
    assert listed["rejects"] == 4
    assert [(one["reason"], one["events"]) for one in listed["reasons"]] == [
        ("value_missing", 3), ("remote_currency_refused", 1),
    ]  # fmt: skip
    assert [line["key"] for line in listed["rows"]] == ["3", "4", "7", None]
    shown = refused.syncer("rejects", "show", "orders", "--key", "7")
    assert "code 100\n  subcode 2804011\n  fbtrace_id A" in shown.out
    assert "c•••" in shown.out
    assert "customer7@" not in shown.out
    unknown = refused.syncer("rejects", "show", "orders", "--key", "1")
    assert (unknown.code, "no event with the key 1 is set aside; `syncer rejects list" in unknown.err) == (1, True)
    told = refused.syncer("rejects", "export", "orders", "--output", "csv").out
    assert "customer" not in told
    lines = list(csv.DictReader(io.StringIO(told)))
    assert [(line["key"], line["code"], line["subcode"]) for line in lines] == [
        ("3", "", ""), ("4", "", ""), ("7", "100", "2804011"), ("", "", ""),
    ]  # fmt: skip
    written = CliRunner().invoke(
        cli, ["rejects", "export", "orders", "--output", "parquet", "--project", str(refused.folder)],
        env={"TOKEN": TOKEN},
    )  # fmt: skip
    assert pq.read_table(io.BytesIO(written.stdout_bytes))["key"].to_pylist() == ["3", "4", "7", None]


def test_R36_a_retry_sends_what_passes_by_now_and_nothing_else(refused: Shop) -> None:
    before = refused.order_ids()
    refused.sql(
        "UPDATE orders SET total = 5 WHERE order_id = 3", "UPDATE orders SET currency = 'EUR' WHERE order_id = 7"
    )
    by_reason = refused.syncer("rejects", "retry", "orders", "--reason", "value_missing", "--output", "json")
    assert (by_reason.code, by_reason.report["rows_read"], by_reason.report["acknowledged"]) == (3, 2, 1)
    assert "the query gives no row any more for 1 of them" in by_reason.report["message"]
    by_key = refused.syncer("rejects", "retry", "orders", "--key", "7", "--output", "json")
    assert (by_key.code, by_key.report["acknowledged"]) == (0, 1)
    assert by_key.report["watermark"]["before"] == by_key.report["watermark"]["after"]
    again = refused.syncer("rejects", "retry", "orders", "--all", "--output", "json").report
    assert (again["acknowledged"], refused.order_ids()) == (0, [*before, "3", "7"])
    assert refused.syncer("rejects", "retry", "orders", "--key", "7").code == 1
    assert refused.syncer("rejects", "retry", "orders", "--key", "7", "--all").code == 2
    assert refused.syncer("rejects", "retry", "orders", "--key", "").code == 1
    assert refused.syncer("rejects", "drop", "orders", "--key", "", "--yes").code == 1
    assert refused.syncer("trace", "orders", "7", "--output", "json").report["conclusion"] == "acked"


def test_R16_a_retry_sends_no_event_from_before_the_start(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "start: window", "start: -2h")
    shop.add_orders(1, 3, changes="UPDATE orders SET total = NULL WHERE order_id > 1")
    assert shop.syncer("run", "orders").code == 3
    shop.sql("UPDATE orders SET total = 5", "UPDATE orders SET ordered_at = now() - INTERVAL 3 HOUR WHERE order_id = 3")
    shop.edit("pipelines/orders.yaml", "start: -2h", "start: window")
    report = shop.syncer("rejects", "retry", "orders", "--all", "--output", "json").report
    assert (report["acknowledged"], report["buckets"]) == (1, {"before_start": 1})
    assert shop.order_ids() == ["1", "2"]


def test_a_mended_mapping_sends_rejects_by_itself_and_dropped_ones_never(refused: Shop) -> None:
    refused.add_orders(20, 20, changes="UPDATE orders SET updated_at = updated_at + INTERVAL 2 DAY WHERE order_id = 20")
    assert refused.syncer("run", "orders", "--output", "json").report["acknowledged"] == 1
    asked = refused.syncer("rejects", "drop", "orders", "--key", "4", "--output", "json")
    assert (asked.code, asked.report["rejects"], asked.report["done"]) == (2, 1, False)
    assert refused.syncer("rejects", "drop", "orders", "--key", "4", "--yes").code == 0
    before = refused.order_ids()
    refused.edit("pipelines/orders.yaml", "value: total", "value: {column: total, default: 1}")
    refused.edit("pipelines/orders.yaml", "currency: currency", "currency: {value: EUR}")
    refused.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: {column: updated_at, lookback: 0}")
    planned = refused.syncer("plan", "orders", "--output", "json").report
    assert (planned["to_send"], planned["rows_read"], planned["buckets"]) == (2, 3, {"duplicate_skipped": 1})
    report = refused.syncer("run", "orders", "--output", "json").report
    assert (report["acknowledged"], report["rows_read"], report["buckets"]) == (2, 3, {"duplicate_skipped": 1})
    assert planned["value"] == report["value"]
    assert refused.order_ids() == [*before, "3", "7"]
    assert refused.syncer("run", "orders", "--output", "json").report["rows_read"] == 1
    assert refused.syncer("rejects", "list", "orders", "--output", "json").report["rejects"] == 1
    with closing(sqlite3.connect(refused.folder / ".syncer" / "state.db")) as state:
        told = json.dumps(list(state.execute("SELECT action, before, after FROM audit")))
    assert told == '[["rejects drop", "1 set aside", "forgotten: one key"]]'


def test_a_reason_that_is_none_is_refused_and_those_that_are_there_are_named(refused: Shop) -> None:
    for asked in (["retry"], ["drop", "--yes"]):
        done = refused.syncer("rejects", asked[0], "orders", "--reason", "value_mising", *asked[1:])
        assert (done.code, "'value_mising' is no reason code; set aside for: " in done.err) == (2, True), done.err
        assert "value_missing" in done.err
