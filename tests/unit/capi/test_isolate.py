"""Steps of the search for bad events; its bounds are in tests/property/test_isolate.py."""

import pytest

from syncer.capi.isolate import Isolation, looks_like_configuration
from syncer.spec.outcomes import Outcome, OutcomeClass


def test_a_single_event_that_was_refused_is_bad() -> None:
    search = Isolation.of_rejected(1)
    assert (search.bad, search.next, search.unsettled) == ((0,), (), ())


def test_one_half_is_sent_while_the_other_waits() -> None:
    search = Isolation.of_rejected(4)
    assert search.next == (0, 1)
    assert search.unsettled == (0, 1, 2, 3)


def test_when_one_half_was_taken_the_other_is_divided_without_being_sent() -> None:
    assert Isolation.of_rejected(4).accepted().next == (2,)


def test_an_event_is_bad_only_when_it_was_refused_alone() -> None:
    search = Isolation.of_rejected(2).accepted()
    assert (search.next, search.bad) == ((1,), ())
    assert search.rejected().bad == (1,)
    assert search.accepted().bad == ()


def test_halves_that_waited_are_sent_together_once_the_first_bad_event_is_found() -> None:
    search = Isolation.of_rejected(8).rejected().rejected().rejected()
    assert search.bad == (0,)
    assert sorted(search.next) == [1, 2, 3, 4, 5, 6, 7]


def test_a_true_hint_finds_its_event_with_two_requests() -> None:
    search = Isolation.of_rejected(1000, blamed=[417])
    assert search.next == (417,)
    search = search.rejected()
    assert len(search.next) == 999
    assert search.accepted() == search.accepted()
    assert (search.accepted().next, search.accepted().bad) == ((), (417,))


def test_after_a_lie_no_hint_is_believed() -> None:
    search = Isolation.of_rejected(10, blamed=[3, 4]).accepted()
    assert search.next == (0, 1, 2, 4, 5)
    assert search.rejected(blamed=[0]).next == (0, 1, 2)


@pytest.mark.parametrize("blamed", [[-1], [10], [10**9], []])
def test_hints_outside_the_request_are_ignored(blamed: list[int]) -> None:
    assert Isolation.of_rejected(10, blamed=blamed) == Isolation.of_rejected(10)


def test_a_request_that_is_too_big_is_halved_and_both_halves_are_sent() -> None:
    search = Isolation.of_too_big(4)
    assert search.groups == ((0, 1), (2, 3))
    assert search.accepted().next == (2, 3)


def test_an_event_that_is_too_big_alone_is_bad() -> None:
    search = Isolation.of_too_big(2).too_big().accepted()
    assert (search.bad, search.next) == ((0,), ())


def test_a_group_that_was_put_aside_condemns_no_neighbour() -> None:
    search = Isolation.of_rejected(4).put_aside()
    assert search.unsettled == (2, 3)
    assert search.next == (2, 3)


def test_a_run_that_stops_knows_what_is_left() -> None:
    search = Isolation.of_rejected(8).accepted().rejected()
    assert search.unsettled == (4, 5, 6, 7)


@pytest.mark.parametrize(
    ("numbers", "looks"),
    [
        ([(100, None), (100, None)], True),
        ([(100, 1487694), (100, None)], True),
        ([(100, None), (100, 2804050)], False),
        ([(100, None), (105, None)], False),
        ([(100, None)], False),
        ([], False),
    ],
)
def test_refusals_of_every_event_without_a_rule_speak_of_the_configuration(
    numbers: list[tuple[int, int | None]],
    looks: bool,  # noqa: FBT001
) -> None:
    refusals = [Outcome(kind=OutcomeClass.REJECTED, code=code, subcode=subcode) for code, subcode in numbers]
    assert looks_like_configuration(refusals) is looks
