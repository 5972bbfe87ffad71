"""What is left to deliver of one batch, how far it reaches, and what becomes of the rest."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from connectors.incremental import CursorKind, CursorValue
from syncer.engine.page import Page, take_page
from syncer.report import Bucket, Tally
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.history import rejects_by_reason
from syncer.state.ledger import packed
from syncer.state.requests import NewRequest, RequestState
from syncer.transform import Transformed

REJECTS = {"row": pl.UInt32, "identity": pl.Binary, "bucket": pl.String, "reason": pl.String, "field": pl.String}


def identity(number: int) -> bytes:
    return number.to_bytes(16, "big")


def take(
    bench: Any,
    run: Any,
    cursors: pa.Array,
    *,
    refused: dict[int, str] | None = None,
    room: int | None = None,
    most_rows: int | None = None,
    rows: list[int] | None = None,
    after: CursorValue | None = None,
) -> Page:
    """Take a batch with these cursor values, whose rows `refused` end in a bucket and all others are events."""
    refused = refused or {}
    sent = rows or [row for row in range(len(cursors)) if row not in refused]
    bench.pages += 1
    events = pl.DataFrame(
        {
            "row": pl.Series(sent, dtype=pl.UInt32),
            "identity": [identity(row + 100 * sent[:number].count(row)) for number, row in enumerate(sent)],
        }
    )
    lines = [(row, identity(row), bucket, f"because_{bucket}", None) for row, bucket in sorted(refused.items())]
    tally = Tally(
        rows_read=len(cursors),
        buckets=Counter(refused.values()),
        reasons=Counter(f"because_{bucket}" for bucket in refused.values()),
    )
    made = Transformed(events=events, rejects=pl.DataFrame(lines, schema=REJECTS, orient="row"), tally=tally)
    batch = pa.record_batch({"updated": cursors})
    page = take_page(bench.pages - 1, batch, "updated", made, run, room=room, most_rows=most_rows, after=after)
    page.record()
    return page


def at(number: int) -> CursorValue:
    return CursorValue(CursorKind.INTEGER, str(number))


def test_a_page_reaches_its_last_row(bench: Any) -> None:
    with bench.begin() as run:
        page = take(bench, run, pa.array([1, 2, 3]))
        assert (page.upto, page.blocks, page.is_cut, page.events.height) == (at(3), False, False, 3)


def test_the_limit_leaves_events_out_and_stops_the_watermark_before_them(bench: Any) -> None:
    with bench.begin() as run:
        page = take(bench, run, pa.array([1, 2, 3, 4]), room=2)
        assert page.events["row"].to_list() == [0, 1]
        assert (page.upto, page.blocks, page.is_cut) == (at(3), True, True)
        assert run.report().tally.buckets == {Bucket.PENDING: 4}


def test_events_of_more_rows_than_wanted_are_left_out_row_by_row(bench: Any) -> None:
    with bench.begin() as run:
        page = take(bench, run, pa.array([1, 2, 3]), rows=[0, 0, 1, 1, 1, 2], most_rows=2)
        assert (page.events["row"].to_list(), page.over) == ([0, 0, 1, 1, 1], 1)
        assert (page.upto, page.blocks, page.is_cut) == (at(3), True, True)
        assert run.report().tally.buckets == {Bucket.PENDING: 5, Bucket.OVER_MAX_ROWS: 1}


def test_a_limit_that_is_just_reached_cuts_nothing(bench: Any) -> None:
    with bench.begin() as run:
        page = take(bench, run, pa.array([1, 2]), room=2)
        assert (page.blocks, page.is_cut) == (False, False)


def test_a_row_that_comes_too_early_stops_the_watermark_at_itself(bench: Any) -> None:
    with bench.begin() as run:
        page = take(bench, run, pa.array([1, 2, 3, 4]), refused={1: "too_early"})
        assert page.events["row"].to_list() == [0, 2, 3]
        assert (page.upto, page.blocks, page.is_cut) == (at(2), True, False)


def test_a_row_without_a_cursor_that_comes_too_early_stops_nothing_since_every_run_reads_it(bench: Any) -> None:
    with bench.begin() as run:
        page = take(bench, run, pa.array([None, 2, 3]), refused={0: "too_early"})
        assert (page.upto, page.blocks) == (at(3), False)


def test_a_value_that_only_arrow_lacks_hides_no_row_before_it_that_comes_too_early(bench: Any) -> None:
    with bench.begin() as run:
        page = take(bench, run, pa.array([1, 2, 3, None]), refused={0: "too_early"})
        assert (page.upto, page.blocks) == (at(1), True)


def test_a_value_that_only_arrow_lacks_stops_the_watermark_at_the_border_of_a_batch_as_well(bench: Any) -> None:
    with bench.begin() as run:
        page = take(bench, run, pa.array([None, 3]), refused={0: "too_early"}, after=at(1))
        assert (page.upto, page.blocks) == (None, True)


def test_a_page_without_any_cursor_value_reaches_nothing(bench: Any) -> None:
    with bench.begin() as run:
        assert take(bench, run, pa.array([None, None], pa.int64())).upto is None


def test_a_cursor_of_infinity_does_not_hide_the_values_before_it(bench: Any) -> None:
    infinity = 2**63 - 1
    noon = int(datetime(2026, 11, 22, 12).timestamp()) * 10**6  # noqa: DTZ001 - only the order counts
    with bench.begin() as run:
        page = take(bench, run, pa.array([noon, noon + 1, infinity], pa.timestamp("us")))
        assert page.upto is not None
        assert page.upto.text.endswith(".000001")


def test_what_was_settled_or_is_queued_already_is_skipped(bench: Any) -> None:
    with bench.begin() as run:
        take(bench, run, pa.array([1, 2]))
        again = take(bench, run, pa.array([1, 2, 3]))
        assert again.events["row"].to_list() == [2]
        assert run.report().tally.buckets == {Bucket.PENDING: 3, Bucket.DUPLICATE_SKIPPED: 2}


@pytest.mark.parametrize(
    ("bucket", "is_kept"),
    [
        ("rejected_local", True),
        ("key_problem", True),
        ("unreadable", True),
        ("expired", False),
        ("before_start", False),
    ],
)
def test_only_rows_that_somebody_can_mend_are_set_aside(bench: Any, bucket: str, *, is_kept: bool) -> None:
    with bench.begin() as run:
        take(bench, run, pa.array([1, 2]), refused={0: bucket})
        assert run.report().tally.buckets[bucket] == 1
        assert rejects_by_reason(bench.store, run.run_id) == ({f"because_{bucket}": 1} if is_kept else {})


def test_a_row_refused_in_the_batch_of_another_of_its_key_is_set_aside_until_that_one_is_delivered(bench: Any) -> None:
    with bench.begin() as run:
        page = take(bench, run, pa.array([1, 2]), refused={0: "rejected_local"}, rows=[0, 1])
        aside = run.rejects()
        request = run.arm(
            NewRequest(
                digests=packed(page.events["identity"]),
                events=2,
                event_time_min=1_000,
                event_time_max=2_000,
                cursor_low=at(1),
                cursor_high=at(2),
            )
        )
        run.settle(request, Outcome(kind=OutcomeClass.ACKED), state=RequestState.ACKED)
        assert ([each.identity for each in aside], run.rejects()) == ([identity(0)], [])


def test_no_row_from_one_on_is_below_its_cursor_value_or_the_last_before_it(bench: Any) -> None:
    with bench.begin() as run:
        page = bench.page(run, 1, 6)
    values = [None, None, "3", None, "5", None]

    def cursor_at(row: int) -> CursorValue | None:
        return None if (text := values[row]) is None else at(int(text))

    lows = [replace(page, cursor_at=cursor_at).low_at(row) for row in range(6)]
    assert [low and low.text for low in lows] == [None, None, "3", "3", "5", "5"]
    after = at(2)
    assert [replace(page, cursor_at=cursor_at, after=after).low_at(row) for row in (1, 2)] == [after, cursor_at(2)]
