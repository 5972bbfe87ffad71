"""`syncer held`: what an operator does about requests whose outcome nobody knows."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from syncer.sandbox.faults import parse_faults
from syncer.state.scope import Scope
from tests.acceptance.shop import MakeShop, Shop

pytestmark = pytest.mark.acceptance

MODE = "destination: meta\ndelivery: {mode: at_most_once, events_per_request: 2, requests_in_flight: 1}"


@pytest.fixture
def holding(make_shop: MakeShop) -> Shop:
    """Orders 1 to 6 in three requests; the first two were taken, and nobody was told. Order 2 is gone since."""
    shop = make_shop(faults=parse_faults("reset_after=2@1"))
    shop.edit("pipelines/orders.yaml", "destination: meta", MODE)
    shop.add_orders(1, 6)
    done = shop.syncer("run", "orders", "--output", "json")
    assert (done.code, done.report["acknowledged"], done.report["buckets"]) == (3, 2, {"held": 4})
    shop.sql("DELETE FROM orders WHERE order_id = 2")
    return shop


def listed(shop: Shop) -> list[dict[str, Any]]:
    requests: list[dict[str, Any]] = shop.syncer("held", "list", "orders", "--output", "json").report["requests"]
    return requests


def audit(shop: Shop) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(shop.folder / ".syncer" / "state.db")) as state:
        return state.execute("SELECT action, before FROM audit ORDER BY id").fetchall()


def test_held_requests_are_listed_sent_again_and_taken_for_delivered(holding: Shop) -> None:
    first, second = listed(holding)
    assert (first["events"], first["cursor_low"] < first["cursor_high"], first["since"][-1]) == (2, True, "Z")
    assert (first["reason"], first["fbtrace_id"]) == ("reset_after_request", None)
    ids = [str(first["request"]), str(second["request"])]
    before = holding.order_ids()

    asked = holding.syncer("held", "resend", "orders")
    assert (asked.code, "4 events would be sent again. Meta may have these events." in asked.err) == (2, True)
    wrong = holding.syncer("held", "resend", "orders", "99", "--yes")
    assert (wrong.code, "no request 99 is held; `syncer held list orders`" in wrong.err) == (1, True)
    assert holding.order_ids() == before

    done = holding.syncer("held", "resend", "orders", ids[0], "--yes", "--output", "json")
    assert (done.code, done.report["rows_read"], done.report["acknowledged"]) == (0, 1, 1)
    assert done.report["possible_duplicates"] == 1
    assert "1 of 2 events stays held" in done.err
    assert holding.order_ids() == [*before, "1"]
    assert len({event["event_id"] for event in holding.sandbox.sandbox.events()}) == 6
    assert [(each["events"], each["reason"]) for each in listed(holding)] == [
        (2, "reset_after_request"), (1, "reset_after_request")
    ]  # fmt: skip

    assert holding.syncer("held", "assume-delivered", "orders", ids[1]).code == 2
    assumed = holding.syncer("held", "assume-delivered", "orders", ids[1], "--yes")
    assert "2 events in 1 request are taken for delivered" in assumed.out
    assert [each["events"] for each in listed(holding)] == [1]
    assert [action for action, _ in audit(holding)] == ["resend", "assume_delivered"]

    again = holding.syncer("run", "orders", "--output", "json").report
    assert (again["acknowledged"], again["buckets"]) == (0, {"duplicate_skipped": 5})
    assert holding.syncer("status", "--output", "json").report["held"] == 1
    first_run = json.loads(holding.syncer("runs", "orders", "--output", "json").out.splitlines()[-1])
    assert (first_run["acknowledged"], first_run["buckets"]) == (2, {"held": 3, "pending": 1})


def test_erased_events_are_not_counted_among_those_that_are_held(holding: Shop) -> None:
    assert holding.syncer("erase", "orders", "--key", "4").code == 0
    assert [each["events"] for each in listed(holding)] == [2, 1]
    asked = holding.syncer("held", "resend", "orders")
    assert (asked.code, "3 events would be sent again." in asked.err) == (2, True)
    assumed = holding.syncer("held", "assume-delivered", "orders", "--yes")
    assert "3 events in 2 requests are taken for delivered" in assumed.out


def test_nothing_is_decided_while_a_run_holds_the_pipeline(holding: Shop) -> None:
    from tests.acceptance.test_operator_actions import opened

    facts: dict[str, Any] = {"run_id": "held", "fingerprint": "f", "trigger": "manual", "holder": "ada"}
    with opened(holding) as session:
        now = session.clock.now()
        with session.store.start_run(Scope("default", "orders", "meta"), now=now, **facts):
            codes = [holding.syncer("held", act, "orders", "--yes").code for act in ("resend", "assume-delivered")]
    assert codes == [4, 4]
    assert [each["events"] for each in listed(holding)] == [2, 2]


def test_where_nothing_is_held_nothing_is_said_to_be_taken_for_delivered(shop: Shop) -> None:
    for more in ((), ("--yes",)):
        done = shop.syncer("held", "assume-delivered", "orders", *more)
        assert (done.code, done.out) == (0, "orders: nothing is held (target default).\n")


def test_where_nothing_is_held_a_resend_says_so_to_programs_too(shop: Shop) -> None:
    done = shop.syncer("held", "resend", "orders", "--output", "json")
    assert (done.code, done.report["status"], done.report["message"]) == (0, "done", "nothing is held")
