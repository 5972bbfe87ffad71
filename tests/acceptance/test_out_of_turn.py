"""`backfill`, `reconcile` and `adopt`: events that no run sends, and events that no run shall send."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from sqlite3 import connect
from typing import Any

import pytest

from syncer.actions import adopt, survey
from syncer.cli.adopt import told
from syncer.config.load import load_project
from syncer.engine.adopt import span_until
from syncer.engine.span import Survey
from syncer.outlook import forecast
from syncer.ports import SystemClock
from syncer.report import RunStatus
from syncer.sandbox.faults import parse_faults
from syncer.session import Session
from syncer.state.history import stored_runs
from tests.acceptance.shop import TOKEN, MakeShop, Shop

pytestmark = pytest.mark.acceptance

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30)
"""When order 1 happened; each next one happens an hour later."""


@pytest.fixture
def hourly(shop: Shop) -> Shop:
    """A shop with ten orders."""
    return filled(shop)


def filled(shop: Shop) -> Shop:
    """Add orders 1 to 10, an hour apart, of which 3 came so late that the watermark was beyond it, and 8 is not good."""
    shop.add_orders(
        1, 10, changes=f"UPDATE orders SET ordered_at = '{AT.isoformat()}'::TIMESTAMPTZ + to_hours(order_id - 1)"
    )
    shop.sql("UPDATE orders SET currency = NULL WHERE order_id = 8", "DELETE FROM orders WHERE order_id = 3")
    return shop


def late(shop: Shop) -> None:
    """Let order 3 come with a cursor value of long ago."""
    shop.add_orders(3, 3)
    shop.sql(f"UPDATE orders SET updated_at = '2026-01-01', ordered_at = '{hour(2)}' WHERE order_id = 3")


def hour(number: int) -> str:
    """When order `number + 1` happened."""
    return (AT + timedelta(hours=number)).isoformat()


def test_a_backfill_sends_what_no_run_sends_and_moves_nothing(hourly: Shop) -> None:
    hourly.edit("pipelines/orders.yaml", "start: window", f"start: '{hour(1)}'")
    before = hourly.syncer("run", "orders", "--output", "json").report
    late(hourly)
    assert hourly.syncer("run", "orders", "--output", "json").report["acknowledged"] == 0
    hourly.sql("UPDATE orders SET currency = 'EUR' WHERE order_id = 8")
    narrow = hourly.syncer("backfill", "orders", "--since", hour(2), "--until", hour(3), "--output", "json")
    assert (narrow.code, narrow.report["rows_read"], narrow.report["acknowledged"]) == (0, 1, 1)
    wide = hourly.syncer("backfill", "orders", "--since", hour(0), "--until", hour(9), "--output", "json").report
    assert (wide["acknowledged"], wide["buckets"]) == (2, {"duplicate_skipped": 7})
    assert wide["watermark"] == {"before": before["watermark"]["after"], "after": before["watermark"]["after"]}
    assert hourly.order_ids() == ["2", "4", "5", "6", "7", "9", "10", "3", "1", "8"]
    status = hourly.syncer("status", "--output", "json").report
    assert status["start"] == (AT + timedelta(hours=1)).isoformat().replace("+00:00", "Z")


def test_a_backfill_sends_again_only_when_asked_twice(hourly: Shop) -> None:
    hourly.syncer("run", "orders")
    arrived = len(hourly.order_ids())
    asked = hourly.syncer("backfill", "orders", "--since", hour(0), "--until", hour(4), "--resend")
    assert (asked.code, len(hourly.order_ids())) == (2, arrived)
    assert "3 events lie in the range, 3 of them settled. Meta counts an event once only" in asked.err
    done = hourly.syncer(
        "backfill", "orders", "--since", hour(0), "--until", hour(4), "--resend", "--yes", "--output", "json"
    )
    assert (done.report["acknowledged"], done.report["possible_duplicates"]) == (3, 3)
    assert hourly.order_ids()[arrived:] == ["1", "2", "4"]
    ids = {event["event_id"] for event in hourly.sandbox.sandbox.events()}
    assert len(ids) == arrived
    assert hourly.syncer("run", "orders", "--output", "json").report["acknowledged"] == 0
    wrong = hourly.syncer("backfill", "orders", "--since", hour(4), "--until", hour(4))
    assert (wrong.code, "--until is not after --since" in wrong.err) == (2, True)


def test_what_is_sent_again_counts_each_time(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("cut=1@2"))
    shop.add_orders(1, 30)
    assert shop.syncer("run", "orders").code == 0
    done = shop.syncer("backfill", "orders", "--since", "-1d", "--resend", "--yes")
    assert "30 of 30 events acknowledged in 2 requests" in done.out
    assert "Possible duplicates  60, each with its event's event_id" in done.out
    assert sorted(map(int, shop.order_ids())) == sorted(3 * [*range(1, 31)])
    assert shop.syncer("status", "--output", "json").report["acknowledged"] == 60


def test_one_event_is_counted_as_one(shop: Shop) -> None:
    shop.add_orders(1, 1)
    until = datetime.now(UTC).isoformat()
    assert "1 of 1 event would be sent in 1 request" in shop.syncer("plan", "orders").out
    assert "1 of 1 event acknowledged in 1 request," in shop.syncer("run", "orders").out
    asked = shop.syncer("backfill", "orders", "--since", "-1d", "--resend")
    assert "1 event lies in the range, 1 of them settled." in asked.err
    adopted = shop.syncer("adopt", "orders", "--until", until)
    assert "0 of 1 event would be taken for delivered; 1 was settled before." in adopted.out


def test_what_another_tool_sent_is_sent_by_no_run(hourly: Shop) -> None:
    asked = hourly.syncer("adopt", "orders", "--until", hour(6), "--output", "json")
    assert (asked.code, json.loads(asked.out)["adopted"], json.loads(asked.out)["done"]) == (2, 5, False)
    hourly.syncer("pause", "orders")
    for adopted, settled in ((5, 0), (0, 5)):
        done = hourly.syncer("adopt", "orders", "--until", hour(6), "--yes", "--output", "json")
        assert (done.code, done.report["adopted"], done.report["settled_before"]) == (0, adopted, settled)
        assert done.report["until"].endswith("Z")
    assert hourly.syncer("run", "orders", "--output", "json").report["status"] == "paused"
    hourly.syncer("resume", "orders")
    planned = hourly.syncer("plan", "orders", "--output", "json").report
    run = hourly.syncer("run", "orders", "--output", "json").report
    assert (planned["to_send"], run["acknowledged"]) == (3, 3)
    assert hourly.order_ids() == ["7", "9", "10"]
    assert hourly.syncer("trace", "orders", "2", "--output", "json").report["conclusion"] == "acked_assumed"
    outcomes = [json.loads(line)["outcome"] for line in hourly.syncer("deliveries", "orders").out.splitlines()]
    assert outcomes == ["assumed"] * 5 + ["acknowledged", "rejected_local", "acknowledged", "acknowledged"]
    with closing(connect(hourly.folder / ".syncer" / "state.db")) as state:
        actions = [action for (action,) in state.execute("SELECT action FROM audit ORDER BY id")]
    assert actions == ["pause", "adopt", "adopt", "resume"]
    assert "taken for delivered" in hourly.syncer("adopt", "orders", "--until", hour(6), "--yes").out


def test_what_was_adopted_is_kept_for_the_key_it_was_adopted_by(hourly: Shop) -> None:
    hourly.syncer("adopt", "orders", "--until", hour(24), "--yes")
    hourly.edit("pipelines/orders.yaml", "key: order_id", "key: [order_id, email]")
    planned = hourly.syncer("plan", "orders", "--detailed-exitcode")
    assert (planned.code, "a run sends nothing until `syncer resume orders`" in planned.out) == (0, True)
    assert hourly.syncer("run", "orders", "--output", "json").report["pause_reason"] == "needs_decision"
    assert hourly.order_ids() == []


def test_R09_a_reconcile_finds_what_runs_pass_by_and_obeys_the_start(hourly: Shop) -> None:
    hourly.edit("pipelines/orders.yaml", "start: window", f"start: '{hour(1)}'")
    before = hourly.syncer("run", "orders", "--output", "json").report
    late(hourly)
    hourly.sql("UPDATE orders SET currency = 'EUR' WHERE order_id = 8")
    assert hourly.syncer("trace", "orders", "3", "--output", "json").report["conclusion"] == "late"
    dry = hourly.syncer("reconcile", "orders", "--dry-run", "--output", "json")
    arrived = hourly.order_ids()
    done = hourly.syncer("reconcile", "orders", "--output", "json").report
    assert (dry.code, dry.report["to_send"], arrived) == (0, 2, ["2", "4", "5", "6", "7", "9", "10"])
    assert (done["rows_read"], done["acknowledged"], done["buckets"]) == (9, 2, {"duplicate_skipped": 7})
    assert done["watermark"] == {"before": before["watermark"]["after"], "after": before["watermark"]["after"]}
    assert hourly.order_ids()[7:] == ["3", "8"]
    assert hourly.syncer("reconcile", "orders", "--output", "json").report["acknowledged"] == 0
    with closing(connect(hourly.folder / ".syncer" / "state.db")) as state:
        assert state.execute("SELECT action FROM audit").fetchall() == [("reconcile",)] * 2


def test_R09_a_run_reconciles_by_itself_where_that_is_due(make_shop: MakeShop) -> None:
    clock = Later(0)
    hourly = filled(make_shop(clock=lambda: clock.now().timestamp()))
    hourly.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: updated_at\nreconcile: {every: 2h}")

    def run(hours: int, **options: Any) -> tuple[int, int, str | None]:
        project = load_project(hourly.folder, environ={"TOKEN": TOKEN})
        clock.hours = hours
        with Session(project, clock=clock) as session:
            due = forecast(session, project.pipelines["orders"], on_rows=lambda _: None)
            report = session.run("orders", **options)
            return due.to_send, report.acknowledged, stored_runs(session.store, "default", limit=1)[0].trigger

    assert run(0) == (8, 8, "manual")
    late(hourly)
    assert run(1) == (0, 0, "manual")
    hourly.add_orders(11, 11)
    assert run(3, limit=5) == (2, 1, "manual")
    assert run(3) == (1, 1, "manual+reconcile")
    assert hourly.order_ids()[8:] == ["11", "3"]
    hourly.sql("UPDATE orders SET currency = 'EUR', updated_at = '2026-01-01' WHERE order_id = 8")
    assert run(4) == (0, 0, "manual")
    assert run(6) == (1, 1, "manual+reconcile")


class Later(SystemClock):
    """The machine's clock, some hours on. Mutable."""

    def __init__(self, hours: int) -> None:
        self.hours = hours

    def now(self) -> datetime:
        return super().now() + timedelta(hours=self.hours)


def test_ctrl_c_leaves_what_is_counted_and_what_is_adopted(shop: Shop) -> None:
    shop.add_orders(1, 5)
    project = load_project(shop.folder, environ={"TOKEN": TOKEN})
    pipeline, span = project.pipelines["orders"], span_until(datetime.now(UTC), now=datetime.now(UTC))
    with Session(project) as session:
        session.stop.interrupt()
        with pytest.raises(KeyboardInterrupt):
            survey(session, pipeline, span)
        stopped = adopt(session, pipeline, span)
    assert stopped.status is RunStatus.INTERRUPTED
    assert told(Survey(events=5), stopped)["done"] is False
    assert told(Survey(events=5), stopped)["adopted"] is None
    with Session(project) as session:
        assert session.run("orders").acknowledged == 5


def test_R31_a_clock_that_is_months_ahead_adopts_no_less(shop: Shop) -> None:
    shop.add_orders(1, 5)
    project, clock = load_project(shop.folder, environ={"TOKEN": TOKEN}), Later(24 * 90)
    with Session(project, clock=clock) as session:
        span = span_until(datetime.now(UTC), now=clock.now())
        assert adopt(session, project.pipelines["orders"], span).status is RunStatus.DONE
    with Session(project) as session:
        assert session.run("orders").acknowledged == 0
