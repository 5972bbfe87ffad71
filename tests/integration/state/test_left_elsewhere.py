"""After an edit, rows that runs before it left to other destinations are looked for until none can be too early."""

from collections import Counter
from datetime import datetime, timedelta

from connectors.incremental import CursorKind, CursorValue
from syncer.report import ELSEWHERE, Bucket, RunStatus, Tally
from syncer.state.history import SWEEP, left_elsewhere
from syncer.state.runs import RunLog
from syncer.state.store import Store
from syncer.watermark import Watermark
from tests.integration.state.conftest import ORDERS

HOUR = 3_600
DELAY = timedelta(hours=8)


def left(rows: int) -> Tally:
    """Return the counts of a batch of which so many rows are for other destinations."""
    return Tally(rows_read=rows, buckets=Counter({Bucket.NO_RULE: rows}), reasons=Counter({ELSEWHERE: rows}))


def begun(store: Store, fingerprint: str, trigger: str = "manual") -> RunLog:
    run_id, now = f"run-{store.clock.now()}-{trigger}", store.clock.now()
    return store.start_run(ORDERS, run_id=run_id, now=now, fingerprint=fingerprint, trigger=trigger, holder="tester")


def run(store: Store, fingerprint: str, *, trigger: str = "manual", rows: int = 0, took_s: int = 0) -> None:
    """Run once, by the configuration with this fingerprint, and leave so many rows to other destinations."""
    store.clock.sleep(1)
    with begun(store, fingerprint, trigger) as log:
        log.page(left(rows), [], 0)
        log.advance(Watermark(CursorValue(CursorKind.INTEGER, "1")))
        store.clock.sleep(took_s)
        log.finish(RunStatus.DONE, now=store.clock.now())


def is_due(store: Store, *, delay: timedelta = DELAY, since: datetime | None = None) -> bool:
    since = since or store.clock.now() - timedelta(days=7)
    return left_elsewhere(store, ORDERS, fingerprint="new", since=since, delay=delay)


def sweep(store: Store) -> None:
    run(store, "new", trigger=f"manual+{SWEEP}")


def test_without_a_delay_one_look_is_enough(store: Store) -> None:
    run(store, "old", rows=3)
    run(store, "new")
    assert is_due(store, delay=timedelta(0))
    sweep(store)
    assert not is_due(store, delay=timedelta(0))


def test_rows_that_were_left_by_the_same_map_or_long_ago_are_not_looked_for(store: Store) -> None:
    run(store, "new", rows=3)
    assert not is_due(store)
    run(store, "old", rows=3)
    assert not is_due(store, since=store.clock.now() + timedelta(seconds=1))


def test_with_a_delay_looks_are_an_eighth_of_it_apart_and_the_last_comes_when_it_is_over(store: Store) -> None:
    run(store, "old", rows=3, took_s=HOUR)
    due = []
    for _ in range(40):
        store.clock.sleep(HOUR / 4)
        due.append(is_due(store))
        run(store, "new", trigger=f"manual+{SWEEP}" if due[-1] else "manual")
    looks = [number for number, is_it in enumerate(due, 1) if is_it]
    assert looks == [1, 5, 9, 13, 17, 21, 25, 29, 33]


def test_the_delay_begins_when_the_run_that_left_them_has_ended(store: Store) -> None:
    run(store, "old", rows=3, took_s=5 * HOUR)
    store.clock.sleep(DELAY.total_seconds())
    sweep(store)
    assert not is_due(store)
    store.clock.sleep(61)
    assert is_due(store)
    sweep(store)
    store.clock.sleep(DELAY.total_seconds())
    assert not is_due(store)


def test_a_run_that_died_ends_when_the_next_one_begins(store: Store) -> None:
    dead = begun(store, "old")
    dead.page(left(1), [], 0)
    dead.close()
    store.clock.sleep(DELAY.total_seconds() + 61)
    sweep(store)
    assert not is_due(store)
    store.clock.sleep(DELAY.total_seconds() + 61)
    assert is_due(store)
