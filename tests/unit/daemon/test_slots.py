"""Places for runs: never more than there are, and one that waits lends its own."""

import threading
import time
from collections.abc import Callable

from syncer.daemon.slots import Slots, WorkingClock


def working(slots: Slots, work: Callable[[], None]) -> threading.Thread:
    """Do `work` in a thread that holds a place, which was taken."""

    def hold() -> None:
        with slots.held():
            work()

    thread = threading.Thread(target=hold)
    thread.start()
    return thread


def taken_within(slots: Slots, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not (is_taken := slots.take()) and time.monotonic() < until:
        time.sleep(0.005)
    return is_taken


def test_no_more_places_are_taken_than_there_are() -> None:
    slots = Slots(2)
    assert [slots.take(), slots.take(), slots.take()] == [True, True, False]
    slots.give()
    assert slots.take()


def test_a_place_is_given_back_when_the_work_fails() -> None:
    slots = Slots(1)
    assert slots.take()
    try:
        with slots.held():
            raise ValueError
    except ValueError:
        assert slots.take()


def test_R23_a_long_wait_lends_its_place_and_takes_one_again_behind_it() -> None:
    slots, told = Slots(1), threading.Event()
    clock = WorkingClock(slots)
    assert slots.take()

    def work() -> None:
        clock.sleep(1.2)
        told.set()

    thread = working(slots, work)
    assert taken_within(slots, 1.0)
    thread.join(2)
    assert not told.is_set()
    slots.give()
    assert told.wait(2)
    thread.join()
    assert slots.take()


def test_a_short_wait_keeps_its_place() -> None:
    slots = Slots(1)
    assert slots.take()
    thread = working(slots, lambda: WorkingClock(slots).sleep(0.3))
    assert not taken_within(slots, 0.1)
    thread.join()
    assert slots.take()


def test_R28_a_stop_ends_a_wait_whether_or_not_a_place_is_free() -> None:
    slots = Slots(1)
    clock = WorkingClock(slots)
    assert slots.take()
    thread = working(slots, lambda: clock.sleep(600))
    assert taken_within(slots, 2)
    clock.stopping.set()
    thread.join(5)
    assert not thread.is_alive()


def test_who_holds_no_place_lends_none() -> None:
    slots = Slots(1)
    clock = WorkingClock(slots)
    clock.stopping.set()
    clock.sleep(600)
    assert [slots.take(), slots.take()] == [True, False]
