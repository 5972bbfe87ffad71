"""What an edit of a pipeline that has run does to its next run (R15, F17)."""

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from syncer.actions import adopt, reconcile, resume
from syncer.config.load import load_project
from syncer.engine.adopt import span_until
from syncer.engine.basis import Change, basis_of, changes
from syncer.origin import origin
from syncer.outlook import forecast
from syncer.report import Bucket, RunReport
from syncer.sandbox.server import start
from syncer.sandbox.settings import Settings
from syncer.sandbox.tokens import Token
from syncer.session import Session, Trial
from syncer.state.tables import AUDIT
from tests.acceptance.shop import PIPELINE, PROJECT, TABLE, TOKEN, Shop
from tests.counts import FULL

pytestmark = [pytest.mark.acceptance, pytest.mark.faults]

SOURCES = """\
sources:
  copy: {type: duckdb, path: warehouse.duckdb, memory_limit: 200MB}
  other: {type: duckdb, path: other.duckdb}
  lite: {type: sqlite, path: lite.db}
"""
ALL = "order_id, email, total, currency, ordered_at, updated_at"
RULE = "events: [{id: bought, when: {total: {gt: 0}}}]"
EDITS: list[tuple[str, str, str, str]] = [
    ("another database", "source: warehouse", "source: other", "source"),
    ("another kind of warehouse", "source: warehouse", "source: lite", "source"),
    ("another name of the same database", "source: warehouse", "source: copy", ""),
    ("another cursor", "cursor: updated_at", "cursor: ordered_at", "cursor"),
    ("no cursor", "cursor: updated_at", "cursor: null", "cursor"),
    ("a longer lookback", "cursor: updated_at", "cursor: {column: updated_at, lookback: 3d}", ""),
    ("the cursor in capitals", "cursor: updated_at", "cursor: UPDATED_AT", ""),
    ("another key", "key: order_id", "key: email", "key"),
    ("a wider key", "key: order_id", "key: [order_id, email]", "key"),
    ("the key as a list", "key: order_id", "key: [order_id]", ""),
    ("cursor and key", "key: order_id\ncursor: updated_at", "key: email\ncursor: ordered_at", "cursor key"),
    ("a narrower query", "query: SELECT * FROM orders", "query: SELECT * FROM orders WHERE order_id > 2", ""),
    ("another text of the query", "query: SELECT * FROM orders", f"query: SELECT {ALL} FROM orders AS o", ""),
    ("a computed column", "SELECT * FROM orders", "SELECT * REPLACE (total * 2 AS total) FROM orders", ""),
    ("another event_name", "{value: Purchase}", "{value: Lead}", ""),
    ("a mapped event_id", "    event_time: ordered_at", "    event_time: ordered_at\n    event_id: order_id", ""),
    ("a parameter more", "    em: email", "    em: email\n    external_id: email", ""),
    ("settings", "browser_pixel: none", "browser_pixel: none, delay: 1m", ""),
    ("delivery", "start: window", "start: window\ndelivery: {requests_in_flight: 1, mode: at_most_once}", ""),
    ("rules in place of one event", "destination: meta", f"destination: meta\n{RULE}", "key"),
    ("an earlier start, which the first run has fixed", "start: window", "start: beginning", ""),
]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A pipeline that has sent orders 1 to 5, and order 6 that waits."""
    sandbox = start(Settings(tokens=(Token(text=TOKEN),), keep=10_000))
    shop = Shop(tmp_path_factory.mktemp("shop"), sandbox)
    (shop.folder / "pipelines").mkdir()
    text = PROJECT.replace("${URL}", sandbox.url).replace("sources:\n", SOURCES)
    (shop.folder / "syncer.yaml").write_text(text, encoding="utf-8")
    (shop.folder / "pipelines" / "orders.yaml").write_text(PIPELINE, encoding="utf-8")
    shop.sql(TABLE)
    shop.add_orders(1, 5)
    assert run(shop).acknowledged == 5
    shop.add_orders(6, 6)
    shutil.copy(shop.folder / "warehouse.duckdb", shop.folder / "other.duckdb")
    sqlite3.connect(shop.folder / "lite.db").close()
    yield shop
    sandbox.stop()


@pytest.fixture
def copy(used: Shop, tmp_path: Path) -> Shop:
    shutil.copytree(used.folder, tmp_path / "shop")
    return Shop(tmp_path / "shop", used.sandbox)


def opened(shop: Shop) -> Session:
    return Session(load_project(shop.folder, environ={"TOKEN": TOKEN}))


def run(shop: Shop) -> RunReport:
    with opened(shop) as session:
        return session.run("orders")


@pytest.mark.parametrize(("old", "new", "parts"), [edit[1:] for edit in EDITS], ids=[edit[0] for edit in EDITS])
def test_R15_each_edit_has_its_verdict(tmp_path: Path, old: str, new: str, parts: str) -> None:
    (tmp_path / "pipelines").mkdir()
    text = PROJECT.replace("${URL}", "http://127.0.0.1:1").replace("sources:\n", SOURCES)
    (tmp_path / "syncer.yaml").write_text(text, encoding="utf-8")
    bases = []
    for pipeline in (PIPELINE, PIPELINE.replace(old, new)):
        (tmp_path / "pipelines" / "orders.yaml").write_text(pipeline, encoding="utf-8")
        project = load_project(tmp_path, environ={"TOKEN": TOKEN})
        orders = project.pipelines["orders"]
        bases.append(basis_of(orders, origin(project.sources[orders.source])))
    assert [change.part for change in changes(*bases)] == parts.split()


RULE_EDITS = [
    ("a rule more", "events: [{id: bought, when: {total: {gt: 0}}}, {id: seen}]", ""),
    ("a rule less", "events: [{id: bought}]", ""),
    ("another condition, name and order", "events: [{id: big, name: Lead}, {id: bought, when: {total: {gt: 9}}}]", ""),
    ("another id", "events: [{id: sold, when: {total: {gt: 0}}}, {id: big}]", "key"),
    ("no rules", "", "key"),
]


@pytest.mark.parametrize(("rules", "parts"), [edit[1:] for edit in RULE_EDITS], ids=[edit[0] for edit in RULE_EDITS])
def test_R15_each_edit_of_rules_has_its_verdict(tmp_path: Path, rules: str, parts: str) -> None:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "syncer.yaml").write_text(PROJECT.replace("${URL}", "http://127.0.0.1:1"), encoding="utf-8")
    before = f"{RULE[:-1]}, {{id: big}}]" if "{id: seen}" not in rules else RULE
    bases = []
    for text in (before, rules):
        pipeline = PIPELINE.replace("destination: meta", f"destination: meta\n{text}")
        (tmp_path / "pipelines" / "orders.yaml").write_text(pipeline, encoding="utf-8")
        bases.append(basis_of(load_project(tmp_path, environ={"TOKEN": TOKEN}).pipelines["orders"], "here"))
    assert [change.part for change in changes(*bases)] == parts.split()


RUN = EDITS if FULL else EDITS[::6]


@pytest.mark.parametrize(("old", "new", "parts"), [edit[1:] for edit in RUN], ids=[edit[0] for edit in RUN])
def test_R15_an_edit_pauses_or_goes_on_without_sending_again(copy: Shop, old: str, new: str, parts: str) -> None:
    copy.edit("pipelines/orders.yaml", old, new)
    report = run(copy)
    if not parts:
        assert (report.status, report.acknowledged, report.pause_reason) == ("done", 1, None)
        return
    assert (report.status, report.pause_reason, report.events, report.requests) == ("paused", "needs_decision", 0, 0)
    for part in ("source", "cursor", "key"):
        assert (f"the {part} " in report.message.partition(";")[0]) == (part in parts.split())
    copy.edit("pipelines/orders.yaml", new, old)
    back = run(copy)
    assert (back.status, back.acknowledged, back.pause_reason) == ("done", 1, None)


def test_R15_nothing_else_sends_while_a_decision_is_due(copy: Shop) -> None:
    copy.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: ordered_at")
    with opened(copy) as session:
        pipeline = session.project.pipelines["orders"]
        assert forecast(session, pipeline, on_rows=lambda _: None).pause_reason == "needs_decision"
        reports = [reconcile(session, pipeline), session.run("orders", trial=Trial("TEST1"), limit=1)]
    assert {(report.pause_reason, report.requests) for report in reports} == {("needs_decision", 0)}


def test_R15_an_accepted_cursor_begins_anew_and_sends_nothing_again(copy: Shop) -> None:
    copy.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: ordered_at")
    run(copy)
    with opened(copy) as session:
        done = resume(session, session.project.pipelines["orders"])
        with session.store.reading() as connection:
            audit = connection.execute(select(AUDIT.c.action, AUDIT.c.before, AUDIT.c.after)).one()
    report = run(copy)
    assert [str(change) for change in done.accepted] == ["the cursor was updated_at and is ordered_at"]
    assert (audit.action, "cursor updated_at" in audit.before) == ("accept", True)
    assert ("cursor ordered_at" in audit.after, audit.after.endswith("watermark None")) == (True, True)
    assert (report.watermark_before, report.acknowledged) == (None, 1)
    assert report.tally.buckets == {Bucket.DUPLICATE_SKIPPED: 5}
    assert run(copy).acknowledged == 0


def test_R15_what_was_sent_under_the_old_key_can_be_adopted_before_a_new_one_is_accepted(copy: Shop) -> None:
    copy.edit("pipelines/orders.yaml", "key: order_id", "key: [order_id, email]")
    run(copy)
    with opened(copy) as session:
        pipeline, now = session.project.pipelines["orders"], datetime.now(UTC)
        adopted = adopt(session, pipeline, span_until(now, now=now))
        kept = session.run("orders")
        resume(session, pipeline)
        report = session.run("orders")
    assert (adopted.tally.buckets[Bucket.DUPLICATE_SKIPPED], kept.pause_reason) == (6, "needs_decision")
    assert (report.acknowledged, report.watermark_before) == (0, kept.watermark_after)


def test_another_database_of_the_same_kind_is_not_told_by_its_kind() -> None:
    assert str(Change("source", "postgres", "postgres")) == "the source is another database"
    assert (
        str(Change("source", "duckdb", "postgres")) == "the source is another database (it was duckdb, it is postgres)"
    )
