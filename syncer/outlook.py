"""Questions about a pipeline that take its warehouse and its state together; nothing is sent or changed."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from syncer.origin import origin
from syncer.pipeline import Pipeline
from syncer.report import Bucket
from syncer.session import Session
from syncer.spec.reasons import REASONS
from syncer.state.doubt import doubts_given_up
from syncer.state.erased import erased_of
from syncer.state.history import StoredPipeline, rejects_of, stored_pipeline
from syncer.state.ledger import Ledger, empty_ledger, ledger_of
from syncer.state.quarantine import Reject
from syncer.state.request_lines import RequestLine, request_pages, unfinished_requests
from syncer.state.requests import SETTLED, RequestState, holds
from syncer.state.set_aside import of_events
from syncer.state.suppressed import Suppression, suppression_of
from syncer.status import in_utc, request_json

if TYPE_CHECKING:
    import pyarrow as pa

    from syncer.engine.deliveries import Deliveries
    from syncer.engine.forecast import Forecast
    from syncer.engine.trace import Row
    from syncer.transform.identity import Scope as IdentityScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What became of one row."""

    pipeline: str
    target: str
    destination: str
    key: str
    rule: str | None = None
    """Id of the rule that its event is of; None: the pipeline has none."""
    row: "Row | None"
    """As the warehouse has it now; None: the query gives no such row."""
    requests: tuple[tuple[str, RequestLine], ...]
    """(run, request) of each request that its event was part of, oldest first."""
    reject: Reject | None
    """Where it is set aside."""
    is_judged_again: bool = False
    """The next run looks for the row of that reject, however far the watermark is."""
    suppressed: Suppression | None = None
    """When and why a run first left it unsent for want of consent."""
    is_erased: bool = False
    """No run sends it, whatever its row holds."""
    is_in_doubt: bool = False
    """A run gave its request back without an answer, and none has sent it since."""
    waits_for: str | None = None
    """Why no run sends anything before somebody resumes the pipeline; None: runs do."""

    @property
    def is_telling(self) -> bool:
        """Return whether there is, was or could be such an event."""
        is_known = bool(self.requests) or self.reject is not None or self.is_erased or self.is_in_doubt
        is_known = is_known or self.suppressed is not None
        return is_known or (self.row is not None and self.row.reason != Bucket.NO_RULE)

    @property
    def conclusion(self) -> tuple[str, str]:
        """Return a word for where the row stands, and a sentence with what can be done."""
        if self.is_erased:
            return Bucket.ERASED.value, refused_in_words("erased", None)
        states = [line.state for _, line in self.requests]
        for state in (RequestState.ACKED, RequestState.ACKED_ASSUMED, RequestState.HELD):
            if state in states:
                return state.value, _SETTLED[state].format(line=self.requests[states.index(state)][1])
        if self.is_in_doubt or any(state in _UNDER_WAY for state in states):
            return "unfinished", "A request with it has no answer yet; the next run sees to it."
        if (unsent := self._unsent) is not None:
            return unsent
        if self.row is None:
            return "not_found", "The query gives no row with this key, and nothing was ever sent for it."
        if self.row.reason is not None:
            return str(self.row.bucket), refused_in_words(self.row.reason, self.row.field)
        if self.row.is_passed and not self.is_judged_again:
            return "late", self._late + self._first
        return "waiting", f"It has not been sent; `syncer run {self.pipeline}` sends it." + self._first

    def _forgotten(self, refused: RequestLine) -> str:
        """Return what holds for an event that Meta refused, and whose reject was dropped or is over its term."""
        known = REASONS.get(refused.reason or "")
        why = known.sentence if known else f"Meta refused it ({refused.reason})."
        remedy = f"`syncer backfill {self.pipeline} --since T --resend` does"
        return f"{why} It is set aside no more, so no run sends it, whatever its row holds; {remedy}."

    @property
    def _late(self) -> str:
        """Return why no run reads a row that gives an event, and what does."""
        remedy = f"`syncer reconcile {self.pipeline}` does, and so does a run where `reconcile: {{every: ...}}` is due"
        if self.reject is None:
            return f"It came after the watermark had passed its cursor value, so a run does not read it; {remedy}."
        retry = f"`syncer rejects retry {self.pipeline}` judges it again"
        return f"It was set aside and passes now, but the watermark is past it, so a run does not read it; {retry}."

    @property
    def _first(self) -> str:
        """Return what has to be done before a run sends anything; empty: nothing."""
        if self.waits_for is None:
            return ""
        return f" The pipeline is paused ({self.waits_for}): nothing is sent before `syncer resume {self.pipeline}`."

    @property
    def _unsent(self) -> tuple[str, str] | None:
        """Return word and sentence for a row without consent, which is judged first, or one that was refused."""
        since, row = self.suppressed, self.row
        first = "" if since is None else f" It is unsent since {in_utc(since.at)}, first for {since.reason}."
        if row is not None and row.bucket == Bucket.NO_CONSENT.value:
            return row.bucket, refused_in_words(str(row.reason), row.field) + first
        if row is None and since is not None:
            return Bucket.NO_CONSENT.value, refused_in_words(since.reason, None) + first
        if self.reject is not None and not self._is_mended:
            return self.reject.bucket, refused_in_words(self.reject.reason, self.reject.field)
        refused = next((line for _, line in self.requests if line.state is RequestState.DEAD), None)
        return None if refused is None else (Bucket.REJECTED_REMOTE.value, self._forgotten(refused))

    @property
    def _is_mended(self) -> bool:
        """Return whether a row that was set aside here would be an event now; what Meta refused is not sent again."""
        is_local = self.reject is not None and self.reject.bucket != Bucket.REJECTED_REMOTE.value
        return is_local and self.row is not None and self.row.reason is None

    def to_json(self) -> dict[str, Any]:
        """Return plain data, without anything of the row but what identifies its event."""
        word, sentence = self.conclusion
        row = self.row
        return {
            "pipeline": self.pipeline,
            "target": self.target,
            "destination": self.destination,
            "key": self.key,
            "rule": self.rule,
            "conclusion": word,
            "text": sentence,
            "is_in_warehouse": row is not None,
            "event_id": row and row.event_id,
            "event_name": row and row.event_name,
            "event_time": row and row.event_time,
            "bucket": row and row.bucket,
            "reason": row and row.reason,
            "field": row and row.field,
            "requests": [{"run_id": run_id, **request_json(line)} for run_id, line in self.requests],
            "suppressed": None
            if self.suppressed is None
            else {
                "run_id": self.suppressed.run_id,
                "reason": self.suppressed.reason,
                "at": in_utc(self.suppressed.at),
            },
            "rejected": None
            if self.reject is None
            else {
                "run_id": self.reject.run_id,
                "bucket": self.reject.bucket,
                "reason": self.reject.reason,
                "field": self.reject.field,
                "fbtrace_id": self.reject.fbtrace_id,
                "at": in_utc(self.reject.at),
            },
        }


_SETTLED = {
    RequestState.ACKED: "Meta took it: trace id {line.fbtrace_id}.",
    RequestState.ACKED_ASSUMED: "It is taken for delivered, by `adopt` or by `held assume-delivered`; no run sends it.",
    RequestState.HELD: "Meta may have it: the outcome of its request is unknown, and no run sends it again. `syncer held` decides on it.",
}
_UNDER_WAY = (RequestState.PLANNED, RequestState.ARMED, RequestState.RETRY, RequestState.DOUBT)


def refused_in_words(reason: str, field: str | None) -> str:
    """Return what a reason code means, and what to do about it."""
    said = REASONS.get(reason)
    if said is None:
        return reason
    return f"{said.sentence}{f' ({field})' if field else ''} {said.remedy}"


def forecast(
    session: Session, pipeline: Pipeline, *, on_rows: Callable[[int], None], reconcile: bool = False
) -> "Forecast":
    """Return what the next run of `pipeline`, or a `reconcile` now, would do.

    Raises as that run would before it sends anything.
    """
    from syncer.engine import forecast as engine
    from syncer.engine.readings import Sweep
    from syncer.engine.suppression import left_unsent

    found = stored_pipeline(session.store, session.scope(pipeline))
    scope = session.identity_scope(pipeline, ids_name=found.ids_name if found else None)
    sweep = Sweep.ONLY if reconcile else Sweep.ALSO if session.is_sweep_due(pipeline) else Sweep.NONE
    judges_again = found is not None and sweep is not Sweep.ONLY and pipeline.rejects.retry == "on_change"
    standing = engine.Standing(
        ledger=_ledger(session, pipeline, found, SETTLED),
        watermark=found.watermark if found else None,
        start=found.start if found else None,
        pause_reason=_pause_reason(session, pipeline, found),
        sweep=sweep,
        erased=erased_of(session.store, found.id) if found else frozenset(),
        rejects=tuple(rejects_of(session.store, found.id)) if found and judges_again else (),
        suppressed=left_unsent(session.store, pipeline, scope),
        settled_otherwise=_ledger(session, pipeline, found, set(SETTLED) - {RequestState.DEAD}),
    )
    now = session.clock.now()
    with session.open_source(pipeline) as source:
        made = engine.forecast(pipeline, source, scope, standing, now=now, on_rows=on_rows)
    made.dataset = f"{session.destination(pipeline).type} {session.destination(pipeline).dataset_id.resolve()}"
    return made


def _ledger(
    session: Session, pipeline: Pipeline, found: StoredPipeline | None, states: Collection[RequestState]
) -> Ledger:
    """Return what of `states` the next run will not send again, with what it will hold before it reads."""
    from syncer.engine.age import may_resend
    from syncer.engine.recover import is_to_be_held

    if found is None:
        return empty_ledger()
    now, mode = session.clock.now(), pipeline.delivery.mode
    ledger = ledger_of(session.store, found.id, states=states)
    for request in unfinished_requests(session.store, found.id):
        if is_to_be_held(request, mode=mode, now=now):
            ledger.add(request.digests)
    for name, first_sent in doubts_given_up(session.store, found.id, now=now).items():
        if not may_resend(first_sent, now, mode=mode):
            ledger.add(name)
    return ledger


def _pause_reason(session: Session, pipeline: Pipeline, found: StoredPipeline | None) -> str | None:
    from syncer.engine.basis import NEEDS_DECISION, basis_of, changes

    if found is None or found.pause_reason is not None:
        return None if found is None else found.pause_reason
    now = basis_of(pipeline, origin(session.project.sources[pipeline.source]))
    return NEEDS_DECISION if changes(found.basis, now) else None


def trace(session: Session, pipeline: Pipeline, key: Sequence[str]) -> "tuple[Trace, ...]":
    """Return what became of each event of the row with `key`; the warehouse is asked for that one row.

    Where several rows have that key, what becomes of one alone is told, too.
    Where the pipeline has rules, those that do not match and of which nothing is known are left out, unless all are.
    Raises `SourceError`, `ConfigError`, `StateError`.
    """
    from syncer.engine.suppression import left_unsent
    from syncer.engine.trace import Position, find_rows, identities_of

    found, now = stored_pipeline(session.store, session.scope(pipeline)), session.clock.now()
    scope = session.identity_scope(pipeline, ids_name=found.ids_name if found else None)
    position = Position(None, None)
    if found is not None:
        position = Position(found.watermark, found.start, left_unsent(session.store, pipeline, scope))
    with session.open_source(pipeline) as source:
        rows = find_rows(pipeline, source, scope, key, position=position, now=now)
    wanted: list[tuple[bytes | None, str, Row | None]] = [(row.identity, row.rule, row) for row in rows]
    wanted = wanted or [(identity, rule, None) for identity, rule in identities_of(pipeline, scope, key).items()]
    known = _known(session, found, {identity for identity, _, _ in wanted if identity is not None})
    traces: dict[tuple[str | None, tuple[str, str]], Trace] = {}  # each thing that is said of rows with one key, once
    for each in (_trace(session, pipeline, key, each, known) for each in wanted):
        traces.setdefault((each.rule, each.conclusion), each)
    telling = tuple(each for each in traces.values() if each.is_telling)
    return telling or (replace(next(iter(traces.values())), rule=None),)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the state has of a pipeline, and of the events that are looked for; read once, however many these are."""

    stored: StoredPipeline | None
    requests: Mapping[bytes, Sequence[tuple[str, RequestLine]]] = field(default_factory=dict)
    """Those with each of the events, oldest first."""
    rejects: Mapping[bytes, Reject] = field(default_factory=dict)
    suppressed: Mapping[bytes, Suppression | None] = field(default_factory=dict)
    erased: Collection[bytes] = ()
    in_doubt: Collection[bytes] = ()


def _known(session: Session, found: StoredPipeline | None, identities: Collection[bytes]) -> _Known:
    if found is None or not identities:
        return _Known(found)
    store = session.store
    requests: dict[bytes, list[tuple[str, RequestLine]]] = {identity: [] for identity in identities}
    for page in request_pages(store, found.id):
        for request, line in page:
            for identity in identities:
                if holds(request.digests, identity):
                    requests[identity].append((request.run_id, line))
    rejects, erased = of_events(store, found.id, identities), erased_of(store, found.id)
    suppressed = {identity: suppression_of(store, found.id, identity) for identity in identities}
    return _Known(
        found, requests, rejects, suppressed, erased, doubts_given_up(store, found.id, now=session.clock.now())
    )


def _trace(
    session: Session,
    pipeline: Pipeline,
    key: Sequence[str],
    wanted: "tuple[bytes | None, str, Row | None]",
    known: _Known,
) -> Trace:
    from syncer.engine.again import passed_by
    from syncer.engine.forecast import FOR_SOMEBODY
    from syncer.transform.key_text import key_text

    (identity, rule, row), found = wanted, known.stored
    paused = _pause_reason(session, pipeline, found)
    reject = None if identity is None else known.rejects.get(identity)
    low = None if row is None or pipeline.rejects.retry != "on_change" else row.low
    return Trace(
        pipeline=pipeline.name,
        target=session.project.target,
        destination=session.scope(pipeline).destination,
        key=key_text(key),
        rule=rule or None,
        row=row,
        requests=tuple(known.requests.get(identity, ())) if identity is not None else (),
        reject=reject,
        is_judged_again=reject is not None and bool(passed_by([reject], low, fingerprint=pipeline.fingerprint)),
        suppressed=None if identity is None else known.suppressed.get(identity),
        is_erased=identity in known.erased,
        is_in_doubt=identity in known.in_doubt,
        waits_for=paused if paused in FOR_SOMEBODY else None,
    )


def deliveries(
    session: Session, pipeline: Pipeline, *, since: datetime | None = None
) -> "tuple[Deliveries, Iterator[pa.Table]]":
    """Return what became of the events of `pipeline`, and the tables that say it, read from the warehouse as they come.

    `since` leaves out what happened before. Raises `SourceError`, `ConfigError`, `StateError`.
    """
    from syncer.engine.deliveries import Deliveries, Sent

    found, sent = stored_pipeline(session.store, session.scope(pipeline)), Sent()
    if found is not None:
        sent.add_rejects(rejects_of(session.store, found.id), since=since)
        for page in request_pages(session.store, found.id, since=since):
            sent.add(page)  # behind the rejects: a second row with the key of a delivered one is no answer about that
    made = Deliveries(pipeline, session.identity_scope(pipeline, ids_name=found.ids_name if found else None), sent)

    def tables() -> "Iterator[pa.Table]":
        with session.open_source(pipeline) as source:
            yield from made.read(source, now=session.clock.now())

    return made, tables()


def rejects(session: Session, pipeline: Pipeline) -> list[Reject]:
    """Return what is set aside of `pipeline`, oldest first; raises `StateError`."""
    found = stored_pipeline(session.store, session.scope(pipeline))
    return [] if found is None else rejects_of(session.store, found.id)


def rejected_rows(session: Session, pipeline: Pipeline, found: Sequence[Reject]) -> "Iterator[pa.Table]":
    """Yield tables that say key and reason of each of `found`, read from the warehouse as they come.

    Raises `SourceError`, `ConfigError`, `StateError`.
    """
    from syncer.engine.rejected_rows import rejected_rows as engine

    if not found:
        return
    scope = _identity_scope(session, pipeline)
    with session.open_source(pipeline) as source:
        yield from engine(pipeline, source, scope, found, now=session.clock.now())


def reject_identities(session: Session, pipeline: Pipeline, key: Sequence[str]) -> dict[bytes, str]:
    """Return the identities under which events with `key`, as `rejects list --rows` writes it, would be set aside.

    Each has the id of its rule; empty where the pipeline has none.
    """
    from syncer.engine.trace import identities_of

    return identities_of(pipeline, _identity_scope(session, pipeline), key)


def _identity_scope(session: Session, pipeline: Pipeline) -> "IdentityScope":
    found = stored_pipeline(session.store, session.scope(pipeline))
    return session.identity_scope(pipeline, ids_name=found.ids_name if found else None)
