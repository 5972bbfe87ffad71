"""What `syncer status`, `runs` and `show` tell, on both stores."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from syncer.errors import StateError, SyncerError
from syncer.report import Bucket, RunStatus, Tally
from syncer.state.daemons import Serving, served
from syncer.state.request_lines import requests_by_state
from syncer.state.requests import Rejected, RequestState
from syncer.state.schedules import Due, begin
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.status import pipelines_status, run_details, runs


def finish(run: Any, store: Store, status: RunStatus = RunStatus.DONE, **more: Any) -> None:
    store.clock.sleep(60)
    run.finish(status, now=store.clock.now(), elapsed_s=60.0, **more)


def test_a_store_without_runs_has_nothing_to_tell(store: Store) -> None:
    assert pipelines_status(store, "default") == ()
    assert runs(store, "default") == ()


def test_a_pipeline_is_told_with_its_last_run_what_is_open_and_what_was_set_aside(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        run.fix_start(1_763_800_000)
        aside = Rejected(identity=acts.identities(50, 1), bucket=Bucket.REJECTED_LOCAL, reason="currency_missing")
        run.page(Tally(rows_read=1, buckets=Counter(rejected_local=1)), [aside], 0)
        acts.deliver(run, 1, 3)
        acts.read(run, 3)
        held = acts.arm(run, 10, 2)
        run.settle(held, acts.unknown(), state=RequestState.HELD)
        acts.arm(run, 12, 1)
        finish(run, store, RunStatus.DONE_WITH_REJECTS)
    [status] = pipelines_status(store, "default")
    told = status.to_json()
    last_run = told.pop("last_run")
    assert told == {
        "pipeline": "orders",
        "target": "default",
        "destination": "meta",
        "state": "done_with_rejects",
        "pause_reason": None,
        "paused_at": None,
        "holder": None,
        "watermark": None,
        "start": "2025-11-22T08:26:40Z",
        "last_success_at": "2026-11-22T12:01:00Z",
        "acknowledged": 3,
        "unfinished": 1,
        "held": 2,
        "rejects": 1,
        "next_run_at": None,
        "missed_times": 0,
    }
    assert (last_run["run_id"], last_run["acknowledged"], last_run["elapsed_s"]) == ("run-1", 3, 60.0)


def test_a_run_under_way_is_told_with_its_holder_and_a_killed_one_as_interrupted(store: Store, acts: Any) -> None:
    with acts.begin(store):
        [during] = pipelines_status(store, "default")
    [after] = pipelines_status(store, "default")
    assert (during.state, during.holder) == ("running", "tester")
    assert (after.state, after.holder) == ("interrupted", None)


def test_a_paused_pipeline_is_told_with_the_reason_and_its_last_success(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        finish(run, store)
    with acts.begin(store, "run-2") as run:
        finish(run, store, RunStatus.PAUSED, pause_reason="token_invalid", message="renew it")
    [status] = pipelines_status(store, "default")
    assert (status.state, status.pause_reason) == ("paused", "token_invalid")
    assert status.last_run is not None
    assert status.last_run.report.message == "renew it"
    assert status.paused_at is not None
    assert status.last_success_at == status.paused_at - timedelta(seconds=60)


def test_a_paused_pipeline_has_no_next_run_until_it_is_resumed(store: Store, acts: Any) -> None:
    acts.begin(store).close()
    due = Due(
        pipeline="orders", kind="schedule", schedule="every 1h", due_at=store.clock.now(), next_at=store.clock.now()
    )
    begin(store, "default", [due], ahead=store.clock.now())
    scope = Scope("default", "orders", "meta")
    store.pause(scope, reason="by_hand", actor="ada")
    assert pipelines_status(store, "default")[0].next_run_at is None
    store.resume(scope, actor="ada")
    assert pipelines_status(store, "default")[0].next_run_at == due.next_at


def test_a_pipeline_that_no_daemon_has_that_serves_has_no_next_run(store: Store, acts: Any) -> None:
    """As one whose file was removed; where none serves, the time that passes tells so."""
    acts.begin(store).close()
    due = Due(
        pipeline="orders", kind="schedule", schedule="every 1h", due_at=store.clock.now(), next_at=store.clock.now()
    )
    begin(store, "default", [due], ahead=store.clock.now())
    assert pipelines_status(store, "default")[0].next_run_at == due.next_at
    with Serving(store, "default", daemon_id="1", holder="ada", serves=[]) as daemon:
        assert pipelines_status(store, "default")[0].next_run_at is None
        daemon.beat([], [served("orders", by="schedule")])
        assert pipelines_status(store, "default")[0].next_run_at == due.next_at


def test_pipelines_come_by_name_and_only_those_of_the_target(store: Store, acts: Any) -> None:
    for number, scope in enumerate([Scope("dev", "b", "x"), Scope("prod", "a", "x"), Scope("dev", "a", "y")]):
        acts.begin(store, f"run-{number}", scope=scope).close()
    store.pause(Scope("dev", "c", "x"), reason="by hand", actor="ada")
    found = [(status.pipeline, status.destination, status.state) for status in pipelines_status(store, "dev")]
    assert found == [("a", "y", "interrupted"), ("b", "x", "interrupted"), ("c", "x", "paused")]


def test_runs_come_newest_first_of_one_pipeline_or_all(store: Store, acts: Any) -> None:
    for number in range(5):
        scope = Scope("default", "even" if number % 2 == 0 else "odd", "meta")
        with acts.begin(store, f"run-{number}", scope=scope) as run:
            acts.deliver(run, 1, number + 1)
            finish(run, store)
    assert [run.report.run_id for run in runs(store, "default", limit=3)] == ["run-4", "run-3", "run-2"]
    assert [run.report.acknowledged for run in runs(store, "default", "even")] == [5, 3, 1]
    assert runs(store, "prod") == ()


def test_a_run_is_shown_with_its_requests_reasons_and_rejects(store: Store, acts: Any) -> None:
    aside = Rejected(identity=acts.identities(2, 1), bucket=Bucket.REJECTED_REMOTE, reason="remote_rejected", code=100)
    with acts.begin(store, "01JD9Z8K") as run:
        acts.read(run, 2)
        whole = acts.arm(run, 1, 2)
        run.settle(whole, acts.refused(), state=RequestState.SPLIT)
        good, bad = acts.arm(run, 1, 1, parent=whole), acts.arm(run, 2, 1, parent=whole)
        run.settle(good, acts.accepted(), state=RequestState.ACKED, watermark=None)
        run.settle(bad, acts.refused(), state=RequestState.DEAD, rejected=[aside])
        finish(run, store, RunStatus.DONE_WITH_REJECTS)
    shown = run_details(store, "01JD")
    assert shown.run.report.tally.reasons == {"remote_rejected": 1}
    assert (shown.rejects, shown.quarantined) == ({"remote_rejected": 1}, 1)
    assert [(line.parent, line.state, line.events, line.fbtrace_id, line.code) for line in shown.requests] == [
        (None, RequestState.SPLIT, 2, "T", 100),
        (whole, RequestState.ACKED, 1, "Trace1", None),
        (whole, RequestState.DEAD, 1, "T", 100),
    ]
    told = shown.to_json()
    assert told["requests"][1] == {
        "id": good,
        "parent": whole,
        "state": "acked",
        "attempts": 1,
        "events": 1,
        "event_time_min": 1_000,
        "event_time_max": 2_000,
        "armed_at": "2026-11-22T12:00:00Z",
        "finished_at": "2026-11-22T12:00:00Z",
        "status": 200,
        "code": None,
        "subcode": None,
        "fbtrace_id": "Trace1",
        "reason": "",
        "consent": None,
    }
    assert (told["run_id"], told["trigger"], told["quarantined"]) == ("01JD9Z8K", "manual", 1)


def test_of_many_requests_those_that_did_not_go_well_are_found_without_the_others(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        first, second = acts.deliver(run, 1, 1), acts.deliver(run, 2, 1)
        acts.read(run, 2)
        held, open_one = acts.arm(run, 3, 1), acts.arm(run, 4, 1)
        run.settle(held, acts.unknown(), state=RequestState.HELD)
        finish(run, store)
    for limit, found in ((1, [held]), (3, [held, open_one, first]), (9, [held, open_one, first, second])):
        assert [line.id for line in run_details(store, "run-1", limit=limit).requests] == found
    assert [line.id for line in run_details(store, "run-1").requests] == [first, second, held, open_one]
    shown = run_details(store, "run-1", limit=1)
    assert (shown.request_count, next(iter(shown.states))) == (4, RequestState.ACKED)
    assert requests_by_state(store, "run-1") == {RequestState.ACKED: 2, RequestState.HELD: 1, RequestState.ARMED: 1}
    assert requests_by_state(store, "run-2") == {}


@pytest.mark.parametrize(
    ("prefix", "message"),
    [
        ("run-", r"several runs begin with 'run-': run-1, run-10; write more of the id"),
        ("nothing", r"no run begins with 'nothing'; `syncer runs` lists them"),
        ("run_", r"no run begins with 'run_'"),
    ],
)
def test_an_id_that_fits_no_run_or_several_is_refused(store: Store, acts: Any, prefix: str, message: str) -> None:
    acts.begin(store, "run-1").close()
    acts.begin(store, "run-10").close()
    with pytest.raises(SyncerError, match=message):
        run_details(store, prefix)
    assert run_details(store, "run-1").run.report.run_id == "run-1"


def test_a_damaged_row_is_told_as_such(store: Store, acts: Any) -> None:
    acts.begin(store).close()
    with store.tx("test") as connection:
        connection.execute(text("UPDATE runs SET status = 'dome'"))
    with pytest.raises(StateError, match="a row is damaged: it says RunStatus 'dome'; restore a copy"):
        runs(store, "default")
