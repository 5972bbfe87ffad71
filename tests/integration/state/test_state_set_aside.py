"""What the page asks of the state: counts of the latest runs, and what is set aside."""

from datetime import timedelta
from typing import Any

from syncer.report import Bucket, RunStatus, Tally
from syncer.state.history import stored_pipelines
from syncer.state.requests import Rejected
from syncer.state.set_aside import Filter, newest, reasons
from syncer.state.store import Store
from syncer.state.volumes import latest_volumes
from tests.integration.state.conftest import NOON

HOUR = timedelta(hours=1)
NAMES = ("acknowledged", "rejected_local")


def set_aside(store: Store, acts: Any, name: str, *fields: str | None) -> None:
    """Set one event aside for each field, in a run that takes an hour."""
    first = int(name[-1]) * 100
    with acts.begin(store, name) as run:
        for number, field in enumerate(fields):
            reject = Rejected(
                identity=acts.identities(first + number, 1), bucket=Bucket.REJECTED_LOCAL,
                reason="value_missing" if field else "currency_missing", field=field,
            )  # fmt: skip
            buckets = Tally(rows_read=1)
            buckets.buckets[Bucket.REJECTED_LOCAL] += 1
            run.page(buckets, [reject], 0)
        store.clock.sleep(3_600)
        run.finish(RunStatus.DONE, now=store.clock.now(), elapsed_s=3_600.0)


def test_rejects_are_counted_by_reason_and_field_and_filtered(store: Store, acts: Any) -> None:
    set_aside(store, acts, "run-1", "em", "em", "ph")
    set_aside(store, acts, "run-2", None, "em")
    (pipeline,) = stored_pipelines(store, "default")
    assert [(why.reason, why.field, why.events, why.last_at) for why in reasons(store, pipeline.id)] == [
        ("value_missing", "em", 3, NOON + HOUR),
        ("currency_missing", None, 1, NOON + HOUR),
        ("value_missing", "ph", 1, NOON),
    ]
    found, count = newest(store, pipeline.id, Filter(), limit=2)
    assert ([reject.run_id for reject in found], count) == (["run-2", "run-2"], 5)
    for wanted, expected in (
        (Filter(reason="currency_missing"), 1),
        (Filter(field="em"), 3),
        (Filter(field="em", since=NOON + HOUR), 1),
        (Filter(reason="no_such"), 0),
    ):
        assert newest(store, pipeline.id, wanted, limit=9)[1] == expected


def test_the_latest_runs_are_counted_newest_first(store: Store, acts: Any) -> None:
    with acts.begin(store, "run-0") as run:
        acts.deliver(run, 1, 4)
        run.finish(RunStatus.DONE, now=store.clock.now(), elapsed_s=1.0)
    store.clock.sleep(3_600)
    set_aside(store, acts, "run-1", "em")
    found = latest_volumes(store, "default", since=NOON, most=5, names=NAMES)
    assert [volume.started_at for volume in found] == [NOON + HOUR, NOON]
    assert [volume.events for volume in found] == [{"rejected_local": 1}, {"acknowledged": 4}]
    assert [volume.started_at for volume in latest_volumes(store, "default", since=NOON, most=1, names=NAMES)] == [
        NOON + HOUR
    ]
    assert len(latest_volumes(store, "default", since=NOON + HOUR, most=5, names=NAMES)) == 1
    assert latest_volumes(store, "default", ("leads", "meta"), since=NOON, most=5, names=NAMES) == []
    assert latest_volumes(store, "prod", since=NOON, most=5, names=NAMES) == []
