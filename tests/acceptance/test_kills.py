"""Real processes that are killed or put to sleep while they send, on both kinds of state (F06, F07, F29)."""

import json
import random
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest

from syncer.sandbox.faults import parse_faults
from tests.acceptance.daemons import Process, environ
from tests.acceptance.shop import MakeShop, Shop
from tests.acceptance.warm import warm
from tests.counts import FULL, SOAK, count, note

pytestmark = [pytest.mark.acceptance, pytest.mark.faults, pytest.mark.timeout(1_800)]

ROWS = 100_000 if SOAK else 10_000 if FULL else 2_000
EVENTS_PER_REQUEST = 50
SMALL = f"destination: meta\ndelivery: {{events_per_request: {EVENTS_PER_REQUEST}, requests_in_flight: 4}}"
GROUPS = 20 if SOAK else 1
STATES = {
    "F06": ("sqlite", count(15, 1_000) // GROUPS, "latency=10ms"),
    "F07": ("postgres", count(8, 500) // GROUPS, "latency=10ms,500=2%,reset_after=2%,cut=1%"),
}
"""Kills, and what goes wrong besides."""


def begin(shop: Shop) -> Process:
    """A run under way, as a process that need not start up: what happens to it happens while it sends."""
    return Process(warm().start(("run", "orders"), folder=shop.folder, environ=environ(shop), log=shop.folder / "log"))


def kill(running: Process) -> bool:
    """Kill it; return whether it had not ended before."""
    running.kill()
    return running.poll() == -signal.SIGKILL


def wait_for(shop: Shop, requests: int, running: Process) -> None:
    """Wait until the sandbox has begun so many requests more, or the run is over."""
    goal, deadline = shop.sandbox.sandbox.begun + requests, time.monotonic() + 60
    while shop.sandbox.sandbox.begun < goal and running.poll() is None:
        assert time.monotonic() < deadline, "the run sends nothing"
        time.sleep(0.002)


def noted(shop: Shop) -> int:
    """How many events all runs say that they may have sent again."""
    runs = [json.loads(line) for line in shop.syncer("runs", "--limit", "1000", "--output", "json").out.splitlines()]
    return sum(run["possible_duplicates"] for run in runs)


def settle(shop: Shop) -> None:
    """Run until a run reads to its end."""
    for _ in range(10):
        done = shop.syncer("run", "orders", "--output", "json")
        if done.report["status"] == "done":
            return
    pytest.fail(f"it never comes to rest: {done.out} {done.err}")


@pytest.mark.parametrize("fault", [pytest.param(fault, marks=pytest.mark.soak(fault)) for fault in STATES])
@pytest.mark.parametrize("group", range(GROUPS))
def test_R02_R03_killed_at_random_nothing_is_lost_and_every_duplicate_was_announced(
    group: int, fault: str, make_shop: MakeShop, request: pytest.FixtureRequest
) -> None:
    kind, kills, faults = STATES[fault]
    shop = make_shop(faults=parse_faults(faults), keep=2 * ROWS)
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL)
    if kind == "postgres":
        shop.edit("syncer.yaml", "version: 1", f"version: 1\nstate: {request.getfixturevalue('postgres_state')}")
    shop.add_orders(1, ROWS)
    rng, killed = random.Random(f"{kind} {group}"), 0
    for _ in range(2 * kills):  # a Postgres that has not heard yet of the last death sends the next run away
        if killed < kills:
            running = begin(shop)
            wait_for(shop, rng.randint(1, ROWS // EVENTS_PER_REQUEST // kills // 2), running)
            killed += kill(running)
    settle(shop)
    arrived, announced = Counter(map(int, shop.order_ids())), noted(shop)
    lost, twice = ROWS - len(arrived), arrived.total() - len(arrived)
    assert (lost, killed) == (0, kills)
    assert twice <= announced
    if kind == "sqlite":
        with closing(sqlite3.connect(shop.folder / ".syncer" / "state.db")) as state:
            assert state.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    note(fault, tried=1, deaths=killed, requests=shop.sandbox.sandbox.begun, duplicates=twice, announced=announced)


def test_R03_F08_killed_at_random_under_at_most_once_nothing_is_sent_twice_and_all_doubt_is_held(
    make_shop: MakeShop,
) -> None:
    shop = make_shop(faults=parse_faults("latency=10ms,500=2%,reset_after=2%,cut=1%"), keep=20_000)
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL.replace("{events", "{mode: at_most_once, events"))
    rng, orders, killed = random.Random(8), 0, 0
    for _ in range(count(5)):
        shop.add_orders(orders + 1, orders + 2_000)
        orders += 2_000
        running = begin(shop)
        wait_for(shop, rng.randint(1, 20), running)
        killed += kill(running)
    shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
    last = shop.syncer("run", "orders", "--output", "json").report
    arrived = Counter(map(int, shop.order_ids()))
    held = sum(each["events"] for each in shop.syncer("held", "list", "orders", "--output", "json").report["requests"])
    assert (killed, arrived.total() - len(arrived), noted(shop)) == (count(5), 0, 0)
    assert (last["status"], last["buckets"].get("pending", 0)) == ("done", 0)
    assert 0 <= orders - len(arrived) <= held
    assert 0 < held <= 0.2 * orders


def test_R25_a_holder_put_to_sleep_keeps_its_lock_and_others_wait(make_shop: MakeShop) -> None:
    """A lock that dies with its process is not taken from one that sleeps; nothing is sent twice (half of F29)."""
    shop = make_shop(faults=parse_faults("latency=50ms"), keep=200_000)
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL)
    rng = random.Random(29)
    for number in range(count(10)):
        shop.add_orders(1 + 800 * number, 800 * (number + 1))
        running = begin(shop)
        wait_for(shop, rng.randint(1, 3), running)
        running.send_signal(signal.SIGSTOP)
        second = shop.syncer("run", "orders", "--output", "json")
        running.send_signal(signal.SIGCONT)
        assert running.wait(60) == 0
        if second.code == 4:
            assert "pid" in second.report["message"]
        else:  # it fell asleep while it wrote to the state
            assert (second.code, "keeps it locked" in second.out + second.err) == (1, True)
    assert max(Counter(shop.order_ids()).values()) == 1
