"""What the shell is told, the same for every command and for whoever asks the daemon."""

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncer.pipeline import Pipeline
    from syncer.report import RunReport


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    TOO_MANY_REJECTS = 3
    LOCKED = 4
    SOMETHING_TO_DO = 5
    INTERRUPTED = 130


def exit_code(report: "RunReport", pipeline: "Pipeline | None") -> Exit:
    """Return what a run of `pipeline` that ended with `report` is told as; None: no file has it, so none says to tolerate."""
    from syncer.report import NOT_DELIVERED, RunStatus

    match report.status:
        case RunStatus.LOCKED:
            return Exit.LOCKED
        case RunStatus.INTERRUPTED:
            return Exit.INTERRUPTED
        case RunStatus.FAILED | RunStatus.PAUSED | RunStatus.RUNNING:
            return Exit.FAILED
    refused = sum(report.tally.buckets[bucket] for bucket in NOT_DELIVERED)
    tolerated = pipeline.tolerate.rejected.ratio * report.own_events if pipeline else 0
    return Exit.TOO_MANY_REJECTS if refused > tolerated else Exit.DONE
