"""What is odd about events, in words."""

import polars as pl
import pytest

from syncer.engine.advice import all_at_midnight, on_one_value
from syncer.engine.frequent import KEPT, MOST_VALUES, Frequent


@pytest.mark.parametrize(
    ("times", "zone", "said"),
    [
        ([1_795_651_200, 1_795_564_800], "UTC", True),
        ([1_795_647_600], "Europe/Berlin", True),
        ([1_795_647_600], "UTC", False),
        ([1_795_651_200, 1_795_651_201], "UTC", False),
    ],
)
def test_a_bare_date_is_a_midnight_here_or_in_utc(times: list[int], zone: str, *, said: bool) -> None:
    assert all_at_midnight(pl.Series(times), zone) is said


def test_one_value_counts_from_five_events_and_two_percent() -> None:
    assert [one.code for one in on_one_value({"em": 5, "ph": 4}, 100)] == ["one_value"]
    assert not list(on_one_value({"em": 5}, 250))


def test_the_most_frequent_value_is_found_among_more_than_are_kept() -> None:
    frequent = Frequent()
    for batch in range(4):
        values = [f"v{batch}-{number}" for number in range(MOST_VALUES // 3)] + ["same"] * 1_000
        frequent.add(pl.Series([f'{{"user_data": {{"em": ["{value}"], "fbp": "x"}}}}' for value in values]))
    most = frequent.most()
    assert (most["em"], most["ph"]) == (4_000, 0)
    assert most["fbp"] == 4 * (MOST_VALUES // 3 + 1_000)
    assert KEPT < MOST_VALUES
