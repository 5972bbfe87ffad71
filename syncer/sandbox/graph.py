"""What the Graph API answers to a call, and what the sandbox remembers of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from syncer.sandbox.answer import Answer, document, error, page, trace_id
from syncer.sandbox.facts import NEWEST_VERSION
from syncer.sandbox.faults import THROTTLE_CODES, Strike
from syncer.sandbox.quality import quality
from syncer.sandbox.refusal import Path, Refusal, invalid
from syncer.sandbox.request import Call, Parameters, bearer, parameters_of
from syncer.sandbox.rules import Accepted, judge_batch
from syncer.sandbox.sandbox import Sandbox
from syncer.sandbox.shapes import Json
from syncer.sandbox.store import Batch, RefusedRecord, RequestRecord
from syncer.sandbox.tokens import EXPIRED, missing_permission, no_such_object, token_refusal
from syncer.sandbox.usage import Headers, account_headers, usage_headers, version_headers

_EVENTS_PATH = re.compile(r"/(v\d{1,3}\.\d{1,3})/([^/]+)/events/?", re.ASCII).fullmatch
_OBJECT_PATH = re.compile(r"/v\d{1,3}\.\d{1,3}/[^/]+/?", re.ASCII).fullmatch
_DEBUG_PATH = re.compile(r"(?:/v\d{1,3}\.\d{1,3})?/debug_token/?", re.ASCII).fullmatch
_QUALITY_PATH = re.compile(r"/v\d{1,3}\.\d{1,3}/dataset_quality/?", re.ASCII).fullmatch
_TRANSIENT = frozenset({1, 2, 5000})
_STATUS = {1: 500, 2: 500, 4: 403, 5000: 500, 190: 401, 102: 401, 10: 403, 200: 403}
_THROTTLED_MINUTES = 1


def is_events(call: Call) -> bool:
    """Return whether the call posts events."""
    return call.method == "POST" and _EVENTS_PATH(call.path) is not None


@dataclass(frozen=True, slots=True)
class Visit:
    """One POST of events, from its number to its answer."""

    sandbox: Sandbox
    call: Call
    number: int
    strike: Strike
    now: float

    def answer(self) -> Answer:
        """Return the answer, and remember what was taken or refused."""
        percent = self.sandbox.usage.add(self.now)
        struck = self._struck_before()
        if struck is not None:
            return struck
        parameters = self._admitted(percent)
        if isinstance(parameters, Refusal):
            return self._refuse(parameters, None)
        headers = [
            *self.sandbox.usage.headers(percent, self.dataset_id, now=self.now),
            *version_headers(self.version, now=self.now),
        ]
        taken = self._taken(parameters)
        return taken if isinstance(taken, Answer) else self._accept(taken, parameters, headers)

    def lost(self, status: int) -> Answer:
        """Remember a request that ended before its body was read: 0 for a reset, 413 for a page."""
        self._record(None, status=status, outcome="too_large" if status else "reset_before")
        return page(status) if status else Answer(status=0, body=b"")

    @property
    def version(self) -> str:
        """The version in the path, such as v26.0."""
        return self.call.path.split("/")[1]

    @property
    def dataset_id(self) -> str:
        """The dataset in the path."""
        return self.call.path.split("/")[2]

    def _struck_before(self) -> Answer | None:
        """Return the answer of a fault that takes no events."""
        fault = self.strike.fault
        match self.strike.name:
            case "html":
                return self._lost(page(503))
            case "too_large":
                return self._lost(page(413))
            case "500":
                return self._error(2)
            case "expire":
                return self._refuse(token_refusal(EXPIRED), None)
            case "throttle" if fault:
                return self._throttled(fault.code or THROTTLE_CODES[self.number % len(THROTTLE_CODES)])
            case "error" if fault:
                return self._error(fault.code, fault.subcode)
        return None

    def _lost(self, answer: Answer) -> Answer:
        self._record(None, status=answer.status, outcome=self.strike.name)
        return answer

    def _error(self, code: int, subcode: int | None = None) -> Answer:
        transient = code in _TRANSIENT
        message = f"(#{code}) An error has been asked for by the faults of the sandbox"
        if transient:
            message = "An unexpected error has occurred. Please retry your request later."
        status = _STATUS.get(code, 400)
        return self._refuse(
            Refusal(code=code, subcode=subcode, status=status, message=message, is_transient=transient), None
        )

    def _throttled(self, code: int, minutes: int = _THROTTLED_MINUTES) -> Answer:
        messages = {4: "(#4) Application request limit reached", 17: "(#17) User request limit reached"}
        message = messages.get(code, f"(#{code}) There have been too many calls. Wait a bit and try again.")
        subcode = {17: 2446079, 613: 1487742}.get(code)
        status = _STATUS.get(code, 400)
        answer = self._refuse(Refusal(code=code, subcode=subcode, status=status, message=message), None)
        headers = usage_headers(100, self.dataset_id, minutes=minutes)
        if code in {17, 613}:
            headers = account_headers(100, seconds=minutes * 60)
        return replace(answer, headers=[*answer.headers, *headers])

    def _admitted(self, percent: float) -> Parameters | Refusal:
        """Return what the call says, or why it is refused before its events are looked at."""
        if not self._is_counted_only():
            parameters = parameters_of(self.call)
        else:
            parameters = parameters_of(replace(self.call, body=b""))
        if isinstance(parameters, Refusal):
            return parameters
        if _numbers(self.version) > NEWEST_VERSION:
            return Refusal(code=2500, message=f"Unknown path components: {self.call.path}")
        refusal = self.sandbox.door().refuses(
            parameters.token,
            dataset_id=self.dataset_id,
            proof=parameters.values.get("appsecret_proof"),
            now=self.now,
        )
        if refusal is None and percent > 100:
            message = "(#80004) There have been too many calls to this ad-account. Wait a bit and try again."
            refusal = Refusal(code=80004, message=message)
        return refusal or parameters

    def _is_counted_only(self) -> bool:
        settings = self.sandbox.settings
        is_json = self.call.headers.get(b"content-type", b"").startswith(b"application/json")
        return settings.judge == "count" and is_json and bearer(self.call) is not None and settings.app_secret is None

    def _taken(self, parameters: Parameters) -> Accepted | Answer | int:
        """Return the batch that the judge lets pass, the count of one not looked at, or the answer to a bad one."""
        if self._is_counted_only():
            return self.call.body.count(b'"user_data":')
        verdict = judge_batch(parameters.values, now=self.now, law=self.sandbox.law)
        if isinstance(verdict, Refusal):
            return self._refuse(verdict, parameters)
        poisoned = self._poisoned(verdict.events)
        return self._refuse(poisoned, parameters) if poisoned else verdict

    def _poisoned(self, events: Sequence[Json]) -> Refusal | None:
        poison = self.sandbox.faults.poison
        if poison is None:
            return None
        for index, event in enumerate(events):
            if self.sandbox.faults.poisons(event):
                return invalid(poison.subcode or 0, ("event_id",)).at(index)
        return None

    def _accept(self, taken: Accepted | int, parameters: Parameters, headers: Headers) -> Answer:
        fault = self.strike.fault
        fewer = fault.fewer if fault and fault.name == "short" else 0
        if isinstance(taken, int):
            received = max(0, taken - fewer)
            self.sandbox.store.count(received)
        else:
            events = taken.events[: max(0, len(taken.events) - fewer)]
            received = len(events)
            code = parameters.values.get("test_event_code")
            batch = Batch(
                request=self.number,
                received_at=self.now,
                dataset_id=self.dataset_id,
                test_event_code=code if isinstance(code, str) else None,
            )
            self.sandbox.store.take(batch, events, taken.notes)
        return self._accepted(received, parameters, headers)

    def _accepted(self, received: int, parameters: Parameters, headers: Headers) -> Answer:
        body = {"events_received": received, "messages": [], "fbtrace_id": self._trace_id()}
        answer = document(body, headers=headers)
        match self.strike.name:
            case "garbage":
                answer = replace(answer, body=b'{"events_received": ' + orjson.dumps(received) + b', "messages": [')
            case "500_after":
                refusal = Refusal(code=2, status=500, message="Service temporarily unavailable", is_transient=True)
                answer = self._envelope(refusal)
        status = 0 if self.strike.name == "reset_after" else answer.status
        self._record(parameters, status=status, outcome=self.strike.name or "accepted", events=received)
        return answer

    def _refuse(self, refusal: Refusal, parameters: Parameters | None) -> Answer:
        """Remember the refusal and return its answer."""
        outcome = self.strike.name or "refused"
        record = RefusedRecord(
            self.number,
            self.now,
            refusal,
            _event_at(parameters, refusal.event),
            dataset_id=self.dataset_id,
            fbtrace_id=self._trace_id(),
            outcome=outcome,
        )
        self.sandbox.store.refuse(record)
        self._record(parameters, status=refusal.status, outcome=outcome, refusal=refusal)
        return self._envelope(refusal)

    def _envelope(self, refusal: Refusal) -> Answer:
        sandbox = self.sandbox
        blame: Path | None = None
        hints = sandbox.hints
        if self.strike.lies and refusal.event is not None:
            blame = ("data", refusal.event + 1 if refusal.event == 0 else refusal.event - 1, *refusal.path[2:])
            hints = "object" if hints == "none" else hints
        return error(refusal, self._trace_id(), locale=sandbox.settings.locale, hints=hints, blame=blame)

    def _trace_id(self) -> str:
        return trace_id(self.sandbox.faults.seed, self.number)

    def _record(
        self,
        parameters: Parameters | None,
        *,
        status: int,
        outcome: str,
        events: int = 0,
        refusal: Refusal | None = None,
    ) -> None:
        code = parameters.values.get("test_event_code") if parameters else None
        self.sandbox.store.record(
            RequestRecord(
                number=self.number,
                received_at=self.now,
                dataset_id=self.dataset_id,
                version=self.version,
                body_bytes=len(self.call.body),
                events=events,
                status=status,
                outcome=outcome,
                code=refusal.code if refusal else None,
                subcode=refusal.subcode if refusal else None,
                fbtrace_id=self._trace_id(),
                token_in=parameters.token_in if parameters else "none",
                test_event_code=code if isinstance(code, str) else None,
            )
        )


def answer_other(sandbox: Sandbox, call: Call) -> Answer:
    """Return the answer to any call but a POST of events."""
    trace = trace_id(sandbox.faults.seed, 0)
    result = _other(sandbox, call)
    if isinstance(result, Refusal):
        return error(result, trace, locale=sandbox.settings.locale)
    return result


def _other(sandbox: Sandbox, call: Call) -> Answer | Refusal:
    if _DEBUG_PATH(call.path):
        return _debug_token(sandbox, call)
    if _QUALITY_PATH(call.path):
        return _quality(sandbox, call)
    if _EVENTS_PATH(call.path):
        return no_such_object(call.path.split("/")[2], call.method.lower())
    if _OBJECT_PATH(call.path):
        return missing_permission()
    return Refusal(code=2500, message=f"Unknown path components: {call.path}")


def _debug_token(sandbox: Sandbox, call: Call) -> Answer | Refusal:
    """Answer a read, which may come as a POST that says `method=GET`; only the token's own app may ask."""
    parameters = parameters_of(call)
    if isinstance(parameters, Refusal):
        return parameters
    if str(parameters.values.get("method", call.method)).upper() != "GET":
        return no_such_object("debug_token", call.method.lower())
    if parameters.token is None:
        return Refusal(code=104, message="An access token is required to request this resource.")
    asked = parameters.values.get("input_token")
    if not isinstance(asked, str) or not asked:
        return Refusal(code=100, message="(#100) The parameter input_token is required")
    now = sandbox.settings.clock()
    refusal = sandbox.door().refuses_to_describe(parameters.token, parameters.values.get("appsecret_proof"), now=now)
    if refusal is not None:
        return refusal
    return document(sandbox.door().described(asked, now))


def _quality(sandbox: Sandbox, call: Call) -> Answer | Refusal:
    parameters = parameters_of(call)
    if isinstance(parameters, Refusal):
        return parameters
    values = parameters.values
    if str(values.get("method", call.method)).upper() != "GET":
        return no_such_object("dataset_quality", call.method.lower())
    dataset_id = values.get("dataset_id")
    if not isinstance(dataset_id, str) or not dataset_id:
        return Refusal(code=100, message="(#100) The parameter dataset_id is required")
    proof, now = values.get("appsecret_proof"), sandbox.settings.clock()
    refusal = sandbox.door().refuses(parameters.token, dataset_id=dataset_id, proof=proof, now=now)
    return refusal or document(quality(sandbox.events()))


def _numbers(version: str) -> tuple[int, int]:
    major, _, minor = version[1:].partition(".")
    return int(major), int(minor)


def _event_at(parameters: Parameters | None, index: int | None) -> Json | None:
    data = parameters.values.get("data") if parameters and index is not None else None
    event = data[index] if isinstance(data, list) and index is not None else None
    return event if isinstance(event, dict) else None
