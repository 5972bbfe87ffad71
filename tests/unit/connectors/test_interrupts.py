"""Ctrl-C while another thread waits in a driver."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore, Timer
from types import FrameType
from typing import Any

import pytest

from connectors.interrupts import Ahead, interruptible


def waiting(ended: Event, number: int = signal.SIGINT) -> Callable[[], bool]:
    """Return a call that waits for `ended`, and sends the signal to this process once it does: before, it would end nothing."""

    def wait() -> bool:
        Timer(0.2, os.kill, (os.getpid(), number)).start()
        return ended.wait(60)

    return wait


def test_a_query_that_had_not_begun_when_it_was_cancelled_is_cancelled_again() -> None:
    told: list[str] = []
    ended = Event()

    def cancel() -> None:
        told.append("end")
        if len(told) == 2:
            ended.set()

    with pytest.raises(KeyboardInterrupt):
        interruptible(waiting(ended), cancel)

    assert told == ["end", "end"]


@pytest.fixture
def slow_to_change_threads() -> Iterator[None]:
    """A thread that begins goes on for a while before the one that began it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("slow_to_change_threads")
@pytest.mark.parametrize("is_ahead", [False, True])
def test_ctrl_c_while_the_thread_begins_leaves_no_call_on_it(*, is_ahead: bool) -> None:
    told, ended = Event(), Event()

    def call() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        until = time.monotonic() + 0.05
        while time.monotonic() < until:
            pass
        told.wait(0.5)
        ended.set()

    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  # the block is the subject
        if is_ahead:
            with Ahead[int](call, told.set, most=1) as ahead:
                next(iter(ahead))
        else:
            interruptible(call, told.set)

    assert ended.is_set()


class AlarmError(BaseException):
    """What a signal raises that is not Ctrl-C."""


@pytest.fixture
def alarm() -> Iterator[None]:
    """Let SIGUSR1 raise `AlarmError`."""

    def ring(*_: object) -> None:
        raise AlarmError

    before = signal.signal(signal.SIGUSR1, ring)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("alarm")
def test_what_another_signal_raises_ends_the_call_too() -> None:
    ended = Event()
    with pytest.raises(AlarmError):
        interruptible(waiting(ended, signal.SIGUSR1), ended.set)
    assert ended.is_set()


@pytest.fixture
def interrupted_submit() -> Iterator[None]:
    """Raise `KeyboardInterrupt` as an executor returns from taking a call named `handed_over`."""

    def begins(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        is_it = event == "call" and frame.f_code is ThreadPoolExecutor.submit.__code__
        return ends if is_it and frame.f_locals["fn"].__name__ == "handed_over" else None

    def ends(_frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        if event == "return":
            raise KeyboardInterrupt
        return ends

    before = sys.gettrace()
    sys.settrace(begins)
    yield
    sys.settrace(before)


@pytest.mark.usefixtures("interrupted_submit")
@pytest.mark.parametrize("is_ahead", [False, True])
def test_ctrl_c_while_the_call_is_handed_over_ends_it(*, is_ahead: bool) -> None:
    told = Event()

    def handed_over() -> int | None:
        told.wait(10)
        return None

    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  # the block is the subject
        if is_ahead:
            with Ahead(handed_over, told.set, most=1) as ahead:
                next(iter(ahead))
        else:
            interruptible(handed_over, told.set)
    assert (told.is_set(), time.monotonic() - before < 5) == (True, True)


def test_what_the_call_raises_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise LookupError("no such table")

    with pytest.raises(LookupError, match="no such table"):
        interruptible(fail, Event().set)


class Pieces:
    """Gives the numbers up to `last`, then None; counts what was asked. Mutable."""

    def __init__(self, last: int) -> None:
        self.last, self.given, self.asked = last, 0, Semaphore(0)

    def __call__(self) -> int | None:
        self.given += 1
        self.asked.release()
        return self.given if self.given <= self.last else None


@pytest.mark.parametrize("last", [0, 1, 2, 5])
def test_what_is_fetched_ahead_comes_whole_and_in_order(last: int) -> None:
    told = Event()
    with Ahead(Pieces(last), told.set, most=2) as ahead:
        assert list(ahead) == list(range(1, last + 1))
    assert not told.is_set()


def test_so_many_are_fetched_ahead_and_none_before_the_first_is_asked_for() -> None:
    pieces, told = Pieces(10), Event()
    with Ahead(pieces, told.set, most=2) as ahead:
        assert pieces.given == 0
        assert next(iter(ahead)) == 1
        assert all(pieces.asked.acquire(timeout=30) for _ in range(3))
        assert not pieces.asked.acquire(timeout=0.05)
    assert (pieces.given, told.is_set()) == (3, False)


def test_a_failure_comes_behind_what_was_fetched_before_it() -> None:
    divisors = [1, 0, 3]
    with Ahead(lambda: 1 // divisors.pop(0), Event().set, most=1) as ahead:
        found = iter(ahead)
        assert next(found) == 1
        with pytest.raises(ZeroDivisionError):
            next(found)


def test_a_call_that_cannot_be_told_to_end_hides_no_failure() -> None:
    """As where the network is gone: the call under way fails by itself."""
    begun, gone, calls = Event(), Event(), Semaphore(2)

    def fetch() -> int:
        if not calls.acquire(blocking=False):
            begun.set()
            gone.wait(60)
        return 1

    def cannot() -> None:
        gone.set()
        raise ConnectionError("no network")

    def read() -> None:
        with Ahead(fetch, cannot, most=2) as ahead:
            next(iter(ahead))
            assert begun.wait(30)
            raise LookupError("the first")

    with pytest.raises(LookupError, match="the first"):
        read()


def test_what_is_under_way_when_nobody_wants_more_is_cancelled_and_nothing_follows() -> None:
    begun, ended = Event(), Event()
    calls: list[int] = []

    def fetch() -> int:
        calls.append(len(calls) + 1)
        if len(calls) == 2:
            begun.set()
            assert ended.wait(60)
        return calls[-1]

    with Ahead(fetch, ended.set, most=3) as ahead:
        assert next(iter(ahead)) == 1
        assert begun.wait(30)
    assert calls == [1, 2]


def test_ctrl_c_while_one_is_waited_for_cancels_it() -> None:
    ended = Event()
    with pytest.raises(KeyboardInterrupt), Ahead(waiting(ended), ended.set, most=2) as ahead:
        next(iter(ahead))
    assert ended.is_set()
