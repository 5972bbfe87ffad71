"""What is known of a run when it begins."""

from dataclasses import dataclass
from datetime import datetime

from syncer.state.scope import Scope


@dataclass(frozen=True, slots=True)
class NewRun:
    """What is known when a run begins."""

    scope: Scope
    run_id: str
    now: datetime
    fingerprint: str
    trigger: str
    holder: str
    is_answer: bool = False
    """Whether it does all that was asked for when it begins."""
