"""Days on which the machine fails the daemon: what page and `syncer status` say, and that all is delivered afterwards."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, event

from syncer.cli import cli
from syncer.daemon.serve import Daemon
from syncer.state.database import driver
from syncer.state.history import stored_runs
from tests.acceptance.daemons import EVERY, running, wait_until
from tests.acceptance.served import TOKEN, app_served
from tests.acceptance.shop import TOKEN as TOKEN_OF_META
from tests.acceptance.shop import Shop

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]
HAS_ROOM, IS_FULL = "PRAGMA max_page_count = 1000000", "PRAGMA max_page_count = 1"


@dataclass
class Machine:
    """A daemon that runs every second, its page, and its state's disk. Mutable."""

    shop: Shop
    daemon: Daemon
    client: httpx.Client
    disk: list[str] = field(default_factory=lambda: [HAS_ROOM])

    def __post_init__(self) -> None:
        def patient(connection: Connection) -> None:
            driver(connection).execute("PRAGMA busy_timeout = 30")  # else a lock is waited for ten seconds
            driver(connection).execute(self.disk[0])

        event.listen(self.daemon.session.store.database.engine, "begin", patient)

    def says(self, words: str) -> bool:
        """Whether overview and pipeline both say these words."""
        return all(words in self.client.get(path).text for path in ("/", "/pipelines/orders/meta"))

    def status(self) -> str:
        """What the command says, in this process: each second of a bad day makes the daemon wait longer."""
        done = CliRunner().invoke(cli, ["status", "--project", str(self.shop.folder)], env={"TOKEN": TOKEN_OF_META})
        assert done.exit_code == 0, done.output
        return " ".join(done.output.split())

    def has_all(self, last: int) -> bool:
        return set(map(int, self.shop.order_ids())) == set(range(1, last + 1))

    def sent_twice(self) -> tuple[int, int]:
        """Return how many events arrived again, where an answer could not be written, and how many the runs announced."""
        runs, arrived = stored_runs(self.daemon.session.store, "default", limit=1_000), self.shop.order_ids()
        return len(arrived) - len(set(arrived)), sum(run.report.possible_duplicates for run in runs)


@pytest.fixture
def machine(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    monkeypatch.setenv("TOKEN", TOKEN_OF_META)  # a run after one that seems to have died has a process of its own
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1s"))
    shop.add_orders(1, 3)
    with running(shop) as daemon, app_served(daemon) as port:
        told = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=told, trust_env=False) as client:
            found = Machine(shop, daemon, client)
            wait_until(lambda: found.has_all(3))
            yield found


def test_R30_a_full_disk_is_told_by_the_page_and_all_is_delivered_when_there_is_room(machine: Machine) -> None:
    machine.disk[0] = IS_FULL
    wait_until(lambda: machine.says("The daemon is in trouble, and tries again by itself:"))
    assert machine.says("the disk is full; make room")
    machine.shop.add_orders(4, 6)
    assert "orders" in machine.status()
    machine.disk[0] = HAS_ROOM
    wait_until(lambda: machine.has_all(6), within_s=90)
    wait_until(lambda: not machine.says("The daemon is in trouble"), within_s=90)
    again, announced = machine.sent_twice()
    assert again <= announced


def test_R30_a_locked_state_is_told_by_the_page_and_all_is_delivered_when_it_is_free(machine: Machine) -> None:
    with locked(machine.shop):
        wait_until(lambda: machine.says("another program keeps it locked"))
        machine.shop.add_orders(4, 6)
        assert "orders" in machine.status()
    wait_until(lambda: machine.has_all(6), within_s=90)
    wait_until(lambda: not machine.says("The daemon is in trouble"), within_s=90)
    again, announced = machine.sent_twice()
    assert again <= announced


@contextmanager
def locked(shop: Shop) -> Iterator[None]:
    """Another program keeps the state for itself."""
    with closing(sqlite3.connect(shop.folder / ".syncer" / "state.db", isolation_level=None, timeout=20)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_a_port_that_is_taken_is_told_and_nothing_ran_meanwhile_is_lost(shop: Shop) -> None:
    shop.edit("pipelines/orders.yaml", "destination: meta", EVERY.format("1s"))
    shop.add_orders(1, 3)
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        done = shop.syncer("daemon", "--port", str(port))
        status = shop.syncer("status")
    assert (done.code, f"daemon.port: port {port} of 127.0.0.1 cannot be used" in done.err) == (1, True)
    assert "stop what has it, or write another port" in done.err
    assert "No daemon serves target default, so its schedules do not run" in " ".join(status.out.split())
    with running(shop):
        wait_until(lambda: sorted(shop.order_ids()) == ["1", "2", "3"])
