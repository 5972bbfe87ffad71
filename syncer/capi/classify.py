"""What became of a request, judged by the numbers of its answer: pure and total (reliability promise R19)."""

import re
from dataclasses import dataclass

from syncer.capi.answer import Answer
from syncer.capi.untrusted import read_json, read_object, whole
from syncer.capi.usage import read_advice
from syncer.spec import answers
from syncer.spec.outcomes import Meaning, Outcome, OutcomeClass, TransportFailure

TRACE_ID = re.compile(r"[A-Za-z0-9_+/=-]{1,64}")
BLAMED_EVENT = re.compile(r"(?<![A-Za-z_])data[\[\].]{1,4}([0-9]{1,4})\b", re.ASCII)
"""`data[3]`, `data.3`, or the path ["data", 3, "user_data"] written as [data][3][user_data]."""
MOST_BLAMED = 50
LET_THROUGH = frozenset({OutcomeClass.ACKED, OutcomeClass.ANOMALY, OutcomeClass.REJECTED})
"""What becomes of requests whose events were looked at: no rate limit stood in their way."""


@dataclass(frozen=True, slots=True)
class GraphError:
    """The numbers of Meta's error object; `message` is kept for two texts that name no number of their own."""

    code: int
    subcode: int | None
    is_transient: bool
    message: str
    data: object


def classify(answer: Answer | TransportFailure, events: int) -> Outcome:
    """Return what became of a request of `events` events.

    Precedence: failure of the transport, then Meta's code and subcode, then the HTTP status. ACKED needs a 2xx
    status, a JSON object without error, a count equal to `events`, and a request that was written in full.
    """
    if isinstance(answer, TransportFailure):
        meaning = answers.FAILURES[answer]
        return Outcome(kind=meaning.kind, reason=meaning.reason, explanation=meaning.explanation)
    read = read_object(answer.body)
    document = read or {}
    raw_error = document.get("error")
    error = _graph_error(raw_error)
    received = whole(document.get("events_received"))
    if 200 <= answer.status < 300 and read is None:
        meaning = answers.NOT_JSON
    elif 200 <= answer.status < 300 and (error is None or "events_received" in document):
        meaning = answers.CONTRADICTION if raw_error is not None else _of_count(answer, received, events)
    elif error is not None:
        meaning = _of_error(error)
    else:
        meaning = _of_status(answer.status)
    advice = read_advice(answer, was_let_through=meaning.kind in LET_THROUGH)
    return Outcome(
        kind=meaning.kind,
        status=answer.status,
        code=error.code if error else None,
        subcode=error.subcode if error else None,
        fbtrace_id=_trace_id(document, raw_error),
        events_received=received,
        reason=meaning.reason,
        explanation=meaning.explanation,
        retry_after_s=advice.retry_after_s,
        usage_percent=advice.usage_percent,
        blamed=_blamed(error.data, events) if error and meaning.kind is OutcomeClass.REJECTED else (),
        date_skew_s=advice.date_skew_s,
        warning=advice.warning,
    )


def _of_count(answer: Answer, taken: int | None, events: int) -> Meaning:
    if taken is None:
        return answers.NO_COUNT
    if taken != events:
        return answers.WRONG_COUNT
    return answers.ACKNOWLEDGED if answer.request_was_whole else answers.TOO_EARLY


def _of_error(error: GraphError) -> Meaning:
    """Codes that say for sure that nothing was processed come first: Meta marks throttling as transient, too."""
    listed = answers.CODES.get((error.code, error.subcode or answers.NO_SUBCODE))
    listed = listed or answers.CODES.get((error.code, answers.ANY))
    message = error.message.lower()
    if error.code == 100 and not error.subcode and "missing permission" in message:
        listed = answers.MISSING_PERMISSION
    if listed is not None and listed.kind in (OutcomeClass.BLOCKED, OutcomeClass.THROTTLED):
        return listed
    if "reduce the amount of data" in message:
        return answers.REDUCE_DATA
    if error.is_transient:
        return answers.TRANSIENT
    if listed is not None:
        return listed
    if error.code < 0:
        return answers.INTERNAL
    return answers.REJECTED_FOR_DATA if error.subcode in answers.DATA_SUBCODES else answers.UNKNOWN_CODE


def _of_status(status: int) -> Meaning:
    if status in answers.STATUSES:
        return answers.STATUSES[status]
    if 300 <= status < 400:
        return answers.REDIRECTED
    return answers.SERVER_ERROR if 500 <= status < 600 else answers.UNKNOWN_STATUS


def _graph_error(raw: object) -> GraphError | None:
    """Return Meta's error, or None where there is no object with an integer code."""
    if not isinstance(raw, dict) or (code := whole(raw.get("code"))) is None:
        return None
    message = raw.get("message")
    return GraphError(
        code=code,
        subcode=whole(raw.get("error_subcode")),
        is_transient=raw.get("is_transient") is True,
        message=message[:500] if isinstance(message, str) else "",
        data=raw.get("error_data"),
    )


def _trace_id(document: dict[str, object], raw_error: object) -> str | None:
    inner = raw_error.get("fbtrace_id") if isinstance(raw_error, dict) else None
    found = inner or document.get("fbtrace_id")
    return found if isinstance(found, str) and TRACE_ID.fullmatch(found) else None


def _blamed(data: object, events: int) -> tuple[int, ...]:
    """Return the events that `error_data` (an object, or its JSON text) blames, each once, within the request."""
    if isinstance(data, str):
        data = read_json(data)
    paths = data.get("blame_field_specs") if isinstance(data, dict) else None
    if not isinstance(paths, list):
        return ()
    found: dict[int, None] = {}
    for path in paths[:MOST_BLAMED]:
        steps = path if isinstance(path, list) else [path]
        text = "".join(f"[{step}]" for step in steps[:10] if isinstance(step, str | int))[:300]
        number = BLAMED_EVENT.search(text)
        if number is not None and int(number[1]) < events:
            found[int(number[1])] = None
    return tuple(found)
