import random

from hypothesis import given
from hypothesis import strategies as st

from connectors.incremental import CursorKind, CursorValue
from syncer.engine.checkpoint import Frontier


def at(number: int) -> CursorValue:
    return CursorValue(CursorKind.INTEGER, str(number))


def test_frontier_starts_nowhere() -> None:
    assert Frontier().reached() is None


def test_page_without_requests_is_settled_at_once() -> None:
    frontier = Frontier()
    frontier.open(0, upto=at(10), requests=0)
    assert frontier.reached() == at(10)


def test_frontier_never_passes_an_open_request_of_an_earlier_page() -> None:
    frontier = Frontier()
    frontier.open(0, upto=at(10), requests=2)
    frontier.open(1, upto=at(20), requests=1)
    frontier.settle(1)
    frontier.settle(0)
    assert frontier.reached() is None
    frontier.settle(0)
    assert frontier.reached() == at(20)


def test_page_with_rows_to_read_again_stops_the_frontier_for_good() -> None:
    frontier = Frontier()
    frontier.open(0, upto=at(5), requests=0, blocks=True)
    frontier.open(1, upto=at(20), requests=0)
    assert frontier.reached() == at(5)


def test_page_whose_cursors_are_all_null_leaves_the_frontier_where_it_was() -> None:
    frontier = Frontier()
    frontier.open(0, upto=at(5), requests=0)
    frontier.open(1, upto=None, requests=0)
    assert frontier.reached() == at(5)


@given(requests=st.lists(st.integers(0, 4), min_size=1, max_size=12), seed=st.integers(0, 10_000))
def test_frontier_is_the_last_page_before_the_first_open_one_in_any_order(requests: list[int], seed: int) -> None:
    frontier = Frontier()
    for page, count in enumerate(requests):
        frontier.open(page, upto=at(page), requests=count)
    left = list(requests)
    order = [page for page, count in enumerate(requests) for _ in range(count)]
    random.Random(seed).shuffle(order)
    for page in order:
        frontier.settle(page)
        left[page] -= 1
        first_open = next((number for number, count in enumerate(left) if count), len(left))
        assert frontier.reached() == (at(first_open - 1) if first_open else None)
