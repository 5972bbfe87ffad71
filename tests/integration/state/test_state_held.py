"""Held requests, and requests that are taken apart before they leave: ledger, counts and watermark stay in step."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text

from syncer.errors import LockedError, StateError, SyncerError
from syncer.report import Bucket
from syncer.state.erased import erase
from syncer.state.held import assume_delivered, close_resent, held_requests
from syncer.state.history import report_of
from syncer.state.request_lines import requests_of
from syncer.state.requests import NewRequest, RequestState
from syncer.state.store import Store
from syncer.status import pipelines_status
from tests.integration.state.conftest import ORDERS


def hold(store: Store, acts: Any, events: int) -> int:
    """A run whose one request is held; return the request's id."""
    with acts.begin(store) as run:
        acts.read(run, events)
        request: int = acts.arm(run, 1, events)
        run.settle(request, acts.unknown(), state=RequestState.HELD)
    return request


def buckets(store: Store) -> dict[str, int]:
    return dict(report_of(store, "run-1").tally.buckets)


def test_R36_a_held_request_is_closed_as_far_as_later_ones_settled_its_events(store: Store, acts: Any) -> None:
    request = hold(store, acts, 5)
    with acts.begin(store, "run-2") as run:
        close_resent(store, ORDERS, [request], epoch=run.epoch)
        assert buckets(store) == {Bucket.HELD: 5}
        acts.deliver(run, 2, 3)
        acts.arm(run, 5, 1)
        for _ in range(2):
            close_resent(store, ORDERS, [request], epoch=run.epoch)
        ((rest, line),) = held_requests(store, ORDERS)
        assert (rest.digests, rest.parent, rest.run_id) == (
            acts.identities(1, 1) + acts.identities(5, 1), request, "run-1"
        )  # fmt: skip
        assert (rest.first_armed_at, rest.cursor_low, line.reason) == (store.clock.now(), acts.at(1), "read_timeout")
        assert buckets(store) == {Bucket.HELD: 2, Bucket.PENDING: 3}
        with pytest.raises(StateError, match="another run has taken"):
            close_resent(store, ORDERS, [request], epoch=run.epoch - 1)


def test_many_held_requests_are_closed_by_one_look_at_the_later_ones(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 7)
        requests = [acts.arm(run, first, count) for first, count in ((1, 2), (3, 2), (2, 3))]
        for request in requests:
            run.settle(request, acts.unknown(), state=RequestState.HELD)
    asked: list[str] = []
    with acts.begin(store, "run-2") as run:
        acts.deliver(run, 4, 1)
        event.listen(store.database.engine, "before_cursor_execute", lambda *of: asked.append(of[2]))
        close_resent(store, ORDERS, requests, epoch=run.epoch)
    assert len([sql for sql in asked if "digests" in sql and "requests.id >" in sql]) == 1
    left = [acts.identities(1, 1), acts.identities(2, 2)]  # the third had been held with what the first two were of
    assert [rest.digests for rest, _ in held_requests(store, ORDERS)] == left


def test_S17_what_stays_held_keeps_what_its_rows_said_of_consent(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 2)
        request = run.arm(replace(part(acts, 1, 2), consent="marketing: granted"))
        run.settle(request, acts.unknown(), state=RequestState.HELD)
    with acts.begin(store, "run-2") as run:
        acts.deliver(run, 2, 1)
        close_resent(store, ORDERS, [request], epoch=run.epoch)
    ((rest, line),) = held_requests(store, ORDERS)
    assert (rest.digests, line.consent) == (acts.identities(1, 1), "marketing: granted")


def test_R36_an_erased_event_keeps_no_request_held(store: Store, acts: Any) -> None:
    request = hold(store, acts, 3)
    erase(store, ORDERS, [acts.identities(1, 1)], actor="ada")
    with acts.begin(store, "run-2") as run:
        acts.deliver(run, 2, 2)
        close_resent(store, ORDERS, [request], epoch=run.epoch)
    assert held_requests(store, ORDERS) == []
    assert buckets(store) == {Bucket.PENDING: 2, Bucket.ERASED: 1}


def test_held_events_are_counted_without_their_identities_unless_somebody_was_erased(store: Store, acts: Any) -> None:
    hold(store, acts, 3)
    asked: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *of: asked.append(of[2]))
    assert [status.held for status in pipelines_status(store, "default")] == [3]
    assert [sql for sql in asked if "digests" in sql] == []
    erase(store, ORDERS, [acts.identities(1, 1)], actor="ada")
    assert [status.held for status in pipelines_status(store, "default")] == [2]


def test_R34_what_an_operator_takes_for_delivered_stays_held_in_the_receipt(store: Store, acts: Any) -> None:
    request = hold(store, acts, 5)
    with acts.begin(store, "run-2"), pytest.raises(LockedError):
        assume_delivered(store, ORDERS, [request], actor="ada")
    assert assume_delivered(store, ORDERS, [request], actor="ada") == 5
    with pytest.raises(SyncerError, match="other requests are held by now"):
        assume_delivered(store, ORDERS, [request], actor="ada")
    with pytest.raises(SyncerError, match=f"no request {request} is held"):
        held_requests(store, ORDERS, [request])
    assert (buckets(store), held_requests(store, ORDERS)) == ({Bucket.HELD: 5}, [])
    with acts.begin(store, "run-3") as run:
        assert run.ledger.settled(acts.identities(1, 6)).to_list() == [True] * 5 + [False]
    with store.reading() as connection:
        (line,) = connection.execute(text("SELECT actor, action, before, after FROM audit")).all()
    assert tuple(line) == ("ada", "assume_delivered", f"held: 5 events in requests {request}", "acked_assumed")


def part(acts: Any, first: int, count: int, parent: int | None = None) -> NewRequest:
    return NewRequest(
        digests=acts.identities(first, count), events=count, event_time_min=1_000, event_time_max=2_000, parent=parent
    )


def test_R06_the_watermark_passes_a_divided_request_only_with_its_last_part(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 5)
        whole = acts.arm(run, 1, 5)
        run.settle(whole, acts.unknown(), state=RequestState.RETRY)
        run.divide(whole, part(acts, 1, 2, whole), state=RequestState.EXPIRED)
        rest = acts.arm(run, 3, 3, parent=whole)
        with pytest.raises(StateError, match=f"would pass request {whole}"):
            run.advance(acts.mark(5))
    with acts.begin(store, "run-2") as run:
        run.settle(rest, acts.accepted(), state=RequestState.ACKED, watermark=acts.mark(5))
        assert run.watermark == acts.mark(5)
    assert [(each.state, each.events) for each in requests_of(store, "run-1")] == [
        (RequestState.SUPERSEDED, 5), (RequestState.EXPIRED, 2), (RequestState.ACKED, 3)
    ]  # fmt: skip
    report = report_of(store, "run-1")
    assert (report.acknowledged, report.tally.buckets, report.tally.reasons) == (
        3, {Bucket.EXPIRED: 2}, {"event_time_too_old": 2}
    )  # fmt: skip


def test_R06_the_last_part_that_is_left_out_lets_the_watermark_pass(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        acts.read(run, 3)
        whole = acts.arm(run, 1, 3)
        run.settle(whole, acts.unknown(), state=RequestState.DOUBT)
        run.divide(whole, part(acts, 1, 3, whole), state=RequestState.HELD, watermark=acts.mark(3))
        assert run.watermark == acts.mark(3)
        assert run.report().tally.buckets == {Bucket.HELD: 3}
