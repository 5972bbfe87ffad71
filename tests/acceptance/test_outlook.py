"""`plan`, `trace` and `deliveries`: what would be, what became of one row, what became of all."""

import csv
import io
import json
from typing import Any

import pytest

from syncer.config.load import load_project
from syncer.outlook import forecast
from syncer.ports import Points
from syncer.report import RunStatus
from syncer.sandbox.tokens import Token
from syncer.session import Session
from tests.acceptance.shop import TOKEN, MakeShop, Shop

pytestmark = pytest.mark.acceptance


def event_ids(shop: Shop) -> dict[str, str]:
    """The event_id of each order that arrived."""
    events: list[Any] = list(shop.sandbox.sandbox.events())
    return {event["custom_data"]["order_id"]: event["event_id"] for event in events}


def test_a_plan_says_what_the_run_then_does(shop: Shop) -> None:
    shop.add_orders(1, 30, changes="UPDATE orders SET currency = NULL WHERE order_id = 7")
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\ndelivery: {events_per_request: 10}")
    planned = shop.syncer("plan", "orders", "--output", "json", "--detailed-exitcode")
    assert planned.code == 5
    assert "target default, dataset 1234567890, 127.0.0.1" in planned.err
    assert shop.order_ids() == []
    run = shop.syncer("run", "orders", "--output", "json").report
    shared = ("events", "requests", "value", "buckets", "reasons", "coverage", "match_keys")
    assert {name: planned.report[name] for name in shared} == {name: run[name] for name in shared}
    assert (planned.report["to_send"], planned.report["requests"], run["acknowledged"]) == (29, 3, 29)
    again = shop.syncer("plan", "--output", "json", "--detailed-exitcode")
    assert (again.code, again.report["to_send"]) == (0, 0)
    assert again.report["buckets"] == {"duplicate_skipped": 29, "rejected_local": 1}
    assert again.report["watermark"] == run["watermark"]["after"]


def test_after_a_reset_what_was_sent_before_is_not_said_to_be_odd_again(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", '    event_source_url: {value: "https://shop.example/thanks"}\n', "")
    shop.add_orders(1, 30)
    assert shop.syncer("run", "orders", "--output", "json").report["warnings"] == {"website_without_url": 30}
    shop.add_orders(31, 33)
    assert shop.syncer("reset", "orders", "--to", "start", "--yes").code == 0
    planned = shop.syncer("plan", "orders", "--output", "json").report
    run = shop.syncer("run", "orders", "--output", "json").report
    for each in (planned, run):
        assert (each["buckets"], each["warnings"]) == ({"duplicate_skipped": 30}, {"website_without_url": 3})
        assert each["match_keys"]["Purchase"]["events"] == 3


def test_what_was_adopted_is_not_said_to_be_odd_by_the_first_run(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", '    event_source_url: {value: "https://shop.example/thanks"}\n', "")
    shop.add_orders(1, 30)
    assert shop.syncer("adopt", "orders", "--until", "2100-01-01", "--yes").code == 0
    shop.add_orders(31, 33)
    planned = shop.syncer("plan", "orders", "--output", "json").report
    run = shop.syncer("run", "orders", "--output", "json").report
    for each in (planned, run):
        assert (each["buckets"], each["warnings"]) == ({"duplicate_skipped": 30}, {"website_without_url": 3})


def test_without_a_cursor_a_row_that_was_sent_is_a_duplicate_whatever_it_holds_by_now(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", '    event_source_url: {value: "https://shop.example/thanks"}\n', "")
    shop.edit("pipelines/orders.yaml", "cursor: updated_at\n", "")
    shop.add_orders(1, 30)
    shop.syncer("run", "orders")
    shop.add_orders(31, 33, changes="UPDATE orders SET currency = NULL WHERE order_id = 7")
    planned = shop.syncer("plan", "orders", "--output", "json").report
    run = shop.syncer("run", "orders", "--output", "json").report
    for each in (planned, run):
        assert (each["buckets"], each["warnings"]) == ({"duplicate_skipped": 30}, {"website_without_url": 3})


def test_a_plan_of_several_says_what_it_can_where_one_warehouse_is_away(shop: Shop) -> None:
    shop.add_orders(1, 2)
    shop.edit("syncer.yaml", "sources:\n", "sources:\n  away: {type: duckdb, path: away.duckdb}\n")
    text = (shop.folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8")
    early = text.replace("name: orders", "name: early").replace("source: warehouse", "source: away")
    (shop.folder / "pipelines" / "early.yaml").write_text(early, encoding="utf-8")
    done = shop.syncer("plan", "--output", "json", "--detailed-exitcode")
    assert (done.code, done.report["pipeline"], done.report["to_send"]) == (1, "orders", 2)
    heading, failure, *_ = done.err.splitlines()
    assert (heading.startswith("early: target"), "away.duckdb" in failure) == (True, True)


class Interrupted(Points):
    """Points of which one is where Ctrl-C comes: a request is armed, and nobody knows whether it was sent."""

    def __init__(self, at: str = "arm.after") -> None:
        self.at = at

    def hit(self, name: str, /) -> None:
        """Pass a point."""
        if name == self.at:
            raise KeyboardInterrupt


def test_what_may_have_arrived_is_not_said_to_wait_where_a_run_gave_it_back(shop: Shop) -> None:
    shop.add_orders(1, 2)
    project = load_project(shop.folder, environ={"TOKEN": TOKEN})
    for at in ("arm.after", "recover.after"):
        with Session(project, points=Interrupted(at)) as session:
            assert session.run("orders").status is RunStatus.INTERRUPTED
        assert shop.syncer("trace", "orders", "1", "--output", "json").report["conclusion"] == "unfinished"
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 2
    assert shop.syncer("trace", "orders", "1", "--output", "json").report["conclusion"] == "acked"


def test_a_plan_knows_that_what_a_run_gave_back_will_be_held(shop: Shop) -> None:
    shop.add_orders(1, 2)
    project = load_project(shop.folder, environ={"TOKEN": TOKEN})
    for at in ("arm.after", "recover.after"):
        with Session(project, points=Interrupted(at)) as session:
            session.run("orders")
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\ndelivery: {mode: at_most_once}")
    assert shop.syncer("plan", "orders", "--output", "json").report["to_send"] == 0
    report = shop.syncer("run", "orders", "--output", "json").report
    assert (report["acknowledged"], report["buckets"]) == (0, {"held": 2})


def test_a_plan_knows_what_the_run_will_hold(shop: Shop) -> None:
    shop.add_orders(1, 5)
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\ndelivery: {mode: at_most_once}")
    project = load_project(shop.folder, environ={"TOKEN": TOKEN})
    with Session(project, points=Interrupted()) as session:
        assert session.run("orders").status is RunStatus.INTERRUPTED
    with Session(project) as session:
        assert forecast(session, project.pipelines["orders"], on_rows=lambda _: None).to_send == 0
        assert session.run("orders").acknowledged == 0


def test_a_plan_warns_of_what_meta_would_take_and_misread(shop: Shop) -> None:
    shop.add_orders(1, 20, changes="UPDATE orders SET ordered_at = date_trunc('day', now() - INTERVAL 1 DAY)")
    shop.sql("UPDATE orders SET email = 'unknown@example.com' WHERE order_id <= 5")
    shop.edit("pipelines/orders.yaml", "SELECT * FROM orders", "SELECT *, order_id::DOUBLE AS id FROM orders")
    shop.edit("pipelines/orders.yaml", "order_id: order_id", "order_id: id")
    pipeline = (shop.folder / "pipelines" / "orders.yaml").read_text(encoding="utf-8")
    (shop.folder / "pipelines" / "again.yaml").write_text(pipeline.replace("name: orders", "name: again"))
    lines = [json.loads(line) for line in shop.syncer("plan", "--output", "json").out.splitlines()]
    found = {line["pipeline"]: {one["code"]: one["text"] for one in line["advice"]} for line in lines}
    codes = {"one_value", "bare_date", "id_is_float", "no_browser_ids", "sent_by_two_pipelines"}
    assert set(found["orders"]) == set(found["again"]) == codes
    assert "em stands in 5 of 20 events (25.0%)" in found["orders"]["one_value"]
    assert "20 events have the event_name and order_id of events of again" in found["orders"]["sent_by_two_pipelines"]
    shown = shop.syncer("plan", "orders").out
    assert "20 of 20 events would be sent in 1 request" in shown
    assert "unknown@example.com" not in shown


def test_a_trace_tells_where_each_row_stands(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.add_orders(10, 14, changes="UPDATE orders SET currency = 'XXX' WHERE order_id = 12")
    shop.sql("UPDATE orders SET total = NULL WHERE order_id = 13")
    shop.syncer("run", "orders")
    shop.add_orders(1, 1, changes="UPDATE orders SET updated_at = '2026-10-01' WHERE order_id = 1")
    shop.add_orders(20, 20)
    shop.sql("DELETE FROM orders WHERE order_id = 10")
    found = {
        key: shop.syncer("trace", "orders", str(key), "--output", "json").report for key in (1, 10, 11, 12, 13, 20, 99)
    }
    words = {key: report["conclusion"] for key, report in found.items()}
    assert words == {
        1: "late", 10: "acked", 11: "acked", 12: "rejected_local", 13: "rejected_local", 20: "waiting", 99: "not_found",
    }  # fmt: skip
    assert (found[10]["is_in_warehouse"], found[11]["is_in_warehouse"]) == (False, True)
    (request,) = found[11]["requests"]
    assert request["fbtrace_id"] in found[11]["text"]
    assert found[13]["rejected"]["reason"] == "value_missing"
    events = event_ids(shop)
    assert found[11]["event_id"] == events["11"]
    shop.sql("UPDATE orders SET total = 1, updated_at = now() WHERE order_id = 13")
    assert shop.syncer("trace", "orders", "13", "--output", "json").report["conclusion"] == "waiting"
    wrong = shop.syncer("trace", "orders", "abc")
    assert (wrong.code, wrong.out) == (1, "")
    assert "order_id" in wrong.err
    assert "acked" in shop.syncer("trace", "orders", "11").out


def test_of_rows_with_one_key_the_trace_tells_which_is_sent_and_what_becomes_of_the_other(shop: Shop) -> None:
    shop.add_orders(1, 1)
    shop.sql(
        "INSERT INTO orders SELECT 1, 'b@example.com', 2, 'EUR', ordered_at - INTERVAL 1 HOUR, "
        "updated_at - INTERVAL 1 DAY FROM orders"
    )

    def told() -> list[Any]:
        lines = shop.syncer("trace", "orders", "1", "--output", "json").out.splitlines()
        return [json.loads(line) for line in lines]

    first, second = told()
    assert (first["conclusion"], second["conclusion"], second["reason"]) == ("waiting", "key_problem", "key_conflict")
    shop.syncer("run", "orders")
    [event] = shop.sandbox.sandbox.events()
    assert event["event_time"] == first["event_time"]
    assert [line["conclusion"] for line in told()] == ["acked"]


def test_of_rows_with_one_key_the_trace_tells_those_that_no_run_reads_from_the_others(shop: Shop) -> None:
    shop.add_orders(2, 2)
    shop.syncer("run", "orders")
    shop.add_orders(1, 1, changes="UPDATE orders SET updated_at = updated_at - INTERVAL 1 DAY WHERE order_id = 1")
    shop.sql("INSERT INTO orders SELECT * REPLACE (now() AS updated_at) FROM orders WHERE order_id = 1")
    lines = [json.loads(line) for line in shop.syncer("trace", "orders", "1", "--output", "json").out.splitlines()]
    assert [line["conclusion"] for line in lines] == ["late", "waiting"]


def test_what_meta_refused_is_not_said_to_wait_when_its_reject_was_dropped(shop: Shop) -> None:
    shop.add_orders(1, 2, changes="UPDATE orders SET currency = 'MRU' WHERE order_id = 2")
    shop.syncer("run", "orders")
    assert shop.syncer("rejects", "drop", "orders", "--all", "--yes").code == 0
    shop.sql("UPDATE orders SET currency = 'EUR', updated_at = now() WHERE order_id = 2")
    told = shop.syncer("trace", "orders", "2", "--output", "json").report
    assert (told["conclusion"], "no run sends it" in told["text"]) == ("rejected_remote", True)
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 0
    assert shop.syncer("backfill", "orders", "--since", "-1d", "--resend", "--yes").code == 0
    assert sorted(shop.order_ids()) == ["1", "1", "2"]  # as it says
    shop.sql("UPDATE orders SET currency = 'MRU' WHERE order_id = 1", "DELETE FROM orders WHERE order_id = 2")
    assert shop.syncer("trace", "orders", "2", "--output", "json").report["conclusion"] == "acked"


def test_a_reject_that_the_next_run_judges_again_is_not_said_to_be_late(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: {column: updated_at, lookback: 0}")
    shop.add_orders(1, 3, changes="UPDATE orders SET total = NULL WHERE order_id = 1")
    shop.syncer("run", "orders")
    shop.sql("UPDATE orders SET total = 5 WHERE order_id = 1")  # and its cursor value stays
    told = shop.syncer("trace", "orders", "1", "--output", "json").report
    assert (told["conclusion"], "`syncer rejects retry orders` judges it again" in told["text"]) == ("late", True)
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 0
    shop.edit("pipelines/orders.yaml", "value: total", "value: {column: total, default: 1}")
    assert shop.syncer("trace", "orders", "1", "--output", "json").report["conclusion"] == "waiting"
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 1


def test_deliveries_have_a_line_for_each_event_by_its_key(shop: Shop) -> None:
    shop.add_orders(1, 5, changes="UPDATE orders SET total = NULL WHERE order_id = 3")
    shop.syncer("run", "orders")
    shop.sql("DELETE FROM orders WHERE order_id = 5")
    done = shop.syncer("deliveries", "orders")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert {line["key"]: line["outcome"] for line in lines} == {
        "1": "acknowledged", "2": "acknowledged", "3": "rejected_local", "4": "acknowledged",
    }  # fmt: skip
    events = event_ids(shop)
    assert lines[0]["event_id"] == events["1"]
    assert lines[2]["reason"] == "value_missing"
    assert "1 more event was sent or set aside whose row the query no longer gives" in done.err
    table = shop.syncer("deliveries", "orders", "--output", "csv", "--since", "-1h").out
    assert [row["key"] for row in csv.DictReader(io.StringIO(table))] == ["1", "2", "3", "4"]
    assert shop.syncer("deliveries", "orders", "--since", "2999-01-01").out == ""
    assert "write 2026-11-20" in shop.syncer("deliveries", "orders", "--since", "yesterday").err


def test_a_key_may_hold_commas(shop: Shop) -> None:
    shop.add_orders(1, 1, changes="UPDATE orders SET email = 'a, b'")
    shop.edit("pipelines/orders.yaml", "key: order_id", "key: email")
    assert shop.syncer("trace", "orders", "a, b", "--output", "json").report["is_in_warehouse"]
    shop.edit("pipelines/orders.yaml", "key: email", "key: [order_id, email]")
    assert shop.syncer("trace", "orders", '1,"a, b"', "--output", "json").report["is_in_warehouse"]
    for text in ("1,a, b", "1,a\nb", ""):  # an empty one must not mean: any rows
        wrong = shop.syncer("send-test", "orders", "--code", "TEST1", "--key", text)
        assert (wrong.code, "key has 2 columns" in wrong.err) == (2, True)
    assert shop.order_ids() == []
    shop.syncer("run", "orders")
    (line,) = shop.syncer("deliveries", "orders").out.splitlines()
    assert json.loads(line)["key"] == '1,"a, b"'


def test_each_key_that_deliveries_write_finds_its_row_whatever_its_type(shop: Shop) -> None:
    shop.add_orders(1, 3)
    shop.sql(
        """CREATE OR REPLACE TABLE orders AS
        SELECT *, order_id + 0.5::DOUBLE AS weight, order_id % 2 = 1 AS gift, encode('c' || order_id) AS code FROM orders"""
    )
    shop.edit("pipelines/orders.yaml", "key: order_id", "key: [order_id, weight, gift, code]")
    shop.syncer("run", "orders")
    keys = [json.loads(line)["key"] for line in shop.syncer("deliveries", "orders").out.splitlines()]
    assert len(set(keys)) == 3
    for number, key in enumerate(keys, 1):
        traced = shop.syncer("trace", "orders", key, "--output", "json").report
        assert (traced["is_in_warehouse"], traced["event_id"]) == (True, event_ids(shop)[str(number)])
    shown = json.loads(shop.syncer("preview", "orders", "--key", keys[1], "--output", "json").out)
    assert [event["custom_data"]["order_id"] for event in shown["data"]] == ["2"]
    assert shop.syncer("send-test", "orders", "--code", "TEST1", "--key", keys[2]).code == 0
    assert shop.syncer("trace", "orders", "9,9.5,true,c9", "--output", "json").report["is_in_warehouse"] is False
    assert shop.syncer("erase", "orders", "--key", keys[0]).code == 0
    assert json.loads(shop.syncer("trace", "orders", keys[0], "--output", "json").out)["conclusion"] == "erased"


def test_deliveries_find_what_was_sent_by_another_cursor_and_run_no_formula(shop: Shop) -> None:
    shop.sql("ALTER TABLE orders ALTER order_id TYPE VARCHAR", "ALTER TABLE orders ADD COLUMN made_at TIMESTAMPTZ")
    shop.sql(
        """INSERT INTO orders SELECT key, 'a@example.com', 1, 'EUR', now() - INTERVAL 1 HOUR, now(), now() - INTERVAL 1 DAY
        FROM (VALUES ('=1+1'), ('-5'), ('@x')) AS keys(key)"""
    )
    shop.syncer("run", "orders")
    shop.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: made_at")
    done = shop.syncer("deliveries", "orders", "--output", "csv")
    assert [row["key"] for row in csv.DictReader(io.StringIO(done.out))] == ["-5", "'=1+1", "'@x"]
    assert done.err == ""


def test_the_quality_that_meta_tells_is_shown_by_event(shop: Shop) -> None:
    none = shop.syncer("quality", "orders")
    assert (none.code, none.out) == (0, "Meta has no figures yet: they come with some days of web events\n")
    shop.add_orders(1, 4)
    assert shop.syncer("run", "orders").code == 0
    told = shop.syncer("quality", "orders")
    assert told.code == 0
    assert told.out.splitlines() == [
        "Purchase  match quality 4 of 10",
        "  keys      email 100 %, user_agent 100 %",
        "  coverage  100 % of the pixel's events; Meta's goal is 75 %",
        "  freshness real_time",
    ]
    report = shop.syncer("quality", "orders", "--output", "json").report
    assert (report["pipeline"], report["target"], report["destination"]) == ("orders", "default", "meta")
    (event,) = report["events"]
    assert (event["score"], event["match_keys"]) == (4.0, {"email": 100.0, "user_agent": 100.0})


def test_the_sandbox_of_a_target_has_no_figures_and_says_where_there_are_some(shop: Shop) -> None:
    shop.edit("syncer.yaml", "    type: meta\n", "    type: sandbox\n")
    told = shop.syncer("quality", "orders")
    assert (told.code, told.out) == (1, "")
    assert "target default has the sandbox in place of the dataset" in told.err
    assert "`--target` names one that has Meta's" in told.err


def test_a_token_that_may_not_read_quality_is_named_with_the_remedy(shop: Shop) -> None:
    shop.sandbox.sandbox.tokens[TOKEN] = Token(text=TOKEN, dataset_ids=["1"])
    told = shop.syncer("quality", "orders")
    assert (told.code, told.out) == (1, "")
    assert "the token may not read the quality of this dataset (HTTP 400, code 100)" in told.err
