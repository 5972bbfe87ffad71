"""The newest run of a pipeline is that of the highest epoch, told by a few rows where those prove it."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from syncer.report import RunStatus
from syncer.state.history import find_runs, latest_runs, stored_runs
from syncer.state.lately import newest_lately
from syncer.state.store import Store
from syncer.state.tables import PIPELINES, RUNS
from tests.integration.state.conftest import NOON, ORDERS


@pytest.mark.parametrize(
    ("runs", "last", "proved", "newest"),
    [
        ({1: ("done", 60), 2: ("failed", 30)}, 2, ["run 1"], ["run 1"]),
        ({1: ("done", 300), 2: ("failed", 30)}, 2, [], ["run 1"]),  # none of late went well
        ({1: ("done", 10), 2: ("done", 300)}, 2, [], ["run 2"]),  # the clock was set back meanwhile
        ({1: ("done", 10)}, 2, [], ["run 1"]),  # a reset since, for all that is known a run
        ({1: ("failed", 10)}, 1, [], []),
    ],
)
def test_R31_the_newest_run_is_the_same_however_few_rows_tell_it(
    store: Store, runs: dict[int, tuple[str, int]], last: int, proved: list[str], newest: list[str]
) -> None:
    remember(store, runs, last=last)
    with store.reading() as connection:
        found = newest_lately(connection, ORDERS.target, ["done"], but=(), now=NOON)
    assert list(found.values()) == proved
    assert [run.report.run_id for run in latest_runs(store, ORDERS.target, [RunStatus.DONE]).values()] == newest


@pytest.mark.parametrize(
    ("limit", "listed"), [(1, ["run 3"]), (2, ["run 3", "run 2"]), (9, ["run 3", "run 2", "run 1"])]
)
def test_runs_are_listed_newest_first_whenever_they_began(store: Store, limit: int, listed: list[str]) -> None:
    remember(store, {1: ("done", 600), 2: ("failed", 300), 3: ("done", 10)}, last=3)
    assert [run.report.run_id for run in stored_runs(store, ORDERS.target, limit=limit)] == listed
    assert [run.report.run_id for run in find_runs(store, "run 2", limit=9)] == ["run 2"]
    assert [run.report.run_id for run in find_runs(store, "run", limit=9)] == ["run 1", "run 2", "run 3"]


def remember(store: Store, runs: dict[int, tuple[str, int]], *, last: int) -> None:
    """Write runs down by their epoch, with their status and how many minutes before noon they began."""
    scope = {"target": ORDERS.target, "pipeline": ORDERS.pipeline, "destination": ORDERS.destination}
    made = {"id": 1, **scope, "epoch": last, "checksum": b"", "created_at": NOON}
    facts = {"pipeline_id": 1, "trigger": "schedule", "holder": "ada", "fingerprint": "f", "message": ""}
    rows = [
        {**facts, "id": f"run {epoch}", "epoch": epoch, "status": status, "started_at": NOON - timedelta(minutes=ago)}
        for epoch, (status, ago) in runs.items()
    ]
    with store.tx("test") as connection:
        connection.execute(insert(PIPELINES), made)
        connection.execute(insert(RUNS), rows)
