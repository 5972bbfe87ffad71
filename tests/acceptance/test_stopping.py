"""Runs that are stopped or killed, as processes (R28, F32)."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from sqlite3 import connect

import pytest

from syncer.sandbox.faults import parse_faults
from tests.acceptance.shop import MakeShop, Shop
from tests.counts import count, note

pytestmark = pytest.mark.acceptance
SIGNALS = count(8, 200)
SMALL = "destination: meta\ndelivery: {events_per_request: 1, requests_in_flight: 1}"


@contextmanager
def run_of(shop: Shop, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A run under way, or what `words` do; killed at the end where it still is."""
    running = subprocess.Popen(
        [sys.executable, "-m", "syncer", *(words or ("run", "orders", "--output", "json"))],
        cwd=shop.folder, env=shop.environ,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE if words else subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.005)


def has_begun(shop: Shop, *, more_than: int = 0) -> bool:
    return shop.sandbox.sandbox.begun > more_than


def test_a_terminated_run_keeps_its_outcomes_and_the_next_one_goes_on(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=1s"))
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL)
    shop.add_orders(1, 6)
    with run_of(shop) as running:
        wait_until(partial(has_begun, shop, more_than=1))
        running.send_signal(signal.SIGTERM)
        report = json.loads(running.communicate(timeout=30)[0])
    assert (running.returncode, report["status"]) == (130, "interrupted")
    assert report["acknowledged"] + report["buckets"]["pending"] == 6
    assert report["acknowledged"] >= 1
    assert shop.syncer("run", "orders", "--output", "json").report["acknowledged"] == 6 - report["acknowledged"]
    assert sorted(map(int, shop.order_ids())) == [1, 2, 3, 4, 5, 6]


@pytest.mark.faults
@pytest.mark.soak("F32")
@pytest.mark.timeout(7_200)
def test_R28_F32_signals_at_random_times_leave_no_doubt(make_shop: MakeShop) -> None:
    shop = make_shop(keep=400 * SIGNALS, faults=parse_faults("latency=5ms"))
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL.replace("flight: 1", "flight: 4"))
    rng, orders = random.Random(28), 0
    for number in range(SIGNALS):
        shop.add_orders(orders + 1, orders + 400)
        orders += 400
        before = shop.sandbox.sandbox.begun
        with run_of(shop) as running:
            wait_until(partial(has_begun, shop, more_than=before))
            time.sleep(rng.random() * 0.3)
            running.send_signal((signal.SIGTERM, signal.SIGINT)[number % 2])
            report = json.loads(running.communicate(timeout=30)[0])
        assert (running.returncode, report["status"], report["possible_duplicates"]) == (130, "interrupted", 0)
        with closing(connect(shop.folder / ".syncer" / "state.db")) as state:
            states = {state for (state,) in state.execute("SELECT DISTINCT state FROM requests")}
        assert states == {"acked"}
    rest = shop.syncer("run", "orders", "--output", "json")
    assert (rest.code, rest.report["status"], rest.report["possible_duplicates"]) == (0, "done", 0)
    assert sorted(map(int, shop.order_ids())) == list(range(1, orders + 1))
    note("F32", tried=SIGNALS, requests=shop.sandbox.sandbox.begun)


IN_COLUMNS = """
import os, signal, threading
from syncer.ports import Stop

stop = Stop()
{heard}
    import polars as pl

    columns = pl.LazyFrame({{"a": range(20_000)}})
    other = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    other.start()
    while not stop.is_wanted or other.is_alive():
        columns.sort("a", descending=True).collect()
print("in order")
"""
BY_A_RUN = "from syncer.cli.signals import ends_in_order\nwith ends_in_order(stop):"
BY_THE_DAEMON = """
from types import SimpleNamespace
from syncer.cli.daemon import _stop_in_order

_stop_in_order(SimpleNamespace(ask_to_stop=stop.interrupt))
if True:"""

BY_A_LONE_RUN = "from syncer.signals import listen\nlisten(stop.interrupt)\nif True:"


@pytest.mark.parametrize("heard", [BY_A_RUN, BY_THE_DAEMON, BY_A_LONE_RUN], ids=["run", "daemon", "lone run"])
def test_R28_ctrl_c_cuts_nothing_short_that_is_done_in_columns(heard: str) -> None:
    words = [sys.executable, "-c", IN_COLUMNS.format(heard=heard)]
    ended = [
        subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        for _ in range(3)  # without our order polars raises in three of four
    ]
    assert [(each.stdout, each.stderr) for each in ended] == [("in order\n", "")] * 3


IN_GARBAGE = """
import signal, time, weakref

from syncer.cli.signals import ends_in_order
from syncer.ports import Stop

class Watched:
    pass

def wait():
    it = Watched()
    ref = weakref.ref(it, lambda _: signal.raise_signal(signal.SIGINT))
    del it
    time.sleep(10)
    return "to its end"

stop = Stop()
with ends_in_order(stop):
    print(stop.wait_for(wait), stop.is_wanted)
"""


def test_R28_ctrl_c_that_comes_while_python_collects_garbage_ends_a_wait_as_any_other() -> None:
    words = [sys.executable, "-c", IN_GARBAGE]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "None True\n", "")


LOOKS_AT_GARBAGE = """
import signal, sys, time, weakref

import click

from syncer.cli import COMMANDS, main

class Watched:
    pass

@click.command()
def command():
    it = Watched()
    ref = weakref.ref(it, lambda _: signal.raise_signal(signal.SIGINT))
    del it
    time.sleep(10)
    print("to its end")

COMMANDS["status"] = ("__main__", "looks")
sys.argv = ["syncer", "status"]
main()
"""


def test_ctrl_c_that_comes_while_python_collects_garbage_ends_what_only_looks() -> None:
    words = [sys.executable, "-c", LOOKS_AT_GARBAGE]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "\nInterrupted.\n")


AT_THE_EXIT = """
import atexit, signal, sys

from syncer.cli import main

signal.signal(signal.SIGINT, getattr(signal, sys.argv[1]))
atexit.register(signal.raise_signal, signal.SIGINT)
sys.argv = ["syncer", "--version"]
main()
"""


@pytest.mark.parametrize(("handler", "code"), [("default_int_handler", -signal.SIGINT), ("SIG_IGN", 0)])
def test_ctrl_c_that_comes_when_all_is_done_ends_the_process_without_a_word(handler: str, code: int) -> None:
    """Where a script began it with `&`, which lets Ctrl-C be ignored, it ends as it would have."""
    words = [sys.executable, "-c", AT_THE_EXIT, handler]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout[:6], ended.stderr) == (code, "syncer", "")


@pytest.mark.parametrize("words", [("plan", "orders"), ("reconcile", "orders", "--dry-run")])
def test_the_first_ctrl_c_ends_what_only_looks(shop: Shop, words: tuple[str, ...]) -> None:
    shop.add_orders(1, 3)
    slow = "FROM orders, (SELECT sum(sqrt(range)) AS long FROM range(300000000)) WHERE long > 0"
    shop.edit("pipelines/orders.yaml", "SELECT * FROM orders", f"SELECT orders.* {slow}")
    with run_of(shop, *words) as looking:
        assert looking.stderr is not None
        assert looking.stderr.readline().startswith("orders: target")
        looking.send_signal(signal.SIGINT)
        out, err = looking.communicate(timeout=30)
    assert (looking.returncode in (130, -signal.SIGINT), out, "Interrupted" in err) == (True, "", True)


def test_a_second_signal_ends_at_once_and_the_next_run_finds_what_was_under_way(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=20s"))
    shop.add_orders(1, 3)
    with run_of(shop) as running:
        wait_until(partial(has_begun, shop))
        running.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=5) == -signal.SIGINT
    shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
    report = shop.syncer("run", "orders", "--output", "json").report
    assert (report["acknowledged"], report["possible_duplicates"]) == (3, 3)


def test_a_killed_run_is_recovered_from_the_warehouse(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=1s"))
    shop.add_orders(1, 5)
    with run_of(shop) as running:
        wait_until(partial(has_begun, shop))
        running.kill()
        running.wait()
    report = shop.syncer("run", "orders", "--output", "json").report
    assert (report["acknowledged"], report["possible_duplicates"]) == (5, 5)
    assert set(shop.order_ids()) == {"1", "2", "3", "4", "5"}
