"""A state that knows many settled events: `python -m benchmarks.settled PROJECT EVENTS`.

Without EVENTS a copy of such a state is looked through for damage, as a run over it would do first.

It is written by the state's own functions, a thousand events a request as runs do, identities by chance, so none is met again.
"""

import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

from connectors.incremental import CursorKind, CursorValue
from syncer.config.load import load_project
from syncer.session import Session
from syncer.state import outbox, pipelines
from syncer.state.ledger_files import extend
from syncer.state.requests import IDENTITY_BYTES, NewRequest, RequestState
from syncer.watermark import Watermark

AT_ONCE = 2_000
"""Requests of one commit."""
EVENTS = 1_000
LONG_AGO = CursorValue(CursorKind.TIMESTAMP_TZ, "2020-01-01T00:00:00Z")


def main(home: Path, events: int) -> None:
    """Settle so many events of the pipeline `orders`, and set its watermark before all rows."""
    chance, now = random.Random(7), datetime.now(UTC)
    with Session(load_project(home, target=None, environ=os.environ)) as session:
        store, scope = session.store, session.scope(session.project.pipelines["orders"])
        with store.tx("benchmark") as connection:
            row = pipelines.find_or_make(connection, scope, now=now)
            pipelines.move(connection, row, watermark=Watermark(LONG_AGO), start=0)
        by = outbox.Writer(row.id, "0" * 26, row.epoch, now)
        for first in range(0, events // EVENTS, AT_ONCE):
            with store.tx("benchmark") as connection:
                for _ in range(min(AT_ONCE, events // EVENTS - first)):
                    request = NewRequest(
                        digests=chance.randbytes(EVENTS * IDENTITY_BYTES), events=EVENTS,
                        event_time_min=0, event_time_max=0, cursor_low=LONG_AGO, cursor_high=LONG_AGO,
                    )  # fmt: skip
                    outbox.insert_settled(connection, request, RequestState.ACKED, by)
        extend(store, scope)  # as runs do when they have ended


def look_over(home: Path) -> None:
    """Look the state through for damage, as the first start of a day does; a copy is another file."""
    with Session(load_project(home, target=None, environ=os.environ)) as session:
        session.store.look_over()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        main(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        look_over(Path(sys.argv[1]))
