"""Several writes of a run in one commit. Every test runs on SQLite and on Postgres."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from syncer.errors import StateError
from syncer.report import RunStatus, Tally
from syncer.state.database import driver
from syncer.state.history import report_of
from syncer.state.request_lines import requests_of
from syncer.state.requests import RequestState
from syncer.state.store import Store

STATES = text("SELECT state FROM requests ORDER BY id")
Contradictions = Callable[[Store], list[str]]


def states(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(STATES).scalars())


def test_R05_an_outcome_and_the_next_intent_are_seen_together_once_the_block_ends(
    store: Store, opened: Any, acts: Any, contradictions: Contradictions
) -> None:
    other_process = opened()
    with acts.begin(store) as run:
        acts.read(run, 6)
        first = acts.arm(run, 1, 3)
        with run.together():
            run.settle(first, acts.accepted(), state=RequestState.ACKED, watermark=acts.mark(3))
            acts.arm(run, 4, 3)
            assert states(other_process) == ["armed"]
        assert states(other_process) == ["acked", "armed"]
        report = run.report()
    assert (report.acknowledged, report.watermark_after) == (3, "3")
    assert contradictions(store) == []


def test_what_is_written_together_bears_one_time(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 6)
        first = acts.arm(run, 1, 3)
        store.clock.sleep(60.0)
        with run.together():
            run.settle(first, acts.accepted(), state=RequestState.ACKED)
            store.clock.sleep(1.0)
            acts.arm(run, 4, 3)
        settled, armed = requests_of(store, run.run_id)
    assert armed.armed_at == settled.finished_at
    assert settled.armed_at is not None
    assert settled.finished_at == settled.armed_at + timedelta(minutes=1)


def test_what_a_block_counts_is_counted_once_in_the_run_that_planned_it(
    store: Store, acts: Any, contradictions: Contradictions
) -> None:
    """A refund first, and a page of which nothing is left to be sent in the same commit."""
    with acts.begin(store, "run-1") as earlier:
        acts.read(earlier, 5)
        left = acts.arm(earlier, 1, 2)
    with acts.begin(store, "run-2") as run:
        with run.together():
            run.hold(left)
            for number in (6, 9):
                acts.read(run, 3)
                request = acts.arm(run, number, 3)
                run.settle(request, acts.accepted(), state=RequestState.ACKED, value={"EUR": -1.5})
        report, before = run.report(), report_of(store, "run-1")
    assert (report.tally, report.acknowledged, report.value) == (Tally(rows_read=6), 6, {"EUR": -3.0})
    assert (before.tally.buckets, before.acknowledged, before.value) == ({"pending": 3, "held": 2}, 0, {})
    assert contradictions(store) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_a_block_wrote_before_it_failed_is_undone_and_the_run_writes_no_more_but_its_end(
    store: Store, acts: Any, contradictions: Contradictions, error: type[BaseException]
) -> None:
    with acts.begin(store) as run:
        acts.read(run, 6)
        first = acts.arm(run, 1, 3)
        with pytest.raises(error), run.together():  # noqa: PT012  the write before the error is what is tested
            run.settle(first, acts.accepted(), state=RequestState.ACKED, watermark=acts.mark(3))
            raise error
        with pytest.raises(StateError, match="earlier write"):
            acts.arm(run, 4, 3)
        run.finish(RunStatus.FAILED, now=store.clock.now())
        report = run.report()
    assert (report.acknowledged, report.watermark_after, states(store)) == (0, None, ["armed"])
    assert contradictions(store) == []


def test_a_block_that_writes_nothing_commits_nothing(opened: Any, acts: Any) -> None:
    passed: list[str] = []

    class Watch:
        def hit(self, name: str, /) -> None:
            passed.append(name)

    with acts.begin(opened(Watch())) as run:
        passed.clear()
        with run.together():
            pass
        assert passed == []
        with pytest.raises(ValueError, match="mine"), run.together():
            raise ValueError("mine")
        acts.read(run, 1)


def test_R25_a_block_of_a_run_that_was_taken_over_writes_nothing(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 6)
        first = acts.arm(run, 1, 3)
        with store.tx("steal") as connection:
            connection.execute(text("UPDATE pipelines SET epoch = epoch + 1"))
        with pytest.raises(StateError, match="taken this pipeline over"), run.together():
            run.settle(first, acts.accepted(), state=RequestState.ACKED)
    assert states(store) == ["armed"]


def test_a_look_whose_connection_breaks_leaves_the_next_write_another(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 1)
        with pytest.raises(StateError), store.looking() as connection:  # noqa: PT012  it breaks before it is asked
            driver(connection).close()
            connection.execute(STATES)
        run.finish(RunStatus.FAILED, now=store.clock.now())
        assert run.report().status == RunStatus.FAILED


def test_a_look_waits_for_no_write_of_others(store: Store, opened: Any, acts: Any) -> None:
    other_process = opened()
    with acts.begin(store) as run, other_process.tx("other") as connection:
        connection.execute(text("UPDATE pipelines SET epoch = epoch"))
        run.require_own()
