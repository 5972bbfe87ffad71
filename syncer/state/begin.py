"""How a run begins: it takes the pipeline over."""

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, insert, update

from syncer.report import RunStatus
from syncer.state import asked, outbox, pipelines
from syncer.state.locks import Lock
from syncer.state.new_run import NewRun
from syncer.state.quarantine import Aside
from syncer.state.runs import RunLog
from syncer.state.tables import RUNS

if TYPE_CHECKING:
    from syncer.state.store import Store

_INSERT = insert(RUNS)
_INTERRUPT = (
    update(RUNS)
    .where(RUNS.c.pipeline_id == bindparam("of_pipeline"), RUNS.c.status == RunStatus.RUNNING.value)
    .values(
        status=RunStatus.INTERRUPTED.value,
        finished_at=bindparam("now"),
        watermark_after=bindparam("reached"),
        crashed=1,
    )
)


def begin(store: "Store", lock: Lock, new: NewRun) -> RunLog:
    """Write the run's first row and take over what earlier runs left; the lock is held already."""
    with store.tx("lease") as connection:
        found = pipelines.find_or_make(connection, new.scope, new.now)
        mine = pipelines.take_over(connection, found, holder=new.holder, now=new.now, fingerprint=new.fingerprint)
        reached = str(found.watermark) if found.watermark else None
        connection.execute(_INTERRUPT, {"of_pipeline": mine.id, "now": new.now, "reached": reached})
        unfinished = outbox.adopt(connection, mine.id, epoch=mine.epoch)
        connection.execute(
            _INSERT,
            {
                "id": new.run_id,
                "pipeline_id": mine.id,
                "epoch": mine.epoch,
                "status": RunStatus.RUNNING.value,
                "trigger": new.trigger,
                "holder": new.holder,
                "fingerprint": new.fingerprint,
                "started_at": new.now,
                "watermark_before": reached,
            },
        )
        if new.is_answer:
            asked.begun(connection, new.scope, new.run_id)
        aside = Aside.load(connection, mine.id)
    return RunLog(store, lock, new, mine, unfinished=unfinished, aside=aside)
