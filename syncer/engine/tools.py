"""What a run needs from the world, passed in: time, chance, sender, executor, crash points, the wish to stop, spans, a place to show progress."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from syncer.engine.breaker import Breaker
from syncer.engine.clock_check import ClockCheck
from syncer.engine.executor import Executor
from syncer.ports import NO_POINTS, NO_SPANS, Clock, Points, Spans, Stop, SystemClock
from syncer.spec.outcomes import Outcome

if TYPE_CHECKING:
    import polars as pl


class Sender(Protocol):
    """One dataset at Meta, or what stands in for it."""

    def send(self, events: "pl.Series") -> Outcome:
        """Post `events`, a column of JSON texts, as one request; never raises for what the other side does."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    rows_read: int
    acknowledged: int
    requests: int


def silent(progress: Progress) -> None:
    """Show nothing."""
    del progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The seams of a run; tests pass their own."""

    executor: Executor
    clock: Clock = field(default_factory=SystemClock)
    rng: random.Random = field(default_factory=random.SystemRandom)
    points: Points = NO_POINTS
    stop: Stop = field(default_factory=Stop)
    spans: Spans = NO_SPANS
    breaker: Breaker = field(default_factory=Breaker)
    """The circuit of the destination."""
    clock_check: ClockCheck = field(default_factory=ClockCheck)
    """Whether `clock` may be believed. For one run only."""
    on_progress: Callable[[Progress], None] = silent
