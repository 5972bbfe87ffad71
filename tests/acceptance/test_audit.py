"""Who did what to a pipeline, and when: one line of the audit log for each act of an operator (promise S24)."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from syncer.actor import actor
from syncer.cli import cli
from syncer.sandbox.faults import parse_faults
from tests.acceptance.shop import EXAMPLES, TOKEN, MakeShop, Shop

pytestmark = pytest.mark.acceptance

Line = tuple[str, str | None, str | None]


def audit(shop: Shop) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(shop.folder / ".syncer" / "state.db")) as state:
        return state.execute(
            'SELECT action, "before", "after", at, actor, target, pipeline FROM audit ORDER BY id'
        ).fetchall()


def done_by(shop: Shop, *words: str, code: int = 0) -> list[Line]:
    """Run a command in this process; return action, before and after of the lines that it added."""
    before = audit(shop)
    done = CliRunner().invoke(cli, [*words, "--project", str(shop.folder)], env={"TOKEN": TOKEN, "LOGNAME": "mallory"})
    assert done.exit_code == code, (words, done.output, done.exception)
    after = audit(shop)
    assert after[: len(before)] == before, "the log was written over"
    for _, _, _, at, who, target, _ in after[len(before) :]:
        assert (who.partition(" pid ")[0], target) == (actor(), "default")
        assert abs(datetime.fromisoformat(str(at)).replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=1), at
    return [line[:3] for line in after[len(before) :]]


def test_S24_each_act_of_an_operator_leaves_one_line_with_time_user_before_and_after(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("reset_after=2@1"))
    mode = "destination: meta\ndelivery: {mode: at_most_once, events_per_request: 2, requests_in_flight: 1}\ntolerate: {rejected: 100%}"
    shop.edit("pipelines/orders.yaml", "destination: meta", mode)
    shop.add_orders(1, 8, changes="UPDATE orders SET currency = NULL WHERE order_id IN (7, 8)")
    shop.syncer("run", "orders")
    acts: dict[tuple[str, ...], list[Line]] = {
        words: done_by(shop, *words)
        for words in (
            ("pause", "orders"),
            ("resume", "orders"),
            ("held", "resend", "orders", "1", "--yes"),
            ("held", "assume-delivered", "orders", "--yes"),
            ("rejects", "drop", "orders", "--key", "7", "--yes"),
            ("reset", "orders", "--to", "start", "--yes"),
            ("reconcile", "orders"),
            ("erase", "orders", "--key", "5"),
            ("adopt", "orders", "--until", "-5m", "--yes"),
            ("backfill", "orders", "--since", "-1d", "--resend", "--yes"),
            ("state", "backup", str(shop.folder / "copy.db")),
            ("rename", "orders", "sales"),
        )
    }
    assert {words: len(lines) for words, lines in acts.items()} == dict.fromkeys(acts, 1)
    told = {words: lines[0] for words, lines in acts.items()}
    assert told["pause", "orders"][0] == "pause"
    assert told["resume", "orders"][:2] == ("resume", told["pause", "orders"][2])
    assert told["rename", "orders", "sales"] == ("rename", "orders", "sales")
    assert all(before or after for _, before, after in told.values())


def test_S24_a_decision_on_a_changed_pipeline_and_a_retry_are_told_too(shop: Shop) -> None:
    shop.add_orders(1, 4, changes="UPDATE orders SET currency = NULL WHERE order_id = 4")
    shop.syncer("run", "orders")
    assert [line[0] for line in done_by(shop, "rejects", "retry", "orders", "--all", code=3)] == ["rejects retry"]
    shop.edit("pipelines/orders.yaml", "cursor: updated_at", "cursor: ordered_at")
    assert done_by(shop, "run", "orders", code=1) == []
    ((action, before, after),) = done_by(shop, "resume", "orders")
    assert (action, "updated_at" in str(before), "ordered_at" in str(after)) == ("accept", True, True)
    for words in (
        ("plan", "orders"),
        ("status",),
        ("trace", "orders", "1"),
        ("rejects", "list", "orders"),
        ("validate",),
    ):
        assert done_by(shop, *words) == []


def test_S24_no_code_changes_or_deletes_a_line_of_the_log() -> None:
    texts = {path.name: path.read_text() for path in EXAMPLES.glob("syncer/**/*.py")}
    written = {name: re.findall(r"\b(insert|update|delete)\(AUDIT", text) for name, text in texts.items()}
    assert {name: verbs for name, verbs in written.items() if verbs} == {"audit.py": ["insert"]}
    changes = r"(update|delete from|drop table|truncate)\s+\"?audit\b"
    assert not [name for name, text in texts.items() if re.search(changes, text.lower())]
