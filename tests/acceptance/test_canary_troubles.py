"""Canaries again: what costs time, what the machine does to the state, and processes that die (F40)."""

import resource
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from syncer.config.load import load_project
from syncer.errors import StateError
from syncer.ports import SystemClock
from syncer.sandbox.faults import parse_faults
from syncer.session import Session
from syncer.state.database import Database, driver
from tests.acceptance.daemons import wait_until
from tests.acceptance.shop import TOKEN, MakeShop, Shop
from tests.acceptance.test_canary import CANARIES, SECRETS, add_orders, everything_at_rest, make, seen_in
from tests.acceptance.test_stopping import has_begun
from tests.counts import FULL
from tests.simulation.test_full_disk import allow

pytestmark = [pytest.mark.acceptance, pytest.mark.faults]

HASTE = 20
SLOW_FAULTS = ("throttle=1@{0}:613", "500_after=1@{0}", "drip=1@{0}:4s", "lie=100%,poison=100%")
WRONG_SECRET = "Canary-Wrong-App-7731"


class Hurried(SystemClock):
    """A second is over in a twentieth: the waits and deadlines of a request are over soon."""

    def monotonic(self) -> float:
        return HASTE * super().monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / HASTE)


@dataclass(eq=False)
class Crippled:
    """A state with something wrong before a transaction of each run. Mutable."""

    database: Database
    path: Path
    trouble: str = ""
    after: int = 0

    def __post_init__(self) -> None:
        self._other = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        event.listen(self.database.engine, "begin", self._begins)

    @contextmanager
    def by(self, trouble: str, *, after: int) -> Iterator[None]:
        """Let it strike `after` so many transactions of the block."""
        self.trouble, self.after = trouble, after
        try:
            yield
        finally:
            allow(resource.RLIM_INFINITY)
            self.trouble = ""
            self.database.close()
            if self._other.in_transaction:
                self._other.execute("ROLLBACK")

    def close(self) -> None:
        self._other.close()

    def _begins(self, connection: Connection) -> None:
        self.after -= 1
        driver(connection).execute("PRAGMA busy_timeout = 30")  # else a lock is waited for ten seconds
        match self.trouble if self.after < 0 else "":
            case "read-only":
                driver(connection).execute("PRAGMA query_only = true")
            case "locked" if not self._other.in_transaction:
                self._other.execute("BEGIN IMMEDIATE")
            case "full":
                allow(self.path.with_name("state.db-wal").stat().st_size)


@pytest.fixture
def session(make_shop: MakeShop, caplog: pytest.LogCaptureFixture) -> Iterator[tuple[Shop, Session, dict[str, str]]]:
    """A shop with canaries, and its project in this process, where every log of every library is kept as it was made."""
    caplog.set_level("DEBUG")
    shop, environ = make(make_shop), {"TOKEN": TOKEN, **SECRETS}
    with Session(load_project(shop.folder, environ=environ), clock=Hurried()) as session:
        yield shop, session, environ


def said_by_a_run(session: Session) -> str:
    """Return all that a run of the orders tells, or the trace of what ended it."""
    try:
        return str(session.run("orders"))
    except StateError:
        return traceback.format_exc()


def test_S02_no_canary_is_told_where_meta_takes_its_time_lies_or_wants_another_proof(
    session: tuple[Shop, Session, dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    shop, opened, environ = session
    said: dict[str, str] = {}
    for number, fault in enumerate(SLOW_FAULTS):
        add_orders(shop, 20 + 6 * number)
        shop.sandbox.sandbox.faults = parse_faults(fault.format(shop.sandbox.sandbox.begun + 1))
        said[fault] = said_by_a_run(opened)
    shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
    environ["APP_SECRET"] = WRONG_SECRET
    add_orders(shop, 100)
    said["proof"] = said_by_a_run(opened)
    environ["APP_SECRET"] = CANARIES["app_secret"]
    said["well"] = said_by_a_run(opened)
    everything = str(said) + caplog.text + everything_at_rest(shop.folder)
    assert "appsecret_proof_wrong" in said["proof"]
    assert {"throttle", "500_after", "drip"} <= {request.outcome for request in shop.sandbox.sandbox.requests()}
    assert (seen_in(everything), WRONG_SECRET in everything) == ([], False)


TROUBLES = {"full": "the disk failed or is full", "locked": "keeps it locked", "read-only": "cannot be written"}
PLACES = range(6) if FULL else (0, 5)
"""Before which transaction of a run."""


def test_S02_no_canary_is_told_where_the_state_is_full_locked_or_read_only(
    session: tuple[Shop, Session, dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    shop, opened, _ = session
    said = [said_by_a_run(opened)]
    with closing(Crippled(opened.store.database, shop.folder / ".syncer" / "state.db")) as crippled:
        for number, (trouble, place) in enumerate(product(TROUBLES, PLACES)):
            add_orders(shop, 20 + 6 * number)
            with crippled.by(trouble, after=place):
                said.append(said_by_a_run(opened))
            assert TROUBLES[trouble] in said[-1], (trouble, place)
    said.append(said_by_a_run(opened))
    assert "RunStatus.DONE" in said[-1]
    assert seen_in(str(said) + caplog.text + everything_at_rest(shop.folder)) == []


def command_lines(folder: Path) -> list[str]:
    """Return what stands in `/proc/*/cmdline` of each process that works in `folder`."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or over
            if (process / "cwd").resolve() == folder:
                found.append((process / "cmdline").read_bytes().decode("latin-1"))
    return found


DEATHS = (signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV) if FULL else (signal.SIGSEGV,)
"""Python's faulthandler says of the last two where every thread was."""


@pytest.mark.parametrize("death", DEATHS)
def test_S02_no_canary_is_in_a_command_line_or_in_what_a_killed_run_leaves(
    make_shop: MakeShop, death: signal.Signals
) -> None:
    shop = make(make_shop)
    shop.sandbox.sandbox.faults = parse_faults("latency=20s")
    told = {**shop.environ, "PYTHONFAULTHANDLER": "1", **SECRETS}
    with (shop.folder / "said").open("wb") as said:
        running = subprocess.Popen(
            [sys.executable, "-m", "syncer", "run", "orders", "-vv"],
            cwd=shop.folder,
            env=told,
            stdout=said,
            stderr=said,
        )
        try:
            wait_until(partial(has_begun, shop))
            lines, while_it_runs = command_lines(shop.folder), everything_at_rest(shop.folder)
            running.send_signal(death)
            assert running.wait(30) == -death
        finally:
            running.kill()
            running.wait()
    shop.sandbox.sandbox.faults = parse_faults("latency=0ms")
    after = shop.syncer("run", "orders", "-vv", **SECRETS)
    assert [line.split("\0")[1:5] for line in lines] == [["-m", "syncer", "run", "orders"]]
    assert ("Current thread" in (shop.folder / "said").read_text(encoding="utf-8")) == (death is not signal.SIGKILL)
    assert "Possible duplicates" in after.out
    assert seen_in(str(lines) + while_it_runs + everything_at_rest(shop.folder) + after.out + after.err) == []
