"""In what order tests are run."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def dealt(tests: Sequence[T], hands: int, *, may_take_s: Callable[[T], float], usual_s: float) -> list[T]:
    """Return `tests` such that each of `hands` parts of one size begins with its share of those that may take longest.

    With `--dist worksteal` each worker gets one part, and who is done takes from the end of another's. A long test that
    came last would let all others wait. Those that may take no longer than usual keep their order.
    """
    long = sorted((test for test in tests if may_take_s(test) > usual_s), key=may_take_s, reverse=True)
    short = [test for test in tests if may_take_s(test) <= usual_s]
    made: list[T] = []
    for hand in range(hands):
        size = (len(tests) - len(made)) // (hands - hand)
        share = long[hand::hands]
        rest = max(0, size - len(share))
        made += [*share, *short[:rest]]
        short = short[rest:]
    return made
