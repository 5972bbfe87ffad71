"""SIGINT and SIGTERM, which end a run or the daemon in order."""

import signal
import sys
from collections.abc import Callable
from functools import partial

from syncer.engine.polars_library import load_polars

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_S = 0.05
"""After so long what was raised and lost is raised again."""


def listen(ask: Callable[[], object]) -> Callable[[], None]:
    """Let each of the signals call `ask`, until what is returned is called.

    polars is loaded first. It sets a handler for SIGINT of its own when it is loaded, which makes whatever it does at
    Ctrl-C raise `KeyboardInterrupt`, on any thread, between an effect and its bookkeeping as well. The handler that is
    set last is the one that is called.
    """
    load_polars()

    def heard(*_: object) -> None:
        ask()

    before = [(each, signal.signal(each, heard)) for each in SIGNALS]
    no_more = ask_again(heard)

    def as_before() -> None:
        no_more()
        for each, handler in before:
            signal.signal(each, handler)

    return as_before


def ask_again(heard: Callable[..., object]) -> Callable[[], None]:
    """Let a Ctrl-C that Python drops call `heard` as a handler of signals, until what is returned is called.

    Python drops what is raised while it collects garbage, as in the callback of a weak reference.
    """
    alarm, hook = signal.getsignal(signal.SIGALRM), sys.unraisablehook
    sys.unraisablehook = partial(_ask_again, heard, hook)

    def as_before() -> None:
        sys.unraisablehook = hook
        if signal.getsignal(signal.SIGALRM) is heard:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, alarm)

    return as_before


def _ask_again(
    heard: Callable[..., object], otherwise: Callable[..., object], lost: "sys.UnraisableHookArgs", /
) -> None:
    if lost.exc_type is not KeyboardInterrupt:
        otherwise(lost)
        return
    signal.signal(signal.SIGALRM, heard)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_S)


def end_at_the_next() -> None:
    """Let the next signal end the process at once, unless it is ignored, as Ctrl-C is where a script began it with `&`."""
    for each in SIGNALS:
        if signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)
