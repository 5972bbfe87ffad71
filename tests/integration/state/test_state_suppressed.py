"""Rows without consent are written down once each, kept as long as the ledger, and say nothing of what they hold."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from syncer.duration import Duration
from syncer.errors import StateError
from syncer.pipeline import Retention
from syncer.report import Bucket, Tally
from syncer.state.erased import erase, traces
from syncer.state.prune import prune
from syncer.state.store import Store
from syncer.state.suppressed import AT_ONCE, suppression_of
from tests.integration.state.conftest import NOON, ORDERS


def leave_unsent(store: Store, acts: Any, reasons: dict[str, bytes], run_id: str = "run-1") -> int:
    """Return the pipeline's id in the state."""
    with acts.begin(store, run_id) as run:
        rows = sum(len(digests) for digests in reasons.values()) // 16
        tally = Tally(rows_read=rows)
        tally.buckets[Bucket.NO_CONSENT] = rows
        run.page(tally, [], 0, reasons)
        return int(run._row.id)


def test_S17_a_row_left_unsent_is_known_to_later_runs_with_when_and_why(store: Store, acts: Any) -> None:
    many = acts.identities(10, AT_ONCE + 1)
    pipeline = leave_unsent(store, acts, {"consent_denied": many, "consent_missing": acts.identities(1, 1)})
    with acts.begin(store, "run-2") as run:
        assert run.suppressed.settled(acts.identities(1, 2)).to_list() == [True, False]
        assert run.suppressed.settled(many).all()
    found = suppression_of(store, pipeline, many[-16:])
    assert found is not None
    assert (found.at, found.reason, found.run_id) == (NOON, "consent_denied", "run-1")
    assert suppression_of(store, pipeline, acts.identities(5, 1)) is None


def test_S11_it_is_kept_by_the_term_of_the_ledger(store: Store, acts: Any) -> None:
    leave_unsent(store, acts, {"consent_denied": acts.identities(1, 1)})
    retention = Retention(ledger=Duration(70 * 86_400), rejects=Duration(86_400))
    for days, left in ((69, 1), (71, 0)):
        prune(store, retention, now=NOON + timedelta(days=days), although_not_due=True)
        with store.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM suppressed")).scalar_one() == left


def test_S12_an_erased_identity_is_overwritten_and_its_neighbours_stay(store: Store, acts: Any) -> None:
    pipeline = leave_unsent(store, acts, {"consent_denied": acts.identities(1, 3)})
    wanted = [acts.identities(2, 1)]
    assert traces(store, ORDERS, wanted).suppressed == 1
    erase(store, ORDERS, wanted, actor="ada")
    assert traces(store, ORDERS, wanted).suppressed == 0
    assert suppression_of(store, pipeline, wanted[0]) is None
    with acts.begin(store, "run-2") as run:
        assert run.suppressed.settled(acts.identities(1, 3)).to_list() == [True, False, True]


@pytest.mark.parametrize("change", ["reason = 'consent_unknown'", "pipeline_id = pipeline_id, run_id = 'other'"])
def test_R30_damage_is_refused(store: Store, acts: Any, change: str) -> None:
    leave_unsent(store, acts, {"consent_denied": acts.identities(1, 1)})
    with store.tx("test") as connection:
        connection.execute(text(f"UPDATE suppressed SET {change}"))
    with acts.begin(store, "run-2") as run, pytest.raises(StateError, match="suppressed rows 1"):
        run.suppressed.settled(acts.identities(1, 1))
