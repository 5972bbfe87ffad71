"""Daemons as processes that are killed, put to sleep, told to stop, or thrown out by a driver (F28, F29, F31 to F33)."""

import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
import pytest

from syncer.errors import StateError
from syncer.sandbox.faults import parse_faults
from syncer.session import Session
from syncer.state.daemons import serving as daemons_of
from tests.acceptance.daemons import (
    EVERY,
    Process,
    add_orders,
    answered,
    ask,
    fresh_process_of,
    process_of,
    said,
    serving,
    wait_until,
)
from tests.acceptance.shop import EXAMPLES, PIPELINE, MakeShop, Shop
from tests.counts import FULL, count

pytestmark = [pytest.mark.acceptance, pytest.mark.faults, pytest.mark.timeout(900)]
SMALL = "destination: meta\nschedule: {every: 1s}\ndelivery: {events_per_request: 10, requests_in_flight: 4}"


def is_ready(shop: Shop, process: Process, log: str = "daemon.log") -> bool:
    assert process.poll() is None, said(shop, log)
    return f"pid={process.pid}" in said(shop, log)


def has_begun(shop: Shop, before: int) -> bool:
    return shop.sandbox.sandbox.begun > before


def rows(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    """Ask the state file of a shop."""
    with closing(sqlite3.connect(shop.folder / ".syncer" / "state.db", timeout=20)) as state:
        return state.execute(query).fetchall()


def runs(shop: Shop) -> list[dict[str, Any]]:
    out = shop.syncer("runs", "--limit", "1000", "--output", "json").out
    return [json.loads(line) for line in out.splitlines()]


def test_R28_a_daemon_that_is_told_to_stop_leaves_no_doubt_and_ends_with_0(make_shop: MakeShop) -> None:
    """F32: SIGTERM at random times; the service manager hears of each step."""
    shop = make_shop(faults=parse_faults("latency=20ms"), keep=200_000)
    shop.edit(
        "pipelines/orders.yaml", "destination: meta", SMALL.replace("events_per_request: 10", "events_per_request: 1")
    )
    rng = random.Random(32)
    for number in range(count(8)):
        add_orders(shop, 1 + 2_000 * number, 2_000 + 2_000 * number)
        before = shop.sandbox.sandbox.begun
        heard: list[str] = []
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
            manager.bind(str(shop.folder / f"notify-{number}"))
            listener = threading.Thread(target=listen, args=(manager, heard))
            listener.start()
            with process_of(shop, NOTIFY_SOCKET=manager.getsockname(), WATCHDOG_USEC="500000") as daemon:
                wait_until(partial(has_begun, shop, before))
                time.sleep(0.3 + rng.random())
                daemon.send_signal(signal.SIGTERM)
                assert daemon.wait(timeout=25) == 0
            listener.join(10)
        assert heard[0].startswith("READY=1")
        assert (heard[1], heard[-1]) == ("WATCHDOG=1", "STOPPING=1")
        assert {state for (state,) in rows(shop, "SELECT DISTINCT state FROM requests")} == {"acked"}
        assert rows(shop, "SELECT id FROM runs WHERE status = 'running' OR crashed = 1") == []
    assert max(Counter(shop.order_ids()).values()) == 1


def listen(manager: socket.socket, heard: list[str]) -> None:
    while "STOPPING=1" not in heard:
        heard.append(manager.recv(1_000).decode())


def test_R28_a_second_signal_ends_a_daemon_at_once_and_the_next_one_goes_on(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=20s"))
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1s"))
    add_orders(shop, 1, 3)
    with process_of(shop) as daemon:
        wait_until(partial(has_begun, shop, 0))
        daemon.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert daemon.poll() is None
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=5) == -signal.SIGTERM
    shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
    with serving(shop):
        wait_until(lambda: set(shop.order_ids()) == {"1", "2", "3"})


def test_R28_what_outlasts_the_drain_is_given_up_and_is_no_crash(make_shop: MakeShop) -> None:
    shop = make_shop(faults=parse_faults("latency=20s"))
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1s"))
    shop.edit("syncer.yaml", "version: 1", "version: 1\ndaemon: {drain: 1s}")
    add_orders(shop, 1, 3)
    with process_of(shop) as daemon:
        wait_until(partial(has_begun, shop, 0))
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=10) == 1
    assert rows(shop, "SELECT status, crashed FROM runs") == [("interrupted", None)]
    assert "daemon.gave_up" in said(shop)


def test_R27_a_daemon_that_slept_over_several_due_times_catches_up_once(shop: Shop) -> None:
    """F31: SIGSTOP over several due times."""
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1s"))
    rng = random.Random(31)
    with process_of(shop) as daemon:
        wait_until(partial(is_ready, shop, daemon))
        for number in range(count(10)):
            add_orders(shop, number, number)
            wait_until(partial(has_arrived, shop, number))
            daemon.send_signal(signal.SIGSTOP)
            slept_at = datetime.now().astimezone()
            time.sleep(3 + rng.random() * 2)
            woke_at, begun = datetime.now().astimezone(), time.monotonic()
            daemon.send_signal(signal.SIGCONT)
            add_orders(shop, 1_000 + number, 1_000 + number)  # only now: asleep it may hold the warehouse's file
            wait_until(partial(has_arrived, shop, 1_000 + number))
            wait_until(partial(has_missed, shop, slept_at))
            assert runs_since(shop, woke_at) <= time.monotonic() - begun + 2  # one for all it missed, then one a second
    noted = rows(shop, "SELECT times, reason, first_at, last_at FROM missed_times WHERE reason LIKE 'no daemon%'")
    assert len(noted) >= count(10)
    assert all(times >= 1 and first <= last for times, _, first, last in noted)


def has_arrived(shop: Shop, order: int) -> bool:
    return str(order) in shop.order_ids()


def runs_since(shop: Shop, since: datetime) -> int:
    return sum(datetime.fromisoformat(at) >= since for (at,) in rows(shop, "SELECT started_at FROM runs"))


def has_missed(shop: Shop, since: datetime) -> bool:
    noted = rows(shop, "SELECT noticed_at FROM missed_times WHERE times > 1")
    return any(datetime.fromisoformat(at) > since for (at,) in noted)


CONNECTOR = """
import os
from connectors.duckdb import *
from connectors import duckdb

KIND = "aborting"


class Source:
    def __init__(self, inner): self._inner = inner
    def __enter__(self):
        self._inner.__enter__()
        return self
    def __exit__(self, *failure): return self._inner.__exit__(*failure)
    def __getattr__(self, name): return getattr(self._inner, name)

    def read(self, query):
        for batch in self._inner.read(query):
            if 13 in batch.column("order_id").to_pylist():
                os.abort()
            yield batch


def connect(options, *, root): return Source(duckdb.connect(options, root=root))
"""


def with_a_driver_that_aborts(shop: Shop) -> dict[str, str]:
    """Add a connector that takes its process down when it meets order 13; return the environment it is found in."""
    plugin = shop.folder / "plugin"
    (plugin / "aborting-1.0.dist-info").mkdir(parents=True)
    (plugin / "aborting-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: aborting\nVersion: 1.0\n")
    (plugin / "aborting-1.0.dist-info" / "entry_points.txt").write_text("[syncer.sources]\naborting = aborting\n")
    (plugin / "aborting.py").write_text(CONNECTOR)
    return {"PYTHONPATH": f"{plugin}{os.pathsep}{EXAMPLES}"}


@pytest.mark.skipif(not FULL, reason="a driver that aborts is tried in make faults")
def test_R29_a_pipeline_whose_driver_aborts_is_paused_and_the_others_run(make_shop: MakeShop) -> None:
    """F33: the first crash takes the daemon along, the others only processes of their own."""
    shop = make_shop()
    found = with_a_driver_that_aborts(shop)
    shop.edit("syncer.yaml", "sources:", "sources:\n  bad: {type: aborting, path: warehouse.duckdb}")
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1s"))
    bad = PIPELINE.replace("name: orders", "name: bad").replace("source: warehouse", "source: bad")
    bad = bad.replace("destination: meta", EVERY.format("1s"))
    (shop.folder / "pipelines" / "bad.yaml").write_text(bad, encoding="utf-8")
    add_orders(shop, 13, 13)
    for number in range(count(5)):
        shutil.rmtree(shop.folder / ".syncer", ignore_errors=True)
        with fresh_process_of(shop, **found) as daemon:
            assert daemon.wait(timeout=60) == -signal.SIGABRT
        with fresh_process_of(shop, **found) as daemon:
            wait_until(partial(is_paused, shop), within_s=90)
            assert daemon.poll() is None
            add_orders(shop, 14 + number, 14 + number)
            wait_until(partial(has_arrived, shop, 14 + number))
        crashed = rows(
            shop, "SELECT p.pipeline FROM runs r JOIN pipelines p ON p.id = r.pipeline_id WHERE r.crashed = 1"
        )
        assert Counter(name for (name,) in crashed)["bad"] == 3
        assert rows(shop, "SELECT pipeline FROM pipelines WHERE pause_reason IS NOT NULL") == [("bad",)]


def is_paused(shop: Shop) -> bool:
    return ("crash_loop",) in rows(shop, "SELECT pause_reason FROM pipelines WHERE pipeline = 'bad'")


def test_R25_two_daemons_and_commands_on_one_state_lose_nothing_however_they_are_killed(
    make_shop: MakeShop, postgres_state: str
) -> None:
    """F28: random starts and kills; whoever is left takes over within seconds."""
    shop = make_shop(faults=parse_faults("latency=10ms"), keep=400_000)
    shop.edit("syncer.yaml", "version: 1", f"version: 1\nstate: {postgres_state}")
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL)
    other = PIPELINE.replace("name: orders", "name: other").replace("destination: meta", SMALL)
    (shop.folder / "pipelines" / "other.yaml").write_text(other, encoding="utf-8")
    rng, expected = random.Random(28), 0
    with ExitStack() as stack:
        daemons = {log: stack.enter_context(process_of(shop, log=log)) for log in ("a.log", "b.log")}
        for log, daemon in daemons.items():
            wait_until(partial(is_ready, shop, daemon, log))
        for _ in range(count(8)):
            add_orders(shop, expected + 1, expected + 600)
            expected += 600
            before = shop.sandbox.sandbox.begun
            wait_until(partial(has_begun, shop, before + rng.randint(1, 20)))
            log = rng.choice(list(daemons))
            daemons[log].kill()
            assert shop.syncer("run", "orders").code in (0, 4)
            wait_until(partial(has_all, shop, expected), within_s=60)
            daemons[log] = stack.enter_context(process_of(shop, log=log))
            wait_until(partial(is_ready, shop, daemons[log], log))
            for name in ("orders", "other"):
                shop.syncer("resume", name)  # three kills within ten minutes look like a crash loop
        for daemon in daemons.values():
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(timeout=25) == 0
    arrived = Counter(shop.order_ids())
    noted = sum(run["possible_duplicates"] for run in runs(shop))
    assert set(arrived.values()) <= set(range(2, 2 + noted + 1))
    assert arrived.total() - 2 * expected <= noted


def has_all(shop: Shop, orders: int) -> bool:
    return sum(times >= 2 for times in Counter(shop.order_ids()).values()) == orders


def test_R25_a_daemon_put_to_sleep_keeps_what_it_runs_and_others_run_the_rest(
    make_shop: MakeShop, postgres_state: str
) -> None:
    """SIGSTOP in the middle of a run; nothing is sent twice, the other daemon serves the rest (half of F29)."""
    shop = make_shop(faults=parse_faults("latency=10ms"), keep=400_000)
    shop.edit("syncer.yaml", "version: 1", f"version: 1\nstate: {postgres_state}")
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL)
    on_demand = PIPELINE.replace("name: orders", "name: other")
    (shop.folder / "pipelines" / "other.yaml").write_text(on_demand, encoding="utf-8")
    rng, expected = random.Random(29), 0
    with process_of(shop, log="a.log") as first:
        wait_until(partial(is_ready, shop, first, "a.log"))
        for _ in range(count(10)):
            add_orders(shop, expected + 1, expected + 300)
            expected += 300
            before = shop.sandbox.sandbox.begun
            wait_until(partial(has_begun, shop, before + rng.randint(1, 10)))
            first.send_signal(signal.SIGSTOP)
            with process_of(shop, log="b.log") as second:
                wait_until(partial(is_ready, shop, second, "b.log"))
                assert shop.syncer("trigger", "other", "--timeout", "50").code == 0
                second.send_signal(signal.SIGTERM)
                second.wait(timeout=25)
            first.send_signal(signal.SIGCONT)
            wait_until(partial(has_all, shop, expected), within_s=60)
    noted = sum(run["possible_duplicates"] for run in runs(shop))
    assert Counter(shop.order_ids()).total() - 2 * expected <= noted


def test_a_daemon_outlives_a_state_that_goes_away(make_shop: MakeShop, postgres_state: str) -> None:
    shop = make_shop()
    shop.edit("syncer.yaml", "version: 1", f"version: 1\nstate: {postgres_state}")
    server, name = (
        postgres_state.replace("+psycopg", ""),
        postgres_state.split("?", maxsplit=1)[0].rsplit("/", maxsplit=1)[-1],
    )
    with serving(shop) as session, psycopg.connect(server.replace(f"/{name}?", "/postgres?"), autocommit=True) as admin:
        answered(session, ask(session, "orders"))
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        admin.execute(b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        time.sleep(2)
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
        add_orders(shop, 1, 2)
        wait_until(partial(serves, session), within_s=20)
        answered(session, ask(session, "orders"))
        assert sorted(shop.order_ids()) == ["1", "2"]


def serves(session: Session) -> bool:
    try:
        return bool(daemons_of(session.store, "default"))
    except StateError:
        return False
