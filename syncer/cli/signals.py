"""SIGINT and SIGTERM end a run in order."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from syncer.engine.polars_library import as_a_run_needs_it
from syncer.signals import end_at_the_next, listen

if TYPE_CHECKING:
    from syncer.ports import Stop

NOTICE = b"\x1b[?25h\nStopping: waiting for the answers that are under way. Once more ends at once.\n"
"""Shows the terminal's cursor again, which a progress bar hides: a second signal leaves no time for it."""


@contextmanager
def ends_in_order(stop: "Stop") -> Iterator[None]:
    """Let the first signal ask for `stop`, and a second one end the process at once."""

    def ask() -> None:
        end_at_the_next()
        if sys.stderr.isatty() and not stop.is_wanted:
            os.write(sys.stderr.fileno(), NOTICE)  # the stream itself may be in the middle of a write
        stop.interrupt()

    as_a_run_needs_it()
    as_before = listen(ask)
    try:
        yield
    finally:
        as_before()
