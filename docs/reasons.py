"""The page of all reason codes, made of the codes themselves."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.reference.markdown import GENERATED, table
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
    Bucket.NO_RULE: "Used once `events` is obeyed.",
    Bucket.NO_CONSENT: "Used once `consent` is obeyed.",
    Bucket.PII_BLOCKED: "Personal data stands outside customer information, and `pii` says to block such events.",
    Bucket.ERASED: "Rows of persons who were erased.",
    Bucket.OVER_MAX_ROWS: "Used once `delivery.max_rows` is obeyed.",
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
        "pipeline. Four more pause reasons are our own.\n\n"
        "- `systematic_reject`: Meta refused 20 events in a row one by one with one code, or more than a tenth of the 100 "
        "or more events of a run, or each event of a request with code 100 and no rule of the Conversions API. That is a "
        "wrong mapping or dataset, not a bad row: at most 20 events or a tenth are set aside, all others stay to be sent. "
        "Later runs try again, and end at the first refusal unless Meta took something before.\n"
        "- `rejects_full`: 100,000 events are set aside. Mend what they have in common and retry them, or drop them, "
        "with [`syncer rejects`](commands.md#syncer-rejects).\n"
        "- `needs_decision`: the source, the cursor or the key is not the one that the state was made with; put it back, or "
        "`syncer resume NAME` goes on with it.\n"
        "- `clock_wrong`: this machine's clock is more than 10 minutes off the destination's. Set it, let NTP keep it, and "
        "run again; nothing was [counted as too old](reliability.md#a-wrong-clock) by it.\n"
        "- `crash_loop`: three runs crashed within ten minutes, under a [daemon](daemon.md#many-pipelines). Its log says "
        "where; mend that, then `syncer resume NAME`.\n"
    )
    for kind, (title, what) in OUTCOMES.items():
        yield f"### {title}\n\n{what}\n"
        yield table(("code", "what it means, what to do"), map(_row, _meanings(kind)))


def _meanings(kind: OutcomeClass) -> Iterator[Meaning]:
    return (each for code, each in MEANINGS.items() if each.kind is kind and code not in REASONS)


def _row(meaning: Meaning) -> tuple[str, str]:
    return f"`{meaning.reason}`", meaning.explanation.rstrip(".") + "."
