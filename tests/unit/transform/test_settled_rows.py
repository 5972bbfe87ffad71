"""Rows whose event was settled before are counted and made into nothing."""

from collections import Counter
from collections.abc import Callable, Collection
from copy import copy
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from syncer.engine.page import unsettled
from syncer.engine.settled_rows import Skim
from syncer.pipeline import Consent, EventRule, Pipeline
from syncer.state.ledger import Ledger, empty_ledger
from syncer.transform import Scope, Transform, Transformed, compile_transform
from syncer.transform.identity import identity

NOW = 1_795_700_000
SCOPE = Scope("prod", "meta", b"salt")
Make = Callable[..., Any]


def named(key: int) -> bytes:
    return identity(SCOPE, "leads", "", [str(key)])


def settled(*keys: int) -> Ledger:
    ledger = empty_ledger()
    ledger.add(b"".join(map(named, keys)))
    return ledger


def batch(*rows: tuple[int | None, int]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([{"id": key, "at": at} for key, at in rows])


def made(pipeline: Pipeline, rows: pa.RecordBatch, ledger: Ledger, *judged: bytes) -> tuple[Transformed, list[int]]:
    """Return what was made of the rows, and the numbers of those whose events are left to send.

    It comes to the same by columns and without, and where the rows are looked up only once events are made of them.
    """
    (one, left), (other, left_too) = (
        made_by(compile_transform(pipeline, rows.schema, SCOPE, few=few), rows, copy(ledger), judged) for few in (0, 1)
    )
    assert (one.events.rows(), one.rejects.rows(), one.tally, left) == (
        other.events.rows(),
        other.rejects.rows(),
        other.tally,
        left_too,
    )
    return one, left


def made_by(
    transform: Transform, rows: pa.RecordBatch, ledger: Ledger, judged: Collection[bytes]
) -> tuple[Transformed, list[int]]:
    skim = Skim.of(rows, transform, ledger, judged=judged)
    found = skim.whole(transform(skim.rows, now=NOW, start=None))
    left = unsettled(found.events, empty_ledger(), known=skim.settled)
    behind, whole = Skim.behind(rows, transform(rows, now=NOW, start=None), ledger, judged=judged)
    late = unsettled(whole.events, empty_ledger(), known=behind.settled)
    assert late.equals(left)
    assert whole.rejects.equals(found.rejects)
    dropped = [each.events.height - kept.height for each, kept in ((found, left), (whole, late))]
    assert counted(whole, dropped[1]) == counted(found, dropped[0])
    return found, left["row"].to_list()


def counted(found: Transformed, dropped: int) -> tuple[Counter[str], Counter[str], int]:
    """Return the buckets, reasons and rows once events that were settled are dropped."""
    return found.tally.buckets + Counter(duplicate_skipped=dropped), found.tally.reasons, found.tally.rows_read


@pytest.fixture
def leads(pipeline: Make) -> Pipeline:
    made: Pipeline = pipeline()
    return replace(made, name="leads")


def test_R14_a_settled_row_is_no_event_whatever_it_holds_by_now(leads: Pipeline) -> None:
    found, left = made(leads, batch((1, NOW), (2, NOW), (3, NOW - 10**9), (4, NOW - 10**9)), settled(1, 3))
    assert left == [1]
    assert found.events["row"].to_list() == [1]
    assert found.rejects.select("row", "reason").rows() == [(3, "event_time_too_old")]
    assert (found.tally.rows_read, found.tally.buckets) == (4, {"duplicate_skipped": 2, "expired": 1})


def test_a_batch_of_settled_rows_makes_nothing(leads: Pipeline) -> None:
    found, left = made(leads, batch((1, NOW), (2, NOW)), settled(1, 2, 3))
    assert (left, found.events.height, found.rejects.height) == ([], 0, 0)
    assert (found.tally.rows_read, found.tally.buckets) == (2, {"duplicate_skipped": 2})


def test_R12_a_settled_key_that_the_batch_has_twice_is_judged(leads: Pipeline) -> None:
    found, left = made(leads, batch((1, NOW), (1, NOW - 60), (2, NOW)), settled(1, 2))
    assert (left, found.events["row"].to_list()) == ([], [0])
    assert found.rejects.select("row", "reason").rows() == [(1, "key_conflict")]


def test_what_is_judged_all_the_same_stays(leads: Pipeline) -> None:
    found, left = made(leads, batch((1, NOW), (2, NOW)), settled(1, 2), named(2))
    assert (left, found.events["row"].to_list(), found.tally.buckets) == ([], [1], {"duplicate_skipped": 1})


def test_rows_without_a_key_are_judged(leads: Pipeline) -> None:
    found, left = made(leads, batch((None, NOW), (1, NOW)), settled(1))
    assert (left, found.rejects.select("row", "reason").rows()) == ([], [(0, "key_missing")])


def test_columns_that_arrow_cannot_filter_are_judged_whole(leads: Pipeline) -> None:
    views = pa.record_batch({"id": pa.array(["1", "2"], pa.string_view()), "at": pa.array([NOW, NOW])})
    found, left = made(leads, views, settled(1))
    assert (left, found.events["row"].to_list(), found.tally.buckets) == ([1], [0, 1], {})


def test_the_key_tells_alone_without_consent_rules_and_conditions(leads: Pipeline) -> None:
    def tells(pipeline: Pipeline) -> bool:
        shape = pa.schema([("id", pa.int64()), ("at", pa.int64()), ("ok", pa.bool_())])
        transform: Transform = compile_transform(pipeline, shape, SCOPE)
        return transform.tells_by_key

    lead = EventRule(id="lead", name="Lead", mapping=leads.mapping)
    assert tells(leads)
    assert tells(replace(leads, events=(lead,)))
    assert not tells(replace(leads, events=(lead, replace(lead, id="contact", name="Contact"))))
    assert not tells(replace(leads, events=(replace(lead, when={"ok": True}),)))
    assert not tells(replace(leads, consent=Consent(column="ok")))


@pytest.mark.parametrize(("known", "of", "repeats"), [(0, 8, False), (1, 8, True), (1, 9, False), (9, 9, True)])
def test_the_next_batch_is_looked_up_first_where_one_row_of_eight_was_settled(
    leads: Pipeline, known: int, of: int, *, repeats: bool
) -> None:
    rows = batch(*((key, NOW) for key in range(of)))
    skim = Skim.of(rows, compile_transform(leads, rows.schema, SCOPE), settled(*range(known)), judged=())
    assert skim.repeats(settled=0) is repeats
    assert Skim(rows).repeats(settled=known) is repeats
