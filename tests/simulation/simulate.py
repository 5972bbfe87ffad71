"""One world driven through runs, crashes and faults until all is quiet."""

import hashlib
import random
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from syncer.engine import held
from syncer.engine.clock_check import CLOCK_WRONG, ClockCheck
from syncer.engine.endings import SYSTEMATIC
from syncer.engine.executor import Inline
from syncer.engine.job import Job, Sample
from syncer.engine.readings import Sweep
from syncer.engine.span import Span
from syncer.engine.sync import run_sync
from syncer.engine.tools import Sender, Tools
from syncer.errors import StateError
from syncer.pipeline import Pipeline, Rejects, Route
from syncer.ports import SteadyClock
from syncer.report import RunReport, RunStatus
from syncer.state.database import connect
from syncer.state.held import held_requests
from syncer.state.history import SWEEP, left_elsewhere
from syncer.state.locks import Lock
from syncer.state.place import parse
from syncer.state.quarantine import Chosen
from syncer.state.scope import Scope
from syncer.state.store import Store, open_store
from syncer.transform.identity import Scope as IdentityScope
from tests.simulation.checker import Checker
from tests.simulation.machine import Crash, FakeClock, Shuffled, Trouble, WallClock
from tests.simulation.meta import Account, Meta
from tests.simulation.world import MAPS, Shape, Warehouse, World

ORDERS = Scope("default", "orders", "meta")
STATE = "sqlite:///.syncer/state.db"
QUIET_RUNS = 14
HOURS_2 = 7_200


class BrokenError(AssertionError):
    """A promise was not kept."""


def make_template(folder: Path) -> Path:
    """Return a state file with the newest schema, to be copied for each world."""
    with open_store(STATE, root=folder, home=folder / ".syncer"):
        pass
    return folder / ".syncer" / "state.db"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a simulation came to."""

    runs: int
    crashes: int
    posts: int
    trace: tuple[str, ...]
    points: tuple[str, ...]
    """Names passed in the last run that was not quiet."""
    duplicates: int
    """Events that Meta took once more."""
    announced: int
    """How many the runs said might be."""

    @classmethod
    def of(cls, simulation: "Simulation", points: tuple[str, ...]) -> "Summary":
        """Return what `simulation` came to, which is at rest."""
        metas, checkers = zip(*((way.meta, way.checker) for way in simulation.ways), strict=True)
        duplicates = sum(meta.taken.total() - len(meta.taken) for meta in metas)
        announced = sum(checker.announced() for checker in checkers)
        trace = tuple(line for meta in metas for line in meta.trace)
        return cls(simulation.runs, simulation.crashes, simulation.posts, trace, points, duplicates, announced)


class Thief(Store):
    """A store that takes every lock, as one does whose holder is taken for dead."""

    def _lock(self, scope: Scope) -> Lock:
        return Held()


class Held:
    """A lock that keeps nobody out."""

    def release(self) -> None: ...

    def is_alive(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Way:
    """One destination: what it took, and what is promised of it."""

    scope: Scope
    meta: Meta
    checker: Checker


class Simulation:
    """A world, its state file and its datasets, of which one is looked at. Raises `BrokenError` as soon as a promise is broken. Mutable."""

    def __init__(self, folder: Path, template: Path, rng: random.Random, shape: Shape) -> None:
        self.rng, self.shape, self.folder = rng, shape, folder
        (folder / ".syncer").mkdir(mode=0o700, parents=True)
        state = folder / ".syncer" / "state.db"
        shutil.copy(template, state)
        self.clock = FakeClock()
        self.wall = WallClock(self.clock)
        self.world = World(shape, rng, self.clock)
        self.warehouse = Warehouse(self.world)
        self.trouble = Trouble(self._look)
        self._store: Store | None = self._opened()
        self.ways = [self._way(name, state, self._store.salt) for name in shape.destinations]
        self.meta, self.checker = self.ways[0].meta, self.ways[0].checker
        self.sender: Sender = self.meta
        self.scope = self.ways[0].scope
        self.runs = self.crashes = self.posts = 0
        self.stopped_by = ""
        """What the state said that failed even to note how a run ended."""
        self.configuration, self.rejects = "f1", Rejects()
        self.has_edits = False
        """Whether the configuration was another one before: rejects are read again among other rows."""

    def _way(self, name: str, state: Path, salt: bytes) -> Way:
        scope = replace(ORDERS, destination=name)
        meta = Meta(self.world, self.rng, self.trouble)
        identities = IdentityScope(target=scope.target, destination=name, salt=salt)
        checker = Checker(state, identities, scope.pipeline, self.world, self.warehouse, meta)
        meta.look = checker.before_send
        return Way(scope, meta, checker)

    def turn_to(self, way: Way) -> None:
        """Look at this destination from now on."""
        self.scope, self.meta, self.checker, self.sender = way.scope, way.meta, way.checker, way.meta
        self.world.to = way.scope.destination

    def edit(self) -> None:
        """Change the mapping, in a way that changes no event; where rows have brands, the destinations of some instead."""
        self.has_edits = True
        if self.shape.has_brands:
            self.world.map = self.rng.choice(MAPS)
        else:
            self.configuration += "+"

    def close(self) -> None:
        """Close the state and throw its file away, unless it is gone already."""
        for way in self.ways:
            way.checker.close()
        if self._store is not None:
            self._store.close()
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def run(
        self, *, faults: float = 0.0, trouble_at: int | None = None, raises: type[BaseException] | None = Crash,
        limit: int | None = None, sample: Sample | None = None,
        span: Span | None = None, sweep: Sweep = Sweep.NONE, spoil: Callable[[Store], None] | None = None,
        retry: Chosen | None = None, resend: bool = False,
    ) -> RunReport | None:  # fmt: skip
        """Run once; return None where the process died. `spoil` may let the state fail; another process goes on."""
        self.runs += 1
        self.warehouse.begin()
        self.meta.run, self.meta.faults = Account(), faults
        self.trouble.arm(trouble_at, raises)
        self._store = self._store or self._opened()
        job = self._job(self._store)
        if sweep is Sweep.NONE and not (limit or sample or span or retry or resend) and self._is_sweep_due(job):
            sweep = Sweep.ALSO
        trigger = job.trigger if sweep is Sweep.NONE else f"{job.trigger}+{SWEEP}"
        job = replace(job, limit=limit, sample=sample, span=span, sweep=sweep, retry=retry, trigger=trigger)
        self.checker.before_run()
        clock = SteadyClock(self.wall)
        self.meta.skew_s = lambda: (self.clock.now() - clock.now()).total_seconds()  # noqa: PLW0108  both clocks go on
        tools = Tools(
            executor=Shuffled(self.rng, self.clock, self.trouble), clock=clock, rng=self.rng, points=self.trouble,
            stop=self.trouble.stop, clock_check=ClockCheck(self.meta.told_time),
        )  # fmt: skip
        report = None
        if spoil is not None:
            spoil(self._store)
        try:
            report = self._resent(job, tools) if resend else run_sync(job, tools)
        except (Crash, KeyboardInterrupt):
            self.crashes += 1
        except StateError as error:
            if spoil is None:
                raise
            self.stopped_by = str(error)
        if report is None or spoil is not None:
            self._store.close()
            self._store = None
        self.posts += self.meta.run.posts
        self.checker.after_commit()
        is_checked = sample is None and span is None and retry is None and spoil is None and not resend
        if report is not None and is_checked:  # others leave out rows and events as they like
            is_retold = report.message.startswith("of the rejects")
            gave_up = is_retold or report.pause_reason in (
                SYSTEMATIC,
                CLOCK_WRONG,
            )  # the next run has what was under way
            is_whole = (trouble_at is None or len(self.trouble.names) < trouble_at) and not gave_up
            leaves_out = sweep is not Sweep.NONE and any(
                verdict in ("expired", "elsewhere") for _, verdict in self.warehouse.given
            )
            self.checker.after_run(
                report,
                self.meta.run,
                whole=is_whole,
                limited=limit is not None or gave_up,
                among_others=self.has_edits or leaves_out,
            )
        self._require_kept()
        return report

    def settle(self, *, is_calm: bool = False, twice: bool = False) -> None:
        """Run without faults until nothing is left to do, then look at everything; `twice`: a last run must be idle."""
        for way in self.ways:
            if len(self.ways) > 1:
                self.turn_to(way)
            self._settle(is_calm=is_calm, twice=twice)

    def _settle(self, *, is_calm: bool, twice: bool) -> None:
        for _ in range(QUIET_RUNS):
            self.clock.sleep(HOURS_2)
            report = self.run(sweep=Sweep.ALSO if self.shape.sweeps else Sweep.NONE)
            is_done = report is not None and report.status in (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS)
            if is_done and not (twice and self.meta.run.posts):
                break
        else:
            self.checker.broken.append("it never comes to rest")
        self.checker.at_end(is_calm=is_calm)
        self._require_kept()

    def take_over(self) -> RunReport:
        """Let another process run, from beginning to end, which takes this one for dead: its lock is no hindrance."""
        self.warehouse.given.clear()
        with ThreadPoolExecutor(max_workers=1) as other:
            return other.submit(self._stolen).result()

    def _stolen(self) -> RunReport:
        with Thief(connect(parse(STATE, root=self.folder)), clock=self.clock) as store:
            job = replace(self._job(store), holder="thief")
            return run_sync(job, Tools(executor=Inline(), clock=self.clock, rng=random.Random(0)))

    def fingerprint(self) -> bytes:
        """Return a digest of all that bears on what follows: what is stored, what Meta took, the time, chance."""
        assert len(self.ways) == 1
        facts = (self.clock.elapsed, sorted(self.meta.taken.items()), self.rng.getstate())
        digest = hashlib.sha256(repr(facts).encode())
        for line in self.checker.dump():
            digest.update(line.encode())
        return digest.digest()

    def _job(self, store: Store) -> Job:
        return Job(
            pipeline=self._pipeline(),
            scope=self.scope,
            store=store,
            open_source=lambda: self.warehouse,
            open_sender=lambda: nullcontext(self.sender),
            holder="simulation",
        )

    def _pipeline(self) -> Pipeline:
        """Return what runs to the destination that is looked at."""
        found = replace(self.shape.pipeline(), fingerprint=self.configuration, rejects=self.rejects)
        if len(self.ways) == 1:
            return found
        to, by_brand = (self.scope.destination,), self.world.map
        if by_brand is None:
            return replace(found, destinations=to)
        fingerprint = f"{self.configuration} {by_brand}"
        return replace(found, destinations=to, route=Route(column="brand", map=by_brand), fingerprint=fingerprint)

    def _is_sweep_due(self, job: Job) -> bool:
        """Return what the session would say, but for `reconcile`, which the caller chooses."""
        if self.shape.cursor == "none" or len(self.ways) == 1:
            return False
        since = self.wall.now() - timedelta(days=62)
        delay = timedelta(seconds=self.shape.delay_s)
        return left_elsewhere(job.store, job.scope, fingerprint=job.pipeline.fingerprint, since=since, delay=delay)

    def _resent(self, job: Job, tools: Tools) -> RunReport:
        requests = [stored.id for stored, _ in held_requests(job.store, job.scope)]
        return held.resend(job, tools, requests)

    def _opened(self) -> Store:
        store = open_store(STATE, root=self.folder, home=self.folder / ".syncer", points=self.trouble, clock=self.wall)
        store.ledger_sizes = self.shape.ledger_sizes
        return store

    def _look(self) -> None:
        self.checker.after_commit()

    def _require_kept(self) -> None:
        if self.checker.broken:
            raise BrokenError("; ".join(dict.fromkeys(self.checker.broken)))


def simulate(seed: int, folder: Path, template: Path) -> Summary:
    """Drive the world of `seed` through some runs with trouble, then to rest."""
    rng = random.Random(seed)
    shape = Shape.of(rng)
    if seed % 3 == 2:  # by no choice of its own, so that the worlds with one are what they were
        shape = shape.with_two(rng)
    ends = rng.choice([0.0, 0.3, 0.7])
    simulation = Simulation(folder, template, rng, shape)
    try:
        simulation.world.grow(shape.rows)
        for _ in turns(simulation, rng.randint(1, 3)):
            at = rng.randint(1, 80) if rng.random() < ends else None
            raises = rng.choice([Crash, Crash, KeyboardInterrupt, None])
            limit = rng.choice([None, None, None, 5])
            sweep = rng.choice([Sweep.NONE, Sweep.ALSO, Sweep.ONLY]) if shape.sweeps and limit is None else Sweep.NONE
            simulation.run(faults=shape.faults, trouble_at=at, raises=raises, limit=limit, sweep=sweep)
            simulation.world.change()
            if rng.random() < 0.3:
                simulation.edit()
                simulation.world.heal()
            if rng.random() < 0.2:
                simulation.run(faults=shape.faults, trouble_at=at, raises=raises, retry=Chosen())
            simulation.clock.sleep(rng.choice([1, 60, 1_800]))
        points = tuple(simulation.trouble.names)
        simulation.settle(is_calm=not shape.faults and not ends, twice=rng.random() < 0.5)
        return Summary.of(simulation, points)
    finally:
        simulation.close()


def turns(simulation: Simulation, rounds: int) -> Iterator[None]:
    """Turn to some of the destinations in each round, in any order; to the only one once a round."""
    for _ in range(rounds):
        if len(simulation.ways) == 1:
            yield
            continue
        for way in simulation.rng.sample(simulation.ways, simulation.rng.choice([1, 2, 2])):
            simulation.turn_to(way)
            yield
