"""How runs end, in words."""

from dataclasses import dataclass

from syncer.engine.again import Recall
from syncer.engine.clock_check import CLOCK_WRONG, Distrust
from syncer.pipeline import Pipeline
from syncer.report import Bucket, RunStatus
from syncer.spec.outcomes import Outcome
from syncer.state.quarantine import MOST_SET_ASIDE

BY_HAND = "by_hand"
"""Why a pipeline is paused that an operator paused: no run tries again whether the reason is gone."""
SYSTEMATIC = "systematic_reject"
"""Why a pipeline is paused whose mapping or dataset must be wrong, by what Meta refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ends, and what to tell about it."""

    status: RunStatus
    message: str = ""
    pause_reason: str | None = None


def ending_of(distrust: Distrust) -> Ending:
    """Return how a run ends whose clock is not to be believed."""
    if distrust.pauses:
        return Ending(status=RunStatus.PAUSED, message=distrust.message, pause_reason=CLOCK_WRONG)
    return Ending(status=RunStatus.FAILED, message=distrust.message)


INTERRUPTED = Ending(status=RunStatus.INTERRUPTED, message="stopped by hand; the next run goes on from here")


def paused(pipeline: Pipeline) -> Ending:
    """Return how a run ends whose pipeline an operator paused."""
    message = f"paused by hand; `syncer resume {pipeline.name}` lets it run again"
    return Ending(status=RunStatus.PAUSED, message=message, pause_reason=BY_HAND)


def over_max_rows(pipeline: Pipeline) -> Ending:
    """Return how a run ends that found events of more rows than it may send."""
    message = (
        f"it sent events of {pipeline.delivery.max_rows:,} rows, as many as delivery.max_rows allows, and there are "
        f"more; look at `syncer plan {pipeline.name}`, raise the number if it is expected, then run again: "
        "the next run goes on from here"
    )
    return Ending(status=RunStatus.PAUSED, message=message, pause_reason=Bucket.OVER_MAX_ROWS.value)


def full(pipeline: Pipeline) -> Ending:
    """Return how a run ends for which too much is set aside."""
    message = (
        f"{MOST_SET_ASIDE:,} events are set aside, and no more are; mend what they have in common, then "
        f"`syncer rejects retry {pipeline.name} --all` or `syncer rejects drop {pipeline.name} --all --yes` makes room"
    )
    return Ending(status=RunStatus.PAUSED, message=message, pause_reason="rejects_full")


def still_refused(ending: Ending, *, is_retry: bool) -> Ending:
    """Return how judging again ends where Meta refuses as before: no reason to keep new rows waiting."""
    status = RunStatus.FAILED if is_retry else RunStatus.DONE_WITH_REJECTS
    return Ending(status=status, message=f"of the rejects that were judged again: {ending.message}")


def not_found(recall: Recall) -> str:
    """Return in words what could not be judged again, and what can be done about it."""
    keyless = sum(reject.identity is None for reject in recall.rejects)
    gone = len(recall.wanted - recall.found)
    said = []
    if not recall.rejects:
        said.append("nothing like this is set aside")
    if gone:
        said.append(f"the query gives no row any more for {gone:,} of them; `syncer rejects drop` forgets them")
    if keyless:
        said.append(f"{keyless:,} have no key to be found by; a run reads them when their rows' cursor grows")
    return "; ".join(said)


def systematic(outcome: Outcome, refused: str) -> Ending:
    """Return how a run ends of which Meta refused so much that no single event is to blame; `refused` says how much."""
    message = (
        f"Meta refused {refused} ({outcome.reason}): {outcome.explanation}; "
        "look at the mapping and the dataset, then run again"
    )
    return Ending(status=RunStatus.PAUSED, message=message, pause_reason=SYSTEMATIC)
