"""What each run asks of the requests is answered by an index: a long ledger makes none of it slower."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from syncer.pipeline import Retention
from syncer.state import outbox, prune
from syncer.state.database import driver
from syncer.state.store import open_store

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("index", "ask"),
    [
        ("requests_given_up", lambda connection: outbox.given_up_in_doubt(connection, 1, since=0)),
        ("requests_unfinished", lambda connection: list(outbox.unfinished(connection, 1))),
        ("requests_by_end", lambda connection: prune.is_due(connection, prune.Terms.of(Retention(), NOW))),
    ],
)
def test_what_each_run_asks_is_answered_by_an_index(
    tmp_path: Path, index: str, ask: Callable[[Connection], object]
) -> None:
    asked: list[Any] = []
    with open_store("sqlite:///state.db", root=tmp_path, home=tmp_path) as store, store.reading() as connection:
        event.listen(connection, "before_cursor_execute", lambda *of: asked.append(of[2:4]))
        ask(connection)
        plan = [
            str(line[3]) for sql, of in asked for line in driver(connection).execute(f"EXPLAIN QUERY PLAN {sql}", of)
        ]
    first = next(line for line in plan if line.split()[1:2] == ["requests"])
    assert first.startswith(f"SEARCH requests USING INDEX {index} ")
