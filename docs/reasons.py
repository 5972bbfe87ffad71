"""The page of all reason codes, made of the codes themselves."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.reference.markdown import GENERATED, table
from syncer.engine.pauses import PAUSES
from syncer.report import Bucket
from syncer.spec.answers import MEANINGS
from syncer.spec.outcomes import Meaning, OutcomeClass
from syncer.spec.reasons import REASONS, Reason

PAGE = Path(__file__).with_name("reasons.md")
INTRODUCTION = f"""\
# Reasons

Every event that Meta did not acknowledge has one reason. Every odd thing about an event that was sent is a warning.
The codes are stable: scripts may compare them. `syncer explain CODE` prints the same text.

A run report counts events by reason and by warning. `syncer show RUN` lists the reasons of one run.

{GENERATED}"""
BUCKETS = {
    Bucket.REJECTED_LOCAL: "Refused before sending, because Meta would refuse the event. The other events of the run are sent.",
    Bucket.REJECTED_REMOTE: "Refused by Meta. The request was taken apart until only this event was left.",
    Bucket.BEFORE_START: "Older than the pipeline's start.",
    Bucket.EXPIRED: "Older than Meta takes.",
    Bucket.PAST_MAX_AGE: "Older than the pipeline allows.",
    Bucket.TOO_EARLY: "Sent by a later run.",
    Bucket.DUPLICATE_SKIPPED: "Settled before.",
    Bucket.KEY_PROBLEM: "The row cannot be told from others.",
    Bucket.UNREADABLE: "The row cannot be read.",
    Bucket.HELD: "Sent, outcome unknown.",
    Bucket.PENDING: "Read, not sent.",
    Bucket.NO_RULE: "Rows that none of the pipeline's `events` rules matches, or that go to another of its destinations.",
    Bucket.NO_CONSENT: "Without consent, by the pipeline's `consent`. Of the row nothing is normalised or hashed but the time of its event.",
    Bucket.PII_BLOCKED: "Personal data stands outside customer information, and `pii` says to block such events.",
    Bucket.ERASED: "Rows of persons who were erased.",
    Bucket.OVER_MAX_ROWS: "Read, not sent: the run had sent as much as it may.",
}
OUTCOMES = {
    OutcomeClass.BLOCKED: ("The pipeline pauses", "No request will succeed until somebody acts. Nothing is consumed."),
    OutcomeClass.THROTTLED: ("Rate limits", "The request was not taken. It waits and is sent again."),
    OutcomeClass.NOT_SENT: ("Not sent", "The request certainly did not arrive. It waits and is sent again."),
    OutcomeClass.DOUBT: (
        "Outcome unknown",
        "Nobody knows whether the events were taken. They are sent again with the same event_id, or held with `delivery: {mode: at_most_once}`.",
    ),
    OutcomeClass.TOO_BIG: ("Too big", "The request is halved and its halves are sent."),
    OutcomeClass.ANOMALY: ("Another count", "The events are held, and the run fails."),
}


def page() -> str:
    """Return the page as it should be."""
    return "\n".join((INTRODUCTION, *_buckets(), *_warnings(), *_outcomes())).rstrip() + "\n"


def _buckets() -> Iterator[str]:
    yield "## Events that were not acknowledged, by bucket\n"
    for bucket, what in BUCKETS.items():
        yield f"### {bucket.value}\n\n{what}\n"
        yield _reasons(reason for reason in REASONS.values() if reason.bucket is bucket)


def _warnings() -> Iterator[str]:
    yield "## Warnings\n\nThe event was sent.\n"
    yield _reasons(reason for reason in REASONS.values() if reason.bucket is None)


def _reasons(reasons: Iterable[Reason]) -> str:
    rows = ((f"`{each.code}`", f"`{each.field}`" if each.field else "", each.sentence, each.remedy) for each in reasons)
    return table(("code", "field", "what it means", "what to do"), rows)


def _outcomes() -> Iterator[str]:
    yield (
        "## Requests that failed\n\nThese stand beside a request in `syncer show`, and as `pause_reason` of a paused "
        "pipeline. More pause reasons are our own.\n"
    )
    yield "".join(f"- `{each.code}`: {each.what} {each.remedy}\n" for each in PAUSES.values())
    for kind, (title, what) in OUTCOMES.items():
        yield f"### {title}\n\n{what}\n"
        yield table(("code", "what it means, what to do"), map(_row, _meanings(kind)))


def _meanings(kind: OutcomeClass) -> Iterator[Meaning]:
    return (each for code, each in MEANINGS.items() if each.kind is kind and code not in REASONS)


def _row(meaning: Meaning) -> tuple[str, str]:
    return f"`{meaning.reason}`", meaning.explanation.rstrip(".") + "."
