"""A person's identity is left as a block mark alone (S12)."""

from typing import Any

import pytest
from sqlalchemy import select, text

from syncer.errors import LockedError, StateError
from syncer.report import Bucket, Tally
from syncer.state.erased import Traces, erase, traces
from syncer.state.requests import Rejected, RequestState
from syncer.state.scope import Scope
from syncer.state.store import Store
from syncer.state.tables import METADATA

ORDERS = Scope("default", "orders", "meta")
FAR = 0x0102030405060708090A0B0C0D0E0000
"""A number whose bytes occur nowhere else."""


def where_it_is(store: Store, identity: bytes) -> dict[str, int]:
    """Return how often each table holds the identity."""
    found = {}
    with store.reading() as connection:
        for name, table in METADATA.tables.items():
            cells = [cell for row in connection.execute(select(table)) for cell in row if isinstance(cell, bytes)]
            if count := sum(bytes(cell).count(identity) for cell in cells):
                found[name] = count
    return found


def test_S12_an_erased_identity_is_left_as_a_block_mark_alone_and_all_else_stays(
    store: Store, acts: Any, contradictions: Any
) -> None:
    identity = acts.identities(2, 1)
    aside = acts.identities(40, 1)
    with acts.begin(store) as run:
        acts.deliver(run, 1, 5)
        acts.read(run, 3)
        run.settle(acts.arm(run, 30, 3), acts.refused(), state=RequestState.RETRY)
        run.page(refused(), [reject(aside), reject(acts.identities(41, 1))], 0)
        with pytest.raises(LockedError):
            erase(store, ORDERS, [identity], actor="ada")
    wanted = [identity, aside, acts.identities(31, 1), acts.identities(99, 1)]
    would = traces(store, ORDERS, wanted)
    assert would == Traces(events=4, blocked=0, rejects=1, ledger=2)
    assert where_it_is(store, identity) == {"requests": 1}
    assert erase(store, ORDERS, wanted, actor="ada") == would
    assert traces(store, ORDERS, wanted) == Traces(events=4, blocked=4, rejects=0, ledger=0)
    assert [where_it_is(store, each) for each in wanted] == [{"erased": 1}] * 4
    assert contradictions(store) == []
    assert erase(store, ORDERS, wanted, actor="ada").blocked == 4
    with acts.begin(store, "run-2") as run:
        assert run.erased == frozenset(wanted)
        assert run.ledger.settled(acts.identities(1, 5)).to_list() == [True, False, True, True, True]
        (unfinished,) = run.unfinished()
        assert unfinished.events == 3
        run.supersede(unfinished.id)
    with store.reading() as connection:
        lines = connection.execute(text("SELECT actor, action, after FROM audit")).all()
        left = connection.execute(text("SELECT count(*) FROM quarantine")).scalar()
    assert [tuple(line) for line in lines] == [("ada", "erase", "4 events blocked")] * 2
    assert left == 1


def refused() -> Tally:
    tally = Tally(rows_read=1)
    tally.buckets[Bucket.REJECTED_LOCAL] = 1
    return tally


def reject(identity: bytes) -> Rejected:
    return Rejected(identity=identity, bucket=Bucket.REJECTED_LOCAL, reason="x")


def test_S12_not_even_the_files_keep_it(store: Store, acts: Any) -> None:
    if store.place.path is None:
        return
    identity = bytes(range(100, 116))
    with acts.begin(store) as run:
        acts.deliver(run, FAR, 900)
        run.page(refused(), [reject(identity)], 0)
    erase(store, ORDERS, [identity, acts.identities(FAR + 7, 1)], actor="ada")
    store.close()
    content = b"".join(file.read_bytes() for file in store.place.path.parent.glob("state.db*"))
    assert (content.count(identity), content.count(acts.identities(FAR + 7, 1))) == (2, 2), "the row and its index"


def test_S12_a_pipeline_that_never_ran_may_have_blocks(store: Store, acts: Any) -> None:
    assert traces(store, ORDERS, [bytes(16)]) == Traces(events=1, blocked=0, rejects=0, ledger=0)
    erase(store, ORDERS, [bytes(16)], actor="ada")
    with acts.begin(store) as run:
        assert run.erased == {bytes(16)}


def test_R25_a_run_that_lost_its_lock_writes_nothing_of_them_any_more(store: Store, acts: Any) -> None:
    with acts.begin(store) as run:
        assert run.erased == frozenset()
        acts.read(run, 1)
    erase(store, ORDERS, [acts.identities(1, 1)], actor="ada")
    with pytest.raises(StateError, match="another run has taken"):
        acts.arm(run, 1, 1)
    assert where_it_is(store, acts.identities(1, 1)) == {"erased": 1}
