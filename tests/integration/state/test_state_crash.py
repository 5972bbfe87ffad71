"""Crashes and failing statements at every place: the store stays consistent, the next run goes on."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from syncer.errors import StateError
from syncer.report import Bucket, RunStatus, Tally
from syncer.state.requests import Rejected, RequestState
from syncer.state.store import Store
from tests.failing import FailAt
from tests.integration.state.some_states import of_some_states

Contradictions = Callable[[Store], list[str]]
KINDS_OF_POINTS = {
    "lease", "start", "page", "arm", "outcome", "split", "dead", "retry", "note", "hold", "recover", "advance", "finish"
}  # fmt: skip


class Crash(BaseException):
    """The process ends here."""


class CrashAt:
    """Raises at the hit of that number; notes the names of all. Mutable."""

    def __init__(self, number: int | None = None) -> None:
        self.number, self.names = number, list[str]()

    def hit(self, name: str, /) -> None:
        self.names.append(name)
        if len(self.names) == self.number:
            raise Crash(name)


def sync(store: Store, acts: Any, run_id: str) -> None:
    """One run that does everything that a run may do; leaves a request armed."""
    with acts.begin(store, run_id) as run:
        for left in run.unfinished():
            run.supersede(left.id)
        run.fix_start(5)
        done = int(str(run.watermark)) if run.watermark else 0
        aside = Rejected(identity=acts.identities(99, 1), bucket=Bucket.REJECTED_LOCAL, reason="value_missing")
        tally = Tally(rows_read=8, buckets=Counter(rejected_local=1), reasons=Counter(value_missing=1))
        run.page(tally, [aside], 7)
        whole = acts.arm(run, done + 1, 2)
        run.settle(whole, acts.refused(), state=RequestState.SPLIT)
        good, bad = acts.arm(run, done + 1, 1, parent=whole), acts.arm(run, done + 2, 1, parent=whole)
        run.settle(good, acts.accepted(), state=RequestState.ACKED, value={"EUR": 1.5})
        run.settle(bad, acts.refused(), state=RequestState.DEAD, rejected=[aside])
        again = acts.arm(run, done + 3, 2)
        run.settle(again, acts.unknown(), state=RequestState.RETRY)
        run.note_possible_duplicates(2)
        run.rearm(again)
        run.settle(again, acts.accepted(), state=RequestState.ACKED, watermark=acts.mark(done + 4))
        held = acts.arm(run, done + 5, 2)
        run.settle(held, acts.unknown(), state=RequestState.HELD)
        run.advance(acts.mark(done + 6))
        acts.arm(run, done + 7, 1)
        run.finish(RunStatus.DONE_WITH_REJECTS, now=store.clock.now())


@pytest.mark.faults
@of_some_states
def test_R02_R05_a_crash_at_any_point_leaves_a_consistent_store(
    opened: Any, acts: Any, contradictions: Contradictions
) -> None:
    watcher, victim = opened(), opened()
    passed: set[str] = set()
    for number in count(1):
        victim.points = CrashAt(number)
        crashed = raises(Crash, lambda: sync(victim, acts, f"run-{number}"))  # noqa: B023 - called at once
        assert contradictions(watcher) == [], victim.points.names[-1]
        passed |= set(victim.points.names)
        if not crashed:
            break
    assert passed == {f"{kind}.{part}" for kind in KINDS_OF_POINTS for part in ("before", "in", "after")}


def raises(kind: type[BaseException], act: Callable[[], None]) -> bool:
    try:
        act()
    except kind:
        return True
    return False


@pytest.mark.parametrize(("point", "left"), [("arm.before", []), ("arm.in", []), ("arm.after", ["armed"])])
def test_R04_an_intent_is_there_exactly_when_its_commit_came_back(
    opened: Any, acts: Any, point: str, left: list[str]
) -> None:
    class CrashThere:
        def hit(self, name: str, /) -> None:
            if name == point:
                raise Crash(name)

    with acts.begin(opened(CrashThere())) as run:
        acts.read(run, 1)
        with pytest.raises(Crash, match=point):
            acts.arm(run, 1, 1)
    with opened().reading() as connection:
        assert list(connection.execute(text("SELECT state FROM requests")).scalars()) == left


KILLED = """
import os, signal, sys
from datetime import datetime, UTC
from pathlib import Path
from syncer.report import Tally
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.requests import NewRequest, RequestState
from syncer.state.scope import Scope
from syncer.state.store import open_store

class KillAt:
    def hit(self, name, /):
        if name == sys.argv[3]:
            os.kill(os.getpid(), signal.SIGKILL)

url, root = sys.argv[1], Path(sys.argv[2])
store = open_store(url, root=root, home=root / ".syncer", points=KillAt())
with store.start_run(Scope("default", "orders", "meta"), run_id="killed", now=datetime.now(UTC), fingerprint="f",
                     trigger="manual", holder="x") as run:
    run.page(Tally(rows_read=1), [], 1)
    request = run.arm(NewRequest(digests=b"x" * 16, events=1, event_time_min=1, event_time_max=1))
    run.settle(request, Outcome(kind=OutcomeClass.ACKED, status=200), state=RequestState.ACKED)
"""


@pytest.mark.parametrize(
    ("point", "state"), [("arm.after", "armed"), ("outcome.in", "armed"), ("outcome.after", "acked")]
)
def test_R02_a_process_killed_in_a_commit_left_all_of_it_or_nothing(
    state_url: str, tmp_path: Path, store: Store, contradictions: Contradictions, point: str, state: str
) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, state_url, str(tmp_path), point], check=False)
    assert done.returncode == -9
    assert contradictions(store) == []
    with store.reading() as connection:
        assert connection.execute(text("SELECT state FROM requests")).scalar() == state


@pytest.mark.faults
@of_some_states
def test_R05_a_failure_of_any_statement_or_commit_changes_nothing(
    opened: Any, acts: Any, contradictions: Contradictions
) -> None:
    watcher, victim = opened(), opened()
    failing = FailAt(victim)
    for number in count(1):
        failing.at_next(number)
        failed = raises(StateError, lambda: sync(victim, acts, f"run-{number}"))  # noqa: B023 - called at once
        assert contradictions(watcher) == [], number
        if not failed:
            break
    assert number > 60
