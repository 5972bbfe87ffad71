"""What is logged is what the page about monitoring lists."""

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path

from syncer.engine.outgoing import Outgoing
from syncer.spec.outcomes import Outcome, OutcomeClass

ROOT = Path(__file__).parents[2]
EVENT = re.compile(r"[a-z]+\.[a-z_]+")
METHODS = {"debug", "info", "warning", "error", "log", "_tell"}


def events_in(path: Path) -> Iterator[str]:
    """Yield each text in a file that looks like an event and is given to a method that logs."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            for given in node.args:
                if isinstance(given, ast.Constant) and EVENT.fullmatch(str(given.value)):
                    yield str(given.value)


def test_each_event_is_listed_and_each_that_is_listed_is_logged() -> None:
    logged = {event for path in ROOT.glob("syncer/**/*.py") for event in events_in(path)}
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \|", page, re.MULTILINE))
    by_variable = {"state.away", "daemon.failed"}
    assert listed == logged | by_variable


def test_no_fact_of_a_request_has_the_name_of_what_a_record_has_anyway() -> None:
    import polars as pl

    request = Outgoing(page=None, events=pl.DataFrame({"a": [1, 2]}), stored=7, attempts=1)  # type: ignore[arg-type]
    facts = request.facts(Outcome(kind=OutcomeClass.ACKED, status=200, fbtrace_id="T"))
    assert facts == {"request": 7, "events": 2, "attempt": 1, "outcome": "acked", "status": 200, "fbtrace_id": "T"}
    assert not set(facts) & set(vars(logging.makeLogRecord({})))
