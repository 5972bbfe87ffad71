"""Runs that crashed are told from those that ended, failed or were stopped (R29)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from syncer.report import RunStatus
from syncer.state import crashes
from syncer.state.crashes import CRASH_LOOP
from syncer.state.history import stored_pipelines
from syncer.state.pauses import pauses
from syncer.state.store import Store
from tests.integration.state.conftest import NOON, ORDERS

TARGET = ORDERS.target


def recent(store: Store, since: datetime = NOON - timedelta(hours=1)) -> dict[str, int]:
    """Return the crashes by name of the pipelines to ORDERS' destination."""
    found = crashes.recent(store, TARGET, since=since)
    return {scope.pipeline: count for scope, count in found.items() if scope.destination == ORDERS.destination}


def end(store: Store, acts: Any, run_id: str, status: RunStatus, **more: Any) -> None:
    with acts.begin(store, run_id) as run:
        run.finish(status, now=store.clock.now(), **more)


def test_R29_a_run_whose_process_died_is_a_crash_whoever_finds_it(store: Store, acts: Any) -> None:
    acts.begin(store, "run-1").close()
    assert recent(store) == {}
    acts.begin(store, "run-2").close()
    assert recent(store) == {"orders": 1}
    assert crashes.find_dead(store, TARGET) == ["orders"]
    assert crashes.find_dead(store, TARGET) == []
    assert recent(store) == {"orders": 2}


def test_a_run_that_is_under_way_is_not_dead(store: Store, opened: Callable[[], Store], acts: Any) -> None:
    with acts.begin(store):
        assert crashes.find_dead(opened(), TARGET) == []


def test_R29_a_mistake_of_syncers_own_is_a_crash_and_no_other_end_is(store: Store, acts: Any) -> None:
    end(store, acts, "run-1", RunStatus.FAILED, is_crash=True)
    end(store, acts, "run-2", RunStatus.INTERRUPTED)
    assert recent(store) == {"orders": 1}


def test_crashes_before_a_run_that_came_to_its_end_do_not_count(store: Store, acts: Any) -> None:
    for status in (RunStatus.DONE, RunStatus.FAILED, RunStatus.PAUSED):
        acts.begin(store, f"dead-{status.value}").close()
        end(store, acts, f"run-{status.value}", status)
        assert recent(store) == {}


def test_old_crashes_do_not_count(store: Store, acts: Any) -> None:
    end(store, acts, "run-1", RunStatus.FAILED, is_crash=True)
    assert recent(store, since=NOON + timedelta(seconds=1)) == {}


def test_crashes_before_a_pipeline_was_resumed_do_not_count(store: Store, acts: Any) -> None:
    for number in range(3):
        end(store, acts, f"run-{number}", RunStatus.FAILED, is_crash=True)
    crashes.pause(store, ORDERS, actor="daemon")
    assert pauses(store, TARGET) == {ORDERS: CRASH_LOOP}
    store.clock.sleep(1)
    store.resume(ORDERS, actor="ada")
    assert (recent(store), pauses(store, TARGET)) == ({}, {})


def test_a_pipeline_of_that_name_that_was_resumed_in_another_target_is_another(store: Store, acts: Any) -> None:
    end(store, acts, "run-1", RunStatus.FAILED, is_crash=True)
    store.clock.sleep(1)
    store.resume(replace(ORDERS, target="dev"), actor="ada")
    assert recent(store) == {"orders": 1}


def test_the_way_to_another_destination_has_crashes_and_pauses_of_its_own(store: Store, acts: Any) -> None:
    other = replace(ORDERS, destination="other")
    end(store, acts, "run-1", RunStatus.FAILED, is_crash=True)
    store.clock.sleep(1)
    store.pause(other, reason="by_hand", actor="ada")
    store.resume(other, actor="ada")
    crashes.pause(store, other, actor="daemon")
    assert crashes.recent(store, TARGET, since=NOON - timedelta(hours=1)) == {ORDERS: 1}
    assert pauses(store, TARGET) == {other: CRASH_LOOP}


def test_crashes_are_told_of_the_pipelines_that_are_asked_for(store: Store, acts: Any) -> None:
    end(store, acts, "run-1", RunStatus.FAILED, is_crash=True)
    since, mine = NOON - timedelta(hours=1), [each.id for each in stored_pipelines(store, TARGET)]
    assert crashes.recent(store, TARGET, since=since, pipelines_of=mine) == {ORDERS: 1}
    assert crashes.recent(store, TARGET, since=since, pipelines_of=[mine[0] + 1]) == {}


def test_a_pause_that_there_is_already_is_kept(store: Store) -> None:
    store.pause(ORDERS, reason="by_hand", actor="ada")
    crashes.pause(store, ORDERS, actor="daemon")
    assert pauses(store, TARGET) == {ORDERS: "by_hand"}


def test_runs_that_a_daemon_gives_up_are_interrupted_and_no_crash(store: Store, acts: Any) -> None:
    run = acts.begin(store)
    crashes.give_up(store, "somebody else")
    with store.reading() as connection:
        assert connection.execute(text("SELECT status FROM runs")).scalar() == "running"
    crashes.give_up(store, "tester")
    run.close()
    acts.begin(store, "run-2").close()
    with store.reading() as connection:
        first = connection.execute(text("SELECT status, crashed FROM runs ORDER BY epoch")).first()
    assert (tuple(first or ()), recent(store)) == (("interrupted", None), {})
