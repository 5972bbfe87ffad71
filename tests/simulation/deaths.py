"""A run over 40 rows that dies where it is told to, once or more often, and is run on to rest."""

import copy
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.simulation.machine import OF_SENDERS
from tests.simulation.simulate import BrokenError, Simulation, Summary
from tests.simulation.world import Shape

ROWS = 40


@dataclass(slots=True)
class Deaths:
    """What dying more than once came to. Mutable."""

    shape: Shape
    tried: int = 0
    alike: int = 0
    """Of those tried, deaths where nothing had changed since the place before: what they leave is known."""
    distinct: int = 0
    """States after the last death of which none was met before: only from those it is worth running on."""
    seen: set[bytes] = field(default_factory=set)

    def is_new(self, simulation: Simulation) -> bool:
        """Return whether nothing that bears on what follows was met before: state, Meta's memory, the clock."""
        found = simulation.fingerprint()
        is_new = found not in self.seen
        self.seen.add(found)
        return is_new

    def run(self, simulation: Simulation, *, at: int | None = None) -> bool:
        """Run once; return whether the process died, at hit `at`. What follows is decided by the number of deaths."""
        before = simulation.crashes
        simulation.run(faults=self.shape.faults, trouble_at=at)
        simulation.rng.seed(f"after {simulation.crashes}")
        return simulation.crashes > before

    def places(self, simulation: Simulation) -> list[bool]:
        """Run once to the end; return for each hit whether something had changed since the one before.

        With a request that is under way something always has: it may not arrive, where others may that wait.
        """
        met: list[tuple[str, bytes]] = []
        simulation.trouble.meanwhile = lambda name: met.append((name, simulation.fingerprint()))
        self.run(simulation)
        simulation.trouble.meanwhile = None
        before = b"", *(found for _, found in met)
        return [name in OF_SENDERS or found != last for (name, found), last in zip(met, before, strict=False)]

    def count(self, simulation: Simulation) -> None:
        """Count one whose last process is dead, and run it on to rest unless one like it was."""
        self.tried += 1
        if self.is_new(simulation):
            self.distinct += 1
            simulation.settle()


class Kept:
    """A simulation whose process is dead, to be gone on from as often as somebody likes."""

    def __init__(self, simulation: Simulation) -> None:
        """Keep it with its files, and close it."""
        self._dead = simulation
        simulation.checker.close()
        self._files = simulation.folder.with_name(f"{simulation.folder.name}.{simulation.crashes}")
        shutil.copytree(simulation.folder, self._files)
        simulation.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._files)

    @contextmanager
    def again(self) -> Iterator[Simulation]:
        """Give it as it was, with its files in their place; only one at a time."""
        shutil.copytree(self._files, self._dead.folder)
        simulation = copy.deepcopy(self._dead)
        try:
            yield simulation
        finally:
            simulation.close()


@contextmanager
def begun(folder: Path, template: Path, seed: int, shape: Shape) -> Iterator[Simulation]:
    """Give a world of 40 rows that no run has seen."""
    simulation = Simulation(folder, template, random.Random(seed), replace(shape, rows=ROWS))
    try:
        simulation.world.grow(ROWS)
        yield simulation
    finally:
        simulation.close()


def crash_everywhere(folder: Path, template: Path, seed: int, at: int, shape: Shape) -> Summary:
    """Let the first run over 40 rows die at hit number `at`, run on to rest."""
    with begun(folder, template, seed, shape) as simulation:
        simulation.world.poison |= {"k7"} if shape.poison else set()
        simulation.run(faults=shape.faults, trouble_at=at)
        points = tuple(simulation.trouble.names)
        simulation.settle()
        return Summary.of(simulation, points)


def crash_twice(folder: Path, template: Path, seed: int, first: int, deaths: Deaths) -> bool:
    """Let a run die at hit `first` and the next one not at all and at each hit in turn, and run on to rest.

    Where neither the state nor Meta, time or chance changed since the hit before, dying would leave the same.
    Return False once `first` lies behind the end of the first run.
    """
    with begun(folder, template, seed, deaths.shape) as simulation:
        if not deaths.run(simulation, at=first):
            return False
        if not deaths.is_new(simulation):
            return True
        kept = Kept(simulation)
    with kept:
        second = 0
        try:
            with kept.again() as simulation:
                places = deaths.places(simulation)
                deaths.count(simulation)
            for second, has_changed in enumerate(places, start=1):
                if has_changed:
                    with kept.again() as simulation:
                        deaths.run(simulation, at=second)
                        deaths.count(simulation)
                else:
                    deaths.tried, deaths.alike = deaths.tried + 1, deaths.alike + 1
        except BrokenError as broken:
            raise BrokenError(f"died at hits {first} and {second}: {broken}") from None
    return True


def crash_thrice(folder: Path, template: Path, seed: int, rng: random.Random, lasts: int, deaths: Deaths) -> None:
    """Let a run die at some hit, the next one too, and the third at up to `lasts` ones in turn; run on to rest."""
    hits: list[int] = []
    start: Callable[[], AbstractContextManager[Simulation]] = partial(begun, folder, template, seed, deaths.shape)
    try:
        with ExitStack() as stack:
            for _ in range(2):
                hits.append(rng.randint(1, _hits(start, deaths)))
                with start() as simulation:
                    deaths.run(simulation, at=hits[-1])
                    kept = Kept(simulation)
                start = stack.enter_context(kept).again
            last = _hits(start, deaths)
            for third in rng.sample(range(1, last + 1), min(lasts, last)):
                hits[2:] = [third]
                with start() as simulation:
                    deaths.run(simulation, at=third)
                    deaths.count(simulation)
    except BrokenError as broken:
        raise BrokenError(f"died at hits {hits}: {broken}") from None


def _hits(start: Callable[[], AbstractContextManager[Simulation]], deaths: Deaths) -> int:
    """Return how many hits the next run of what `start` gives has, where nothing is in its way."""
    with start() as simulation:
        deaths.run(simulation)
        return len(simulation.trouble.names)
