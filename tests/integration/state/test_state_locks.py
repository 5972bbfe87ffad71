"""One writer for each pipeline: the lock says who runs, the epoch makes a stale holder's writes fail."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from syncer.errors import LockedError, StateError
from syncer.ports import doing
from syncer.report import RunStatus, Tally
from syncer.state.locks import try_lock
from syncer.state.requests import RequestState
from syncer.state.runs import RunLog
from syncer.state.scope import Scope
from syncer.state.store import Store

HOLD = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from syncer.state.scope import Scope
from syncer.state.store import open_store
url, root = sys.argv[1], Path(sys.argv[2])
store = open_store(url, root=root, home=root / ".syncer")
run = store.start_run(Scope("default", "orders", "meta"), run_id="held", now=datetime.now(UTC), fingerprint="f",
                      trigger="schedule", holder="ada@warehouse pid 7")
print("held", flush=True)
sys.stdin.read()
"""


def test_R25_a_second_run_of_a_pipeline_is_told_at_once_who_holds_it(store: Store, opened: Any, acts: Any) -> None:
    with acts.begin(store), pytest.raises(LockedError, match=r"orders: another run holds this pipeline \(tester\)"):
        acts.begin(opened(), "run-2")


def test_R25_a_killed_process_lets_the_pipeline_go(state_url: str, tmp_path: Path, store: Store, acts: Any) -> None:
    command = [sys.executable, "-c", HOLD, state_url, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match="ada@warehouse pid 7"):
            acts.begin(store)
        assert store.is_running(Scope("default", "orders", "meta"))
        other.kill()
        other.wait()
    with acts.begin(store) as run:
        assert run.epoch == 2


def test_R25_of_many_runs_that_begin_together_one_runs(opened: Any, acts: Any) -> None:
    stores = [opened() for _ in range(6)]
    together = Barrier(len(stores))

    def begin(number: int) -> RunLog | LockedError:
        together.wait()
        try:
            return acts.begin(stores[number], f"run-{number}")  # type: ignore[no-any-return]  # `acts` is untyped here
        except LockedError as error:
            return error

    with ThreadPoolExecutor(len(stores)) as pool:
        began = list(pool.map(begin, range(len(stores))))
    runs = [run for run in began if isinstance(run, RunLog)]
    assert len(runs) == 1
    runs[0].close()


COMPETE = """
import sys
from datetime import datetime, UTC
from pathlib import Path
from syncer.errors import LockedError
from syncer.report import RunStatus, Tally
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.requests import NewRequest, RequestState
from syncer.state.scope import Scope
from syncer.state.store import open_store

url, root, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
keys = [number.to_bytes(16, "big") for number in range(20)]
with open_store(url, root=root, home=root / ".syncer") as store:
    runs = 0
    while runs < 5:
        try:
            run = store.start_run(Scope("default", "orders", "meta"), run_id=f"{name}-{runs}", now=datetime.now(UTC),
                                  fingerprint="f", trigger="manual", holder=name)
        except LockedError:
            continue
        with run:
            runs += 1
            fresh = [key for key, known in zip(keys, run.ledger.settled(b"".join(keys))) if not known][:2]
            run.page(Tally(rows_read=len(fresh)), [], len(fresh))
            for key in fresh:
                request = run.arm(NewRequest(digests=key, events=1, event_time_min=1, event_time_max=1))
                run.settle(request, Outcome(kind=OutcomeClass.ACKED), state=RequestState.ACKED)
            run.finish(RunStatus.DONE, now=datetime.now(UTC))
"""


def test_R25_processes_that_compete_send_every_event_once(
    state_url: str, tmp_path: Path, store: Store, contradictions: Callable[[Store], list[str]]
) -> None:
    commands = [[sys.executable, "-c", COMPETE, state_url, str(tmp_path), name] for name in ("ada", "bob", "cy")]
    competing = [subprocess.Popen(command) for command in commands]
    assert [process.wait() for process in competing] == [0, 0, 0]
    assert contradictions(store) == []
    with store.reading() as connection:
        sent = connection.execute(text("SELECT digests FROM requests")).scalars().all()
        assert connection.execute(text("SELECT epoch FROM pipelines")).scalar() == 15
    assert sorted(map(bytes, sent)) == [number.to_bytes(16, "big") for number in range(20)]


def test_pipelines_targets_and_destinations_run_beside_each_other(store: Store, acts: Any) -> None:
    scopes = [
        Scope("default", "orders", "meta"),
        Scope("default", "leads", "meta"),
        Scope("prod", "orders", "meta"),
        Scope("default", "orders", "meta_b"),
    ]
    runs = [acts.begin(store, f"run-{number}", scope=scope) for number, scope in enumerate(scopes)]
    assert [run.epoch for run in runs] == [1, 1, 1, 1]
    for run in runs:
        run.close()


def test_a_look_at_who_runs_does_not_keep_a_run_from_beginning(store: Store, acts: Any) -> None:
    looking = try_lock(store.database, "orders\0default\0meta")
    assert looking is not None
    end = looking.release

    class LookEndsWhileTheRunWaits(type(store.clock)):  # type: ignore[misc]  # the test's clock
        def sleep(self, seconds: float) -> None:
            end()

    store.clock = LookEndsWhileTheRunWaits()
    with acts.begin(store) as run:
        assert run.epoch == 1


Write = Callable[[RunLog, int, Any], object]

WRITES: dict[str, Write] = {
    "page": lambda run, _, acts: run.page(Tally(), [], 0),
    "arm": lambda run, _, acts: acts.arm(run, 9, 1),
    "rearm": lambda run, request, acts: run.rearm(request),
    "settle": lambda run, request, acts: run.settle(request, acts.refused(), state=RequestState.EXPIRED),
    "supersede": lambda run, request, acts: run.supersede(request),
    "hold": lambda run, request, acts: run.hold(request + 1),
    "advance": lambda run, _, acts: run.advance(acts.mark(1)),
    "fix_start": lambda run, _, acts: run.fix_start(5),
    "note": lambda run, _, acts: run.note_possible_duplicates(1),
    "finish": lambda run, _, acts: run.finish(RunStatus.DONE, now=run._store.clock.now()),
}


@pytest.mark.parametrize("write", WRITES)
def test_R25_no_write_of_a_stale_holder_counts(
    store: Store, opened: Any, acts: Any, contradictions: Callable[[Store], list[str]], write: str
) -> None:
    stale = acts.begin(store)
    acts.read(stale, 3)
    request, doubtful = acts.arm(stale, 1, 1), acts.arm(stale, 2, 1)
    stale.settle(request, acts.unknown(), state=RequestState.RETRY)
    stale.settle(doubtful, acts.unknown(), state=RequestState.DOUBT)
    stale.close()
    with acts.begin(opened(), "run-2") as current:
        with pytest.raises(StateError, match="has taken this pipeline over"):
            WRITES[write](stale, request, acts)
        acts.deliver(current, 50, 2)
        current.supersede(request)
        current.finish(RunStatus.DONE, now=store.clock.now())
        assert current.report().acknowledged == 2
    assert contradictions(store) == []


def test_R24_no_transaction_opens_on_a_thread_that_is_calling_out(store: Store, acts: Any) -> None:
    with acts.begin(store) as run, doing("post"), pytest.raises(RuntimeError, match="state was begun inside post"):
        run.note_possible_duplicates(1)


def test_R24_no_call_goes_out_on_a_thread_with_an_open_transaction(store: Store) -> None:
    with pytest.raises(RuntimeError, match="post was begun inside state"), store.tx("test"), doing("post"):
        pass
