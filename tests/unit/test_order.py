"""Tests begin with those that may take longest, a share for each worker."""

import pytest

from tests.order import dealt


@pytest.mark.parametrize(
    ("tests", "hands", "order"),
    [
        ([1, 2, 900, 3, 600, 4, 300, 5, 6], 3, [900, 1, 2, 600, 3, 4, 300, 5, 6]),
        ([1, 2, 3, 900, 600], 2, [900, 1, 600, 2, 3]),
        ([1, 600, 2, 900], 1, [900, 600, 1, 2]),
        ([1, 2, 3], 2, [1, 2, 3]),
        ([900, 1, 600, 300], 3, [900, 600, 300, 1]),
        ([900, 600, 500, 300, 1], 4, [900, 600, 500, 300, 1]),
        ([900, 600, 300], 2, [900, 300, 600]),
        ([], 2, []),
    ],
)
def test_each_part_begins_with_its_share_of_the_longest(tests: list[int], hands: int, order: list[int]) -> None:
    assert dealt(tests, hands, may_take_s=float, usual_s=120) == order
