"""Rejects judged once more: by command, or by a run because the row or the mapping changed (R36)."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.base import Query
from connectors.incremental import CursorKind, CursorValue
from syncer.engine.again import Recall, passed_by
from syncer.engine.rejected_rows import rejected_rows
from syncer.pipeline import Rejects
from syncer.report import Bucket, RunReport, RunStatus
from syncer.state.history import rejects_of
from syncer.state.operations import drop_rejects, position
from syncer.state.quarantine import MOST_SET_ASIDE, Chosen, Reject
from syncer.transform.identity import Scope
from tests.counts import FULL
from tests.simulation.machine import NOON
from tests.simulation.simulate import ORDERS, Simulation
from tests.simulation.world import Row, Shape

PLAIN = Shape(
    rows=20, batch_rows=5, events_per_request=5, requests_in_flight=2, odd=0.0, poison=0.0, faults=0.0, lookback=0
)
ALL = Chosen()


def made(template: Path, folder: Path, bad: range | set[int] = range(3, 5), rows: int = 20) -> Simulation:
    """Return a world of plain rows that ran once; Meta refuses the `bad` ones."""
    simulation = Simulation(folder, template, random.Random(3), PLAIN)
    simulation.world.rows = [Row(f"k{n}", n, 1_795_348_000, 2.5, "system_generated") for n in range(1, rows + 1)]
    simulation.world.poison = {f"k{n}" for n in bad}
    simulation.run()
    return simulation


@pytest.fixture
def simulation(engine_template: Path, tmp_path: Path) -> Iterator[Simulation]:
    """Twenty rows, of which Meta refused two."""
    one = made(engine_template, tmp_path / "world")
    yield one
    one.close()


def run(simulation: Simulation, retry: Chosen | None = None, limit: int | None = None) -> RunReport:
    report = simulation.run(retry=retry, limit=limit)
    assert report is not None
    return report


def set_aside(simulation: Simulation) -> list[tuple[str, str]]:
    """Return reason and run of what is set aside."""
    with closing(sqlite3.connect(simulation.checker.path)) as state:
        return list(state.execute("SELECT reason, run_id FROM quarantine ORDER BY id"))


def test_R36_a_retry_sends_what_meta_takes_by_now_once_and_moves_nothing(simulation: Simulation) -> None:
    refused = run(simulation, ALL)
    assert (refused.acknowledged, refused.tally.buckets) == (0, {Bucket.REJECTED_REMOTE: 2})
    simulation.world.poison.clear()
    simulation.world.top = 99
    simulation.world.rows.append(Row("k21", 21, 1_795_348_000, 2.5, "system_generated"))
    report = run(simulation, ALL)
    assert (report.acknowledged, report.tally.rows_read, report.watermark_after) == (2, 2, "20")
    assert (set_aside(simulation), simulation.meta.taken.total()) == ([], 20)
    again = run(simulation, ALL)
    assert (again.status, again.events, again.message) == (RunStatus.DONE, 0, "nothing like this is set aside")
    simulation.settle(is_calm=True)


def test_R36_a_retry_takes_what_is_chosen(simulation: Simulation) -> None:
    simulation.world.poison.clear()
    assert run(simulation, Chosen(reason="another")).events == 0
    report = run(simulation, Chosen(identities=frozenset({simulation.checker.identity("k4")})))
    assert (report.acknowledged, len(set_aside(simulation))) == (1, 1)
    assert run(simulation, Chosen(reason="made_up_rejected"), limit=5).acknowledged == 1


def test_R36_a_retry_is_in_the_audit_log(simulation: Simulation) -> None:
    run(simulation, ALL)
    with closing(sqlite3.connect(simulation.checker.path)) as state:
        told = list(state.execute("SELECT action, actor, after FROM audit"))
    assert told == [("rejects retry", "simulation", "all: 2 set aside")]


def test_R36_no_run_sends_a_refused_event_again_unasked(simulation: Simulation) -> None:
    simulation.world.poison.clear()
    assert [run(simulation).acknowledged for _ in range(2)] == [0, 0]
    assert len(set_aside(simulation)) == 2


def test_R36_a_key_that_two_batches_hold_goes_once(simulation: Simulation) -> None:
    simulation.world.poison.clear()
    simulation.world.rows[18] = replace(simulation.world.rows[2], cursor=19)
    report = run(simulation, ALL)
    assert (report.acknowledged, report.tally.buckets) == (2, {Bucket.DUPLICATE_SKIPPED: 1})


def test_R36_a_reject_that_was_delivered_all_the_same_is_not_sent(simulation: Simulation) -> None:
    with closing(sqlite3.connect(simulation.checker.path)) as state:
        state.execute(
            "INSERT INTO quarantine (pipeline_id, run_id, identity, bucket, reason, at) VALUES (1, 'r', ?, ?, 'x', ?)",
            (simulation.checker.identity("k9"), "rejected_remote", NOON.isoformat()),
        )
        state.commit()
    simulation.world.poison.clear()
    report = run(simulation, ALL)
    assert (report.acknowledged, report.tally.buckets) == (2, {Bucket.DUPLICATE_SKIPPED: 1})


@pytest.mark.faults
@pytest.mark.parametrize("at", range(1, 40, 1 if FULL else 8))
def test_R36_a_retry_that_dies_anywhere_is_taken_up_by_the_next_one(
    engine_template: Path, tmp_path: Path, at: int
) -> None:
    simulation = made(engine_template, tmp_path / "world")
    simulation.world.poison.clear()
    simulation.run(trouble_at=at, retry=ALL)
    simulation.run(retry=ALL)
    simulation.run(retry=ALL)
    assert {f"k{n}" for n in range(1, 21)} == {simulation.meta.keys[name] for name in simulation.meta.taken}
    assert set_aside(simulation) == []
    simulation.settle()
    simulation.close()


def test_a_retry_in_doubt_is_held_once_and_never_sent_by_another(engine_template: Path, tmp_path: Path) -> None:
    simulation = made(engine_template, tmp_path / "world")
    simulation.shape = replace(PLAIN, mode="at_most_once")
    simulation.world.poison.clear()
    sent = [number for number, name in enumerate(simulation.trouble.names, 1) if name == "post.received"]
    assert sent
    for at in range(1, 30):
        simulation.run(trouble_at=at, retry=ALL)
        if simulation.trouble.names[-1] == "post.received":
            break
    run(simulation, ALL)
    assert run(simulation, ALL).acknowledged == 0
    assert set_aside(simulation) == []
    assert max(simulation.meta.taken.values()) == 1
    simulation.close()


def test_a_run_judges_rejects_again_when_the_mapping_changed(simulation: Simulation) -> None:
    simulation.world.poison = {"k4"}
    simulation.edit()
    report = run(simulation)
    assert (report.acknowledged, report.tally.buckets[Bucket.REJECTED_REMOTE], report.watermark_after) == (1, 1, "20")
    simulation.world.poison.clear()
    assert run(simulation).acknowledged == 0
    simulation.edit()
    assert (run(simulation).acknowledged, set_aside(simulation)) == (1, [])
    simulation.settle(is_calm=True)


def test_with_retry_manual_no_run_judges_rejects_again(simulation: Simulation) -> None:
    simulation.rejects = Rejects(retry="manual")
    simulation.world.poison.clear()
    simulation.edit()
    simulation.world.rows[3] = replace(simulation.world.rows[3], cursor=22)
    assert (run(simulation).acknowledged, len(set_aside(simulation))) == (0, 2)
    assert run(simulation, ALL).acknowledged == 2


def test_a_run_judges_a_reject_again_when_its_row_changed(simulation: Simulation) -> None:
    simulation.world.poison = {"k3"}
    simulation.world.rows[3] = replace(simulation.world.rows[3], cursor=20)
    report = run(simulation)
    assert (report.acknowledged, len(set_aside(simulation))) == (1, 1)
    simulation.settle(is_calm=True)


def test_two_rows_of_one_refused_key_do_not_take_turns(simulation: Simulation) -> None:
    """Each stands at another cursor value than the one before: told apart by that alone, one goes in every run."""
    simulation.shape = replace(PLAIN, lookback=100)
    simulation.world.rows[18] = replace(simulation.world.rows[2], cursor=19)
    run(simulation)
    run(simulation)
    assert run(simulation).tally.buckets[Bucket.REJECTED_REMOTE] == 0


def test_rows_that_are_gone_are_looked_for_once_for_each_mapping(simulation: Simulation) -> None:
    del simulation.world.rows[2:4]
    simulation.edit()
    run(simulation)
    assert len(simulation.warehouse.given) > 1
    run(simulation)
    assert [row.key for row, _ in simulation.warehouse.given] == ["k20"]
    assert len(set_aside(simulation)) == 2


def test_a_row_that_became_right_goes_out_with_a_new_mapping_too(simulation: Simulation) -> None:
    simulation.world.rows.append(Row("k21", 21, 1_795_348_000, None, "system_generated"))
    simulation.world.rows.append(Row("k22", 22, 1_795_348_000, 1.0, "system_generated"))
    assert run(simulation).tally.buckets[Bucket.REJECTED_LOCAL] == 1
    simulation.world.rows[-2] = replace(simulation.world.rows[-2], value=3.0)
    assert run(simulation).acknowledged == 0
    simulation.edit()
    assert run(simulation).acknowledged == 1


def test_rejects_that_stay_refused_keep_no_new_row_waiting(engine_template: Path, tmp_path: Path) -> None:
    simulation = made(engine_template, tmp_path / "world", bad=set(range(2, 81, 2)), rows=81)
    assert len(set_aside(simulation)) == 40
    simulation.edit()
    simulation.world.rows.append(Row("k99", 99, 1_795_348_000, 2.5, "system_generated"))
    report = run(simulation)
    assert (report.status, report.pause_reason, report.acknowledged) == (RunStatus.DONE_WITH_REJECTS, None, 1)
    assert report.message.startswith("of the rejects that were judged again: Meta refused 20 events in a row")
    by_hand = run(simulation, ALL)
    assert (by_hand.status, by_hand.pause_reason) == (RunStatus.FAILED, None)
    simulation.close()


def test_a_limit_leaves_rejects_to_the_next_run(simulation: Simulation) -> None:
    simulation.world.poison.clear()
    simulation.edit()
    simulation.world.rows.append(Row("k21", 21, 1_795_348_000, 2.5, "system_generated"))
    assert [run(simulation, limit=2).acknowledged for _ in range(2)] == [2, 1]


def test_R24_a_pipeline_with_too_many_rejects_pauses_until_some_are_dropped(simulation: Simulation) -> None:
    with closing(sqlite3.connect(simulation.checker.path)) as state:
        state.execute(
            """INSERT INTO quarantine (pipeline_id, run_id, bucket, reason, at)
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
            SELECT 1, 'r', 'key_problem', 'key_missing', ? FROM n""",
            (MOST_SET_ASIDE - 3, NOON.isoformat()),
        )
        state.commit()
    bad = [Row(f"k{n}", n, 1_795_348_000, None, "system_generated") for n in (30, 31, 32)]
    good = [Row(f"k{n}", n, 1_795_348_000, 2.5, "system_generated") for n in range(33, 53)]
    simulation.world.rows += bad + good
    first, second = run(simulation), run(simulation)
    assert (first.status, first.pause_reason) == (RunStatus.PAUSED, "rejects_full")
    assert "`syncer rejects retry orders --all` or `syncer rejects drop orders --all --yes` makes room" in first.message
    assert (second.pause_reason, second.tally.rows_read) == ("rejects_full", 0)
    assert simulation._store is not None
    dropped = drop_rejects(simulation._store, ORDERS, Chosen(reason="key_missing"), actor="somebody")
    assert dropped == MOST_SET_ASIDE - 3
    simulation.settle()
    assert position(simulation._store, ORDERS).pause_reason is None


def reject(
    identity: bytes | None, cursor: int | str | None, fingerprint: str = "old", bucket: str = "rejected_local"
) -> Reject:
    kind = CursorKind.TEXT if isinstance(cursor, str) else CursorKind.INTEGER
    return Reject(
        identity=identity, run_id="r", bucket=bucket, reason="x", field=None, code=None, subcode=None, fbtrace_id=None,
        cursor=None if cursor is None else CursorValue(kind, str(cursor)), at=NOON, fingerprint=fingerprint,
    )  # fmt: skip


def test_a_run_looks_below_what_it_reads_for_rejects_of_another_mapping() -> None:
    low = CursorValue(CursorKind.INTEGER, "10")
    rejects = [
        reject(b"1", 9), reject(b"2", 10), reject(b"3", 9, fingerprint="now"), reject(None, 9), reject(b"4", None),
        reject(b"5", 9, bucket="key_problem"), reject(b"6", "text"),
    ]  # fmt: skip
    assert passed_by(rejects, low, fingerprint="now") == (rejects[0],)
    assert passed_by(rejects, None, fingerprint="now") == ()


@pytest.mark.parametrize(
    ("cursors", "kind", "low"),
    [
        ([9, 10], CursorKind.INTEGER, "9"),
        ([9, None], CursorKind.INTEGER, None),
        ([9], CursorKind.TEXT, None),
        ([9, "text"], CursorKind.INTEGER, None),
        ([], CursorKind.INTEGER, None),
    ],
)
def test_rejects_are_looked_for_from_the_lowest_cursor_value_on(
    cursors: list[int | str | None], kind: CursorKind, low: str | None
) -> None:
    recall = Recall(tuple(reject(b"1", cursor) for cursor in cursors))
    above, *below = recall.queries(Query(sql="", cursor_column="updated"), kind)
    assert [part.low and part.low.text for part in above.ranges] == ([low] if low else [])
    assert [part.high and part.high.text for query in below for part in query.ranges] == ([low] if low else [])


def test_R36_a_retry_finds_a_row_that_was_dated_back(simulation: Simulation) -> None:
    simulation.world.poison.clear()
    simulation.world.rows[3] = replace(simulation.world.rows[3], cursor=0)
    assert simulation.world.rows[3].key == "k4"
    report = run(simulation, ALL)
    assert (report.acknowledged, report.message, simulation.warehouse.readings) == (2, "", 2)


def test_R36_a_retry_that_finds_all_from_the_lowest_value_on_reads_nothing_below(simulation: Simulation) -> None:
    simulation.world.poison.clear()
    assert run(simulation, ALL).acknowledged == 2
    assert simulation.warehouse.readings == 1


def test_rejects_of_rows_that_were_dated_back_are_listed_with_their_keys(simulation: Simulation) -> None:
    simulation.world.rows[3] = replace(simulation.world.rows[3], cursor=0)
    pipeline, store = PLAIN.pipeline(), simulation._store
    assert store is not None
    scope = Scope(target=ORDERS.target, destination=ORDERS.destination, salt=store.salt)
    found = rejects_of(store, 1)
    tables = rejected_rows(pipeline, simulation.warehouse, scope, found, now=NOON)
    assert sorted(key for table in tables for key in table["key"].to_pylist()) == ["k3", "k4"]
