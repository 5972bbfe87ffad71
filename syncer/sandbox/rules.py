"""One request body judged as Meta judges it: one bad event refuses the whole batch.

Refused is what the documentation states without an exception anybody has seen, what live calls were seen to be refused
for, and personal data that is not hashed. The rest (advice, unconfirmed limits, rules that live calls contradict)
becomes a note, and with `strict` a refusal. Source: Conversions API reference and guides, read 2026-11.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from syncer.sandbox.custom_data import judge_custom_data
from syncer.sandbox.customer_info import judge_customer_info
from syncer.sandbox.facts import FUTURE_TOLERANCE_S, MOST_EVENTS, PARTNER_AGENT_BELOW
from syncer.sandbox.notes import Judging, Note
from syncer.sandbox.refusal import Refusal, bad_parameter
from syncer.sandbox.server_event import judge_limited_data_use, judge_name, judge_rest, judge_source, judge_time
from syncer.sandbox.shapes import Json
from syncer.sandbox.variants import judge_app, judge_attribution, judge_messaging

EVENT_RULES: tuple[Callable[[Json, Judging], Refusal | None], ...] = (
    judge_name,
    judge_time,
    judge_source,
    judge_rest,
    judge_customer_info,
    judge_custom_data,
    judge_limited_data_use,
    judge_app,
    judge_messaging,
    judge_attribution,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """How the judge is set."""

    strict: bool = False
    """Refuse also what Meta documents or advises, yet was seen to take or not shown to refuse."""
    future_tolerance_s: int = FUTURE_TOLERANCE_S


@dataclass(frozen=True, slots=True)
class Accepted:
    """A batch without fault: its events, and the remarks by index of the event."""

    events: Sequence[Json]
    notes: dict[int, list[Note]]


def judge_event(event: Json, *, now: float, law: Law) -> Refusal | list[Note]:
    """Return why Meta refuses this event, or what is worth a remark about it."""
    judging = Judging(now, law.strict, law.future_tolerance_s)
    for rule in EVENT_RULES:
        refusal = rule(event, judging)
        if refusal is not None:
            return refusal
    return judging.notes or []


def judge_batch(parameters: Json, *, now: float, law: Law) -> Refusal | Accepted:
    """Return the verdict on the parameters of one request: `data` and what stands beside it."""
    refusal = _request_parameters(parameters)
    if refusal:
        return refusal
    events = unpacked(parameters.get("data"))
    if isinstance(events, Refusal):
        return events
    notes: dict[int, list[Note]] = {}
    for index, event in enumerate(events):
        verdict = judge_event(event, now=now, law=law)
        if isinstance(verdict, Refusal):
            return verdict.at(index)
        if verdict:
            notes[index] = verdict
    return Accepted(events, notes)


def unpacked(data: object) -> list[Json] | Refusal:
    """Return the events of `data`, which may be JSON text or hold JSON texts, as forms send them."""
    if data is None or data == "":
        return Refusal(code=100, message="(#100) The parameter data is required", path=("data",))
    if isinstance(data, str):
        data = _parsed(data)
    if not isinstance(data, list):
        return bad_parameter(("data",), "must be an array.")
    if not data:
        return bad_parameter(("data",), "must be non-empty.")
    if len(data) > MOST_EVENTS:
        return bad_parameter(("data",), f"must hold at most {MOST_EVENTS} events; it holds {len(data)}.")
    events: list[Json] = []
    for index, item in enumerate(data):
        event = _parsed(item) if isinstance(item, str) else item
        if not isinstance(event, dict):
            return bad_parameter(("data", index), "must be an object")
        events.append(event)
    return events


def _parsed(document: str) -> object:
    try:
        return orjson.loads(document)
    except orjson.JSONDecodeError:
        return None


def _request_parameters(parameters: Json) -> Refusal | None:
    for key in ("test_event_code", "partner_agent", "namespace_id", "upload_id", "upload_tag", "upload_source"):
        value = parameters.get(key)
        if value is not None and not isinstance(value, str):
            return bad_parameter((key,), "must be a string")
    agent = parameters.get("partner_agent")
    if isinstance(agent, str) and not (len(agent) < PARTNER_AGENT_BELOW and sum(map(str.isalpha, agent)) >= 2):
        return bad_parameter(
            ("partner_agent",), f"must be shorter than {PARTNER_AGENT_BELOW} characters, with at least two letters"
        )
    return None
