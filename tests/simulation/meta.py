"""Meta as a sender: judges events, remembers what it took, and makes trouble by a seeded plan."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from syncer.ports import Points, doing
from syncer.spec.outcomes import Outcome, OutcomeClass
from tests.simulation.world import World, window_s

TROUBLE = (
    OutcomeClass.NOT_SENT,
    OutcomeClass.THROTTLED,
    OutcomeClass.DOUBT,
    OutcomeClass.DOUBT,
    OutcomeClass.DOUBT,
    OutcomeClass.BLOCKED,
    OutcomeClass.ANOMALY,
)
REASONS = {kind: f"made_up_{kind.value}" for kind in OutcomeClass}


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it came."""

    key: str
    event_id: str
    event_time: int
    value: float
    place: str
    text: str

    @classmethod
    def of(cls, text: str) -> "Event":
        sent = json.loads(text)
        data = sent["custom_data"]
        return cls(data["order_id"], sent["event_id"], sent["event_time"], data["value"], sent["action_source"], text)


@dataclass(slots=True)
class Account:
    """What one run was told; begins anew with each."""

    posts: int = 0
    acknowledged: int = 0
    refused_alone: int = 0
    value: float = 0.0


@dataclass(slots=True)
class Meta:
    """A dataset. Mutable."""

    world: World
    rng: random.Random
    points: Points
    look: Callable[[list[Event]], None] = lambda _: None
    """Called with the events of each request before anything else."""
    faults: float = 0.0
    kinds: tuple[OutcomeClass, ...] = TROUBLE
    """What goes wrong."""
    retry_after_s: float = 30.0
    skew_s: Callable[[], float] = lambda: 0.0
    """The true time minus that of the run."""
    taken: Counter[str] = field(default_factory=Counter)
    """How often each event_id was taken."""
    keys: dict[str, str] = field(default_factory=dict)
    """event_id to key, of all that ever came."""
    doubtful: set[str] = field(default_factory=set)
    """event_ids of requests whose outcome was not told, or told wrong."""
    too_old: int = 0
    """How many events came outside the window: each costs its whole request."""
    run: Account = field(default_factory=Account)
    trace: list[str] = field(default_factory=list)

    def send(self, events: pl.Series) -> Outcome:
        with doing("post"):
            came = [Event.of(text) for text in events]
            self.look(came)
            self.run.posts += 1
            self.keys.update({event.event_id: event.key for event in came})
            before = self.doubtful.copy()
            self.doubtful.update(event.event_id for event in came)
            self.points.hit("post.connect")
            outcome = self._answer(came)
            self.points.hit("post.received")
            if outcome.kind not in (OutcomeClass.DOUBT, OutcomeClass.ANOMALY):
                self.doubtful = before
            self._note(outcome, came)
            return outcome

    def told_time(self) -> Outcome:
        return Outcome(kind=OutcomeClass.DOUBT, status=404, date_skew_s=self.skew_s())

    def _answer(self, came: list[Event]) -> Outcome:
        trouble = self.rng.choice(self.kinds) if self.rng.random() < self.faults else None
        is_late = self.rng.random() < 0.5
        if (
            trouble is not None
            and trouble is not OutcomeClass.ANOMALY
            and not (trouble is OutcomeClass.DOUBT and is_late)
        ):
            return self._told(trouble, retry_after_s=self.rng.choice([None, None, self.retry_after_s]))
        judged = self._judged(came)
        if judged is not None:
            return judged if trouble is None else self._told(OutcomeClass.DOUBT)
        if trouble is OutcomeClass.ANOMALY:
            some = self.rng.sample(came, self.rng.randint(0, len(came) - 1))
            self._take(some)
            return self._told(OutcomeClass.ANOMALY)
        self._take(came)
        return self._told(trouble or OutcomeClass.ACKED, usage_percent=self.rng.choice([None, None, 50.0, 90.0, 100.0]))

    def _judged(self, came: list[Event]) -> Outcome | None:
        if len(came) > self.world.shape.too_big:
            return self._told(OutcomeClass.TOO_BIG)
        now = int(self.world.clock.now().timestamp())
        old = [number for number, event in enumerate(came) if now - event.event_time > window_s(event.place)]
        self.too_old += len(old)
        if old:
            return self._told(OutcomeClass.REJECTED, blamed=tuple(old))
        bad = [number for number, event in enumerate(came) if event.key in self.world.poison]
        if not bad:
            return None
        lies = self.rng.sample(range(len(came) + 2), min(len(came), 2))
        return self._told(OutcomeClass.REJECTED, blamed=tuple(self.rng.choice([bad, bad[:1], [], lies])))

    def _told(
        self,
        kind: OutcomeClass,
        *,
        retry_after_s: float | None = None,
        usage_percent: float | None = None,
        blamed: tuple[int, ...] = (),
    ) -> Outcome:
        return Outcome(
            kind=kind,
            reason=REASONS[kind],
            explanation="made up",
            retry_after_s=retry_after_s,
            usage_percent=usage_percent,
            blamed=blamed,
            date_skew_s=None if kind is OutcomeClass.NOT_SENT else self.skew_s(),
        )

    def _take(self, events: list[Event]) -> None:
        self.taken.update(event.event_id for event in events)

    def _note(self, outcome: Outcome, came: list[Event]) -> None:
        self.trace.append(f"{outcome.kind} " + " ".join(event.key for event in came))
        if outcome.kind is OutcomeClass.ACKED:
            self.run.acknowledged += len(came)
            self.run.value += sum(event.value for event in came)
        if outcome.kind in (OutcomeClass.REJECTED, OutcomeClass.TOO_BIG) and len(came) == 1:
            self.run.refused_alone += 1
