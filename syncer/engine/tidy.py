"""What a run does once it has ended: it forgets what is over its term, and puts a long ledger into files."""

import logging

from syncer.engine.job import Job
from syncer.engine.tools import Tools
from syncer.engine.trust import distrusted
from syncer.errors import SyncerError
from syncer.state.prune import has_due, prune
from syncer.state.runs import RunLog

log = logging.getLogger(__name__)


def tidy_up(job: Job, run: RunLog, tools: Tools) -> None:
    """Do what makes runs to come cheaper; where that fails, this one is no worse for it and the next tries again."""
    _forget(job, tools)
    if run.ledger.read > job.store.ledger_sizes.long or run.ledger.has_untidy_files:
        _put_in_files(job, tools)


def _forget(job: Job, tools: Tools) -> None:
    """Forget what is over its term, by a clock that is known for right: one that is ahead would forget too much."""
    now = tools.clock.now()
    try:
        if not has_due(job.store, job.retention, now=now) or distrusted(tools) is not None:
            return
        if deleted := prune(job.store, job.retention, now=now):
            log.info("state.pruned", extra={"rows": deleted})
    except SyncerError as error:
        log.warning("state.not_pruned", extra={"error": str(error)})


def _put_in_files(job: Job, tools: Tools) -> None:
    from syncer.state.ledger_files import extend

    try:
        events = extend(job.store, job.scope, is_stopped=lambda: tools.stop.is_wanted)
        log.info("ledger.in_files", extra={"pipeline": job.pipeline.name, "events": events})
    except (SyncerError, OSError) as error:
        log.warning("ledger.not_in_files", extra={"pipeline": job.pipeline.name, "error": type(error).__name__})
