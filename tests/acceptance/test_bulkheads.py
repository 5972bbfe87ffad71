"""A run waits for nothing that another pipeline's run has or does (R23, F25), told exactly.

Five per cent of a run's time cannot be told from the noise of a machine that others use, and its cores are shared in
any case. Waiting is not: here a run in trouble stands still, at each place of it outside a commit, until the other
pipeline's run has ended. Did that one wait for a lock, a thread or a place of the first, it would never end; did it
heed the first one's breaker or rate limit, it would sleep, which the clock of its own thread shows. So the time that a
neighbour adds is that of the cores and of commits under way, neither of which lasts for as long as trouble does.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from syncer.capi.circuit import OPENS_AFTER
from syncer.config.load import load_project
from syncer.ports import Points, SystemClock
from syncer.report import RunReport
from syncer.sandbox.faults import parse_faults
from syncer.sandbox.server import Running
from syncer.session import Session
from tests.acceptance.daemons import environ
from tests.acceptance.shop import Shop
from tests.acceptance.test_daemon_neighbours import NOISY, other_dataset
from tests.counts import FULL

pytestmark = [pytest.mark.acceptance, pytest.mark.faults, pytest.mark.timeout(600)]

PATIENCE_S = 30
SMALL = "destination: {}\ndelivery: {{events_per_request: 3, requests_in_flight: {}}}"
TROUBLES = {
    "away": "500=6@{}",
    "slow": "latency=1ms",
    "throttled": "throttle=1@{}:613",
    "refused": "poison=40%",
    "blocked": "error=1@{}:190",
    "cut": "reset_after=1@{}",
}
"""What the other dataset does, from the request of a number on."""


class Halt(Points):
    """Lets the run of one thread stand still at a place until it may go on. Mutable."""

    def __init__(self) -> None:
        self.thread, self.place, self.seen = 0, ("", 0), Counter[str]()
        self.is_reached, self.may_go_on = threading.Event(), threading.Event()

    def hit(self, name: str, /) -> None:
        """Stand still in a place that is no part of a commit, if it is the one."""
        if threading.get_ident() != self.thread or not name.endswith(("post.before", ".after")):
            return
        self.seen[name] += 1
        if (name, self.seen[name]) == self.place:
            self.is_reached.set()
            assert self.may_go_on.wait(2 * PATIENCE_S)

    def at(self, place: tuple[str, int]) -> None:
        """Want it to stand still there, when it comes there for so many times."""
        self.place = place
        self.seen.clear()
        self.is_reached.clear()
        self.may_go_on.clear()


class OwnTime(SystemClock):
    """For each thread the time that it has slept, and no other; sleep is over at once. Mutable."""

    def __init__(self, halt: Halt) -> None:
        self._halt, self._slept = halt, threading.local()

    def begin(self) -> None:
        """Let the time of this thread begin, for a run."""
        self._slept.seconds = 0.0

    def monotonic(self) -> float:
        return float(getattr(self._slept, "seconds", 0.0))

    def sleep(self, seconds: float) -> None:
        self._slept.seconds = self.monotonic() + seconds
        self._halt.hit("sleep.after")


@dataclass(frozen=True)
class Two:
    """Two pipelines of one session, in threads, as in a daemon."""

    shop: Shop
    away: Running
    session: Session
    clock: OwnTime
    halt: Halt
    pool: ThreadPoolExecutor

    def noisy(self, faults: str) -> RunReport:
        """Run the one in trouble, on this thread."""
        self.halt.thread = threading.get_ident()
        self.clock.begin()
        self.away.sandbox.faults = parse_faults(faults.format(self.away.sandbox.begun + 1))
        return self.session.run("noisy")

    def quiet(self) -> RunReport:
        """Run the other one."""
        self.clock.begin()
        return self.session.run("orders")

    def beside(self, faults: str, place: tuple[str, int]) -> RunReport:
        """Return what the quiet one did while the other stood still at `place`."""
        self.halt.at(place)
        noisy: Future[RunReport] = self.pool.submit(self.noisy, faults)
        try:
            assert self.halt.is_reached.wait(PATIENCE_S), place
            report = self.pool.submit(self.quiet).result(PATIENCE_S)
            assert not noisy.done()
        finally:
            self.halt.may_go_on.set()
        noisy.result(PATIENCE_S)
        return report


@pytest.fixture
def two(shop: Shop) -> Iterator[Two]:
    shop.edit("pipelines/orders.yaml", "destination: meta", SMALL.format("meta", 2))
    noisy = NOISY.replace("destination: away", SMALL.format("away", 1))
    (shop.folder / "pipelines" / "noisy.yaml").write_text(noisy, encoding="utf-8")
    clock = OwnTime(halt := Halt())
    with (
        other_dataset(shop, "latency=0ms") as away,
        ThreadPoolExecutor() as pool,
        Session(load_project(shop.folder, environ=environ(shop)), clock=clock, points=halt) as session,
    ):
        yield Two(shop, away, session, clock, halt, pool)


@pytest.mark.parametrize("trouble", TROUBLES if FULL else ["away"])
def test_R23_F25_a_run_ends_while_another_pipelines_run_stands_still_wherever_it_does(two: Two, trouble: str) -> None:
    faults = TROUBLES[trouble]
    two.shop.add_orders(1, 9)
    two.noisy(faults)
    two.quiet()
    for number, place in enumerate(places_of(two, faults), start=2):
        two.shop.add_orders(10 * number, 10 * number + 8)
        report = two.beside(faults, place)
        assert (report.status.value, report.acknowledged, report.requests) == ("done", 9, 3), place
        assert report.elapsed_s == 0, place


def places_of(two: Two, faults: str) -> list[tuple[str, int]]:
    """Return where a run in trouble passes that is not the first one, and its wait after the circuit has opened."""
    two.halt.at(("", 0))
    two.shop.add_orders(10, 18)
    two.noisy(faults)
    passed = Counter(two.halt.seen)
    two.quiet()
    assert {"post.before", "arm.after", "finish.after"} <= set(passed)
    with_open_circuit = [("sleep.after", OPENS_AFTER)] if passed["sleep.after"] > OPENS_AFTER else []
    return [(name, 1) for name in sorted(passed)] + with_open_circuit
