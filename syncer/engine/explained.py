"""What a code means that stands in reports and in the state: why an event, a request or a pipeline is where it is."""

from dataclasses import dataclass

from syncer.engine.pauses import PAUSES
from syncer.spec.answers import MEANINGS
from syncer.spec.reasons import REASONS


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code in words."""

    code: str
    kind: str
    """What it is said of: the bucket of an event, a request, a pipeline."""
    what: str
    remedy: str = ""


def codes() -> list[str]:
    """Return every code that is known."""
    return [*REASONS, *MEANINGS, *PAUSES]


def explanation(code: str) -> Explanation | None:
    """Return what a code means; None where there is none of that name."""
    if reason := REASONS.get(code):
        kind = f"bucket {reason.bucket}" if reason.bucket else "warning; the event is sent"
        field = f", field {reason.field}" if reason.field else ""
        return Explanation(code, kind + field, reason.sentence, reason.remedy)
    if meaning := MEANINGS.get(code):
        return Explanation(code, f"request {meaning.kind}", meaning.explanation)
    if pause := PAUSES.get(code):
        return Explanation(code, "pipeline paused", pause.what, pause.remedy)
    return None
