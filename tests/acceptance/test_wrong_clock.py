"""A machine that does not know the time: what it would count as too old or not happened yet is not counted (R31, F38)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from syncer.actions import Wanted, erase, person
from syncer.config.load import load_project
from syncer.ports import SystemClock
from syncer.report import Bucket, RunReport
from syncer.session import Session
from tests.acceptance.served import page_text
from tests.acceptance.shop import TOKEN, Shop

pytestmark = pytest.mark.acceptance
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Off(SystemClock):
    """Shows another time. Mutable."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


class AnHourBehind(BaseHTTPRequestHandler):
    """Answers with a `Date` that shows ours to be ahead."""

    def do_GET(self) -> None:
        self.send_error(400)

    def date_time_string(self, timestamp: float | None = None) -> str:
        del timestamp
        return super().date_time_string((datetime.now(UTC) - HOUR).timestamp())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def other_time() -> Iterator[int]:
    """The port of a destination that has another time."""
    with HTTPServer(("127.0.0.1", 0), AnHourBehind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def opened(shop: Shop, by: timedelta) -> Session:
    return Session(load_project(shop.folder, environ={"TOKEN": TOKEN}), clock=Off(by))


def run(shop: Shop, by: timedelta = timedelta()) -> RunReport:
    """Run once on a machine whose clock is off."""
    with opened(shop, by) as session:
        return session.run("orders")


@pytest.mark.parametrize("by", [HOUR, -DAY, 3_652 * DAY], ids=str)
def test_R31_a_first_run_by_a_wrong_clock_pauses_and_fixes_no_start(shop: Shop, by: timedelta) -> None:
    shop.add_orders(1, 5)
    paused = run(shop, by)
    assert (paused.status, paused.pause_reason, paused.requests, paused.events) == ("paused", "clock_wrong", 0, 0)
    assert ("ahead of" if by > timedelta() else "behind") in paused.message
    assert "let NTP keep it" in paused.message
    assert (run(shop).acknowledged, len(shop.order_ids())) == (5, 5)


@pytest.mark.parametrize("by", [8 * DAY, -DAY], ids=str)
def test_R31_rows_that_only_a_wrong_clock_finds_too_old_or_too_new_stay_to_be_sent(shop: Shop, by: timedelta) -> None:
    shop.add_orders(1, 5)
    first = run(shop)
    shop.add_orders(6, 9)
    paused = run(shop, by)
    assert (paused.pause_reason, paused.events, paused.watermark_after) == ("clock_wrong", 0, first.watermark_after)
    after = run(shop)
    assert (after.acknowledged, after.tally.buckets[Bucket.DUPLICATE_SKIPPED]) == (4, 5)


@pytest.mark.parametrize("by", [8 * DAY, -DAY], ids=str)
def test_R31_status_and_page_say_that_the_clock_is_wrong_and_what_to_do(shop: Shop, by: timedelta) -> None:
    shop.add_orders(1, 5)
    run(shop)
    shop.add_orders(6, 9)
    with opened(shop, by) as session:
        session.run("orders")
        page = page_text(session, "/", "/pipelines/orders/meta")
    status = " ".join(shop.syncer("status").out.split())
    run(shop)
    assert "orders to meta paused clock_wrong" in page
    assert "let NTP keep it" in page
    assert "clock_wrong" in status
    assert "let NTP keep it" in status
    assert sorted(shop.order_ids()) == [str(number) for number in range(1, 10)]


def test_R31_an_answer_that_shows_a_wrong_clock_counts_and_ends_the_run(shop: Shop) -> None:
    shop.add_orders(1, 5)
    run(shop)
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\ndelivery: {events_per_request: 1}")
    shop.add_orders(6, 9)
    paused = run(shop, HOUR)
    assert (paused.pause_reason, paused.acknowledged, paused.tally.buckets[Bucket.PENDING]) == ("clock_wrong", 1, 3)
    assert run(shop).acknowledged == 3
    assert sorted(map(int, shop.order_ids())) == list(range(1, 10))


def test_R31_a_first_run_whose_start_is_no_matter_of_the_clock_is_told_by_its_first_answer(shop: Shop) -> None:
    few = "destination: meta\ndelivery: {events_per_request: 1, requests_in_flight: 1}"
    shop.edit("pipelines/orders.yaml", "destination: meta", few)
    shop.edit("pipelines/orders.yaml", "start: window", "start: 2020-01-01")
    shop.add_orders(1, 5)
    paused = run(shop, HOUR)
    assert (paused.pause_reason, paused.acknowledged, paused.tally.buckets[Bucket.PENDING]) == ("clock_wrong", 1, 4)
    assert run(shop).acknowledged == 4
    assert sorted(map(int, shop.order_ids())) == list(range(1, 6))


def test_R31_a_clock_that_is_a_little_off_is_told(shop: Shop) -> None:
    shop.add_orders(1, 5)
    off = run(shop, 3 * MINUTE)
    assert (off.status, off.acknowledged) == ("done", 5)
    assert off.message == "this machine's clock is 3 minutes ahead of the destination's; let NTP set it"
    assert run(shop, 30 * MINUTE / 60).message == ""


def test_R31_events_are_not_given_up_while_nobody_can_be_asked_for_the_time(shop: Shop) -> None:
    shop.add_orders(1, 5)
    run(shop)
    shop.edit("syncer.yaml", f":{shop.sandbox.port}", ":9")
    shop.add_orders(6, 10, changes="UPDATE orders SET ordered_at = now() - INTERVAL 8 DAYS WHERE order_id > 5")
    failed = run(shop)
    assert (failed.status, failed.pause_reason, failed.events) == ("failed", None, 0)
    assert "the destination could not be asked for the time: No connection to the host of base_url" in failed.message
    shop.edit("syncer.yaml", ":9", f":{shop.sandbox.port}")
    assert run(shop).tally.buckets[Bucket.EXPIRED] == 5


def test_R11_a_clock_that_is_years_ahead_forgets_nothing(shop: Shop) -> None:
    shop.add_orders(1, 5)
    run(shop)
    with opened(shop, 3_652 * DAY) as session:
        pipeline = session.project.pipelines["orders"]
        erase(session, pipeline, person(session, pipeline, Wanted(key=("1",))))
    shop.sql("UPDATE orders SET updated_at = now()")
    report = run(shop)
    assert (report.acknowledged, report.tally.buckets[Bucket.DUPLICATE_SKIPPED]) == (0, 4)


def test_a_reconcile_is_due_whose_last_one_seems_to_lie_ahead(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", "destination: meta\nreconcile: {every: 24h}")
    shop.add_orders(1, 2)
    run(shop, 5 * MINUTE)
    with opened(shop, -5 * MINUTE) as session:
        assert session.is_sweep_due(session.project.pipelines["orders"])


def test_R31_a_time_before_now_by_a_wrong_clock_takes_nothing_for_delivered(shop: Shop) -> None:
    shop.add_orders(1, 5)
    with other_time() as port:
        shop.edit("syncer.yaml", f":{shop.sandbox.port}", f":{port}")
        refused = shop.syncer("adopt", "orders", "--until", "-1s", "--yes")
    away = shop.syncer("adopt", "orders", "--until", "-1s", "--yes")
    assert shop.syncer("adopt", "orders", "--until", "-1s").out.startswith("5 of 5 events would be")
    for done in (refused, away):
        assert (done.code, done.out, "write the time itself" in done.err) == (2, "", True)
    assert shop.syncer("adopt", "orders", "--until", "2020-01-01", "--yes").code == 0
    shop.edit("syncer.yaml", f":{port}", f":{shop.sandbox.port}")
    assert shop.syncer("adopt", "orders", "--until", "-1s", "--yes").out.startswith("5 of 5 events are")
