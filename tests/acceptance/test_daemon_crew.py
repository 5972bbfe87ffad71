"""Which runs the daemon begins, and what it answers where it begins none (R25, R29)."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from syncer.actions import pause, resume
from syncer.config.load import load_project
from syncer.daemon.clocks import Clocks
from syncer.daemon.crew import MOST_CRASHES, Crew
from syncer.daemon.serve import Daemon
from syncer.daemon.slots import Slots
from syncer.daemon.worker import Ended, Worker
from syncer.pipeline import Pipeline
from syncer.report import RunReport, RunStatus
from syncer.session import Session
from syncer.state import asked
from syncer.state.asked import SCHEDULE, Asked, AskedState
from syncer.state.daemons import Serving
from tests.acceptance.daemons import EVERY, answered, ask, environ, session_of
from tests.acceptance.shop import TOKEN, Shop

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(120)]


@contextmanager
def crew_of(session: Session) -> Iterator[Crew]:
    crew = Crew(Slots(1), session.clock)
    yield crew
    assert crew.drain(30)


def crash(session: Session) -> None:
    scope, now = session.scope(session.project.pipelines["orders"]), session.clock.now()
    with session.store.start_run(
        scope, run_id=os.urandom(8).hex(), now=now, fingerprint="f", trigger="schedule", holder="ada"
    ) as run:
        run.finish(RunStatus.FAILED, now=session.clock.now(), is_crash=True)


def waiting(session: Session) -> list[Asked]:
    return asked.waiting(session.store, "default")


def test_R29_a_pipeline_that_was_resumed_after_its_crashes_runs_again(shop: Shop) -> None:
    with session_of(shop) as session, crew_of(session) as crew:
        for _ in range(MOST_CRASHES):
            crash(session)
        (refused,) = ask(session, "orders")
        assert crew.dispatch(session, waiting(session)) == 0
        assert "crash" in (answered(session, [refused])[0].message or "")
        session.store.resume(session.scope(session.project.pipelines["orders"]), actor="ada")
        begun = ask(session, "orders")
        assert crew.dispatch(session, waiting(session)) == 1
        assert answered(session, begun)[0].run_id


def test_R29_a_crash_that_another_daemon_wrote_down_is_heeded_by_this_one(shop: Shop) -> None:
    """A run of it in this process would take this daemon along, too."""
    with session_of(shop) as session, crew_of(session) as crew:
        assert crew._crashes(session) == {}
        (wish,) = ask(session, "orders")
        crash(session)
        taken = replace(waiting(session)[0], state=AskedState.RUNNING)
        assert crew.dispatch(session, [taken]) == 1
        (worker, _) = crew._running[session.scope(session.project.pipelines["orders"])]
        assert worker.is_suspect
        assert answered(session, [wish])[0].run_id


def test_R27_a_due_time_whose_run_waited_when_its_pipeline_was_paused_has_it_when_that_is_resumed(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("24h"))
    with session_of(shop) as session:
        orders = session.project.pipelines["orders"]
        asked.ask(session.store, "default", "orders", destination="meta", by=SCHEDULE)
        pause(session, orders)
        with crew_of(session) as crew:
            assert crew.dispatch(session, waiting(session)) == 0
        resume(session, orders)
        with crew_of(session) as crew:
            assert crew.dispatch(session, waiting(session)) == 1
        assert waiting(session) == []


def test_R27_a_due_time_whose_run_died_is_looked_at_once_while_its_pipeline_is_paused(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("24h"))
    with session_of(shop) as session, crew_of(session) as crew:
        orders = session.project.pipelines["orders"]
        asked.ask(session.store, "default", "orders", destination="meta", by=SCHEDULE)
        session.store.start_run(
            session.scope(orders), run_id="1", now=session.clock.now(), fingerprint="f", trigger=SCHEDULE,
            holder="ada", is_answer=True,
        ).close()  # fmt: skip
        pause(session, orders)
        (taken,) = waiting(session)
        assert crew.dispatch(session, [taken]) == 0
        (rests,) = waiting(session)
        assert (taken.state, rests.state, rests.run_id) == (AskedState.RUNNING, AskedState.ASKED, None)


def test_a_daemon_reads_its_files_seldom_while_all_that_is_asked_for_waits_for_a_resume(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("24h"))
    daemon = Daemon(load_project(shop.folder, environ=environ(shop)), environ=environ(shop))
    with Session(daemon.project, clock=daemon.clock, stop=daemon.stop) as session:
        asked.ask(session.store, "default", "orders", destination="meta", by=SCHEDULE)
        pause(session, session.project.pipelines["orders"])
        daemon.serving = Serving(session.store, "default", daemon_id="1", holder="ada", serves=[])
        daemon._begin(session)
        read_at = []
        for at in (100.0, 100.5, 101.0, 102.0, 102.5):
            daemon._begin_runs(at)
            read_at.append(daemon._files_at)
        resume(session, session.project.pipelines["orders"])
        daemon._begin_runs(103.0)
        assert (read_at, daemon._files_at) == ([100.0, 100.0, 100.0, 102.0, 102.0], 103.0)
        assert daemon._end()
        daemon.serving.__exit__(None, None, None)


def test_R27_a_person_who_finds_the_pipeline_paused_takes_no_due_time_away(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("24h"))
    with session_of(shop) as session, crew_of(session) as crew:
        orders = session.project.pipelines["orders"]
        asked.ask(session.store, "default", "orders", destination="meta", by=SCHEDULE)
        pause(session, orders)
        asks = ask(session, "orders")
        assert crew.dispatch(session, waiting(session)) == 1
        crew.drain(30)
        assert answered(session, asks)[0].run_id
        assert [wish.by for wish in waiting(session)] == [SCHEDULE]


def test_R27_a_due_time_whose_run_paused_itself_is_made_up_for_when_the_pipeline_is_resumed(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("24h"))
    shop.edit("syncer.yaml", "${env:TOKEN}", "${env:WORN}")
    shop.add_orders(1, 1)
    worn = {**environ(shop), "WORN": "EAAwornouttoken0123456789"}
    with Session(load_project(shop.folder, environ=worn)) as session, crew_of(session) as crew:
        Clocks(session.store, session.project).look()
        (wish,) = waiting(session)
        assert crew.dispatch(session, [wish]) == 1
        crew.drain(30)
        orders = session.project.pipelines["orders"]
        assert resume(session, orders).was == "token_invalid"
        assert [wish.by for wish in waiting(session)] == [SCHEDULE]


def test_R29_a_due_time_is_not_forgotten_when_its_runs_crashed_and_paused_the_pipeline(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("24h"))
    with session_of(shop) as session:
        for _ in range(MOST_CRASHES):
            crash(session)
        asked.ask(session.store, "default", "orders", destination="meta", by=SCHEDULE)
        with crew_of(session) as crew:
            assert crew.dispatch(session, waiting(session)) == 0
        assert resume(session, session.project.pipelines["orders"]).was == "crash_loop"
        with crew_of(session) as crew:
            assert crew.dispatch(session, waiting(session)) == 1


def test_a_run_that_a_clock_asked_for_begins_no_more_once_its_pipeline_is_disabled(shop: Shop) -> None:
    """As after a stop in the middle of it: that leaves it asked for."""
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("24h") + "\nenabled: false")
    with session_of(shop) as session, crew_of(session) as crew:
        asked.ask(session.store, "default", "orders", destination="meta", by=SCHEDULE)
        assert crew.dispatch(session, waiting(session)) == 0
        assert waiting(session) == []
        assert crew.dispatch(session, [asked.find(session.store, *ask(session, "orders")) or pytest.fail("gone")]) == 1


class Interrupted(Session):
    """One whose runs end early although nobody stopped them."""

    def run(self, pipeline: str | Pipeline, **_: Any) -> RunReport:
        assert isinstance(pipeline, Pipeline)
        return self.empty_report(pipeline, RunStatus.INTERRUPTED, "")


def test_a_run_that_nobody_stopped_and_that_ends_early_is_tried_again_after_a_wait(shop: Shop) -> None:
    session = Interrupted(load_project(shop.folder, environ=environ(shop)))
    assert Worker(session, session.project.pipelines["orders"], (), is_suspect=False).run() is Ended.FAILED


def test_R28_a_process_that_begins_while_the_daemon_stops_is_told_as_well_and_has_not_crashed(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    with session_of(shop) as session:
        ask(session, "orders")
        session.stop.is_wanted = True
        worker = Worker(session, session.project.pipelines["orders"], waiting(session), is_suspect=True)
        assert worker.run() is Ended.FAILED
        assert worker.process is not None
        assert worker.process.returncode == -signal.SIGTERM
    assert caplog.messages == []


def test_R25_a_run_in_a_process_of_its_own_ends_when_its_daemon_has_died() -> None:
    code = (
        "import os, signal, syncer.daemon.alone as it; it.GRACE_S = 0; "
        "signal.signal(15, lambda *_: os.write(1, b'15')); it._outlive_nobody()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as orphan:
        assert orphan.poll() is None
        out, _ = orphan.communicate(timeout=30)
    assert (orphan.returncode, out) == (1, b"15")


def test_a_run_in_a_process_of_its_own_imports_nothing_from_the_folder_of_the_daemon(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop.folder / "connectors").mkdir()
    (shop.folder / "connectors" / "__init__.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(shop.folder)
    monkeypatch.setenv("TOKEN", TOKEN)
    with session_of(shop) as session:
        begun = ask(session, "orders")
        assert (
            Worker(session, session.project.pipelines["orders"], waiting(session), is_suspect=True).run() is Ended.WELL
        )
        assert answered(session, begun)[0].run_id
