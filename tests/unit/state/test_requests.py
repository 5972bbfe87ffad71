"""Which steps a request may take."""

from itertools import pairwise, product

import pytest

from syncer.state.requests import FREE, SETTLED, TRANSITIONS, UNFINISHED, RequestState, may_become

S = RequestState

ALLOWED = {
    # the table of the reliability contract, part 1
    (S.PLANNED, S.ARMED),
    (S.PLANNED, S.SUPERSEDED),
    (S.PLANNED, S.EXPIRED),
    (S.ARMED, S.ACKED),
    (S.ARMED, S.SPLIT),
    (S.ARMED, S.DEAD),
    (S.ARMED, S.RETRY),
    (S.ARMED, S.DOUBT),
    (S.RETRY, S.ARMED),
    (S.RETRY, S.SUPERSEDED),
    (S.RETRY, S.EXPIRED),
    (S.DOUBT, S.RETRY),
    (S.DOUBT, S.HELD),
    (S.HELD, S.RETRY),
    (S.HELD, S.ACKED_ASSUMED),
}

IN_ONE_COMMIT = {
    # several of them at once, through retry and doubt only
    (S.ARMED, S.HELD),
    (S.ARMED, S.SUPERSEDED),
    (S.ARMED, S.EXPIRED),
    (S.DOUBT, S.ARMED),
    (S.DOUBT, S.SUPERSEDED),
    (S.DOUBT, S.EXPIRED),
    (S.HELD, S.ARMED),
    (S.HELD, S.SUPERSEDED),
    (S.HELD, S.EXPIRED),
}


def test_the_table_holds_the_contracts_transitions_and_no_other() -> None:
    assert {(now, then) for now, followers in TRANSITIONS.items() for then in followers} == ALLOWED


@pytest.mark.parametrize(("now", "then"), list(product(S, S)))
def test_a_commit_may_take_a_step_of_the_table_or_pass_through_waiting(now: S, then: S) -> None:
    assert may_become(now, then) == ((now, then) in ALLOWED | IN_ONE_COMMIT)


@pytest.mark.parametrize("path", [(S.ARMED, S.DOUBT, S.HELD), (S.DOUBT, S.RETRY, S.ARMED)])
def test_every_step_on_the_way_is_one_of_the_table(path: tuple[S, ...]) -> None:
    assert set(pairwise(path)) <= ALLOWED


@pytest.mark.parametrize("state", [S.ACKED, S.SPLIT, S.DEAD, S.SUPERSEDED, S.EXPIRED, S.ACKED_ASSUMED])
def test_a_final_state_stays(state: S) -> None:
    assert not any(may_become(state, then) for then in S)


def test_every_state_is_unfinished_settled_or_free() -> None:
    assert sorted([*UNFINISHED, *SETTLED, *FREE]) == sorted(S)
