"""How a run ends: its row says how, once."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, update

from syncer.errors import StateError
from syncer.report import RunStatus
from syncer.state.tables import RUNS

_FINISH = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("of_run"), RUNS.c.status == RunStatus.RUNNING.value)
    .values(
        status=bindparam("new_status"),
        finished_at=bindparam("at"),
        elapsed_s=bindparam("took_s"),
        message=bindparam("new_message"),
        pause_reason=bindparam("reason"),
        watermark_after=bindparam("reached"),
        crashed=bindparam("is_crash"),
    )
)


def end(  # noqa: PLR0913  # each is a fact of the run's row
    connection: Connection,
    run_id: str,
    status: RunStatus,
    *,
    at: datetime,
    elapsed_s: float,
    message: str,
    pause_reason: str | None,
    reached: str | None,
    is_crash: bool,
) -> None:
    """Write how a run ended; raises `StateError` where it is finished already."""
    row = connection.execute(
        _FINISH,
        {
            "of_run": run_id,
            "new_status": status.value,
            "at": at,
            "took_s": elapsed_s,
            "new_message": message,
            "reason": pause_reason,
            "reached": reached,
            "is_crash": 1 if is_crash else None,
        },
    )
    if row.rowcount != 1:
        raise StateError(f"state: run {run_id} is finished already")
