"""What a daemon answers for a pipeline that its own files do not name (R25)."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from syncer.daemon.clocks import Clocks, serves
from syncer.daemon.crew import Crew
from syncer.daemon.slots import Slots
from syncer.pipeline import Pipeline, Schedule
from syncer.report import RunStatus
from syncer.session import Session
from syncer.state import asked
from syncer.state.asked import SCHEDULE, AskedState
from syncer.state.daemons import Serving
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import RUN_REQUESTS
from tests.integration.state.test_clocks import pipeline, project, run, waiting

Opened = Callable[[], Store]


def daemon(store: Store, number: int = 1, *pipelines: Pipeline) -> Serving:
    """A daemon that lives and has files with these pipelines."""
    has = serves(project(*pipelines))
    return Serving(store, "default", daemon_id=f"id-{number}", holder=f"ada@host pid {number}", serves=has)


def look(store: Store, *pipelines: Pipeline, crew: Crew | None = None) -> None:
    """Let a daemon with these pipelines dispatch what waits."""
    session = Session(project(*pipelines), clock=store.clock)
    session.__dict__["store"] = store
    (crew or crew_of(store)).dispatch(session, asked.waiting(store, "default"))


def crew_of(store: Store) -> Crew:
    return Crew(Slots(1), store.clock)


def test_a_pipeline_that_nobody_knows_is_refused_after_a_minute_in_a_state_file_at_once(store: Store) -> None:
    """Another daemon may just be started again; a file takes one."""
    wish = asked.ask(store, "default", "orders", by="ada")
    with daemon(store):
        look(store)
        assert len(waiting(store)) == (store.database.kind == "postgres")
        store.clock.sleep(61)
        look(store)
    found = asked.find(store, wish)
    assert found is not None
    assert "knows no pipeline 'orders'; are its files the same?" in (found.message or "")


def test_R25_a_pipeline_that_another_daemon_knows_is_left_to_it_while_it_lives(store: Store, opened: Opened) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    clocks = Clocks(store, project(pipeline()))
    wishes = [asked.ask(store, "default", "orders", by=by) for by in (SCHEDULE, "ada")]
    with daemon(store):
        with daemon(opened(), 2, pipeline()):
            store.clock.sleep(3_600)
            look(store)
            assert [wish.id for wish in asked.waiting(store, "default")] == wishes
        look(store, crew=(crew := crew_of(store)))
        assert waiting(store) == [("orders", SCHEDULE)]
        clocks.follow(project())
        store.clock.sleep(1)
        look(store, crew=crew)
        assert waiting(store) == []


def test_R25_a_person_is_told_after_a_minute_that_no_daemon_sends_there(store: Store, opened: Opened) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    wishes = [asked.ask(store, "default", "orders", destination=to, by="ada") for to in ("other", "third")]
    with daemon(store), daemon(opened(), 2, pipeline(destinations=("meta", "third"))):
        look(store, pipeline())
        assert [wish.id for wish in asked.waiting(store, "default")] == wishes
        store.clock.sleep(61)
        look(store, pipeline())
        assert [wish.destination for wish in asked.waiting(store, "default")] == ["third"]
    found = asked.find(store, wishes[0])
    assert found is not None
    assert "sends orders to no 'other'; are its files the same?" in (found.message or "")


def test_R25_what_the_clock_of_another_daemon_asked_for_is_left_to_it_while_it_has_the_clock(
    store: Store, opened: Opened
) -> None:
    """As while one of them still goes by files from before a schedule was added."""
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    clocks, crew = Clocks(store, project(pipeline())), crew_of(store)
    clocks.look()
    with daemon(store, 1, pipeline(schedule=None)):
        with daemon(opened(), 2, pipeline()):
            for _ in range(25):
                look(store, pipeline(schedule=None), crew=crew)
                store.clock.sleep(3_600)
            clocks.follow(project(pipeline(schedule=None)))
            look(store, pipeline(schedule=None), crew=crew)
            assert waiting(store) == [("orders", SCHEDULE)]
        clocks.follow(project(pipeline(schedule=None)))
        store.clock.sleep(1)
        look(store, pipeline(schedule=None), crew=crew)
    assert waiting(store) == []


def test_a_due_run_of_a_pipeline_that_no_file_has_since_a_restart_is_forgotten_as_its_clock_after_a_day(
    store: Store, opened: Opened
) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    Clocks(store, project(pipeline())).look()
    Clocks(store, project())
    crew = crew_of(store)
    with daemon(store), daemon(opened(), 2):
        store.clock.sleep(86_399)
        look(store, crew=crew)
        assert waiting(store) == [("orders", SCHEDULE)]
        store.clock.sleep(1)
        look(store, crew=crew)
    assert waiting(store) == []


def test_a_due_run_to_a_destination_that_no_file_has_any_more_is_forgotten_after_a_day(
    store: Store, opened: Opened
) -> None:
    """The clock of its pipeline goes on; another daemon, which is down, may have it with more destinations."""
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    crew = crew_of(store)
    Clocks(store, project(pipeline(destinations=("meta", "other")))).look()
    run(store)
    with daemon(store), daemon(opened(), 2):
        for _ in range(23):
            store.clock.sleep(3_600)
            look(store, pipeline(), crew=crew)
        assert [wish.destination for wish in asked.waiting(store, "default")] == ["other"]
        store.clock.sleep(3_600)
        look(store, pipeline(), crew=crew)
    assert waiting(store) == []


def test_R27_what_is_due_to_a_destination_that_is_paused_waits_for_the_resume(store: Store, opened: Opened) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    Clocks(store, project(pipeline(destinations=("meta", "other")))).look()
    run(store)
    store.pause(Scope("default", "orders", "other"), reason="by_hand", actor="ada")
    with daemon(store), daemon(opened(), 2):
        store.clock.sleep(25 * 3_600)
        look(store, pipeline())
    assert [wish.destination for wish in asked.waiting(store, "default")] == ["other"]


def test_R27_the_clock_of_a_paused_pipeline_waits_for_the_resume_while_its_daemon_is_started_again(
    store: Store, opened: Opened
) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    scope, hourly = Scope("default", "orders", "meta"), pipeline(schedule=Schedule(cron="0 * * * *"))
    clocks = Clocks(store, project(hourly))
    store.clock.sleep(3_600)
    clocks.look()
    store.pause(scope, reason="by_hand", actor="ada")
    with daemon(store):
        store.clock.sleep(3 * 86_400)
        Clocks(store, project()).look()
        look(store)
    assert waiting(store) == [("orders", SCHEDULE)]
    run(store)
    store.resume(scope, actor="ada")
    assert (Clocks(store, project(hourly)).look(), waiting(store)) == (1, [("orders", SCHEDULE)])


def test_R27_what_is_due_as_its_daemon_dies_is_left_to_it_by_one_with_other_files(store: Store) -> None:
    """It may be started again; not where the clock has gone for a minute, or it did not come back for a day."""
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    crew = crew_of(store)
    Clocks(store, project(pipeline())).look()
    with daemon(store):
        for _ in range(3):
            store.clock.sleep(61)
            look(store, crew=crew)
        assert waiting(store) == [("orders", SCHEDULE)]
        store.clock.sleep(24 * 3_600)
        look(store, crew=crew)
    assert waiting(store) == []


def test_what_is_due_of_a_pipeline_that_the_only_daemon_has_no_more_is_forgotten(store: Store) -> None:
    clocks, crew = Clocks(store, project(pipeline())), crew_of(store)
    clocks.look()
    clocks.follow(project())
    with daemon(store):
        for _ in range(2):
            store.clock.sleep(61)
            look(store, crew=crew)
    assert waiting(store) == []


def test_a_due_run_that_died_of_a_pipeline_that_no_file_has_any_more_is_forgotten(store: Store, opened: Opened) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    crew, scope = crew_of(store), Scope("default", "orders", "meta")
    asked.ask(store, "default", "orders", destination="meta", by=SCHEDULE)
    log = store.start_run(
        scope, run_id="1", now=store.clock.now(), fingerprint="f", trigger=SCHEDULE, holder="ada", is_answer=True
    )
    with daemon(store), daemon(opened(), 2):
        for _ in range(3):
            look(store, crew=crew)
            store.clock.sleep(61)
        assert [(wish.state, wish.run_id) for wish in asked.waiting(store, "default")] == [(AskedState.RUNNING, "1")]
        log.close()
        for _ in range(3):
            look(store, crew=crew)
            store.clock.sleep(61)
        assert waiting(store) == []


def test_a_trigger_whose_run_died_of_a_pipeline_that_no_file_has_any_more_is_told_so(
    store: Store, opened: Opened
) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    crew, scope = crew_of(store), Scope("default", "orders", "meta")
    wish = asked.ask(store, "default", "orders", by="ada")
    log = store.start_run(
        scope, run_id="1", now=store.clock.now(), fingerprint="f", trigger="trigger", holder="ada", is_answer=True
    )
    with daemon(store), daemon(opened(), 2):
        store.clock.sleep(61)
        look(store, crew=crew)
        assert [(each.state, each.run_id) for each in asked.waiting(store, "default")] == [(AskedState.RUNNING, "1")]
        log.close()
        for _ in range(2):
            store.clock.sleep(61)
            look(store, crew=crew)
    found = asked.find(store, wish)
    assert found is not None
    assert "knows no pipeline 'orders'; are its files the same?" in (found.message or "")


def test_R26_a_wish_that_another_daemon_is_answering_is_not_refused_here(store: Store, opened: Opened) -> None:
    if store.database.kind == "sqlite":
        pytest.skip("a file takes one daemon")
    wish = asked.ask(store, "default", "orders", by="ada")
    with daemon(store), daemon(opened(), 2):
        with store.tx("ask") as connection:
            connection.execute(update(RUN_REQUESTS).values(state=AskedState.RUNNING.value))
        store.clock.sleep(3_600)
        look(store)
        run(store)
    found = asked.find(store, wish)
    assert found is not None
    assert (found.state, found.message) == (AskedState.DONE, None)


def test_R26_a_trigger_whose_run_goes_to_a_destination_of_before_an_edit_waits_for_that_run(store: Store) -> None:
    asked.ask(store, "default", "orders", by="ada")
    facts = {"fingerprint": "f", "trigger": "trigger", "holder": "ada"}
    with daemon(store):
        log = store.start_run(
            Scope("default", "orders", "meta"), run_id="1", now=store.clock.now(), is_answer=True, **facts
        )
        look(store, pipeline(destinations=("renamed",)))
        (wish,) = asked.waiting(store, "default")
        assert (wish.state, wish.run_id) == (AskedState.RUNNING, "1")
        log.finish(RunStatus.DONE, now=store.clock.now())
        log.close()
    assert asked.waiting(store, "default") == []
