"""The search finds exactly the bad events, loses and repeats none, and needs few requests (promise R17)."""

import math
from collections.abc import Callable, Iterable
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncer.capi.isolate import Isolation

Hint = Callable[[tuple[int, ...], set[int]], Iterable[int]]


def none(_group: tuple[int, ...], _bad: set[int]) -> list[int]:
    return []


def first(group: tuple[int, ...], bad: set[int]) -> list[int]:
    """Name the first bad event, as a server would that stops at it."""
    return [index for index, event in enumerate(group) if event in bad][:1]


def every(group: tuple[int, ...], bad: set[int]) -> list[int]:
    return [index for index, event in enumerate(group) if event in bad]


def lie(group: tuple[int, ...], bad: set[int]) -> list[int]:
    return [index for index, event in enumerate(group) if event not in bad][:3]


def truth_and_lie(group: tuple[int, ...], bad: set[int]) -> list[int]:
    return first(group, bad) + lie(group, bad)


def lie_and_truth(group: tuple[int, ...], bad: set[int]) -> list[int]:
    return lie(group, bad)[:1] + every(group, bad)


def everybody(group: tuple[int, ...], _bad: set[int]) -> Iterable[int]:
    return range(len(group))


def nonsense(_group: tuple[int, ...], _bad: set[int]) -> list[int]:
    return [-1, 10**9, 0, 0, 2]


HINTS: list[Hint] = [none, first, every, lie, truth_and_lie, lie_and_truth, everybody, nonsense]


def isolate(size: int, bad: set[int], hint: Hint) -> int:
    """Send until all is settled; check the books after each request; return the number of requests."""
    search = Isolation.of_rejected(size, blamed=hint(tuple(range(size)), bad))
    requests = 1
    taken: list[int] = []
    while search.next:
        group, requests = search.next, requests + 1
        if bad.intersection(group):
            search = search.rejected(blamed=hint(group, bad))
        else:
            taken.extend(group)
            search = search.accepted()
        assert sorted([*taken, *search.bad, *search.unsettled]) == list(range(size))
    assert sorted(search.bad) == sorted(bad)
    return requests


def bound(size: int, bad: int) -> float:
    return 2 * bad * (math.log2(size) + 1) + 1


@pytest.mark.parametrize("hint", HINTS)
def test_every_layout_of_small_requests_keeps_the_bound(hint: Hint) -> None:
    for size in range(1, 10):
        for count in range(1, size + 1):
            for bad in combinations(range(size), count):
                assert isolate(size, set(bad), hint) <= bound(size, count)


@pytest.mark.parametrize("count", [1, 2, 5, 10, 50])
@given(data=st.data(), hint=st.sampled_from(HINTS))
@settings(max_examples=15, deadline=None)
def test_full_requests_keep_the_bound(count: int, data: st.DataObject, hint: Hint) -> None:
    size = data.draw(st.integers(max(count, 500), 1000))
    bad = data.draw(st.sets(st.integers(0, size - 1), min_size=count, max_size=count))
    assert isolate(size, bad, hint) <= bound(size, count)


@given(size=st.integers(1, 60), data=st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_the_server_says_every_event_is_settled_once(size: int, data: st.DataObject) -> None:
    """A server that changes its mind, calls things too big, or leaves doubt can cost requests, not events."""
    search = Isolation.of_rejected(size) if data.draw(st.booleans()) else Isolation.of_too_big(size)
    taken: list[int] = []
    aside: list[int] = []
    condemned: set[int] = set()
    while search.next:
        group = search.next
        match data.draw(st.sampled_from(["take", "refuse", "too big", "doubt"])):
            case "take":
                taken.extend(group)
                search = search.accepted()
            case "refuse":
                condemned.update(group if len(group) == 1 else ())
                search = search.rejected(blamed=data.draw(st.lists(st.integers(-2, 70), max_size=4)))
            case "too big":
                condemned.update(group if len(group) == 1 else ())
                search = search.too_big()
            case _:
                aside.extend(group)
                search = search.put_aside()
        assert sorted([*taken, *aside, *search.bad, *search.unsettled]) == list(range(size))
    if size > 1:
        assert set(search.bad) == condemned


@given(st.data())
def test_R20_events_that_leave_a_search_take_no_other_with_them(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 24))
    bad = data.draw(st.sets(st.integers(0, size - 1), min_size=1))
    hint = data.draw(st.sampled_from(HINTS))
    search = Isolation.of_rejected(size, blamed=hint(tuple(range(size)), bad))
    settled: list[int] = []
    gone: set[int] = set()
    while search.next:
        left = data.draw(st.sets(st.sampled_from(search.next)) if data.draw(st.booleans()) else st.just(set()))
        gone |= left
        search = search.without(left)
        group = search.next
        if bad.intersection(group):
            search = search.rejected(blamed=hint(group, bad))
        elif group:
            settled.extend(group)
            search = search.accepted()
        assert sorted([*settled, *search.bad, *search.unsettled, *gone]) == list(range(size))
    assert set(search.bad) == bad - gone
