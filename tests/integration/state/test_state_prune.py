"""What is over its term is forgotten, nothing else, and its space is given back (S11, R11)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from syncer.duration import Duration
from syncer.pipeline import Retention
from syncer.ports import Points
from syncer.report import Bucket, RunStatus, Tally
from syncer.state import asked, schedules
from syncer.state.prune import prune
from syncer.state.requests import Rejected, RequestState
from syncer.state.schedules import Due, Missed
from syncer.state.store import Store

RETENTION = Retention()


def later(store: Store, days: float) -> None:
    store.clock.sleep(days * 86_400)


def rows(store: Store, table: str) -> int:
    with store.reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def one_of_each(store: Store, acts: Any, run_id: str = "run-1") -> None:
    """A run with an event in each state that a request can end in, one still open, and a reject."""
    with acts.begin(store, run_id) as run:
        run.page(Tally(rows_read=1), [Rejected(identity=bytes(16), bucket=Bucket.REJECTED_LOCAL, reason="x")], 1)
        acts.deliver(run, 1, 1)
        for number, state in enumerate((RequestState.DEAD, RequestState.HELD, RequestState.SUPERSEDED), 2):
            acts.read(run, 1)
            request = acts.arm(run, number, 1)
            if state is RequestState.HELD:
                run.settle(request, acts.unknown(), state=RequestState.DOUBT)
            run.settle(request, acts.refused() if state is RequestState.DEAD else acts.unknown(), state=state)
        run.finish(RunStatus.DONE, now=store.clock.now())


def states(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(text("SELECT state FROM requests ORDER BY id")).scalars())


def test_S11_each_kind_is_kept_for_its_term_and_what_is_undecided_stays(store: Store, acts: Any) -> None:
    one_of_each(store, acts)
    later(store, 20)
    with acts.begin(store, "run-2") as run:
        acts.deliver(run, 10, 1)
        run.finish(RunStatus.DONE, now=store.clock.now())
    later(store, 10.9)
    assert prune(store, RETENTION) == 0
    later(store, 0.2)
    assert (prune(store, RETENTION), rows(store, "quarantine")) == (1, 0)
    later(store, 58.8)
    assert prune(store, RETENTION) == 0
    later(store, 1.2)
    assert prune(store, RETENTION) == 3
    assert states(store) == ["held", "acked"]
    assert (rows(store, "runs"), prune(store, RETENTION)) == (2, 0)
    later(store, 400)
    assert prune(store, RETENTION) == 0
    assert states(store) == ["held", "acked"]
    with acts.begin(store, "run-3") as run:
        settled = run.ledger.settled(acts.identities(1, 3) + acts.identities(10, 1)).to_list()
    assert settled == [False, False, True, True]


def test_S11_a_run_goes_with_its_counts_once_nothing_of_it_is_open_and_it_is_not_the_newest(
    store: Store, acts: Any
) -> None:
    for number in range(3):
        with acts.begin(store, f"run-{number}") as run:
            acts.deliver(run, number, 1)
            run.finish(RunStatus.DONE, now=store.clock.now())
    later(store, 92)
    assert prune(store, RETENTION) == 4
    with store.reading() as connection:
        assert connection.execute(text("SELECT DISTINCT run_id FROM run_counts")).scalars().all() == ["run-2"]


@pytest.mark.parametrize(("days", "kept"), [(63.9, True), (65.1, False)])
def test_R11_no_term_is_shorter_than_what_meta_takes_and_a_day(
    store: Store, acts: Any, days: float, *, kept: bool
) -> None:
    for number in (1, 2):
        with acts.begin(store, f"run-{number}") as run:
            acts.deliver(run, number, 1)
    later(store, days)
    prune(store, Retention(ledger=Duration(86_400)))
    with acts.begin(store, "run-3") as run:
        assert run.ledger.settled(acts.identities(1, 1)).to_list() == [kept]


def test_R11_an_event_whose_time_is_not_over_is_remembered_however_long_ago_it_was_settled(
    store: Store, acts: Any
) -> None:
    for number in (1, 2):  # requests of the newest run stay for its sake
        with acts.begin(store, f"run-{number}") as run:
            acts.deliver(run, number, 1)
    later(store, 100)
    with store.tx("test") as connection:
        at = (store.clock.now() - timedelta(days=80)).timestamp()
        connection.execute(text(f"UPDATE requests SET event_time_max = {int(at)}"))
    prune(store, RETENTION)
    assert states(store) == ["acked", "acked"]


@pytest.mark.parametrize(("left", "days", "kept"), [("doubt", 32, True), ("doubt", 92, False), ("retry", 32, False)])
def test_R03_doubt_that_was_given_back_is_kept_as_long_as_the_ledger(
    store: Store, acts: Any, left: str, days: float, *, kept: bool
) -> None:
    with acts.begin(store) as run:
        acts.read(run, 1)
        run.settle(acts.arm(run, 1, 1), acts.unknown(), state=RequestState(left))
    with acts.begin(store, "run-2") as run:
        run.supersede(run.unfinished()[0].id)
        acts.deliver(run, 2, 1)
    with store.tx("test") as connection:
        connection.execute(text(f"UPDATE requests SET event_time_max = {int(store.clock.now().timestamp())}"))
    later(store, days)
    prune(store, Retention(runs=Duration(30 * 86_400)))
    assert states(store) == (["superseded", "acked"] if kept else ["acked"])


def test_S11_the_space_is_given_back(opened: Callable[..., Store], acts: Any) -> None:
    store = opened()
    if store.place.path is None:
        return
    with acts.begin(store) as run:
        for number in range(60):
            acts.deliver(run, number * 1_000, 1_000)
        run.finish(RunStatus.DONE, now=store.clock.now())
    with acts.begin(store, "run-2") as run:
        acts.deliver(run, 60_000, 1)
    later(store, 92)
    store.close()
    before = store.place.path.stat().st_size
    store = opened()
    later(store, 92)
    assert prune(store, RETENTION) == 61
    store.close()
    assert store.place.path is not None
    assert store.place.path.stat().st_size < before / 5


class Died(BaseException):
    """The process ends here."""


class DieAt(Points):
    def __init__(self, name: str) -> None:
        self.name = name

    def hit(self, name: str, /) -> None:
        if name == self.name:
            raise Died


@pytest.mark.parametrize(("point", "left"), [("prune.before", 3), ("prune.in", 3), ("prune.after", 1)])
def test_S11_a_crash_while_pruning_leaves_all_or_nothing_and_the_next_goes_on(
    opened: Callable[..., Store], acts: Any, contradictions: Any, point: str, left: int
) -> None:
    dying, store = opened(DieAt(point)), opened()
    for number in range(3):
        with acts.begin(store, f"run-{number}") as run:
            acts.deliver(run, number, 1)
            run.finish(RunStatus.DONE, now=store.clock.now())
    for each in (dying, store):
        later(each, 92)
    with pytest.raises(Died):
        prune(dying, RETENTION)
    assert (rows(store, "requests"), contradictions(store)) == (left, [])
    prune(store, RETENTION)
    assert (rows(store, "requests"), rows(store, "runs")) == (1, 1)


def test_answered_wishes_and_missed_times_are_kept_as_long_as_runs(store: Store, acts: Any) -> None:
    kept, answered = asked.ask(store, "default", "orders", by="ada"), asked.ask(store, "default", "customers", by="ada")
    asked.refuse(
        store, "default", [each for each in asked.waiting(store, "default") if each.id == answered], message="no"
    )
    now = store.clock.now()
    one = Due(pipeline="orders", kind="schedule", schedule="every 1h", due_at=now, next_at=None)
    missed = Missed(
        pipeline="orders", kind="schedule", first_at=now, last_at=now, times=1, reason="slept", noticed_at=now
    )
    schedules.begin(store, "default", [one], ahead=now)
    schedules.pass_due(store, "default", one, one, missed, to=["meta"])
    later(store, 90.5)
    assert prune(store, RETENTION) == 0
    later(store, 1)
    prune(store, RETENTION)
    assert (asked.find(store, kept) is None, asked.find(store, answered)) == (False, None)
    assert rows(store, "missed_times") == 0
