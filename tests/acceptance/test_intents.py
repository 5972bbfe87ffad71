"""What a real process sends over a real socket stands durably in the state before it arrives, also where it is killed (R04, F06)."""

import json
import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from syncer.transform.identity import Scope, identity
from tests.acceptance.daemons import Process, environ, wait_until
from tests.acceptance.shop import Shop
from tests.acceptance.warm import warm
from tests.counts import FULL, count

pytestmark = [pytest.mark.acceptance, pytest.mark.faults, pytest.mark.timeout(300)]

ORDERS = 10_000 if FULL else 2_000
SMALL = "destination: meta\ndelivery: {events_per_request: 50, requests_in_flight: 4}"
IDENTITY_BYTES = 16


class Dataset(ThreadingHTTPServer):
    """Takes every event, and looks into the state at each request. Mutable."""

    daemon_threads = True

    def __init__(self, state: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = state
        self.arrived: Counter[str] = Counter()
        self.requests = 0
        self.unnoted: list[list[str]] = []
        self.lock = threading.Lock()

    def take(self, orders: list[str]) -> None:
        with closing(sqlite3.connect(f"file:{self.state}?mode=ro", uri=True, timeout=10)) as state:
            (salt,) = state.execute("SELECT salt FROM install").fetchone()
            armed = [
                bytes(digests) for (digests,) in state.execute("SELECT digests FROM requests WHERE state = 'armed'")
            ]
        scope = Scope("default", "meta", salt)
        sent = b"".join(identity(scope, "orders", "", (order,)) for order in orders)
        with self.lock:
            self.requests += 1
            self.arrived.update(orders)
            if armed.count(sent) != 1:
                self.unnoted.append(orders)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Dataset

    def do_GET(self) -> None:
        self._answer(404, b"")

    def do_HEAD(self) -> None:
        self._answer(404, b"")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        events = body.get("data", [])
        if events:
            self.server.take([event["custom_data"]["order_id"] for event in events])
        self._answer(200, json.dumps({"events_received": len(events), "messages": [], "fbtrace_id": "A"}).encode())

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  its own name

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def dataset(shop: Shop) -> Iterator[Dataset]:
    server = Dataset(shop.folder / ".syncer" / "state.db")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shop.edit("syncer.yaml", shop.sandbox.url, f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


def test_R04_F06_each_request_of_a_process_that_is_killed_was_noted_before(shop: Shop, dataset: Dataset) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL)
    shop.add_orders(1, ORDERS)
    rng = random.Random(4)
    for _ in range(count(15)):
        running = Process(
            warm().start(("run", "orders"), folder=shop.folder, environ=environ(shop), log=shop.folder / "log")
        )
        goal = dataset.requests + rng.randint(1, 10)
        wait_until(lambda: dataset.requests >= goal or running.poll() is not None)  # noqa: B023  asked at once
        running.kill()
    assert shop.syncer("run", "orders", "--output", "json").report["status"] == "done"
    assert dataset.unnoted == []
    assert len(dataset.arrived) == ORDERS
    assert dataset.requests >= ORDERS // 50
