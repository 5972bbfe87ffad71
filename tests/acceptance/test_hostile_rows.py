"""Rows that were written to harm whoever looks at them: what a terminal, a log, a spreadsheet and a program are shown."""

import csv
import io
import json
import os
import pty
import subprocess
import sys

import duckdb
import pytest

from tests.acceptance.daemons import environ
from tests.acceptance.shop import TABLE, MakeShop, Shop
from tests.postgres_database import PostgresDatabase

pytestmark = pytest.mark.acceptance

STEERING = {
    "\x1b[31mred\x1b[0m": r"\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "\x9b2Jcleared": r"\x9b2Jcleared",
    "a\r12:00:00 ERROR forged": r"a\r12:00:00 ERROR forged",
    "a\n12:00:00 ERROR forged": r"a\n12:00:00 ERROR forged",
    "a\u202812:00:00 ERROR forged": r"a\u202812:00:00 ERROR forged",
    "\u202egnp.exe": r"\u202egnp.exe",
    "a\u2066b\u2069": r"a\u2066b\u2069",
    "a\x00b": r"a\x00b",
    "\x7fdeleted": r"\x7fdeleted",
    "[/bold][red]markup": "[/bold][red]markup",
}
"""Keys of rows, and what is shown of them."""
FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", "＠SUM(1)")
HARMLESS = ("-5", "12.50", "a=1", "A-1")
LONG = "x" * 100_000


@pytest.fixture
def hostile(make_shop: MakeShop) -> Shop:
    """Orders with such keys, every other one without a value; the cursor is text with a mark-up of its own."""
    shop = make_shop()
    shop.sql(
        "DROP TABLE orders",
        TABLE.replace("order_id BIGINT", "order_id VARCHAR").replace("updated_at TIMESTAMPTZ", "updated_at VARCHAR"),
    )
    shop.edit(
        "pipelines/orders.yaml",
        "    order_id: order_id\n",
        '  user_defined:\n    "[/x]": order_id\n',
    )
    rows = [
        (key, f"c{number}@example.com", None if number % 2 else 1, "EUR", f"[/x]\x1b[2J{number:03}")
        for number, key in enumerate((*STEERING, *FORMULAS, *HARMLESS, LONG, LONG + "y"))
    ]
    with duckdb.connect(str(shop.folder / "warehouse.duckdb")) as connection:
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, now() - INTERVAL 1 HOUR, ?)", rows)
    assert shop.syncer("run", "orders", "-vv").code == 3
    return shop


def unprintable(text: str) -> set[str]:
    return {letter for letter in text if letter not in "\n\t" and not letter.isprintable()}


def test_S21_no_row_steers_the_terminal_or_forges_a_line(hostile: Shop) -> None:
    hostile.sql("UPDATE orders SET updated_at = updated_at || 'z'")
    shown = {
        words[0]: hostile.syncer(*words)
        for words in (
            ("run", "orders", "-vv"),
            ("plan", "orders"),
            ("status",),
            ("rejects", "list", "orders", "--rows"),
            ("preview", "orders", "--explain", "--show-values", "--limit", "40"),
            ("trace", "orders", "\x1b[31mred\x1b[0m"),
        )
    }
    for word, done in shown.items():
        assert unprintable(done.out + done.err) == set(), word
        assert "\n12:00:00 ERROR forged" not in done.out + done.err, word
        assert "failed" not in done.err, word
    assert max(map(len, shown["rejects"].out.splitlines())) < 500
    told = shown["preview"].out
    for text in STEERING.values():
        assert f"key {text}\n" in told
    assert r"[/x]\x1b[2J" in shown["run"].out


def test_S21_a_line_of_json_has_each_value_whole_and_steers_nothing(hostile: Shop) -> None:
    for words in (
        ("deliveries", "orders"),
        ("rejects", "list", "orders", "--rows", "--limit", "999", "--output", "json"),
    ):
        done = hostile.syncer(*words)
        assert unprintable(done.out) == set()
        lines = [json.loads(line) for line in done.out.splitlines()]
        keys = {line["key"] for line in lines[0].get("rows", lines)}
        assert keys <= {*STEERING, *FORMULAS, *HARMLESS, LONG, LONG + "y"}
        assert len(keys) >= 13
    previewed = hostile.syncer("preview", "orders", "--output", "json", "--limit", "40").out
    assert unprintable(previewed) == set()
    (body,) = map(json.loads, previewed.splitlines())
    assert "[/bold][red]markup" in {event["custom_data"]["[/x]"] for event in body["data"]}


def test_S21_no_cell_of_a_csv_is_a_formula_and_numbers_stay(hostile: Shop) -> None:
    wanted = {*STEERING, *(f"'{text}" for text in FORMULAS), *HARMLESS, LONG, LONG + "y"}
    for words in (("deliveries", "orders"), ("rejects", "export", "orders")):
        told = hostile.syncer(*words, "--output", "csv").out
        cells = [line["key"] for line in csv.DictReader(io.StringIO(told, newline=""))]
        assert len(cells) >= 13
        assert set(cells) <= wanted


def test_S21_a_csv_on_a_terminal_steers_nothing(hostile: Shop) -> None:
    seen, terminal = pty.openpty()
    command = [sys.executable, "-m", "syncer", "rejects", "export", "orders", "--output", "csv"]
    with subprocess.Popen(command, cwd=hostile.folder, env=environ(hostile), stdout=terminal) as export:
        os.close(terminal)
        told = b""
        try:
            while piece := os.read(seen, 65_536):
                told += piece
        except OSError:  # nobody writes to it any more
            pass
        finally:
            os.close(seen)
    assert export.returncode == 0
    assert unprintable(told.decode().replace("\r\n", "\n")) == set()
    assert "\ufffd]0;title\ufffd" in told.decode()


def test_R05_a_price_that_nothing_holds_is_sent_and_written_down_once(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.sql("ALTER TABLE orders ALTER total TYPE DOUBLE")
    shop.add_orders(1, 5, changes="UPDATE orders SET total = 1e18 WHERE order_id < 3")
    done = shop.syncer("run", "orders")
    assert (done.code, "5 of 5 events acknowledged in 1 request" in done.out) == (0, True), done.err
    assert "EUR 922,337,203,685,477" in done.out
    assert "0 of 5 events acknowledged in 0 requests" in shop.syncer("run", "orders").out


@pytest.mark.parametrize("state", ["sqlite", "postgres"])
def test_R08_a_null_character_in_a_name_or_a_cursor_costs_no_row(
    make_shop: MakeShop, request: pytest.FixtureRequest, state: str
) -> None:
    shop = make_shop()
    columns = TABLE.replace("order_id BIGINT", "order_id BIGINT, name VARCHAR")
    shop.sql("DROP TABLE orders", columns.replace("updated_at TIMESTAMPTZ", "updated_at VARCHAR"))
    shop.edit("pipelines/orders.yaml", "event_name: {value: Purchase}", "event_name: name")
    if state == "postgres":
        database = PostgresDatabase(request.getfixturevalue("postgres_server"))
        request.addfinalizer(database.drop)
        url = database.url.replace("postgresql:", "postgresql+psycopg:").replace("/postgres?", f"/{database.name}?")
        shop.edit("syncer.yaml", "version: 1\n", f"version: 1\nstate: {url}\n")
    named = [("Purchase", "001"), ("a\0b", "002"), ("a\0b", "003"), ("Purchase", "004\0"), ("Purchase", "005")]
    rows = [(number, name, f"c{number}@example.com", 1, "EUR", at) for number, (name, at) in enumerate(named)]
    with duckdb.connect(str(shop.folder / "warehouse.duckdb")) as connection:
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, now() - INTERVAL 1 HOUR, ?)", rows)
    first = shop.syncer("run", "orders", "--output", "json")
    assert (first.code, first.report["acknowledged"], first.report["watermark"]["after"]) == (0, 5, "005"), first.err
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 0
    assert len(shop.order_ids()) == 5


def test_R07_rows_whose_time_no_calendar_holds_may_fill_a_page(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.add_orders(1, 17_500, changes="UPDATE orders SET updated_at = 'infinity' WHERE order_id > 16_000")
    for acknowledged in (17_500, 0):
        done = shop.syncer("run", "orders", "--output", "json")
        assert (done.code, done.report["acknowledged"]) == (0, acknowledged), done.err
    told = shop.syncer("deliveries", "orders", "--output", "csv").out
    assert len({line["key"] for line in csv.DictReader(io.StringIO(told, newline=""))}) == 17_500
