"""A run over a real state file, a sender that answers as told, and pages of plain events."""

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from connectors.incremental import CursorKind, CursorValue
from syncer.engine.deliver import Delivery
from syncer.engine.executor import Executor, Inline
from syncer.engine.page import Page
from syncer.engine.tools import Tools
from syncer.pipeline import Delivery as Settings
from syncer.report import Tally
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.runs import RunLog
from syncer.state.scope import Scope
from syncer.state.store import Store, open_store
from tests.simulation.machine import NOON, FakeClock

ORDERS = Scope("default", "orders", "meta")
STATE = "sqlite:///.syncer/state.db"
ACKED = Outcome(kind=OutcomeClass.ACKED)
HOUR_S = 3_600


@dataclass
class Answers:
    """Answers each request by a function of its number (0 is the first) and its events. Mutable."""

    answer: Callable[[int, list[str]], Outcome] = lambda number, events: ACKED
    sent: list[list[str]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)

    def send(self, events: pl.Series) -> Outcome:
        self.sent.append(events.to_list())
        self.at.append(self.clock.monotonic())
        return self.answer(len(self.sent) - 1, self.sent[-1])

    def follow(self, outcomes: Sequence[Outcome]) -> None:
        """Give these outcomes in turn, then the last one for ever."""
        self.answer = lambda number, events: outcomes[min(number, len(outcomes) - 1)]

    def refuse(self, bad: set[str], blamed: Callable[[list[str]], tuple[int, ...]] = lambda events: ()) -> None:
        """Refuse requests that hold a bad event, with a hint."""

        def answer(number: int, events: list[str]) -> Outcome:
            if bad & set(events):
                return Outcome(kind=OutcomeClass.REJECTED, reason="remote_rejected", blamed=blamed(events))
            return ACKED

        self.answer = answer


@dataclass
class Bench:
    """What a delivery needs. Mutable."""

    store: Store
    clock: FakeClock
    sender: Answers
    pages: int = 0
    runs: int = 0

    def begin(self) -> RunLog:
        self.runs += 1
        now = self.clock.now()
        return self.store.start_run(
            ORDERS, run_id=f"run-{self.runs}", now=now, fingerprint="f", trigger="manual", holder="tester"
        )

    def delivery(
        self,
        run: RunLog,
        settings: Settings | None = None,
        *,
        executor: Executor | None = None,
        limit: int | None = None,
    ) -> Delivery:
        tools = Tools(executor=executor or Inline(), clock=self.clock, rng=random.Random(7))
        return Delivery(run, self.sender, settings or Settings(), tools, limit=limit)

    def page(self, run: RunLog, first: int, count: int) -> Page:
        """Return events `first`, ... whose keys, texts and cursor values are their numbers."""
        numbers = range(first, first + count)
        run.page(Tally(rows_read=count), [], count)
        self.pages += 1
        events = pl.DataFrame(
            {
                "row": pl.Series(range(count), dtype=pl.UInt32),
                "identity": [number.to_bytes(16, "big") for number in numbers],
                "event_id": [str(number) for number in numbers],
                "event_name": ["Purchase"] * count,
                "event_time": [int(NOON.timestamp()) - HOUR_S] * count,
                "age_class": pl.Series([0] * count, dtype=pl.UInt8),
                "value": [2.5] * count,
                "currency": ["EUR"] * count,
                "json": [str(number) for number in numbers],
            }
        )

        def cursor_at(row: int) -> CursorValue:
            return CursorValue(CursorKind.INTEGER, str(first + row))

        return Page(number=self.pages - 1, rows=count, events=events, cursor_at=cursor_at, upto=cursor_at(count - 1))


@pytest.fixture(scope="session")
def engine_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state file with the newest schema."""
    root = tmp_path_factory.mktemp("root")
    with open_store(STATE, root=root, home=root / ".syncer"):
        pass
    return root / ".syncer" / "state.db"


@pytest.fixture
def bench(engine_template: Path, tmp_path: Path) -> Iterator[Bench]:
    """A fresh one."""
    (tmp_path / ".syncer").mkdir(mode=0o700)
    shutil.copy(engine_template, tmp_path / ".syncer" / "state.db")
    clock = FakeClock()
    with open_store(STATE, root=tmp_path, home=tmp_path / ".syncer", clock=clock) as store:
        yield Bench(store, clock, Answers(clock=clock))
