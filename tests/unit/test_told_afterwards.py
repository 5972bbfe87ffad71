"""What commands tell once all is done: also where it failed, and where nobody reads it."""

from collections.abc import Callable
from functools import partial

import pytest

from syncer.cli.common import told_afterwards
from syncer.errors import StateError


def full_disk() -> None:
    raise OSError(28, "No space left on device")


def act(*calls: Callable[[], None], error: Exception | None = None) -> None:
    """Do what is told by `calls`, then fail."""
    with told_afterwards() as later:
        for call in calls:
            later(call)
        if error is not None:
            raise error


def test_what_was_done_is_told_also_where_the_next_failed() -> None:
    told: list[str] = []
    with pytest.raises(StateError):
        act(partial(told.append, "first"), error=StateError("the second failed"))
    assert told == ["first"]


def test_where_it_cannot_be_told_the_error_is_of_what_failed() -> None:
    with pytest.raises(StateError, match="the second failed"):
        act(full_disk, error=StateError("the second failed"))


def test_where_all_was_done_the_error_is_that_it_cannot_be_told() -> None:
    with pytest.raises(OSError, match="No space left"):
        act(full_disk)
