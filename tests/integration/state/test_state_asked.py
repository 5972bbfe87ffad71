"""Runs that were asked for: each wish is answered by a run that began after it, however many ask (R26)."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from syncer.errors import StateError
from syncer.report import RunStatus
from syncer.state import asked
from syncer.state.asked import SCHEDULE, Asked, AskedState
from syncer.state.operations import rename
from syncer.state.runs import RunLog
from syncer.state.store import Store
from tests.integration.state.conftest import ORDERS

TARGET = ORDERS.target


def begin(store: Store, run_id: str, *, is_answer: bool = True) -> RunLog:
    now = store.clock.now()
    facts: dict[str, Any] = {"fingerprint": "f", "trigger": "schedule", "holder": "tester"}
    return store.start_run(ORDERS, run_id=run_id, now=now, is_answer=is_answer, **facts)


def ask(store: Store, by: str = "ada") -> int:
    return asked.ask(store, TARGET, "orders", by=by)


def answers(store: Store, *wishes: int) -> list[tuple[str, str | None]]:
    found = [asked.find(store, wish) for wish in wishes]
    return [(each.state.value, each.run_id) for each in found if each is not None]


def wish(store: Store, number: int) -> Asked:
    (found,) = [each for each in asked.waiting(store, TARGET) if each.id == number]
    return found


def end(run: RunLog, store: Store, status: RunStatus = RunStatus.DONE) -> None:
    run.finish(status, now=store.clock.now())
    run.close()


def test_R26_a_wish_is_answered_by_the_run_that_begins_next_and_not_by_the_one_under_way(store: Store) -> None:
    first = ask(store)
    run = begin(store, "run-1")
    second, third = ask(store), ask(store)
    end(run, store)
    assert answers(store, first, second, third) == [("done", "run-1"), ("asked", None), ("asked", None)]
    end(begin(store, "run-2"), store, RunStatus.FAILED)
    assert answers(store, second, third) == [("done", "run-2"), ("done", "run-2")]
    assert asked.waiting(store, TARGET) == []


def test_R26_a_hundred_wishes_before_a_run_are_one_run(store: Store) -> None:
    wishes = [ask(store) for _ in range(100)]
    end(begin(store, "run-1"), store)
    assert set(answers(store, *wishes)) == {("done", "run-1")}


def test_a_run_to_one_destination_answers_no_wish_for_another(store: Store) -> None:
    ours, theirs = (asked.ask(store, TARGET, "orders", destination=name, by="ada") for name in ("meta", "other"))
    end(begin(store, "run-1"), store)
    assert answers(store, ours, theirs) == [("done", "run-1"), ("asked", None)]
    assert [each.destination for each in asked.waiting(store, TARGET)] == ["other"]


def test_a_wish_whose_options_are_no_json_is_damaged(store: Store) -> None:
    ask(store)
    with store.tx("ask") as connection:
        connection.execute(text("UPDATE run_requests SET options = '{'"))
    with pytest.raises(StateError, match="a row is damaged: it asks for a run with the options"):
        asked.waiting(store, TARGET)


def test_a_run_of_a_part_of_the_rows_answers_nobody(store: Store) -> None:
    one = ask(store)
    end(begin(store, "run-1", is_answer=False), store)
    assert answers(store, one) == [("asked", None)]


def test_an_interrupted_run_leaves_its_wishes_to_the_next(store: Store) -> None:
    one = ask(store)
    end(begin(store, "run-1"), store, RunStatus.INTERRUPTED)
    assert answers(store, one) == [("asked", None)]


def test_the_wishes_of_a_run_whose_process_died_are_those_of_the_next(store: Store) -> None:
    one = ask(store)
    begin(store, "run-1").close()
    assert answers(store, one) == [("running", "run-1")]
    assert [each.state for each in asked.waiting(store, TARGET)] == [AskedState.RUNNING]
    end(begin(store, "run-2"), store)
    assert answers(store, one) == [("done", "run-2")]


def test_wishes_for_which_no_run_can_begin_are_answered_with_the_reason(store: Store) -> None:
    first, second = ask(store), ask(store)
    asked.refuse(store, TARGET, [wish(store, first)], message="no such column")
    found = asked.find(store, first)
    assert found is not None
    assert (found.state, found.run_id, found.message) == (AskedState.DONE, None, "no such column")
    assert answers(store, second) == [("asked", None)]


def test_nothing_is_kept_of_the_wishes_of_a_clock(store: Store) -> None:
    clock, person = ask(store, SCHEDULE), ask(store)
    run = begin(store, "run-1")
    late = ask(store, SCHEDULE)
    end(run, store)
    assert (asked.find(store, clock), answers(store, person, late)) == (None, [("done", "run-1"), ("asked", None)])
    asked.refuse(store, TARGET, [wish(store, late)], message="paused")
    assert asked.find(store, late) is None


def test_wishes_go_with_a_pipeline_that_is_renamed(store: Store) -> None:
    end(begin(store, "run-1"), store)
    one = ask(store)
    rename(store, TARGET, old="orders", new="sales", actor="ada")
    assert [(each.id, each.pipeline) for each in asked.waiting(store, TARGET)] == [(one, "sales")]


@pytest.mark.parametrize("other", [("prod", "orders"), (TARGET, "customers")])
def test_wishes_of_others_are_left_alone(store: Store, other: tuple[str, str], acts: Any) -> None:
    theirs, ours = asked.ask(store, *other, by="ada"), ask(store)
    asked.refuse(store, TARGET, [wish(store, ours)], message="not for them")
    end(begin(store, "run-1"), store)
    assert answers(store, theirs) == [("asked", None)]


def test_a_refusal_does_not_answer_a_later_wish_that_has_the_id_of_a_forgotten_one(store: Store) -> None:
    clock = wish(store, ask(store, SCHEDULE))
    end(begin(store, "run-1"), store)
    store.clock.sleep(1)
    later = ask(store)
    asked.refuse(store, TARGET, [replace(clock, id=later)], message="not for them")
    assert answers(store, later) == [("asked", None)]
