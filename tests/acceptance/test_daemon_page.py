"""The daemon's page as a program reads it."""

import re
import sqlite3
from contextlib import closing

import pytest

from syncer.config.load import load_project
from syncer.session import Session
from syncer.web.overview import overview
from tests.acceptance.daemons import wait_until
from tests.acceptance.served import page_text
from tests.acceptance.shop import TOKEN, Shop
from tests.acceptance.visitor import NO_CURRENCY, READ, reading

pytestmark = pytest.mark.acceptance


def links_of(text: str) -> set[str]:
    return set(re.findall(r'(?:href|src|hx-get)="(/[^"]*)"', text))


def dump(shop: Shop) -> list[str]:
    """The whole state, but for the word of the daemon that it goes on."""
    with closing(sqlite3.connect(shop.folder / ".syncer" / "state.db")) as connection:
        return [line for line in connection.iterdump() if '"daemons"' not in line]


def test_S20_every_link_leads_to_a_page_that_is_not_kept_and_none_changes_anything(shop: Shop) -> None:
    shop.add_orders(1, 3, changes=NO_CURRENCY)
    shop.syncer("run", "orders")
    with reading(shop) as client:
        before, seen, left = dump(shop), {"/"}, ["/"]
        while left:
            answer = client.get(left.pop().replace("&amp;", "&"))
            assert (answer.status_code in (200, 303), answer.headers["cache-control"]) == (True, "no-store"), answer.url
            new = links_of(answer.text) - seen
            seen |= new
            left += new
        assert {path.split("?")[0] for path in seen} >= {*READ, "/reasons/currency_missing"}
        assert dump(shop) == before
        for action in ("run", "pause", "resume", "retry", "reconcile"):
            assert client.get(f"/pipelines/orders/meta/{action}").status_code in (404, 405)
        for path in (
            "/pipelines/orders/nowhere",
            "/pipelines/nothing",
            "/runs/nothing",
            "/reasons/nothing",
            "/nothing",
        ):
            assert client.get(path).status_code == 404


def test_what_resuming_decides_is_asked_first(shop: Shop) -> None:
    shop.add_orders(1, 3)
    shop.syncer("run", "orders")
    shop.edit("pipelines/orders.yaml", "key: order_id", "key: email")
    shop.syncer("run", "orders")
    with reading(shop) as client:
        text = client.get("/pipelines/orders/meta").text
    assert "needs_decision" in text
    assert 'popovertarget="confirm-resume"' in text


def test_a_retry_that_does_not_come_to_its_end_is_told_as_a_failure(shop: Shop) -> None:
    shop.add_orders(1, 3, changes=NO_CURRENCY)
    shop.syncer("run", "orders")
    shop.syncer("pause", "orders")
    with reading(shop) as client:
        assert client.post("/pipelines/orders/meta/retry").status_code == 303
        wait_until(lambda: "0 events acknowledged" in client.get("/pipelines/orders/meta").text)
        text = client.get("/pipelines/orders/meta").text
    assert re.search(r'"banner bad"><span role="status"><b>Retry of all rejects</b>[^<]*paused, 0 events', text)


def test_the_overview_says_how_long_it_counts_where_a_day_has_too_many_runs(shop: Shop) -> None:
    with Session(load_project(shop.folder, environ={"TOKEN": TOKEN})) as session:
        for last in (1, 3, 4):
            shop.add_orders(last, last)
            session.run("orders")
        all_of_it, newest = overview(session), overview(session, most=2)
    assert (all_of_it.taken, all_of_it.counted_s) == (3, 86_400)
    assert newest.taken == sum(line.taken for line in newest.lines) == 2
    assert 0 < newest.counted_s < 600


def test_what_no_file_has_any_more_is_named_without_a_link(shop: Shop) -> None:
    shop.add_orders(1, 3)
    run_id = shop.syncer("run", "orders", "--output", "json").report["run_id"]
    shop.syncer("pause", "orders")
    shop.edit("pipelines/orders.yaml", "name: orders", "name: purchases")
    with reading(shop) as client:
        texts = [client.get(path).text for path in ("/runs", f"/runs/{run_id}", "/audit")]
    assert [("orders" in text, "/pipelines/orders" in text) for text in texts] == [(True, False)] * 3


def test_a_run_counts_as_rejected_whatever_was_refused(shop: Shop) -> None:
    shop.add_orders(1, 3, changes="UPDATE orders SET order_id = NULL WHERE order_id = 3")
    assert shop.syncer("run", "orders", "--output", "json").report["buckets"] == {"key_problem": 1}
    with reading(shop) as client:
        for path in ("/runs", "/pipelines/orders/meta"):
            assert '<td data-label="Rejected" class="amount">1</td>' in client.get(path).text


def test_one_event_is_counted_as_one(shop: Shop) -> None:
    shop.add_orders(1, 2, changes="UPDATE orders SET currency = NULL WHERE order_id = 2")
    shop.syncer("run", "orders")
    with reading(shop) as client:
        text, overview = client.get("/pipelines/orders/meta").text, client.get("/").text
    assert "1 event is judged again as its row is now." in text
    assert "1 event of the latest runs" in text
    assert "<small>1 event</small>" in overview


def test_a_pipeline_that_was_resumed_is_not_told_to_be_paused(shop: Shop) -> None:
    for action in ("pause", "run", "resume"):
        shop.syncer(action, "orders")
    with reading(shop) as client:
        text, overview = client.get("/pipelines/orders/meta").text, client.get("/").text
    assert '<h1>orders <span class="badge quiet">resumed</span></h1>' in text
    assert "It was resumed since its last run, which was paused." in text
    assert "syncer resume" not in text
    assert '<span class="badge quiet">resumed</span>' in overview


def test_a_source_and_a_destination_of_one_name_are_told_apart(shop: Shop) -> None:
    shop.edit("syncer.yaml", "  warehouse: {", "  meta: {")
    shop.edit("pipelines/orders.yaml", "source: warehouse", "source: meta")
    (shop.folder / "warehouse.duckdb").unlink()
    with reading(shop) as client:
        text = client.post("/connections/check", data={"name": "meta"}).text
        assert client.get("/connections/check").headers["location"] == "/connections"  # opened anew
    rows = re.findall(r'<th scope="row" data-label="Name">meta</th>(.*?)</tr>', text, re.DOTALL)
    assert ["badge bad" in row for row in rows] == [True, False]


def test_a_run_of_another_target_is_no_run_of_this_page_or_its_api(shop: Shop) -> None:
    shop.add_orders(1, 2)
    targets = "targets:\n  default: {}\n  other: {}\ndefault_target: default\n"
    shop.edit("syncer.yaml", "version: 1\n", f"version: 1\n{targets}")
    run_id = shop.syncer("run", "orders", "--target", "other", "--output", "json").report["run_id"]
    own_id = shop.syncer("run", "orders", "--output", "json").report["run_id"]
    with reading(shop) as client:
        own = [client.get(path).status_code for path in (f"/runs/{own_id}", f"/api/runs/{own_id}")]
        others = [client.get(path).status_code for path in (f"/runs/{run_id}", f"/api/runs/{run_id}")]
    assert (own, others) == ([200, 200], [404, 404])


def test_R30_each_page_says_why_the_state_cannot_be_read(shop: Shop) -> None:
    shop.add_orders(1, 3, changes=NO_CURRENCY)
    run_id = shop.syncer("run", "orders", "--output", "json").report["run_id"]
    path = shop.folder / ".syncer" / "state.db"
    paths = (*READ, f"/runs/{run_id}", "/api/pipelines", "/api/runs", "/api/audit")
    of_state = [each for each in paths if each not in ("/connections", "/search")]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE syncer_schema SET version_num = '9999'")
    newer = said_by(shop, of_state)
    path.rename(path.with_name("elsewhere"))
    gone = said_by(shop, of_state)
    assert {each: text for each, text in newer.items() if "a newer syncer wrote it (schema 9999)" not in text} == {}
    assert {each: text for each, text in gone.items() if "state.db" not in text} == {}


def said_by(shop: Shop, paths: list[str]) -> dict[str, str]:
    with Session(load_project(shop.folder, environ={"TOKEN": TOKEN})) as session:
        return {path: page_text(session, path) for path in paths}
