"""Whether a daemon lives and can work, decided from what it says of itself."""

from typing import Any, cast

import pytest

from syncer.health import KEPT_S, SILENT_S, Kept, Standing, liveness, readiness
from syncer.session import Session

SESSION = cast("Session", object())


@pytest.mark.parametrize(
    ("facts", "is_alive"),
    [
        ({}, True),
        ({"silent_s": SILENT_S - 1}, True),
        ({"silent_s": SILENT_S}, False),
        ({"silent_s": 10 * SILENT_S, "is_stopping": True}, True),
    ],
)
def test_a_daemon_lives_while_its_loop_goes_on_or_ends(facts: dict[str, Any], *, is_alive: bool) -> None:
    assert liveness(Standing(session=SESSION, **facts)).is_well is is_alive


@pytest.mark.parametrize(
    ("facts", "is_state_up", "is_ready"),
    [
        ({}, True, True),
        ({"problems": 3}, True, True),
        ({}, False, False),
        ({"is_stopping": True}, True, False),
        ({"silent_s": SILENT_S}, True, False),
        ({"session": None}, True, False),
    ],
)
def test_a_daemon_is_ready_when_it_has_begun_and_its_state_answers(
    facts: dict[str, Any], *, is_state_up: bool, is_ready: bool
) -> None:
    verdict = readiness(Standing(**{"session": SESSION, **facts}), is_state_up=is_state_up)
    assert (verdict.is_well, verdict.facts["ready"]) == (is_ready, is_ready)


class Hand:
    """A clock that a test moves."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at


def test_an_answer_is_kept_for_a_moment_however_many_ask() -> None:
    clock, made = Hand(), iter(range(10))
    kept = Kept[int](cast("Any", clock))
    assert [kept.get(lambda: next(made)) for _ in range(3)] == [0, 0, 0]
    clock.at = KEPT_S
    assert kept.get(lambda: next(made)) == 1
