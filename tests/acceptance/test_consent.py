"""`consent:` of a pipeline, from the warehouse to what is written down of those who gave none."""

import json
import logging
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import BATCH_ROWS
from connectors.incremental import CursorKind, CursorValue
from syncer.report import Tally
from syncer.sandbox.faults import parse_faults
from syncer.session import load_project, run_sync
from syncer.state.requests import NewRequest
from syncer.state.scope import Scope
from syncer.transform.identity import identity
from tests.acceptance.shop import TOKEN, MakeShop, Shop
from tests.acceptance.test_operator_actions import opened

pytestmark = pytest.mark.acceptance
BY_CATEGORY = 'destination: meta\nconsent: {column: choices, category: "3"}'
CHOICES = {1: "'3,4'", 2: "'4'", 3: "NULL", 4: '\'["1","3"]\'', 5: "'[3'", 6: "'3'"}
"""By order: 1, 4 and 6 have the category; 5 has broken JSON."""


def ask(shop: Shop, consent: str = BY_CATEGORY) -> Shop:
    """Let the pipeline ask for consent, of orders 1 to 6."""
    shop.edit("pipelines/orders.yaml", "destination: meta", consent)
    shop.sql("ALTER TABLE orders ADD COLUMN choices VARCHAR")
    whens = " ".join(f"WHEN {order} THEN {choice}" for order, choice in CHOICES.items())
    shop.sql(
        f"""INSERT INTO orders SELECT range, 'customer' || range || '@example.com', 12.50, 'EUR',
            now() - INTERVAL 1 HOUR, TIMESTAMPTZ '2026-11-01 00:00:00+00' + to_milliseconds(range),
            CASE range {whens} END FROM range(1, 7)"""
    )
    return shop


def choose(shop: Shop, order: int, choice: str) -> None:
    """Change what somebody chose; the order's cursor grows."""
    shop.sql(f"UPDATE orders SET choices = {choice}, updated_at = updated_at + INTERVAL 1 DAY WHERE order_id = {order}")


def run(shop: Shop, *more: str) -> dict[str, Any]:
    return shop.syncer("run", "orders", "--output", "json", *more).report


def state(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(shop.folder / ".syncer" / "state.db")) as found:
        return found.execute(query).fetchall()


def test_S17_only_rows_with_consent_are_sent_and_the_others_are_written_down(shop: Shop) -> None:
    ask(shop)
    planned = shop.syncer("plan", "orders", "--output", "json").report
    assert (planned["to_send"], planned["buckets"]) == (3, {"no_consent": 3})
    done = shop.syncer("run", "orders", "--output", "json")
    assert (done.code, done.report["status"], shop.order_ids()) == (0, "done", ["1", "4", "6"])
    assert done.report["buckets"] == {"no_consent": 3}
    assert done.report["reasons"] == {"consent_denied": 1, "consent_missing": 1, "consent_unknown": 1}
    assert "most_rows_without_consent" not in [one["code"] for one in done.report["advice"]]
    shown = shop.syncer("show", done.report["run_id"], "--output", "json").report
    assert [request["consent"] for request in shown["requests"]] == ["choices: granted"]
    assert sorted(state(shop, "SELECT reason, length(digests) FROM suppressed")) == [
        ("consent_denied", 16), ("consent_missing", 16), ("consent_unknown", 16),
    ]  # fmt: skip
    previewed = shop.syncer("preview", "orders", "--limit", "6")
    assert "refused: key 2: consent_denied (choices); `syncer explain consent_denied`" in previewed.err
    assert "no consent" in shop.syncer("explain", "consent_denied").out
    for file in (shop.folder / ".syncer").iterdir():
        held = file.read_bytes() if file.is_file() else b""
        assert b"customer" not in held
        assert b"[3" not in held


def test_S17_trace_says_what_became_of_a_row_without_consent(shop: Shop) -> None:
    ask(shop)
    report = run(shop)
    traced = shop.syncer("trace", "orders", "2", "--output", "json").report
    assert (traced["conclusion"], traced["reason"], traced["field"]) == ("no_consent", "consent_denied", "choices")
    assert traced["suppressed"] == {
        "run_id": report["run_id"], "reason": "consent_denied", "at": traced["suppressed"]["at"],
    }  # fmt: skip
    assert f"It is unsent since {traced['suppressed']['at']}" in shop.syncer("trace", "orders", "2").out
    shop.sql("DELETE FROM orders WHERE order_id = 3")
    gone = shop.syncer("trace", "orders", "3", "--output", "json").report
    assert (gone["conclusion"], gone["is_in_warehouse"]) == ("no_consent", False)
    assert shop.syncer("trace", "orders", "1", "--output", "json").report["suppressed"] is None


def test_S17_consent_that_comes_later_does_not_send_what_was_before_unless_it_is_retroactive(shop: Shop) -> None:
    ask(shop)
    run(shop)
    choose(shop, 2, "'3'")
    reasons = {"consent_came_later": 1, "consent_missing": 1, "consent_unknown": 1}  # the lookback reads them again
    assert shop.syncer("plan", "orders", "--output", "json").report["reasons"] == reasons
    report = run(shop)
    assert (report["acknowledged"], report["reasons"]) == (0, reasons)
    assert shop.syncer("trace", "orders", "2", "--output", "json").report["reason"] == "consent_came_later"
    assert len(state(shop, "SELECT 1 FROM suppressed")) == 3
    shop.edit("pipelines/orders.yaml", 'category: "3"', 'category: "3", retroactive: true')
    choose(shop, 3, "'3'")
    assert (run(shop)["acknowledged"], shop.order_ids()) == (2, ["1", "4", "6", "2", "3"])
    assert run(shop)["acknowledged"] == 0


def test_S17_consent_withdrawn_stops_what_was_set_aside_or_is_wanted_again(shop: Shop) -> None:
    ask(shop)
    shop.sql("UPDATE orders SET total = NULL WHERE order_id = 1")
    assert run(shop)["buckets"] == {"no_consent": 3, "rejected_local": 1}
    shop.sql("UPDATE orders SET total = 5, choices = '4' WHERE order_id = 1")
    retried = shop.syncer("rejects", "retry", "orders", "--all", "--output", "json").report
    assert (retried["acknowledged"], retried["reasons"]) == (0, {"consent_denied": 1})
    assert shop.syncer("trace", "orders", "1", "--output", "json").report["conclusion"] == "no_consent"
    shop.sql("UPDATE orders SET choices = '' WHERE order_id = 4")
    again = shop.syncer("backfill", "orders", "--since", "-1d", "--resend", "--yes", "--output", "json").report
    assert (again["acknowledged"], again["reasons"]["consent_missing"]) == (1, 2)
    assert shop.order_ids() == ["4", "6", "6"]
    assert shop.syncer("trace", "orders", "4", "--output", "json").report["conclusion"] == "acked"


def test_S17_held_events_are_not_sent_again_once_consent_is_withdrawn(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("reset_after=1@1"))
    ask(shop, BY_CATEGORY + "\ndelivery: {mode: at_most_once}")
    assert run(shop)["buckets"] == {"held": 3, "no_consent": 3}
    before = shop.order_ids()
    shop.sql("UPDATE orders SET choices = '4' WHERE order_id IN (1, 4)")
    done = shop.syncer("held", "resend", "orders", "--yes", "--output", "json")
    assert (done.report["acknowledged"], done.report["reasons"]) == (1, {"consent_denied": 2})
    assert shop.order_ids() == [*before, "6"]
    assert shop.syncer("trace", "orders", "1", "--output", "json").report["conclusion"] == "held"


def test_S17_an_event_in_doubt_is_not_sent_again_once_consent_is_withdrawn(shop: Shop) -> None:
    ask(shop)
    with opened(shop) as session:  # a run that dies behind the intent to send order 1
        pipeline = session.project.pipelines["orders"]
        name = identity(session.identity_scope(pipeline, ids_name=None), "orders", "", ["1"])
        now = session.clock.now()
        facts: dict[str, Any] = {"run_id": "dead", "fingerprint": "f", "trigger": "manual", "holder": "ada"}
        with session.store.start_run(Scope("default", "orders", "meta"), now=now, **facts) as died:
            at = int((now - timedelta(hours=1)).timestamp())
            died.page(Tally(rows_read=1), [], 1)
            cursor = CursorValue(CursorKind.TEXT, "1")
            died.arm(NewRequest(digests=name, events=1, event_time_min=at, event_time_max=at, cursor_low=cursor))
    shop.sql("UPDATE orders SET choices = '4' WHERE order_id = 1")
    report = run(shop)
    assert (report["acknowledged"], report["possible_duplicates"], shop.order_ids()) == (2, 1, ["4", "6"])
    assert report["reasons"]["consent_denied"] == 2


def test_S17_a_run_stops_where_the_column_is_gone(shop: Shop) -> None:
    ask(shop)
    run(shop)
    shop.sql("ALTER TABLE orders DROP COLUMN choices", "UPDATE orders SET updated_at = updated_at + INTERVAL 1 DAY")
    done = shop.syncer("run", "orders")
    assert done.code == 2
    assert 'consent.column: the query has no column "choices"' in done.err
    assert "orders.yaml:9:" in done.err
    assert shop.syncer("validate", "orders").code == 2
    assert shop.order_ids() == ["1", "4", "6"]


def test_a_run_that_leaves_most_rows_unsent_says_so_before_it_sends(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(shop)
    shop.sql("UPDATE orders SET choices = '4' WHERE order_id = 6")
    told: list[tuple[str, int, int]] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= logging.WARNING:
                told.append((record.getMessage(), record.without_consent, len(shop.order_ids())))  # type: ignore[attr-defined]

    listener = Listener()
    logging.getLogger("syncer").addHandler(listener)
    monkeypatch.setenv("TOKEN", TOKEN)
    planned = shop.syncer("plan", "orders", "--output", "json").report
    try:
        report = run_sync(load_project(shop.folder), "orders")
    finally:
        logging.getLogger("syncer").removeHandler(listener)
    assert told == [("consent.most_rows_unsent", 4, 0)]
    assert shop.order_ids() == ["1", "4"]
    assert report.advice[0].code == "most_rows_without_consent"
    assert "most_rows_without_consent" in [one["code"] for one in planned["advice"]]
    assert '4 of 6 rows are without consent, by "choices"' in report.advice[0].text


def test_a_person_is_erased_from_what_was_left_unsent_too(shop: Shop) -> None:
    ask(shop)
    run(shop)
    would = shop.syncer("erase", "orders", "--key", "2", "--dry-run", "--output", "json").report
    assert (would["suppressed"], would["ledger"]) == (1, 0)
    assert shop.syncer("erase", "orders", "--key", "2").code == 0
    assert state(shop, "SELECT digests FROM suppressed WHERE reason = 'consent_denied'") == [(bytes(16),)]
    assert shop.syncer("trace", "orders", "3", "--output", "json").report["conclusion"] == "no_consent"
    choose(shop, 3, "'3'")
    assert run(shop)["reasons"] == {"consent_came_later": 1, "consent_unknown": 1, "erased": 1}


def ask_two(shop: Shop) -> None:
    """Let each order have two rows, of which one has consent, as the other of order 2 alone."""
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\nconsent: {column: agreed}")
    shop.edit(
        "pipelines/orders.yaml", "SELECT * FROM orders", "SELECT *, unnest([true, order_id = 2]) AS agreed FROM orders"
    )
    shop.add_orders(1, 2)


def test_of_two_rows_with_one_key_a_test_sends_neither_where_one_has_no_consent(shop: Shop) -> None:
    """As a run does."""
    ask_two(shop)
    refused = shop.syncer("send-test", "orders", "--code", "TEST1", "--key", "1", "--output", "json").report
    assert refused["acknowledged"] == 0
    assert refused["reasons"] == {"consent_came_later": 1, "consent_denied": 1}
    sent = shop.syncer("send-test", "orders", "--code", "TEST1", "--key", "2", "--output", "json").report
    assert (sent["acknowledged"], sent["buckets"]) == (1, {"duplicate_skipped": 1})
    assert shop.order_ids() == ["2"]


@pytest.mark.parametrize("agreeing", [0, 1])
def test_S17_a_test_judges_rows_of_a_key_without_exact_text_together_though_they_come_in_two_batches(
    shop: Shop, agreeing: int
) -> None:
    last = BATCH_ROWS // 2 + 1
    shop.add_orders(1, last)  # by order, of the last the first row ends a batch
    rows = f"SELECT *, order_id::DOUBLE AS id, i = {agreeing} AS agreed FROM orders, range(2) AS r(i) WHERE order_id > 1 OR i = 0"
    shop.edit("pipelines/orders.yaml", "SELECT * FROM orders", rows)
    shop.edit("pipelines/orders.yaml", "key: order_id", "key: id\nconsent: {column: agreed}")
    done = shop.syncer("send-test", "orders", "--code", "TEST1", "--key", str(last), "--output", "json").report
    assert (done["rows_read"], done["reasons"]) == (2, {"consent_came_later": 1, "consent_denied": 1})
    assert shop.order_ids() == []


def traced(shop: Shop, key: str) -> list[Any]:
    return [json.loads(line) for line in shop.syncer("trace", "orders", key, "--output", "json").out.splitlines()]


def test_of_two_rows_with_one_key_it_is_told_what_becomes_of_each(shop: Shop) -> None:
    ask_two(shop)
    for _ in range(2):  # before the first run and after it
        assert sorted((line["conclusion"], line["reason"]) for line in traced(shop, "1")) == [
            ("no_consent", "consent_came_later"), ("no_consent", "consent_denied"),
        ]  # fmt: skip
        previewed = shop.syncer("preview", "orders", "--key", "1")
        assert ("consent_came_later" in previewed.err, "consent_denied" in previewed.err) == (True, True)
        run(shop)
    assert [line["conclusion"] for line in traced(shop, "2")] == ["acked"]
