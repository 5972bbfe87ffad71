"""What operators do out of turn, from the files to what arrives; the commands themselves are in docs/commands.md."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from syncer.actions import ask_for_run, held, rename, reset, reset_to
from syncer.checks import checks
from syncer.config.load import load_project
from syncer.errors import ConfigError, StateError
from syncer.outlook import forecast
from syncer.report import Bucket
from syncer.sandbox.tokens import Token
from syncer.session import Session, Trial, find_pipeline
from syncer.state.scope import Scope
from syncer.transform.identity import event_id
from tests.acceptance.shop import PIPELINE, TOKEN, MakeShop, Shop

pytestmark = pytest.mark.acceptance


@contextmanager
def opened(shop: Shop, token: str = TOKEN) -> Iterator[Session]:
    with Session(load_project(shop.folder, environ={"TOKEN": token})) as session:
        yield session


def event_ids(shop: Shop) -> list[str]:
    events: list[Any] = list(shop.sandbox.sandbox.events())
    return [event["event_id"] for event in events]


def test_rows_in_test_events_are_sent_once_and_leave_the_watermark_alone(shop: Shop) -> None:
    shop.add_orders(1, 6, changes="UPDATE orders SET currency = NULL WHERE order_id = 1")
    shop.sql("DELETE FROM orders WHERE order_id = 5")
    with opened(shop) as session:
        one = session.run("orders", trial=Trial("TEST9", ("4",)))
        two = session.run("orders", trial=Trial("TEST9"), limit=2, trigger="send-test")
        none = session.run("orders", trial=Trial("TEST9", ("5",)))
        again = session.preview(find_pipeline(session.project, "orders"), limit=1, key=("5",))
    assert shop.order_ids() == ["4", "2", "3"]
    codes = {request.test_event_code for request in shop.sandbox.sandbox.requests()}
    assert codes == {"TEST9"}
    assert (one.acknowledged, one.events, two.acknowledged, two.events) == (1, 1, 2, 3)
    assert (none.status, none.message) == ("failed", "no row of the query has this key; nothing was sent")
    assert (two.watermark_after, again.events) == (None, ())
    with opened(shop) as session:
        report = session.run("orders")
    assert (report.acknowledged, report.tally.buckets[Bucket.DUPLICATE_SKIPPED]) == (1, 3)
    assert shop.order_ids() == ["4", "2", "3", "6"]


def test_a_pipeline_that_was_renamed_and_reset_sends_nothing_again(shop: Shop) -> None:
    shop.add_orders(1, 3)
    (shop.folder / "pipelines" / "other.yaml").write_text(PIPELINE.replace("name: orders", "name: Other"))
    with opened(shop) as session:
        session.run("orders")
        for old, new, says in (
            ("orders", "no name", "no name for a pipeline"),
            ("orders", "orders", "orders is the old name as well"),
            ("orders", "other", "both pipelines of this project"),
            ("ordres", "sales", "did you mean 'orders'"),
        ):
            with pytest.raises(ConfigError, match=says):
                rename(session, old, new)
        rename(session, "orders", "sales")
        orders = find_pipeline(session.project, "orders")
        for asked in (partial(forecast, on_rows=lambda _: None), held, partial(reset_to, text="start"), ask_for_run):
            with pytest.raises(StateError, match="renamed to sales"):
                asked(session, orders)
    shop.edit("pipelines/orders.yaml", "name: orders", "name: sales")
    shop.add_orders(4, 4)
    with opened(shop) as session:
        sales = find_pipeline(session.project, "sales")
        reset(session, sales, reset_to(session, sales, "start"))
        report = session.run("sales")
        with pytest.raises(ConfigError, match="a time with its zone"):
            reset_to(session, sales, "4711")
    assert (report.acknowledged, report.tally.buckets[Bucket.DUPLICATE_SKIPPED]) == (1, 3)
    assert event_ids(shop) == [event_id("orders", "", [str(number)]) for number in range(1, 5)]


def test_a_check_tells_a_good_token_from_others(make_shop: MakeShop) -> None:
    tokens = (
        Token(text=TOKEN, dataset_ids=["1234567890"]),
        Token(text="other", dataset_ids=["9"]),
        Token(text="old", expires_at=1),
        Token(text="shy", may_describe=False),
    )
    shop = make_shop(tokens=tokens)
    found: dict[str, Any] = {}
    for token in (TOKEN, "other", "old", "shy", "unheard"):
        with opened(shop, token) as session:
            (check,) = checks(session, ["meta"])
            found[token] = check.verdict.value
            assert token not in check.detail.split()
    assert found == {TOKEN: "ok", "other": "refused", "old": "refused", "shy": "unknown", "unheard": "refused"}
    assert shop.sandbox.sandbox.requests() == []
    with opened(shop) as session:
        assert [(each.name, each.verdict.value) for each in checks(session)] == [
            ("warehouse", "ok"), ("meta", "ok"), ("state", "unknown")
        ]  # fmt: skip
        assert not (shop.folder / ".syncer" / "state.db").exists()
        (shop.folder / "warehouse.duckdb").unlink()
        _ = session.store
        assert [each.verdict.value for each in checks(session, ["warehouse", "state"])] == ["refused", "ok"]
        with pytest.raises(ConfigError, match="did you mean 'meta'"):
            checks(session, ["mta"])
    with opened(shop, "") as session:
        (check,) = checks(session, ["meta"])
    assert check.verdict == "misconfigured"


def test_R30_a_state_that_no_run_takes_is_no_good_to_a_check_either(shop: Shop) -> None:
    file = shop.folder / ".syncer" / "state.db"
    shop.syncer("run", "orders")
    older = file.read_bytes()
    shop.syncer("run", "orders")
    file.write_bytes(older)
    done = shop.syncer("check", "state")
    assert (done.code, "state.db is older than it was: 1 run that it had are gone" in done.out) == (1, True)
    file.unlink()
    gone = "state.db is missing or empty, although there was one; restore its newest copy"
    for words in (("check", "state"), ("state", "backup", str(shop.folder / "copy.db"))):
        done = shop.syncer(*words)
        assert (done.code, gone in done.out + done.err) == (1, True), words
    assert not file.exists()


def test_nothing_is_moved_or_copied_that_must_not_be(shop: Shop) -> None:
    shop.add_orders(1, 1)
    with opened(shop) as session:
        session.run("orders")
        scope = Scope("default", "orders", "meta")
        held = {"run_id": "held", "now": session.clock.now(), "fingerprint": "f", "trigger": "manual", "holder": "ada"}
        with session.store.start_run(scope, **held):  # type: ignore[arg-type]  # of several types
            for words in (["rename", "orders", "sales"], ["reset", "orders", "--to", "start", "--yes"]):
                done = shop.syncer(*words)
                assert (done.code, "another run holds this pipeline (ada)" in done.err) == (4, True)
    asked = shop.syncer("reset", "orders", "--to", "start", "--output", "json")
    assert (asked.code, asked.report["direction"], asked.report["done"]) == (2, "back", False)
    shop.edit("syncer.yaml", "version: 1", "version: 1\nstate: ${env:STATE}")
    done = shop.syncer("state", "backup", "my copy.db", STATE="postgresql://ada:hunter2@db.example:5433/shop")
    assert done.code == 2
    assert "pg_dump --format=custom --file='my copy.db' postgresql://db.example:5433/shop" in done.err
    assert "hunter2" not in done.out + done.err
