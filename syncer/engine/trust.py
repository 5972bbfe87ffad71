"""Where a run asks for the right time before it goes by its own: when what it does next hangs on the age of events."""

from datetime import datetime

from syncer.engine.endings import INTERRUPTED, Ending, ending_of
from syncer.engine.job import Job
from syncer.engine.plan import starts_by_clock
from syncer.engine.readings import Sweep
from syncer.engine.recover import holds_by_age
from syncer.engine.tools import Tools
from syncer.report import Bucket
from syncer.state.runs import RunLog
from syncer.transform import Transformed

BY_AGE = (Bucket.EXPIRED, Bucket.PAST_MAX_AGE, Bucket.TOO_EARLY)
IN_FUTURE = "event_time_in_future"


def distrusted(tools: Tools, *, although_away: bool = False) -> Ending | None:
    """Return how a run ends whose clock must not decide over events, or that was stopped meanwhile; None: it goes on.

    `although_away`: it goes on where the destination cannot be asked.
    """
    distrust = tools.stop.wait_for(tools.clock_check.asked)
    if tools.stop.is_wanted:
        return INTERRUPTED
    if distrust is None or (although_away and distrust.is_away):
        return None
    return ending_of(distrust)


def distrusted_at_first(job: Job, run: RunLog, tools: Tools, now: datetime) -> Ending | None:
    """Return how a run ends before it reads a row; None: it goes on.

    The time decides what a sweep reads, and what is held of requests in doubt. Where the pipeline starts, unless that is
    a date or the beginning, and when what is left of a run that died is taken over, is told by it: that goes on where the
    destination cannot be asked.
    """
    decides = job.sweep is not Sweep.NONE or holds_by_age(run, mode=job.pipeline.delivery.mode, now=now)
    fixes_start = job.is_regular and run.start is None and starts_by_clock(job.pipeline.start)
    if decides or run.unfinished() or fixes_start:
        return distrusted(tools, although_away=not decides)
    return None


def is_by_clock(made: Transformed) -> bool:
    """Return whether an event is left out, now or for good, by what this machine takes for the time."""
    return any(made.tally.buckets[bucket] for bucket in BY_AGE) or made.tally.reasons[IN_FUTURE] > 0
