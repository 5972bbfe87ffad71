"""What Prometheus gets, and that the dashboard and the rules in the docs ask for nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from syncer.metrics import exposition
from syncer.session import Session
from syncer.state import asked
from syncer.state.alerts import Standing, raise_alert
from tests.acceptance.daemons import EVERY, serving, session_of, wait_until
from tests.acceptance.pages import ROOT
from tests.acceptance.shop import Shop

pytestmark = pytest.mark.acceptance
MONITORING = ROOT / "docs" / "monitoring"
NAME = re.compile(r"\bsyncer_[a-z0-9_]+")
LABELS = {
    "target", "pipeline", "destination", "state", "reason", "outcome", "condition", "key", "version",
}  # fmt: skip
Found = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(session: Session, *, problems: int = 0) -> Found:
    """Every sample by its name and its labels, those of the scope left out."""
    text, found = exposition(session, problems=problems).decode(), {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            rest = {pair for pair in sample.labels.items() if pair[0] not in ("target", "pipeline", "destination")}
            found[sample.name, frozenset(rest)] = sample.value
    return found


def value(found: Found, name: str, **labels: str) -> float | None:
    return found.get((f"syncer_{name}", frozenset(labels.items())))


def test_a_scrape_tells_how_pipelines_do_and_what_their_runs_did(shop: Shop) -> None:
    shop.add_orders(1, 10, changes="UPDATE orders SET currency = NULL WHERE order_id < 3")
    with session_of(shop) as session:
        session.run("orders")
        found = scraped(session, problems=2)
    assert value(found, "state_up") == 1
    assert value(found, "file_problems") == 2
    assert value(found, "pipeline_paused") == 0
    assert value(found, "rejects") == 2
    assert value(found, "last_run_events", outcome="acknowledged") == 8
    assert value(found, "last_run_events", outcome="rejected_local") == 2
    assert value(found, "events_24h", outcome="acknowledged") == 8
    assert value(found, "last_run_match_key_share", key="em") == 1
    assert sum(number for (name, _), number in found.items() if name == "syncer_requests_24h") == 1
    assert (value(found, "watermark_timestamp_seconds") or 0) == pytest.approx(1_793_491_200.010)
    times = ("last_run_timestamp_seconds", "last_delivery_timestamp_seconds", "last_success_timestamp_seconds")
    assert all((value(found, name) or 0) > 1.7e9 for name in times)
    assert found["process_open_fds", frozenset()] > 0


def test_a_scrape_of_a_daemon_tells_who_serves_and_when_the_next_run_begins(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1h"))
    with serving(shop) as session:
        wait_until(lambda: value(scraped(session), "next_run_timestamp_seconds") is not None)
        assert value(scraped(session), "daemons") == 1


def test_a_pause_and_an_alert_are_shown_with_reason_and_condition(shop: Shop) -> None:
    with session_of(shop) as session:
        session.run("orders")
        session.store.pause(session.scope(session.project.pipelines["orders"]), reason="rejects_full", actor="ada")
        standing = Standing(about="orders/meta", condition="paused", since=session.clock.now(), text="it is")
        raise_alert(session.store, "default", standing, body="{}", to=[])
        found = scraped(session)
    assert (value(found, "pipeline_paused"), value(found, "pipeline_pause_reason", reason="rejects_full")) == (1, 1)
    assert (value(found, "pipeline_state", state="paused"), value(found, "pipeline_state", state="done")) == (1, 0)
    assert value(found, "alert", condition="paused") == 1


def test_a_due_run_that_waits_for_the_resume_is_none_that_is_asked_for(shop: Shop) -> None:
    with session_of(shop) as session:
        asked.ask(session.store, "default", "orders", destination="meta", by=asked.SCHEDULE)
        assert value(scraped(session), "runs_asked") == 1
        session.store.pause(session.scope(session.project.pipelines["orders"]), reason="by_hand", actor="ada")
        assert value(scraped(session), "runs_asked") == 0
        asked.ask(session.store, "default", "orders", by="ada")
        assert value(scraped(session), "runs_asked") == 1


def test_status_as_json_tells_the_alert_about_a_token_with_each_pipeline_that_sends_with_it(shop: Shop) -> None:
    with session_of(shop) as session:
        standing = Standing(about="/meta", condition="token_expires_within", since=session.clock.now(), text="it does")
        raise_alert(session.store, "default", standing, body="{}", to=[])
    assert shop.syncer("status", "--output", "json").report["alerts"] == ["token_expires_within"]


@pytest.mark.parametrize("gone", ["disabled", "without a file"])
def test_a_pipeline_that_is_not_to_run_any_more_calls_nobody_by_its_old_times(gone: str, shop: Shop) -> None:
    shop.add_orders(1, 3)
    with session_of(shop) as session:
        session.run("orders")
        assert value(scraped(session), "last_success_timestamp_seconds") is not None
    if gone == "disabled":
        shop.edit("pipelines/orders.yaml", "version: 1", "version: 1\nenabled: false")
    else:
        (shop.folder / "pipelines" / "orders.yaml").unlink()
    with session_of(shop) as session:
        names = {name for name, _ in scraped(session)}
    assert {"syncer_state_up", "syncer_daemons"} <= names
    assert [name for name in names if name.endswith(("_timestamp_seconds", "_24h", "_paused", "_rows"))] == []


def test_where_the_state_is_away_a_scrape_still_says_so(shop: Shop) -> None:
    with session_of(shop) as session:
        session.run("orders")
        session.store.close()
        (shop.folder / ".syncer" / "state.db").rename(shop.folder / "elsewhere")
        found = scraped(session)
    assert value(found, "state_up") == 0
    assert not {name for name, _ in found if name.startswith("syncer_last_run")}


def test_S02_labels_are_names_and_closed_sets_of_words(shop: Shop) -> None:
    shop.add_orders(1, 3)
    with session_of(shop) as session:
        session.run("orders")
        text = exposition(session).decode()
    labels = {
        label for family in text_string_to_metric_families(text) for one in family.samples for label in one.labels
    }
    assert labels - LABELS == set()
    assert "customer1" not in text
    assert "counter" not in re.sub(r"# TYPE process_\w+ counter", "", text)


@pytest.mark.parametrize("file", sorted(MONITORING.iterdir()), ids=lambda path: path.name)
def test_dashboard_and_rules_ask_for_metrics_that_there_are(file: Path, shop: Shop) -> None:
    with session_of(shop) as session:
        session.run("orders")
        there = set(NAME.findall(exposition(session).decode()))
    asked_for = set(NAME.findall(file.read_text(encoding="utf-8")))
    assert asked_for
    assert asked_for - there == set()


def test_the_page_about_monitoring_lists_every_metric_and_no_other(shop: Shop) -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    with session_of(shop) as session:
        session.run("orders")
        families = {one.name for one in text_string_to_metric_families(exposition(session).decode())}
    listed = set(re.findall(r"^\| `(syncer_\w+)`", page, re.MULTILINE))
    assert listed == {name for name in families if name.startswith("syncer_")}


def test_the_dashboard_is_whole() -> None:
    board: dict[str, Any] = json.loads((MONITORING / "grafana.json").read_text(encoding="utf-8"))
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(set(places)) == len(places) == len({panel["id"] for panel in board["panels"]})
