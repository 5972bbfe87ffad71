"""A person is erased and stays so, whatever is run (S12)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syncer.actions import Wanted, adopt, backfill, erase, person
from syncer.engine.span import Span
from syncer.errors import ConfigError
from syncer.outlook import forecast, trace
from syncer.report import Bucket
from syncer.session import Session, Trial, find_pipeline
from tests.acceptance.shop import Shop
from tests.acceptance.test_operator_actions import opened

pytestmark = pytest.mark.acceptance


def erased(session: Session, **wanted: Any) -> tuple[int, int]:
    """Return how many events were blocked, and how many entries the ledger had."""
    pipeline = find_pipeline(session.project, "orders")
    gone = erase(session, pipeline, person(session, pipeline, Wanted(**wanted)))
    return gone.events, gone.ledger


def test_S12_an_erased_person_is_sent_by_nothing_and_counted(shop: Shop) -> None:
    shop.add_orders(1, 6, changes="UPDATE orders SET email = ' ada@example.com ' WHERE order_id IN (2, 3)")
    shop.sql("UPDATE orders SET email = 'Ada@example.com' WHERE order_id = 4")
    shop.sql("UPDATE orders SET currency = NULL WHERE order_id = 5")
    with opened(shop) as session:
        orders = find_pipeline(session.project, "orders")
        assert person(session, orders, Wanted(match=("EMAIL", "ada@example.com"))).similar == 1
        assert erased(session, match=("EMAIL", "ada@example.com")) == (2, 0)
        assert erased(session, keys=[("5",)]) == (1, 0)
        with pytest.raises(ConfigError, match="did you mean 'email'"):
            person(session, orders, Wanted(match=("emial", "x")))
        with pytest.raises(ConfigError, match="line 1 has 2 values, but a key has 1"):
            person(session, orders, Wanted(keys=[("1", "2")]))
        would = forecast(session, orders, on_rows=lambda rows: None)
        assert (would.to_send, would.tally.buckets[Bucket.ERASED]) == (3, 3)
        session.run("orders", trial=Trial("TEST1"), limit=2)
        assert shop.order_ids() == ["1", "4"]
        report = session.run("orders")
    assert shop.order_ids() == ["1", "4", "6"]
    assert (report.tally.buckets[Bucket.ERASED], report.tally.reasons["erased"], report.events) == (3, 3, 6)
    assert report.tally.buckets[Bucket.REJECTED_LOCAL] == 0
    with opened(shop) as session:
        assert erased(session, key=("06",)) == (2, 1)
        shop.sql("UPDATE orders SET updated_at = now()")
        assert session.run("orders").acknowledged == 0
        assert trace(session, orders, ("6",))[0].conclusion[0] == "erased"
        span = Span.of(datetime.now(UTC) - timedelta(days=1), None)
        again = backfill(session, orders, span, resend=True)
        assert (again.acknowledged, again.possible_duplicates) == (2, 2)
        sent = session.run("orders", trial=Trial("TEST1", ("6",)))
        assert (sent.acknowledged, sent.tally.buckets[Bucket.ERASED]) == (0, 1)
        adopted = adopt(session, orders, span)
        assert (adopted.tally.buckets[Bucket.ERASED], adopted.tally.buckets[Bucket.DUPLICATE_SKIPPED]) == (4, 2)
        assert session.run("orders").acknowledged == 0
    assert shop.order_ids() == ["1", "4", "6", "1", "4"]
    asked = shop.syncer("erase", "orders", "--key", "1", "--key", "2", "--match", "email=x", "--dry-run")
    assert (asked.code, "give one of --key, --match and --keys" in asked.err) == (2, True)


def test_S12_copies_that_upgrades_left_are_named(shop: Shop) -> None:
    shop.add_orders(1, 1)
    shop.syncer("run", "orders")
    copy = shop.folder / ".syncer" / "state.db.before-0002-20261129T120000Z"
    copy.write_bytes((shop.folder / ".syncer" / "state.db").read_bytes())
    told = shop.syncer("erase", "orders", "--key", "1").out
    assert "orders: 1 event is blocked" in told
    assert f"Copies that upgrades made still have what they had; delete them: {copy}" in told
    assert shop.syncer("erase", "orders", "--key", "1", "--output", "json").report["copies"] == [str(copy)]
    copy.unlink()
    assert "Copies" not in shop.syncer("erase", "orders", "--key", "1").out


@pytest.mark.parametrize(("line", "said"), [("'+4915112345678", "apostrophe"), ('"k 1"', "quotes")])
def test_S12_keys_as_csv_has_them_are_no_keys_and_erase_nobody(shop: Shop, line: str, said: str) -> None:
    keys = shop.folder / "keys.txt"
    keys.write_text(f"k 2\n{line}\n", encoding="utf-8")
    done = shop.syncer("erase", "orders", "--keys", str(keys))
    assert (done.code, done.out) == (2, "")
    assert f"line 2 has a key with the {said} of a CSV file" in done.err


def test_a_key_of_several_columns_is_written_as_csv_writes_it(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "key: order_id", "key: [order_id, email]")
    (shop.folder / "keys.txt").write_text('"1","a,b"\n', encoding="utf-8")
    assert shop.syncer("erase", "orders", "--keys", "keys.txt", "--output", "json").report["events"] == 1


def test_S12_a_changed_key_finds_nothing_of_the_old_one_and_the_command_says_so(shop: Shop) -> None:
    shop.add_orders(1, 2)
    shop.syncer("run", "orders")
    shop.edit("pipelines/orders.yaml", "key: order_id", "key: email")
    done = shop.syncer("erase", "orders", "--match", "email=customer1@example.com", "--output", "json")
    assert (done.code, done.report["events"], done.report["ledger"]) == (0, 1, 0)
    assert "Warning: orders: the key was order_id and is email; what the state has by the old key" in done.err
    shop.edit("pipelines/orders.yaml", "key: email", "key: order_id")
    back = shop.syncer("erase", "orders", "--match", "email=customer1@example.com", "--output", "json")
    assert (back.report["ledger"], back.err) == (1, "")


def test_deliveries_miss_no_row_of_who_was_erased(shop: Shop) -> None:
    shop.add_orders(1, 3)
    shop.syncer("run", "orders")
    shop.syncer("erase", "orders", "--key", "2")
    done = shop.syncer("deliveries", "orders")
    assert ([json.loads(line)["key"] for line in done.out.splitlines()], done.err) == (["1", "3"], "")


def test_who_was_blocked_before_is_told_in_the_past(shop: Shop) -> None:
    shop.add_orders(1, 2)
    told = [shop.syncer("erase", "orders", "--key", "1").out.splitlines()[0] for _ in range(2)]
    first = "orders: 1 event is blocked for target default"
    assert told == [f"{first}.", f"{first}; 1 of them was so before."]


def test_S12_keys_of_a_file_are_erased_without_the_way_to_the_warehouse(shop: Shop) -> None:
    shop.add_orders(1, 2)
    shop.edit("syncer.yaml", "path: warehouse.duckdb", "path: ${env:WAREHOUSE}")
    shop.syncer("run", "orders", WAREHOUSE="warehouse.duckdb")
    (shop.folder / "keys.txt").write_text("1\n", encoding="utf-8")
    done = shop.syncer("erase", "orders", "--keys", "keys.txt", "--output", "json")
    assert (done.code, done.report["ledger"], done.err) == (0, 1, "")
