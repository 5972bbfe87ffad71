"""SIGINT and SIGTERM, which end a run or the daemon in order."""

import signal
from collections.abc import Callable

from syncer.engine.polars_library import load_polars

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(ask: Callable[[], object]) -> Callable[[], None]:
    """Let each of the signals call `ask`, until what is returned is called.

    polars is loaded first. It sets a handler for SIGINT of its own when it is loaded, which makes whatever it does at
    Ctrl-C raise `KeyboardInterrupt`, on any thread, between an effect and its bookkeeping as well. The handler that is
    set last is the one that is called.
    """
    load_polars()
    before = [(each, signal.signal(each, lambda *_: ask())) for each in SIGNALS]

    def as_before() -> None:
        for each, handler in before:
            signal.signal(each, handler)

    return as_before


def end_at_the_next() -> None:
    """Let the next signal end the process at once."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_DFL)
