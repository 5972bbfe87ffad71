"""Due times ask for runs once, whoever sees them; those that had no run of their own are written down (R27)."""

import os
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, update

from syncer.daemon.clocks import Clocks, serves
from syncer.daemon.timetable import Timetable
from syncer.duration import Duration
from syncer.errors import StateError
from syncer.mapping import Mapping
from syncer.pipeline import Cursor, Pipeline, Project, Reconcile, Schedule
from syncer.report import RunStatus
from syncer.secret import Secret
from syncer.state import asked
from syncer.state.daemons import Serving
from syncer.state.schedules import ASLEEP, BUSY, PAUSED, Missed, missed_times, pass_due, stored
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import DAEMONS, SCHEDULES
from tests.counts import FULL, note
from tests.failing import FailAt
from tests.holding import MOST_GROWTH_MIB, held
from tests.integration.state.conftest import NOON

Opened = Callable[[], Store]
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
EVERY = Schedule(every=Duration.parse("15m"))
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Pacific/Chatham")


def pipeline(name: str = "orders", schedule: Schedule | None = EVERY, **more: object) -> Pipeline:
    plain = Pipeline(
        name=name, source="warehouse", query="SELECT 1", key=("id",), start="now", destinations=("meta",),
        mapping=Mapping(server_event={}, customer_info={}), file=Path("orders.yaml"), fingerprint="f", schedule=schedule,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]  # of several types


def project(*pipelines: Pipeline, **more: object) -> Project:
    plain = Project(
        root=Path("/"), home=Path("/"), target="default", runs_schedules=True, state=Secret("sqlite:///state.db"),
        sources={}, destinations={}, pipelines={each.name: each for each in pipelines},
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]  # of several types


def living(store: Store, *pipelines: Pipeline, number: int = 1) -> Serving:
    """A daemon that lives and has files with these pipelines."""
    has = serves(project(*pipelines))
    return Serving(store, "default", daemon_id=f"id-{number}", holder=f"ada@host pid {number}", serves=has)


def run(store: Store, name: str = "orders", run_id: str | None = None) -> list[str]:
    """Answer what was asked for; return who asked."""
    by = [wish.by for wish in asked.waiting(store, "default") if wish.pipeline == name]
    scope, now = Scope("default", name, "meta"), store.clock.now()
    facts: dict[str, Any] = {"fingerprint": "f", "trigger": "schedule", "holder": "tester"}
    run_id = run_id or f"{name} {now.isoformat()}"
    with store.start_run(scope, run_id=run_id, now=now, is_answer=True, **facts) as log:
        log.finish(RunStatus.DONE, now=now)
    return by


def waiting(store: Store) -> list[tuple[str, str]]:
    return [(wish.pipeline, wish.by) for wish in asked.waiting(store, "default")]


def missed(store: Store) -> list[Missed]:
    return missed_times(store, "default", since=NOON - timedelta(days=400))


def test_a_due_time_only_asks_for_a_run(store: Store) -> None:
    clocks = Clocks(store, project(pipeline()))
    assert (clocks.look(), waiting(store)) == (1, [("orders", "schedule")])
    assert (clocks.look(), len(waiting(store))) == (0, 1)
    assert clocks.next_starts() == {("orders", "schedule"): NOON + QUARTER}


def test_a_due_time_asks_for_a_run_to_each_destination_that_is_not_paused(store: Store) -> None:
    clocks = Clocks(store, project(pipeline(destinations=("meta", "other"))))
    assert clocks.look() == 1
    assert [wish.destination for wish in asked.waiting(store, "default")] == ["meta", "other"]
    run(store)
    assert [wish.destination for wish in asked.waiting(store, "default")] == ["other"]
    store.pause(Scope("default", "orders", "other"), reason="by_hand", actor="ada")
    store.clock.sleep(16 * 60)
    assert clocks.look() == 1
    assert [wish.destination for wish in asked.waiting(store, "default")] == ["other", "meta"]


def test_R27_a_run_to_one_destination_that_still_waits_keeps_no_other_from_its_time(store: Store) -> None:
    clocks = Clocks(store, project(pipeline(destinations=("meta", "other"))))
    clocks.look()
    run(store)
    store.clock.sleep(16 * 60)
    assert clocks.look() == 1
    assert [wish.destination for wish in asked.waiting(store, "default")] == ["other", "meta"]
    assert [(each.reason, each.times) for each in missed(store)] == [(BUSY, 1)]


def test_a_pipeline_that_is_paused_to_all_its_destinations_stays_due(store: Store) -> None:
    clocks = Clocks(store, project(pipeline(destinations=("meta", "other"))))
    for name in ("meta", "other"):
        store.pause(Scope("default", "orders", name), reason="by_hand", actor="ada")
    assert (clocks.look(), waiting(store)) == (0, [])
    store.resume(Scope("default", "orders", "other"), actor="ada")
    assert clocks.look() == 1
    assert [wish.destination for wish in asked.waiting(store, "default")] == ["other"]


def test_R27_a_due_time_that_two_daemons_see_asks_once(store: Store, opened: Opened) -> None:
    first, second = Clocks(store, project(pipeline())), Clocks(opened(), project(pipeline()))
    assert first.look() + second.look() == 1
    assert run(store) == ["schedule"]
    for each in (first, second):
        each._store.clock.sleep(16 * 60)
    assert second.look() + first.look() == 1
    assert missed(store) == []


def test_R27_of_two_daemons_that_read_the_same_due_time_before_either_asks_one_asks(store: Store) -> None:
    Clocks(store, project(pipeline()))
    due = stored(store, "default")["orders", "schedule"]
    after = replace(due, due_at=NOON, next_at=NOON + QUARTER)
    assert pass_due(store, "default", due, after, None, to=["meta"])
    assert not pass_due(store, "default", due, after, None, to=["meta"])
    assert (waiting(store), missed(store)) == ([("orders", "schedule")], [])


def test_R25_daemons_that_start_together_begin_the_same_clocks(store: Store, opened: Opened) -> None:
    stores, together = [store, *(opened() for _ in range(3))], Barrier(4)

    def begin(each: Store) -> int:
        together.wait()
        return Clocks(each, project(*(pipeline(f"orders-{number}") for number in range(20)))).look()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(begin, stores)) == 20
    assert len(waiting(store)) == 20


def test_R25_a_clock_that_a_sleeping_daemon_is_changing_keeps_no_other_from_looking(
    store: Store, opened: Opened
) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    clocks, asleep = Clocks(store, project(pipeline(), pipeline("customers"))), opened()
    with asleep.reading() as connection:
        connection.execute(select(SCHEDULES).where(SCHEDULES.c.pipeline == "orders").with_for_update())
        assert (clocks.look(), waiting(store)) == (1, [("customers", "schedule")])
    assert clocks.look() == 1


def test_R27_after_a_sleep_there_is_one_run_and_each_missed_time_is_noted(store: Store, opened: Opened) -> None:
    Clocks(store, project(pipeline())).look()
    run(store)
    again = opened()
    again.clock.sleep(3 * 3_600 + 60)
    assert Clocks(again, project(pipeline())).look() == 1
    assert waiting(store) == [("orders", "schedule")]
    (noted,) = missed(store)
    assert (noted.first_at, noted.last_at, noted.times) == (NOON + QUARTER, NOON + 11 * QUARTER, 11)
    assert (noted.reason, noted.noticed_at) == (ASLEEP, NOON + 3 * HOUR + timedelta(minutes=1))


def test_R27_a_due_time_behind_one_that_still_waits_is_covered_by_its_run_and_noted(store: Store) -> None:
    clocks = Clocks(store, project(pipeline()))
    clocks.look()
    store.clock.sleep(15 * 60)
    clocks.look()
    assert waiting(store) == [("orders", "schedule")]
    assert [(each.first_at, each.times, each.reason) for each in missed(store)] == [(NOON + QUARTER, 1, BUSY)]


def test_a_paused_pipeline_is_left_alone_and_resumed_it_catches_up_once(store: Store) -> None:
    clocks, scope = Clocks(store, project(pipeline(), pipeline("customers"))), Scope("default", "orders", "meta")
    store.pause(scope, reason="by_hand", actor="ada")
    clocks.look()
    store.clock.sleep(3_600)
    clocks.look()
    assert {name for name, _ in waiting(store)} == {"customers"}
    store.resume(scope, actor="ada")
    assert clocks.look() == 1
    assert waiting(store)[-1] == ("orders", "schedule")
    noted = [(each.times, each.reason) for each in missed(store) if each.pipeline == "orders"]
    assert noted == [(4, PAUSED)]


def test_R31_a_clock_that_was_ahead_for_a_while_leaves_no_pipeline_without_runs(store: Store) -> None:
    daily = pipeline("customers", Schedule(cron="0 13 * * *"))
    clocks = Clocks(store, project(pipeline(), daily))
    store.clock.sleep(3_650 * 86_400)
    assert clocks.look() == 2
    run(store, run_id="1")
    run(store, "customers", run_id="2")
    store.clock.sleep(-3_650 * 86_400)
    assert clocks.look() == 0
    store.clock.sleep(HOUR.total_seconds())
    assert clocks.look() == 2


def test_a_disabled_pipeline_and_one_on_demand_have_no_clock(store: Store) -> None:
    clocks = Clocks(store, project(pipeline(enabled=False), pipeline("customers", None)))
    assert (clocks.look(), clocks.next_starts()) == (0, {})


def test_a_target_without_schedules_has_no_clocks(store: Store) -> None:
    clocks = Clocks(store, project(pipeline(), runs_schedules=False))
    assert (clocks.look(), clocks.next_starts()) == (0, {})


def test_R32_an_edited_schedule_counts_from_now_and_a_removed_one_begins_anew(store: Store) -> None:
    clocks = Clocks(store, project(pipeline()))
    clocks.look()
    run(store)
    store.clock.sleep(10 * 60)
    clocks.follow(project(pipeline(schedule=Schedule(cron="0 6 * * *"))))
    assert (clocks.look(), clocks.next_starts()) == (0, {("orders", "schedule"): NOON + 18 * HOUR})
    clocks.follow(project())
    assert clocks.next_starts() == {}
    store.clock.sleep(3 * 86_400)
    clocks.follow(project(pipeline()))
    assert (clocks.look(), missed(store)) == (1, [])


def test_reconcile_has_a_clock_of_its_own_that_does_not_ring_at_once(store: Store) -> None:
    daily = Reconcile(every=Duration.parse("24h"))
    clocks = Clocks(store, project(pipeline(schedule=None, reconcile=daily, cursor=Cursor(column="at"))))
    assert clocks.look() == 0
    store.clock.sleep(86_400)
    assert (clocks.look(), waiting(store)) == (1, [("orders", "reconcile")])


def test_R27_a_clock_that_one_of_two_daemons_loses_by_an_edit_goes_on_while_the_other_lives(
    store: Store, opened: Opened
) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    hourly = project(pipeline(schedule=Schedule(cron="0 * * * *")))
    clocks = Clocks(store, hourly)
    before = stored(store, "default")
    with living(store, pipeline(schedule=Schedule(cron="0 * * * *"))):
        edited = Clocks(opened(), hourly)
        edited.follow(project(pipeline(schedule=None)))
        assert stored(store, "default") == before
        store.clock.sleep(2 * 3_600 + 60)
        assert (clocks.look(), waiting(store)) == (1, [("orders", "schedule")])
        assert [(each.first_at, each.times) for each in missed(store)] == [(NOON + HOUR, 1)]
    Clocks(opened(), hourly).follow(project())
    assert stored(store, "default") == {}


def test_R30_R32_a_clock_that_an_edit_took_out_while_the_state_failed_is_forgotten_when_it_is_back(
    store: Store,
) -> None:
    failing = FailAt(store)
    for number in count(1):
        clocks = Clocks(store, project(pipeline(), pipeline("others")))
        failing.at_next(number)
        with suppress(StateError):
            clocks.follow(project(pipeline("others")))
        has_failed = failing.seen >= number
        failing.at_next(0)
        clocks.follow(project(pipeline("others")))
        assert set(stored(store, "default")) == {("others", "schedule")}, number
        if not has_failed:
            break
    assert number > 3


def test_R25_a_clock_that_a_daemon_of_an_earlier_release_may_have_is_left_to_it(store: Store, opened: Opened) -> None:
    """As while daemons are replaced one by one: what the files of the older ones have is not known."""
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    Clocks(store, project(pipeline()))
    before = stored(store, "default")
    with living(store):
        with store.tx("test") as connection:
            connection.execute(update(DAEMONS).values(serves=None))
        Clocks(opened(), project(pipeline())).follow(project())
        assert stored(store, "default") == before


@pytest.mark.parametrize(("down_h", "runs", "noted"), [(2, 1, [(NOON + HOUR, 1)]), (48, 0, [])])
def test_R27_a_daemon_that_was_down_while_another_with_other_files_began_goes_on_where_it_stood(
    store: Store, opened: Opened, down_h: int, runs: int, noted: list[tuple[datetime, int]]
) -> None:
    """Not after a day: then its clock counts as one that was taken out."""
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    hourly = project(pipeline(schedule=Schedule(cron="0 * * * *")))
    Clocks(store, hourly).look()
    other = Clocks(opened(), project())
    for each in (store, other._store):
        each.clock.sleep(down_h * 3_600 + 60)
    other.look()
    clocks = Clocks(store, hourly)
    assert (clocks.look(), len(waiting(store))) == (runs, runs)
    assert [(each.first_at, each.times) for each in missed(store)] == noted
    assert clocks.next_starts() == {("orders", "schedule"): NOON + (down_h + 1) * HOUR}


@pytest.mark.parametrize("taken_out", [{"schedule": None}, {"enabled": False}])
def test_R32_a_schedule_that_was_taken_out_before_a_start_begins_anew(
    store: Store, taken_out: dict[str, object]
) -> None:
    """As one that is taken out by an edit: what was due meanwhile was not missed."""
    hourly = pipeline(schedule=Schedule(cron="0 * * * *"))
    Clocks(store, project(hourly)).look()
    Clocks(store, project(replace(hourly, **taken_out)))  # type: ignore[arg-type]  # of several types
    store.clock.sleep(3 * 3_600 + 60)
    assert (Clocks(store, project(hourly)).look(), missed(store)) == (0, [])


@pytest.mark.parametrize("state_url", ["sqlite"], indirect=True)
def test_R32_a_pipeline_that_was_removed_before_a_start_begins_anew_in_a_state_file(store: Store) -> None:
    """On a server another daemon may have it, which is down."""
    hourly = project(pipeline(schedule=Schedule(cron="0 * * * *")))
    Clocks(store, hourly).look()
    Clocks(store, project())
    store.clock.sleep(3 * 3_600 + 60)
    assert (Clocks(store, hourly).look(), missed(store)) == (0, [])


def test_R32_a_clock_that_a_daemon_lacks_as_it_starts_is_left_to_one_that_lives(store: Store, opened: Opened) -> None:
    """As while schedules are taken out on one machine after the other."""
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    clocks, other = Clocks(store, project(pipeline())), project(pipeline(schedule=None))
    with living(store, pipeline()):
        Clocks(opened(), other)
        assert (clocks.look(), waiting(store)) == (1, [("orders", "schedule")])
    Clocks(opened(), other)
    assert stored(store, "default") == {}


def test_clocks_of_pipelines_that_nobody_has_any_more_are_forgotten_a_day_after_they_were_due(
    store: Store, opened: Opened
) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    Clocks(store, project(pipeline()))
    other = Clocks(opened(), project(pipeline("customers", None)))
    other._store.clock.sleep(86_400)
    other.look()
    assert list(stored(store, "default")) == [("orders", "schedule")]
    other._store.clock.sleep(60)
    with living(store, pipeline()):
        other.look()
        assert list(stored(store, "default")) == [("orders", "schedule")]
    other.look()
    assert stored(store, "default") == {}


def test_a_clock_of_reconcile_that_was_taken_out_for_days_does_not_ring_at_once(store: Store) -> None:
    daily = Reconcile(every=Duration.parse("24h"))
    reconciled = project(pipeline(schedule=None, reconcile=daily, cursor=Cursor(column="at")))
    Clocks(store, reconciled).look()
    other = Clocks(store, project())
    store.clock.sleep(3 * 86_400)
    other.look()
    clocks = Clocks(store, reconciled)
    assert (clocks.look(), clocks.next_starts()) == (0, {("orders", "reconcile"): NOON + 96 * HOUR})


def test_R27_a_clock_that_a_daemon_with_other_files_does_not_know_is_left_to_the_one_that_has_it(
    store: Store, opened: Opened
) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    clocks = Clocks(store, project(pipeline()))
    clocks.look()
    before = stored(store, "default")
    other = Clocks(opened(), project(pipeline("customers")))
    assert clocks.next_starts() == {("orders", "schedule"): NOON + QUARTER}
    assert (clocks.look(), other.next_starts()) == (0, {("customers", "schedule"): NOON})
    other.follow(project())
    assert (clocks.look(), stored(store, "default")) == (0, before)


def test_R25_a_due_time_that_was_asked_for_rings_no_more_where_another_daemon_loses_its_clock(
    store: Store, opened: Opened
) -> None:
    """As where that one is edited within the seconds between two looks."""
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    first, second = Clocks(store, project(pipeline())), Clocks(opened(), project(pipeline()))
    with living(store, pipeline()):
        assert first.look() == 1
        assert run(store) == ["schedule"]
        second.follow(project())
        assert (first.look(), waiting(store)) == (0, [])
    assert first.next_starts() == {("orders", "schedule"): NOON + QUARTER}


def test_R31_a_clock_that_a_wrong_clock_set_and_another_daemon_forgot_begins_anew(store: Store, opened: Opened) -> None:
    clocks = Clocks(store, project(pipeline()))
    store.clock.sleep(3_650 * 86_400)
    clocks.look()
    store.clock.sleep(-3_650 * 86_400)
    Clocks(opened(), project(pipeline())).follow(project())
    assert clocks.look() == 1
    assert clocks.next_starts() == {("orders", "schedule"): NOON + QUARTER}


@pytest.mark.faults
@pytest.mark.soak("F31")
@pytest.mark.timeout(300)
def test_R24_R27_in_a_year_each_due_time_has_its_run_or_is_noted_also_when_clocks_change(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """A daemon that looks every other hour, sleeps for days now and then, and starts anew (F31)."""
    from syncer.state.store import open_store
    from tests.integration.state.conftest import TestClock

    rng, clock, days = random.Random(31), TestClock(), 365 if FULL else 25
    clock.at = begin = datetime(2026, 3, 1, 0, 7, tzinfo=UTC) if FULL else datetime(2026, 10, 15, 0, 7, tzinfo=UTC)
    wanted = {zone: Schedule(cron="30 2 * * *", timezone=zone, jitter=Duration.parse("10m")) for zone in ZONES}
    named = {zone.replace("/", "-"): schedule for zone, schedule in wanted.items()}
    whole = project(*(pipeline(name, schedule) for name, schedule in named.items()))
    runs: Counter[str] = Counter()
    before = None
    with open_store("sqlite:///state.db", root=tmp_path, home=tmp_path, clock=clock) as store:
        clocks = Clocks(store, whole)
        while clock.at < begin + timedelta(days=days):
            clock.sleep(7_200 if rng.random() < 0.97 else rng.randint(1, 5) * 86_400)
            clocks = Clocks(store, whole) if rng.random() < 0.1 else clocks
            clocks.look()
            for name, _ in waiting(store):
                runs[name] += run(store, name) == ["schedule"]
            if before is None and clock.at > begin + timedelta(days=days // 2):
                before = held(os.getpid())
        after = held(os.getpid())
        assert before is not None
        assert (after.files, after.threads) == (before.files, before.threads)
        assert after.mib - before.mib < MOST_GROWTH_MIB
        noted: Counter[str] = Counter()
        for each in missed(store):
            noted[each.pipeline] += each.times
        for name, schedule in named.items():
            passed = Timetable(schedule, f"default/{name}/schedule").passed(begin, clock.at)
            assert passed is not None
            assert runs[name] + noted[name] == passed.before + 1
            assert (noted[name] > 0, runs[name] > noted[name]) == (True, True)
            assert abs(passed.before - (clock.at - begin).days) <= 1
    note("F31", tried=days, runs=runs.total(), missed=noted.total(), growth_mib=round(after.mib - before.mib, 1))
