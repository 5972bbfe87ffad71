"""A pipeline with two destinations under the daemon: each way has runs, pauses and crashes of its own."""

import json
import os
from datetime import timedelta
from typing import Any

import pytest

from syncer.actions import ask_for_run, pause, resume, wait_for_run
from syncer.daemon.crew import MOST_CRASHES, Crew
from syncer.daemon.slots import Slots
from syncer.errors import SyncerError
from syncer.pipeline import Pipeline, ways
from syncer.report import RunStatus
from syncer.sandbox.faults import parse_faults
from syncer.session import Session
from syncer.state import asked, schedules
from syncer.state.history import StoredRun, stored_runs
from tests.acceptance.daemons import answered, serving, session_of, wait_until
from tests.acceptance.shop import TOKEN, Shop

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(120)]


def each_way(session: Session) -> tuple[Pipeline, ...]:
    return ways(session.project.pipelines["orders"])


def runs(session: Session) -> list[StoredRun]:
    return stored_runs(session.store, "default", limit=9)


def ran(session: Session) -> list[str]:
    return sorted(each.report.destination for each in runs(session) if each.finished_at)


def datasets(shop: Shop) -> set[str]:
    return {each.batch.dataset_id for each in shop.sandbox.sandbox.arrivals()}


def test_trigger_asks_for_every_way_and_reports_each(both: Shop) -> None:
    with serving(both):
        done = both.syncer("trigger", "orders", "--output", "json")
        found = [json.loads(line) for line in done.out.splitlines()]
        assert (done.code, [(each["destination"], each["acknowledged"]) for each in found]) == (
            0, [("meta", 3), ("other", 3)],
        )  # fmt: skip
        only = both.syncer("trigger", "orders", "--destination", "other", "--output", "json").report
        assert (only["destination"], only["acknowledged"]) == ("other", 0)
    assert len(datasets(both)) == 2


def test_a_trigger_waits_for_all_its_ways_together_no_longer_than_it_was_told(both: Shop) -> None:
    with session_of(both) as session:
        wish = asked.ask(session.store, "default", "orders", destination="meta", by="ada")
        began = session.clock.monotonic()
        with pytest.raises(SyncerError, match="the run has not ended within 60 s"):
            wait_for_run(session, each_way(session)[0], wish, timeout_s=60, since=began - 60)


def test_R32_a_destination_that_the_file_gets_under_way_is_served_at_the_next_run(both: Shop) -> None:
    both.edit("pipelines/orders.yaml", "[meta, other]", "meta")
    with serving(both):
        assert both.syncer("trigger", "orders", "--output", "json").report["destination"] == "meta"
        both.edit("pipelines/orders.yaml", "destination: meta", "destination: [other, meta]")
        done = both.syncer("trigger", "orders", "--output", "json")
        found = [json.loads(line) for line in done.out.splitlines()]
        assert [(each["destination"], each["acknowledged"]) for each in found] == [("other", 3), ("meta", 0)]
        both.edit("pipelines/orders.yaml", "[other, meta]", "other")
        assert both.syncer("trigger", "orders", "--output", "json").report["acknowledged"] == 0
    assert len(datasets(both)) == 2


def test_R25_ways_run_side_by_side(both: Shop) -> None:
    """Both requests are on the way before either is answered."""
    both.sandbox.sandbox.faults = parse_faults("latency=3000ms")
    with serving(both) as session:
        wishes = [ask_for_run(session, way) for way in each_way(session)]
        wait_until(lambda: both.sandbox.sandbox.begun == 2)
        assert both.sandbox.sandbox.received == 0
        answered(session, wishes)


def test_R27_a_way_that_is_paused_does_not_stop_the_other_and_catches_up_when_it_is_resumed(both: Shop) -> None:
    with session_of(both) as session:
        pause(session, each_way(session)[1])
    both.edit("pipelines/orders.yaml", "destination: [", "schedule: {every: 1h}\ndestination: [")
    with serving(both) as session:
        wait_until(lambda: ran(session) == ["meta"])
        assert [each.trigger for each in runs(session)] == ["schedule"]
        assert resume(session, each_way(session)[1]).was == "by_hand"
        wait_until(lambda: ran(session) == ["meta", "other"])
        assert {each.trigger for each in runs(session)} == {"schedule"}
        assert asked.waiting(session.store, "default") == []
    assert len(datasets(both)) == 2


def test_a_pipeline_that_was_not_due_while_it_was_paused_waits_for_its_clock(both: Shop) -> None:
    both.edit("pipelines/orders.yaml", "destination: [", "schedule: {every: 1h}\ndestination: [")
    with serving(both) as session:
        wait_until(lambda: ran(session) == ["meta", "other"])
        pause(session, each_way(session)[1])
        resume(session, each_way(session)[1])
        assert asked.waiting(session.store, "default") == []
        (due,) = [each for (_, kind), each in schedules.stored(session.store, "default").items() if kind == "schedule"]
        assert due.next_at is not None
        assert due.next_at - session.clock.now() > timedelta(minutes=50)


def test_R29_a_way_whose_runs_crash_is_paused_and_the_other_runs(both: Shop) -> None:
    with session_of(both) as session:
        crew = Crew(Slots(2), session.clock)
        _, second = each_way(session)
        for _ in range(MOST_CRASHES):
            now = session.clock.now()
            facts: dict[str, Any] = {"fingerprint": "f", "trigger": "schedule", "holder": "ada"}
            with session.store.start_run(session.scope(second), run_id=os.urandom(8).hex(), now=now, **facts) as run:
                run.finish(RunStatus.FAILED, now=now, is_crash=True)
        wishes = [
            asked.ask(session.store, "default", "orders", destination=name, by="ada") for name in ("meta", "other")
        ]
        assert crew.dispatch(session, asked.waiting(session.store, "default")) == 1
        good, bad = answered(session, wishes)
        assert (good.destination, good.message, bad.destination) == ("meta", None, "other")
        assert "crash" in (bad.message or "")
        assert crew.drain(30)


def test_R29_a_suspect_way_runs_in_a_process_of_its_own_and_sends_where_it_should(
    both: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", TOKEN)
    with session_of(both) as session:
        crew = Crew(Slots(2), session.clock)
        second = each_way(session)[1]
        now = session.clock.now()
        with session.store.start_run(
            session.scope(second), run_id="dead", now=now, fingerprint="f", trigger="schedule", holder="ada"
        ) as run:
            run.finish(RunStatus.FAILED, now=now, is_crash=True)
        wish = asked.ask(session.store, "default", "orders", destination="other", by="ada")
        assert crew.dispatch(session, asked.waiting(session.store, "default")) == 1
        (found,) = answered(session, [wish], within_s=60)
        assert (found.run_id is not None, datasets(both)) == (True, {"987654321"})
        assert crew.drain(30)


def test_a_wish_for_a_destination_that_the_file_has_no_more_is_refused(both: Shop) -> None:
    with session_of(both) as session:
        wish = asked.ask(session.store, "default", "orders", destination="third", by="ada")
        crew = Crew(Slots(1), session.clock)
        assert crew.dispatch(session, asked.waiting(session.store, "default")) == 0
        (found,) = answered(session, [wish])
        assert "sends orders to no 'third'; are its files the same?" in (found.message or "")
        assert crew.drain(1)


def test_a_wish_without_a_destination_is_the_first_ways(both: Shop) -> None:
    """As one that an older release wrote down."""
    with serving(both) as session:
        wish = asked.ask(session.store, "default", "orders", by="ada")
        report = wait_for_run(session, each_way(session)[0], wish, timeout_s=30)
        assert (report.destination, report.acknowledged) == ("meta", 3)
