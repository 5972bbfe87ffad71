"""Events over time: slots and curves."""

from datetime import UTC, datetime, timedelta

import pytest

from syncer.state.volumes import Volume
from syncer.web.slots import MOST_SLOTS, curve, series, span

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def volume(minutes_ago: int, **events: int) -> Volume:
    return Volume(
        pipeline="orders", destination="meta", started_at=NOON - timedelta(minutes=minutes_ago), events=events, keys={}
    )


def test_a_run_is_counted_where_it_began_by_what_became_of_its_events() -> None:
    found = series(
        [volume(5, acknowledged=7, rejected_local=1, rejected_remote=2), volume(125, held=3, past_max_age=4)],
        since=NOON - timedelta(hours=3), until=NOON,
    )  # fmt: skip
    assert found.width_s == 300
    assert {name: (sum(counts), len(counts)) for name, counts in found.counts.items()} == {
        "acknowledged": (7, 37), "rejected": (3, 37), "held": (3, 37), "too old": (4, 37),
    }  # fmt: skip
    assert found.rows() == [(NOON - timedelta(minutes=5), [7, 3, 0, 0]), (NOON - timedelta(minutes=125), [0, 0, 3, 4])]


def test_what_nobody_wanted_sent_and_other_totals_are_not_drawn() -> None:
    found = series(
        [volume(5, duplicate_skipped=9, rows_read=9, covered=9)], since=NOON - timedelta(hours=1), until=NOON
    )
    assert found.rows() == []


@pytest.mark.parametrize("hours", [1, 5, 24, 24 * 7, 24 * 30, 24 * 400])
def test_slots_are_as_narrow_as_a_chart_can_show(hours: int) -> None:
    found = series([], since=NOON - timedelta(hours=hours), until=NOON)
    assert 20 <= len(found.starts) <= MOST_SLOTS + 2


def test_a_chart_begins_with_the_oldest_run_but_shows_an_hour_at_least_and_thirty_days_at_most() -> None:
    month = timedelta(days=30)
    assert span([], until=NOON, longest=month) == (NOON - timedelta(hours=1), NOON)
    assert span([volume(1), volume(600)], until=NOON, longest=month)[0] == NOON - timedelta(hours=10)
    assert span([volume(60 * 24 * 90)], until=NOON, longest=month)[0] == NOON - month


def test_a_curve_has_its_largest_value_at_the_top() -> None:
    assert curve([0, 5, 10], width=20, height=10) == "0.0,10.0 10.0,5.0 20.0,0.0"
    assert curve([0, 0], width=20, height=10) == "0.0,10.0 20.0,10.0"
