"""SIGINT and SIGTERM end a run in order."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from syncer.polars_settings import as_a_run_needs_it

if TYPE_CHECKING:
    from types import FrameType

    from syncer.ports import Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTICE = b"\x1b[?25h\nStopping: waiting for the answers that are under way. Once more ends at once.\n"
"""Shows the terminal's cursor again, which a progress bar hides: a second signal leaves no time for it."""


@contextmanager
def ends_in_order(stop: "Stop") -> Iterator[None]:
    """Let the first signal ask for `stop`, and a second one end the process at once."""
    from syncer.engine.polars_library import load_polars

    as_a_run_needs_it()
    load_polars()

    def ask(signum: int, frame: "FrameType | None") -> None:
        del signum, frame
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), NOTICE)  # the stream itself may be in the middle of a write
        stop.interrupt()

    before = [(each, signal.signal(each, ask)) for each in SIGNALS]
    try:
        yield
    finally:
        for each, handler in before:
            signal.signal(each, handler)
