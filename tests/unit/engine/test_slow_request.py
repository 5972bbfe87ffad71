"""A request that takes long, while what was settled after it goes into files (R02)."""

import json
import random
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from syncer.engine.executor import Inline
from syncer.engine.sync import run_sync
from syncer.engine.tools import Tools
from syncer.report import RunStatus
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.ledger_sizes import LedgerSizes
from tests.simulation.simulate import Simulation
from tests.simulation.world import Row, Shape

SHAPE = Shape(
    rows=1,
    batch_rows=10,
    events_per_request=10,
    requests_in_flight=2,
    odd=0.0,
    poison=0.0,
    faults=0.0,
    ledger_sizes=LedgerSizes(few=4, recent=100, long=50, in_file=400),
)
SLOW, OTHERS = 5, 60


class OneIsSlow(Inline):
    """One request is answered after 55 that were sent later."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Future[Outcome], Callable[[], Outcome]]] = []
        self._sent = self._idle = 0

    def submit(self, send: Callable[[], Outcome]) -> Future[Outcome]:
        self._sent += 1
        if self._sent == SLOW:
            self._waiting.append((Future(), send))
            return self._waiting[0][0]
        if self._sent > OTHERS:
            self._answer()
        return super().beside(send)

    def finished(self, futures: Collection[Future[Any]], *, timeout_s: float | None) -> set[Future[Any]]:
        self._idle = 0 if any(future.done() for future in futures) else self._idle + 1
        if self._idle > 20:
            self._answer()
        return {future for future in futures if future.done()}

    def _answer(self) -> None:
        while self._waiting:
            future, send = self._waiting.pop()
            future.set_result(send())


class Counting:
    """Takes every event, and counts how often."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def send(self, events: Any) -> Outcome:
        self.taken.update(json.loads(text)["event_id"] for text in events)
        return Outcome(kind=OutcomeClass.ACKED)


def test_R02_its_event_is_not_sent_again_for_a_second_row_of_its_key(engine_template: Path, tmp_path: Path) -> None:
    made = Simulation(tmp_path / "world", engine_template, random.Random(3), SHAPE)
    made.world.rows = [Row(f"k{n}", n, 1_795_348_000, 2.5, "system_generated") for n in range(1, 1_001)]
    made.world.rows[700] = replace(made.world.rows[700], key="k41")  # an event of the slow request
    made.sender = sender = Counting()
    store = made._store
    assert store is not None

    report = run_sync(made._job(store), Tools(executor=OneIsSlow(), clock=made.clock, rng=random.Random(1)))

    made.close()
    assert (report.status, report.acknowledged, report.possible_duplicates) == (RunStatus.DONE, 999, 0)
    assert set(sender.taken.values()) == {1}
