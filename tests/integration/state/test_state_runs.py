"""A run in the state store: intent, outcome, counters, watermark. Every test runs on SQLite and on Postgres."""

import logging
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connectors.incremental import CursorKind, CursorValue
from syncer.errors import StateError
from syncer.report import Bucket, RunStatus, Tally
from syncer.state import pipelines
from syncer.state.requests import Rejected, RequestState
from syncer.state.scope import Scope
from syncer.state.store import Store, open_store
from syncer.watermark import Watermark

Contradictions = Callable[[Store], list[str]]


def test_R04_an_armed_request_is_in_the_store_before_arm_returns(store: Store, opened: Any, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 3)
        request = acts.arm(run, 1, 3)
        with opened().reading() as other_process:
            row = other_process.execute(text("SELECT id, state, events, digests FROM requests")).one()
    assert (row.id, row.state, row.events, bytes(row.digests)) == (request, "armed", 3, acts.identities(1, 3))


def test_R05_request_ledger_counters_rejects_and_watermark_change_in_one_commit(
    store: Store, acts: Any, contradictions: Contradictions
) -> None:
    with acts.begin(store) as run:
        acts.read(run, 1_000)
        request = acts.arm(run, 1, 1_000)
        run.settle(
            request,
            acts.accepted(),
            state=RequestState.ACKED,
            value={"EUR": 12.34, "USD": 0.1},
            watermark=acts.mark(1_000),
        )
        report = run.report()
    assert contradictions(store) == []
    assert report.acknowledged == 1_000
    assert report.tally.buckets == {}
    assert report.value == {"EUR": 12.34, "USD": 0.1}
    assert report.watermark_after == "1000"


def test_R01_rows_read_are_acknowledged_or_in_a_bucket_after_every_commit(
    opened: Any, acts: Any, contradictions: Contradictions
) -> None:
    found: list[str] = []
    watcher = opened()

    class LookAfterEachCommit:
        def hit(self, name: str, /) -> None:
            if name.endswith(".after"):
                found.extend(contradictions(watcher))

    rejected = Rejected(identity=acts.identities(900, 1), bucket=Bucket.REJECTED_LOCAL, reason="currency_missing")
    refused = Rejected(
        identity=acts.identities(2, 1), bucket=Bucket.REJECTED_REMOTE, reason="remote_rejected", code=100
    )
    with acts.begin(opened(LookAfterEachCommit())) as run:
        tally = Tally(rows_read=5, buckets=Counter(rejected_local=1), reasons=Counter(currency_missing=1))
        run.page(tally, [rejected], 4)
        whole = acts.arm(run, 1, 3)
        run.settle(whole, acts.refused(), state=RequestState.SPLIT)
        good, bad = acts.arm(run, 1, 1, parent=whole), acts.arm(run, 2, 1, parent=whole)
        run.settle(good, acts.accepted(), state=RequestState.ACKED)
        run.settle(bad, acts.refused(), state=RequestState.DEAD, rejected=[refused])
        doubtful = acts.arm(run, 3, 1, parent=whole)
        run.settle(doubtful, acts.unknown(), state=RequestState.DOUBT)
        run.hold(doubtful)
        acts.arm(run, 4, 1)
        run.finish(RunStatus.DONE_WITH_REJECTS, now=store_now(run))
        report = run.report()
    assert found == []
    assert report.events == report.tally.rows_read == 5
    assert report.acknowledged == 1
    assert report.tally.buckets == {"rejected_local": 1, "rejected_remote": 1, "held": 1, "pending": 1}
    assert report.tally.reasons == {"currency_missing": 1, "remote_rejected": 1}
    assert report.requests == 5


def store_now(run: Any) -> Any:
    return run._store.clock.now()


def test_a_page_that_accounts_for_fewer_events_than_rows_is_refused(store: Store, acts: Any) -> None:
    with acts.begin(store) as run, pytest.raises(StateError, match="3 rows"):
        run.page(Tally(rows_read=3, buckets=Counter(expired=1)), [], 1)


def test_more_events_than_were_planned_cannot_be_settled(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 2)
        request = acts.arm(run, 1, 3)
        with pytest.raises(StateError, match="fewer than 3 events in pending"):
            run.settle(request, acts.accepted(), state=RequestState.ACKED)


def test_a_resend_is_armed_again_and_counted_as_another_request(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 1)
        request = acts.arm(run, 1, 1)
        run.settle(request, acts.unknown(), state=RequestState.DOUBT)
        run.note_possible_duplicates(1)
        run.rearm(request)
        run.settle(request, acts.accepted(), state=RequestState.ACKED)
        report = run.report()
    assert (report.requests, report.possible_duplicates, report.acknowledged) == (2, 1, 1)


@pytest.mark.parametrize("state", [RequestState.PLANNED, RequestState.ACKED_ASSUMED])
def test_a_step_that_the_protocol_lacks_is_refused_and_nothing_changes(
    store: Store, acts: Any, state: RequestState
) -> None:
    with acts.begin(store) as run:
        acts.read(run, 1)
        request = acts.arm(run, 1, 1)
        with pytest.raises(StateError, match=f"cannot go from armed to {state}"):
            run.settle(request, acts.accepted(), state=state)
        with store.reading() as connection:
            assert connection.execute(text("SELECT state FROM requests")).scalar() == "armed"


def test_a_finished_request_cannot_be_settled_again(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        request = acts.deliver(run, 1, 1)
        with pytest.raises(StateError, match="is not open"):
            run.settle(request, acts.accepted(), state=RequestState.ACKED)


def test_R06_a_transition_that_changes_no_row_stops_the_run(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 2)
        request = acts.arm(run, 1, 1)
        with store.tx("test") as connection:
            connection.execute(text("UPDATE requests SET state = 'held'"))
        with pytest.raises(StateError, match="another process changed it"):
            run.settle(request, acts.accepted(), state=RequestState.ACKED)
        with pytest.raises(StateError, match="an earlier write of this run failed"):
            acts.arm(run, 2, 1)
        assert run.report().acknowledged == 0


def test_R06_a_lookback_that_reads_old_rows_again_leaves_the_watermark_where_it_is(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        run.advance(acts.mark(10))
        run.advance(acts.mark(9))
        acts.read(run, 1)
        late = acts.arm(run, 8, 1)
        run.settle(late, acts.accepted(), state=RequestState.ACKED, watermark=acts.mark(8))
    with acts.begin(store, "run-2") as run:
        assert run.watermark == acts.mark(10)


def test_R06_the_store_refuses_to_write_a_lower_watermark(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        run.advance(acts.mark(10))
        with pytest.raises(StateError, match="would go back"), store.tx("test") as connection:
            pipelines.move(connection, run._row, watermark=acts.mark(9), start=None)
    with acts.begin(store, "run-2") as run:
        assert run.watermark == acts.mark(10)


def test_R06_the_watermark_never_passes_an_unfinished_request(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 20)
        acts.arm(run, 1, 10)
        second = acts.arm(run, 11, 10)
        with pytest.raises(StateError, match="would pass request"):
            run.settle(second, acts.accepted(), state=RequestState.ACKED, watermark=acts.mark(20))
    with acts.begin(store, "run-2") as run:
        assert run.watermark is None
        assert [request.state for request in run.unfinished()] == [RequestState.ARMED, RequestState.ARMED]


def test_R06_the_watermark_waits_for_every_part_of_a_split_request(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 10)
        whole = acts.arm(run, 1, 10)
        run.settle(whole, acts.refused(), state=RequestState.SPLIT)
        left = acts.arm(run, 1, 5, parent=whole)
        run.settle(left, acts.accepted(), state=RequestState.ACKED, watermark=acts.mark(1))
        with pytest.raises(StateError, match="would pass request"):
            run.advance(acts.mark(10))


def test_R06_the_watermark_moves_with_the_last_request_below_it(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 20)
        first, second = acts.arm(run, 1, 10), acts.arm(run, 11, 10)
        run.settle(second, acts.accepted(), state=RequestState.ACKED)
        run.settle(first, acts.accepted(), state=RequestState.ACKED, watermark=acts.mark(20))
        assert run.watermark == acts.mark(20)


def test_R06_an_empty_run_leaves_the_watermark_as_it_was(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        run.advance(acts.mark(7))
        run.finish(RunStatus.DONE, now=store_now(run))
    with acts.begin(store, "run-2") as run:
        run.finish(RunStatus.DONE, now=store_now(run))
        report = run.report()
    assert (report.watermark_before, report.watermark_after) == ("7", "7")


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (CursorKind.TIMESTAMP, "2026-11-20T10:00:00.123456789"),
        (CursorKind.TIMESTAMP, "1969-12-31T23:59:59.999999999"),
        (CursorKind.TIMESTAMP_TZ, "2026-10-25T01:30:00.000001Z"),
        (CursorKind.DATE, "0001-01-01"),
        (CursorKind.INTEGER, "-170141183460469231731687303715884105728"),
        (CursorKind.DECIMAL, "12345678901234567890123456.7890123456"),
        (CursorKind.TEXT, "naïve 'quote\" \\ 日本 %s ::text --"),
        (CursorKind.TEXT, ""),
    ],
)
def test_R07_the_watermark_comes_back_exactly_as_it_was_written(
    store: Store, opened: Any, acts: Any, kind: CursorKind, written: str
) -> None:
    value = CursorValue(kind, written)
    with acts.begin(store) as run:
        run.advance(Watermark(value))
    with acts.begin(opened(), "run-2") as run:
        assert run.watermark is not None
        assert run.watermark.value == value


def test_R07_a_cursor_of_another_type_is_refused_with_the_way_out(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        run.advance(acts.mark(7))
        with pytest.raises(StateError, match="was integer and is date now"):
            run.advance(Watermark(CursorValue(CursorKind.DATE, "2026-11-22")))


def test_the_start_is_kept_from_the_first_run_on(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        assert run.start is None
        run.fix_start(1_700_000_000)
    with acts.begin(store, "run-2") as run:
        run.fix_start(1_800_000_000)
        assert run.start == 1_700_000_000


def test_a_killed_run_is_found_interrupted_with_its_requests(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 4)
        acts.deliver(run, 100, 1)
        sent = acts.arm(run, 1, 3)
        waiting = acts.arm(run, 4, 1)
        run.settle(waiting, acts.unknown(), state=RequestState.RETRY)
    with acts.begin(store, "run-2") as run:
        left = [(found.id, found.state, found.events, found.digests, found.run_id) for found in run.unfinished()]
        with store.reading() as connection:
            rows = connection.execute(text("SELECT id, status FROM runs ORDER BY id")).all()
    assert left == [
        (sent, RequestState.ARMED, 3, acts.identities(1, 3), "run-1"),
        (waiting, RequestState.RETRY, 1, acts.identities(4, 1), "run-1"),
    ]
    assert [tuple(row) for row in rows] == [("run-1", "interrupted"), ("run-2", "running")]


def test_recovery_frees_what_was_not_sent_and_holds_what_may_have_been(
    store: Store, acts: Any, contradictions: Contradictions
) -> None:
    with acts.begin(store) as run:
        acts.read(run, 3)
        freed, held = acts.arm(run, 1, 1), acts.arm(run, 2, 2)
    with acts.begin(store, "run-2") as run:
        run.supersede(freed)
        run.hold(held)
        mask = list(run.ledger.settled(acts.identities(1, 3)))
        run.advance(acts.mark(5))
    assert mask == [False, True, True]
    assert contradictions(store) == []


def test_the_ledger_knows_what_any_run_settled_and_nothing_else(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.deliver(run, 1, 2)
        acts.read(run, 3)
        dead, held, split = acts.arm(run, 3, 1), acts.arm(run, 4, 1), acts.arm(run, 5, 1)
        run.settle(dead, acts.refused(), state=RequestState.DEAD)
        run.settle(held, acts.unknown(), state=RequestState.HELD)
        run.settle(split, acts.refused(), state=RequestState.SPLIT)
        run.finish(RunStatus.DONE, now=store_now(run))
    other = Scope("default", "orders", "another dataset")
    with acts.begin(store, "run-2") as run, acts.begin(store, "run-3", scope=other) as elsewhere:
        assert list(run.ledger.settled(acts.identities(1, 6))) == [True, True, True, True, False, False]
        assert not elsewhere.ledger.settled(acts.identities(1, 6)).any()


def test_an_event_set_aside_leaves_the_quarantine_when_it_is_delivered(store: Store, acts: Any) -> None:
    aside = [
        Rejected(
            identity=acts.identities(1, 1), bucket=Bucket.REJECTED_LOCAL, reason="currency_missing", cursor=acts.at(1)
        ),
        Rejected(identity=acts.identities(2, 1), bucket=Bucket.KEY_PROBLEM, reason="key_conflict"),
        Rejected(identity=None, bucket=Bucket.UNREADABLE, reason="unreadable"),
    ]
    with acts.begin(store) as run:
        run.page(Tally(rows_read=3, buckets=Counter(rejected_local=1, key_problem=1, unreadable=1)), aside, 0)
        run.page(Tally(rows_read=1, buckets=Counter(rejected_local=1)), aside[:1], 0)
        before = reasons(store)
    with acts.begin(store, "run-2") as run:
        run.expect(acts.identities(1, 2))
        acts.deliver(run, 1, 2)
    assert before == ["currency_missing", "key_conflict", "unreadable"]
    assert reasons(store) == ["key_conflict", "unreadable"]


@pytest.mark.parametrize("before", [0, 1])
def test_a_row_that_is_refused_while_another_of_its_key_is_under_way_stays_set_aside(
    store: Store, acts: Any, before: int
) -> None:
    """Whichever of the two comes first, the answer or the second row, and whether one was set aside `before`."""
    aside = [Rejected(identity=acts.identities(1, 1), bucket=Bucket.REJECTED_LOCAL, reason="currency_missing")]
    with acts.begin(store) as run:
        run.page(Tally(rows_read=before, buckets=Counter(rejected_local=before)), aside[:before], 0)
        acts.read(run, 2)
        run.expect(acts.identities(1, 2))
        request = acts.arm(run, 1, 2)
        run.page(Tally(rows_read=1, buckets=Counter(rejected_local=1)), aside, 0)
        run.settle(request, acts.accepted(), state=RequestState.ACKED)
    assert reasons(store) == ["currency_missing"]


def test_what_a_run_that_died_had_under_way_leaves_the_quarantine_when_it_is_held(store: Store, acts: Any) -> None:
    aside = [Rejected(identity=acts.identities(1, 1), bucket=Bucket.REJECTED_LOCAL, reason="currency_missing")]
    with acts.begin(store) as run:
        run.page(Tally(rows_read=1, buckets=Counter(rejected_local=1)), aside, 0)
        acts.read(run, 2)
        request = acts.arm(run, 1, 2)
    with acts.begin(store, "run-2") as run:
        run.hold(request)
    assert reasons(store) == []


def reasons(store: Store) -> list[str]:
    with store.reading() as connection:
        return list(connection.execute(text("SELECT reason FROM quarantine ORDER BY reason")).scalars())


def test_finishing_with_a_reason_pauses_and_resuming_is_audited(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        run.finish(RunStatus.PAUSED, now=store_now(run), message="renew the token", pause_reason="token_invalid")
        assert run.report().pause_reason == "token_invalid"
    scope = Scope("default", "orders", "meta")
    with acts.begin(store, "run-2") as run:
        assert run.pause_reason == "token_invalid"
    store.resume(scope, actor="ada")
    with acts.begin(store, "run-3") as run:
        assert run.pause_reason is None
    store.pause(scope, reason="by hand", actor="ada")
    with store.reading() as connection:
        audit = connection.execute(text("SELECT actor, action, before, after FROM audit ORDER BY id")).all()
    assert [tuple(line) for line in audit] == [
        ("ada", "resume", "token_invalid", None),
        ("ada", "pause", None, "by hand"),
    ]


def test_a_run_is_finished_once(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        run.finish(RunStatus.DONE, now=store_now(run))
        with pytest.raises(StateError, match="is finished already"):
            run.finish(RunStatus.FAILED, now=store_now(run))


def test_money_adds_up_exactly_over_many_requests(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 30)
        for number in range(30):
            request = acts.arm(run, number, 1)
            run.settle(request, acts.accepted(), state=RequestState.ACKED, value={"EUR": 0.1, "USD": -0.7})
        assert run.report().value == {"EUR": 3.0, "USD": -21.0}


def test_names_with_a_null_character_are_counted_without_it(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        run.page(Tally(rows_read=3, events=Counter({"a\0b": 2, "a\ufffdb": 1})), [], 3)
        assert run.report().tally.events == {"a\ufffdb": 3}


@pytest.mark.parametrize("amount", [1e15, -1e15, 1e25, 1e308, math.inf, -math.inf, math.nan])
def test_a_price_that_no_counter_holds_keeps_nothing_from_being_written_down(
    store: Store, acts: Any, amount: float
) -> None:
    with acts.begin(store) as run:
        acts.read(run, 9)
        for number in range(0, 9, 3):
            requests = [acts.arm(run, number + place, 1) for place in range(3)]
            with run.together():
                for request, value in zip(requests, ({"EUR": amount}, {"EUR": amount}, {"USD": 2.5}), strict=True):
                    run.settle(request, acts.accepted(), state=RequestState.ACKED, value=value)
        report = run.report()
    assert report.acknowledged == 9
    assert report.value["USD"] == 7.5
    assert report.value.get("EUR", 0.0) == pytest.approx(
        0 if math.isnan(amount) else math.copysign(3 * 9.22e14, amount), rel=0.01
    )


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE pipelines SET watermark_text = '99'",
        "UPDATE pipelines SET watermark_kind = 'integes'",
        "UPDATE pipelines SET start = 5",
        "UPDATE requests SET state = 'ackee'",
        "UPDATE requests SET events = 2",
        "UPDATE requests SET digests = checksum",
        "UPDATE install SET salt = checksum",
    ],
)
def test_R30_a_changed_watermark_request_or_salt_is_noticed(store: Store, opened: Any, acts: Any, damage: str) -> None:
    with acts.begin(store) as run:
        acts.deliver(run, 1, 1)
        acts.read(run, 1)
        acts.arm(run, 2, 1)
        run.fix_start(4)
        run.advance(acts.mark(1))
    with store.tx("test") as connection:
        connection.execute(text(damage))
    with pytest.raises(StateError, match="is damaged: its checksum does not fit"):
        use_everything(opened(), acts)


def use_everything(store: Store, acts: Any) -> None:
    assert len(store.salt) == 16
    with acts.begin(store, "run-2") as run:
        run.ledger.settled(acts.identities(1, 1))


def test_S02_values_appear_in_no_log_even_where_everything_is_logged(
    state_url: str, tmp_path: Path, acts: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for library in ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "alembic", "psycopg"):
        caplog.set_level(logging.DEBUG, logger=library)
    url = state_url.replace("postgres:@", "postgres:hunter2@")
    with open_store(url, root=tmp_path, home=tmp_path / ".syncer") as store, acts.begin(store) as run:
        acts.deliver(run, 1, 1)
        run.advance(Watermark(CursorValue(CursorKind.TEXT, "ada@example.com")))
    assert "UPDATE pipelines" in caplog.text
    assert "ada@example.com" not in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(("status", "reason"), [(RunStatus.DONE, None), (RunStatus.PAUSED, "token_invalid")])
def test_a_pause_by_hand_stands_whatever_the_run_under_way_comes_to(
    store: Store, acts: Any, status: RunStatus, reason: str | None
) -> None:
    with acts.begin(store) as run:
        store.pause(run.scope, reason="by_hand", actor="ada")
        run.finish(status, now=store_now(run), pause_reason=reason)
    with acts.begin(store, "run-2") as run:
        assert run.pause_reason == "by_hand"
