"""Ctrl-C while another thread waits in a driver."""

import os
import signal
from threading import Event, Timer

import pytest

from connectors.interrupts import interruptible


def test_a_query_that_had_not_begun_when_it_was_cancelled_is_cancelled_again() -> None:
    told: list[str] = []
    ended = Event()

    def cancel() -> None:
        told.append("end")
        if len(told) == 2:
            ended.set()

    Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        interruptible(lambda: ended.wait(60), cancel)

    assert told == ["end", "end"]


def test_what_the_call_raises_is_raised_where_it_is_waited_for() -> None:
    def fail() -> None:
        raise LookupError("no such table")

    with pytest.raises(LookupError, match="no such table"):
        interruptible(fail, Event().set)
