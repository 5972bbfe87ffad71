"""One run for all that was asked of a pipeline, however it ends: nothing of it reaches the daemon."""

import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from connectors.errors import SourceError
from syncer.daemon import alone
from syncer.engine.scheduled_test import SCHEDULE
from syncer.errors import ConfigError, LockedError, SyncerError
from syncer.logs import redact, unexpected
from syncer.pipeline import Pipeline
from syncer.report import RunReport, RunStatus
from syncer.session import Session
from syncer.signals import SIGNALS
from syncer.state import asked, crashes
from syncer.state.asked import CLOCKS, RECONCILE, Asked

if TYPE_CHECKING:
    import subprocess

log = logging.getLogger(__name__)


class Ended(Enum):
    """What a run leaves to do."""

    WELL = "well"
    """Nothing."""
    LOCKED = "locked"
    """To try again when the process that holds the pipeline is done."""
    FAILED = "failed"
    """To try again after a while: nothing could be written down."""


@dataclass
class Worker:
    """Runs one way of a pipeline. Mutable: it knows the process that it waits for, and what went wrong."""

    session: Session
    pipeline: Pipeline
    wishes: Sequence[Asked]
    is_suspect: bool
    """Whether its last run crashed: it runs in a process of its own."""
    process: "subprocess.Popen[bytes] | None" = None
    said: str = ""
    """Why nothing could be written down; redacted."""

    @property
    def trigger(self) -> str:
        """Return what the run is written down with: `trigger` where a person asked."""
        return SCHEDULE if all(wish.by in CLOCKS for wish in self.wishes) else "trigger"

    def run(self) -> Ended:
        """Run it; raises nothing."""
        name = self.pipeline.name
        try:
            return self._alone() if self.is_suspect else self._here()
        except LockedError as error:
            log.info("run.locked", extra={"pipeline": name, "holder": error.holder})
            return Ended.LOCKED
        except ConfigError as error:
            return self._refused(str(error))
        except (SyncerError, SourceError) as error:
            self._tell("run.failed", str(error))
            return Ended.FAILED
        except BaseException as error:  # noqa: BLE001  # whatever a driver throws, the daemon and the others go on
            self._tell("run.crashed", unexpected(error))
            return Ended.FAILED

    def stop(self) -> None:
        """Ask a process to stop, where the run has one of its own."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)

    def _here(self) -> Ended:
        wants_sweep = any(wish.by == RECONCILE for wish in self.wishes)
        report = self.session.run(self.pipeline, trigger=self.trigger, wants_sweep=wants_sweep)
        log.log(_level(report), "run.reported", extra=_facts(report))
        # its wishes are open again: one that nobody stopped would begin at once, for ever
        return Ended.FAILED if report.status is RunStatus.INTERRUPTED else Ended.WELL

    def _alone(self) -> Ended:
        wants_sweep = any(wish.by == RECONCILE for wish in self.wishes)
        project = self.session.project
        with alone.start(project, self.pipeline, trigger=self.trigger, wants_sweep=wants_sweep) as self.process:
            if self.session.stop.is_wanted:  # whoever drains may have looked before there was a process
                self.stop()
            code = self.process.wait()
        if code < 0:
            crashes.find_dead(self.session.store, project.target)
            if not (self.session.stop.is_wanted and -code in SIGNALS):  # else it was told before it listened
                self._tell("run.crashed", f"signal {-code}")
        return {0: Ended.WELL, alone.LOCKED: Ended.LOCKED}.get(code, Ended.FAILED)

    def _tell(self, event: str, error: str) -> None:
        """Log a failure without a trace: that of a driver may hold data."""
        self.said = redact(f"{self.pipeline.name}: {error}")
        log.log(logging.ERROR, event, extra={"pipeline": self.pipeline.name, "error": error})

    def _refused(self, message: str) -> Ended:
        """Tell whoever waits why no run could begin."""
        self._tell("run.refused", message)
        try:
            asked.refuse(self.session.store, self.session.project.target, self.wishes, message=message)
        except SyncerError as error:
            self._tell("run.failed", str(error))
            return Ended.FAILED
        return Ended.WELL


def _level(report: RunReport) -> int:
    return logging.INFO if report.status.value.startswith("done") else logging.WARNING


def _facts(report: RunReport) -> dict[str, object]:
    buckets = {bucket: number for bucket, number in sorted(report.tally.buckets.items()) if number}
    facts = {
        "pipeline": report.pipeline,
        "run_id": report.run_id,
        "status": report.status.value,
        "rows": report.tally.rows_read,
        "acknowledged": report.acknowledged,
        "requests": report.requests,
        "elapsed_s": round(report.elapsed_s, 3),
    }
    more = {"pause_reason": report.pause_reason, "buckets": buckets, "why": report.message}
    return facts | {name: value for name, value in more.items() if value}
