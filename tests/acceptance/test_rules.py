"""A funnel: one row a deal, an event for each stage, whatever is done with it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from syncer.actions import Wanted, adopt, backfill, erase, person, reconcile, retry_rejects
from syncer.config.load import load_project
from syncer.engine.span import Span
from syncer.outlook import deliveries, forecast, reject_identities, rejected_rows, rejects, trace
from syncer.ports import Points
from syncer.session import Session, Trial, find_pipeline
from syncer.state.quarantine import Chosen
from tests.acceptance.shop import TOKEN, Shop
from tests.acceptance.test_operator_actions import opened
from tests.counts import FULL

pytestmark = pytest.mark.acceptance

FUNNEL = """\
name: funnel
source: warehouse
query: SELECT * FROM deals
key: deal
cursor: updated_at
start: window
destination: meta
settings: {action_source: system_generated}
mapping:
  server_event: {event_time: lead_at}
  customer_info: {em: email}
  custom_data: {order_id: deal}
events:
  - {id: lead, name: Lead, when: {lead_at: {is_null: false}}}
  - {id: qualified, name: QualifiedLead, when: {stage: [qualified, won]}, mapping: {server_event: {event_time: qualified_at}}}
  - id: won
    name: Purchase
    when: {stage: won}
    mapping: {server_event: {event_time: won_at}, custom_data: {value: amount, currency: currency}}
"""
TABLE = """CREATE TABLE deals (deal BIGINT, email VARCHAR, stage VARCHAR, amount DOUBLE, currency VARCHAR,
    lead_at TIMESTAMPTZ, qualified_at TIMESTAMPTZ, won_at TIMESTAMPTZ, updated_at TIMESTAMPTZ)"""


@pytest.fixture
def funnel(shop: Shop) -> Shop:
    """A shop whose deals 1, 2, 3 and 4 are new, qualified, won and nothing at all."""
    (shop.folder / "pipelines" / "orders.yaml").unlink()
    (shop.folder / "pipelines" / "funnel.yaml").write_text(FUNNEL)
    deals = (
        "'new', now() - INTERVAL 3 DAY",
        "'qualified', now() - INTERVAL 3 DAY",
        "'won', now() - INTERVAL 3 DAY",
        "NULL, NULL",
    )
    values = (
        f"""({number}, 'c{number}@example.com', {stage.split(",")[0]}, 10, 'EUR', {stage.split(",")[1]},
        now() - INTERVAL 2 DAY, now() - INTERVAL 1 DAY, TIMESTAMPTZ '2026-11-01 00:00:00+00' + to_seconds({number}))"""
        for number, stage in enumerate(deals, 1)
    )
    shop.sql(TABLE, f"INSERT INTO deals VALUES {', '.join(values)}")
    return shop


def ago(**units: float) -> datetime:
    return datetime.now(UTC) - timedelta(**units)


def arrived(shop: Shop) -> list[tuple[str, str]]:
    """Name and deal of the events that arrived, as often as they arrived."""
    events: list[Any] = list(shop.sandbox.sandbox.events())
    return [(event["event_name"], event["custom_data"]["order_id"]) for event in events]


ALL = [("Lead", "1"), ("Lead", "2"), ("QualifiedLead", "2"), ("Lead", "3"), ("QualifiedLead", "3"), ("Purchase", "3")]


def test_a_row_gives_each_stage_once_and_a_later_stage_when_it_is_reached(funnel: Shop) -> None:
    with opened(funnel) as session:
        pipeline = find_pipeline(session.project, "funnel")
        would = forecast(session, pipeline, on_rows=lambda rows: None)
        assert (would.to_send, would.tally.rows_read, would.tally.buckets) == (6, 4, {"no_rule": 1})
        report = session.run("funnel")
        assert (report.tally.rows_read, report.events, report.acknowledged) == (4, 7, 6)
        assert (report.tally.buckets["no_rule"], report.tally.reasons["no_rule"]) == (1, 1)
        assert arrived(funnel) == ALL
        funnel.sql("UPDATE deals SET stage = 'won', updated_at = updated_at + INTERVAL 1 HOUR WHERE deal = 2")
        report = session.run("funnel")
        assert (report.acknowledged, report.tally.buckets["duplicate_skipped"]) == (1, 6)
        assert arrived(funnel) == [*ALL, ("Purchase", "2")]
        assert session.run("funnel").acknowledged == 0
        (nothing,) = trace(session, pipeline, ("4",))
        assert (nothing.rule, nothing.conclusion[0]) == (None, "no_rule")
        stages = {each.rule: each.conclusion[0] for each in trace(session, pipeline, ("2",))}
        assert stages == {"lead": "acked", "qualified": "acked", "won": "acked"}
        assert [each.rule for each in trace(session, pipeline, ("1",))] == ["lead"]
        made, tables = deliveries(session, pipeline)
        lines = [line for table in tables for line in table.to_pylist()]
        assert (made.found, made.events) == (7, 7)
        assert [line["key"] for line in lines] == ["1", "3", "3", "3", "2", "2", "2"]
        assert len({line["event_id"] for line in lines}) == 7


def test_what_is_chosen_by_time_or_by_name_brings_no_other_event_of_its_row(funnel: Shop) -> None:
    with opened(funnel) as session:
        pipeline = find_pipeline(session.project, "funnel")
        report = backfill(session, pipeline, Span.of(ago(days=2.5), ago(days=1.5)), resend=False)
        assert (report.acknowledged, report.tally.rows_read) == (2, 2)
        assert arrived(funnel) == [("QualifiedLead", "2"), ("QualifiedLead", "3")]
        report = adopt(session, pipeline, Span.of(ago(days=4), ago(days=2.5)))
        assert (report.tally.rows_read, report.tally.buckets["duplicate_skipped"]) == (3, 3)
        assert session.run("funnel").acknowledged == 1
        assert arrived(funnel)[2:] == [("Purchase", "3")]
        report = backfill(session, pipeline, Span.of(ago(days=2.5), ago(days=1.5)), resend=True)
        assert (report.acknowledged, report.possible_duplicates) == (2, 2)
        assert reconcile(session, pipeline).acknowledged == 0


def test_a_reject_of_one_stage_is_found_and_judged_again_by_itself(funnel: Shop) -> None:
    funnel.sql("UPDATE deals SET currency = NULL")
    with opened(funnel) as session:
        pipeline = find_pipeline(session.project, "funnel")
        report = session.run("funnel")
        assert (report.acknowledged, report.tally.reasons["currency_missing"]) == (5, 1)
        (reject,) = rejects(session, pipeline)
        (line,) = [line for table in rejected_rows(session, pipeline, [reject]) for line in table.to_pylist()]
        assert (line["key"], line["reason"]) == ("3", "currency_missing")
        funnel.sql("UPDATE deals SET currency = 'EUR'")
        chosen = Chosen(identities=frozenset(reject_identities(session, pipeline, ("3",))))
        again = retry_rejects(session, pipeline, chosen)
        assert (again.acknowledged, again.events, rejects(session, pipeline)) == (1, 1, [])
    assert sorted(arrived(funnel)) == sorted(ALL)


def test_a_person_is_erased_with_the_events_of_every_stage(funnel: Shop) -> None:
    with opened(funnel) as session:
        pipeline = find_pipeline(session.project, "funnel")
        for wanted in (Wanted(match=("email", "c3@example.com")), Wanted(keys=[("2",)]), Wanted(key=("1",))):
            gone = erase(session, pipeline, person(session, pipeline, wanted))
            assert gone.events == 3
        report = session.run("funnel")
        assert (report.acknowledged, report.tally.buckets["erased"]) == (0, 6)


def test_a_sample_sends_as_many_events_as_it_should(funnel: Shop) -> None:
    with opened(funnel) as session:
        assert session.run("funnel", trial=Trial("T1"), limit=2).acknowledged == 2
        assert session.run("funnel", limit=1).acknowledged == 1
        assert session.run("funnel", trial=Trial("T1", ("3",))).acknowledged == 3
        assert session.run("funnel").acknowledged == 0
        shown = session.preview(find_pipeline(session.project, "funnel"), limit=1, key=("3",))
    assert arrived(funnel) == ALL
    assert [json.loads(text)["event_name"] for text in shown.events] == ["Lead", "QualifiedLead", "Purchase"]
    assert [key for key, _ in shown.steps] == ["3, rule lead", "3, rule qualified", "3, rule won"]


def test_rules_in_place_of_one_event_name_wait_for_a_decision(funnel: Shop) -> None:
    rules = FUNNEL[FUNNEL.index("events:") :]
    funnel.edit("pipelines/funnel.yaml", rules, "")
    funnel.edit("pipelines/funnel.yaml", "server_event: {", "server_event: {event_name: {value: Lead}, ")
    with opened(funnel) as session:
        assert session.run("funnel").acknowledged == 3
    (funnel.folder / "pipelines" / "funnel.yaml").write_text(FUNNEL)
    with opened(funnel) as session:
        report = session.run("funnel")
        assert (report.status, report.pause_reason) == ("paused", "needs_decision")
        assert "the key was deal and is deal by the rules lead, qualified, won" in report.message


def test_a_trace_asks_the_state_once_for_what_is_set_aside_and_for_its_own_alone(funnel: Shop) -> None:
    funnel.sql("UPDATE deals SET email = NULL")
    with opened(funnel) as session:
        pipeline = find_pipeline(session.project, "funnel")
        assert session.run("funnel").tally.buckets["rejected_local"] == 6
        asked: list[str] = []
        event.listen(session.store.database.engine, "before_cursor_execute", lambda *of: asked.append(of[2]))
        stages = {each.rule: each.conclusion[0] for each in trace(session, pipeline, ("3",))}
        assert stages == dict.fromkeys(("lead", "qualified", "won"), "rejected_local")
        (question,) = (sql for sql in asked if "FROM quarantine" in sql)
        assert "quarantine.identity IN" in question


class Dying(Points):
    """Points of which one, the n-th time it is passed, is where the process dies."""

    def __init__(self, at: str, times: int) -> None:
        self.at, self.left = at, times

    def hit(self, name: str, /) -> None:
        """Pass a point."""
        self.left -= name == self.at
        if name == self.at and self.left == 0:
            raise KeyboardInterrupt


POINTS = ["arm.after", "post.after", *(["page.in", "arm.in", "post.before", "ack.in", "ack.after"] if FULL else [])]


@pytest.mark.faults
@pytest.mark.parametrize("at", POINTS)
@pytest.mark.parametrize("times", [1, 2] if FULL else [2])
def test_F01_a_run_that_dies_among_the_events_of_one_row_loses_none_and_doubles_none_unsaid(
    funnel: Shop, at: str, times: int
) -> None:
    funnel.edit("pipelines/funnel.yaml", "destination: meta", "destination: meta\ndelivery: {events_per_request: 2}")
    project = load_project(funnel.folder, environ={"TOKEN": TOKEN})
    with Session(project, points=Dying(at, times)) as session:
        died = session.run("funnel")
    with opened(funnel) as session:
        report, last = session.run("funnel"), session.run("funnel")
    assert set(arrived(funnel)) == set(ALL)
    doubled = len(arrived(funnel)) - len(ALL)
    assert doubled <= died.possible_duplicates + report.possible_duplicates
    assert (last.acknowledged, last.tally.buckets["duplicate_skipped"]) == (0, 6)


def test_what_is_said_of_an_event_names_its_rule(funnel: Shop) -> None:
    funnel.sql("UPDATE deals SET currency = NULL")
    assert funnel.syncer("run", "funnel").code == 3
    listed = funnel.syncer("rejects", "list", "funnel", "--rows").out.splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [["key", "rule", "reason"], ["3", "won", "currency_missing"]]
    shown = funnel.syncer("rejects", "show", "funnel", "--key", "3")
    assert shown.out.startswith("funnel, key 3, rule won: rejected_local, currency_missing\n")
    assert [line for line in shown.out.splitlines() if line.startswith("key 3")] == [
        "key 3, rule lead",
        "key 3, rule qualified",
        "key 3, rule won",
    ]
    previewed = funnel.syncer("preview", "funnel", "--limit", "10")
    assert [line.split(";")[0] for line in previewed.err.splitlines()] == [
        "refused: key 3, rule won: currency_missing (currency)",
        "refused: key 4: no_rule",
    ]
    traced = funnel.syncer("trace", "funnel", "3", "--output", "json").out.splitlines()
    assert [(json.loads(line)["rule"], json.loads(line)["conclusion"]) for line in traced] == [
        ("lead", "acked"),
        ("qualified", "acked"),
        ("won", "rejected_local"),
    ]
    lines = [json.loads(line) for line in funnel.syncer("deliveries", "funnel").out.splitlines()]
    assert [(line["key"], line["rule"]) for line in lines if line["outcome"] == "rejected_local"] == [("3", "won")]


def test_S17_a_row_without_consent_counts_once_and_none_of_its_events_is_sent_when_consent_comes_later(
    funnel: Shop,
) -> None:
    funnel.edit("pipelines/funnel.yaml", "destination: meta", "destination: meta\nconsent: {column: agreed}")
    funnel.sql("ALTER TABLE deals ADD COLUMN agreed BOOLEAN", "UPDATE deals SET agreed = deal NOT IN (2, 3)")
    change = "agreed = true, updated_at = updated_at + INTERVAL 1 HOUR"
    with opened(funnel) as session:
        pipeline = find_pipeline(session.project, "funnel")
        report = session.run("funnel")
        assert (report.events, report.acknowledged) == (4, 1)
        assert (report.tally.buckets, report.tally.reasons["consent_denied"]) == ({"no_consent": 2, "no_rule": 1}, 2)
        assert {each.rule: each.conclusion[0] for each in trace(session, pipeline, ("2",))} == {
            "lead": "no_consent",
            "qualified": "no_consent",
        }
        funnel.sql(
            f"UPDATE deals SET {change} WHERE deal = 3", f"UPDATE deals SET {change}, stage = 'won' WHERE deal = 2"
        )
        report = session.run("funnel")
        assert arrived(funnel) == [("Lead", "1"), ("Purchase", "2")]
        assert (report.acknowledged, report.tally.reasons["consent_came_later"]) == (1, 2)
        erase(session, pipeline, person(session, pipeline, Wanted(keys=[("3",)])))
        funnel.sql("UPDATE deals SET agreed = false WHERE deal = 3")
        report = session.run("funnel")
        assert report.tally.buckets == {"duplicate_skipped": 1, "no_consent": 1, "erased": 1, "no_rule": 1}
