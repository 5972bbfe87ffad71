"""The wish to stop, and what a thread is at."""

import pytest

from syncer.ports import Stop, doing


def test_a_wait_gives_its_value_where_nobody_wants_to_stop() -> None:
    assert Stop().wait_for(lambda: 7) == 7


def test_a_wish_before_a_wait_lets_it_not_begin() -> None:
    stop = Stop()
    stop.interrupt()
    assert stop.wait_for(lambda: pytest.fail("it began")) is None


def test_a_wish_within_a_wait_ends_it_and_later_ones_wait_no_more() -> None:
    stop = Stop()

    def long() -> int:
        stop.interrupt()
        pytest.fail("it went on")

    assert stop.wait_for(long) is None
    assert stop.is_wanted
    stop.interrupt()


def test_an_interrupt_that_python_raises_within_a_wait_is_a_wish() -> None:
    stop = Stop()

    def interrupted() -> int:
        raise KeyboardInterrupt

    assert stop.wait_for(interrupted) is None
    assert stop.is_wanted


def test_what_fails_while_waiting_fails() -> None:
    stop = Stop()
    with pytest.raises(ZeroDivisionError):
        stop.wait_for(lambda: 1 // 0)
    stop.interrupt()


def test_a_thread_does_one_thing_at_a_time_and_forgets_what_was_interrupted() -> None:
    with pytest.raises(KeyboardInterrupt), doing("read"):
        raise KeyboardInterrupt
    with doing("post"), pytest.raises(RuntimeError, match="state was begun inside post"), doing("state"):
        pytest.fail("two at a time")
    with doing("state"):
        pass
