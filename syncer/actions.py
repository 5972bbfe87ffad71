"""What an operator does to a pipeline: under its lock, with a line in the audit log."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.incremental import CursorKind, cursor_kind
from syncer.config.parts import NAME
from syncer.config.places import locate
from syncer.engine import persons
from syncer.engine.adopt import adopt as adopt_span
from syncer.engine.basis import NEEDS_DECISION, Change, basis_of, begins_anew, changes
from syncer.engine.compiled import compiled
from syncer.engine.endings import BY_HAND
from syncer.engine.held import resend
from syncer.engine.persons import Found
from syncer.engine.readings import Sweep
from syncer.engine.reset import Reset, parse_position
from syncer.engine.span import Span, Survey
from syncer.engine.span import survey as span_survey
from syncer.engine.sync import run_sync
from syncer.engine.tools import Progress
from syncer.errors import ConfigError, Problem, StateError, SyncerError
from syncer.origin import origin
from syncer.pipeline import Pipeline
from syncer.report import RunReport, RunStatus
from syncer.session import Session, find_pipeline
from syncer.state import asked, erased, operations, schedules
from syncer.state.asked import AskedState
from syncer.state.daemons import serving
from syncer.state.guard import Guard
from syncer.state.held import assume_delivered as assume_held
from syncer.state.held import held_requests
from syncer.state.history import SWEEP, StoredPipeline, report_of, stored_pipeline
from syncer.state.ledger import empty_ledger, ledger_of
from syncer.state.operations import position
from syncer.state.prune import has_due, prune
from syncer.state.quarantine import Chosen
from syncer.state.request_lines import RequestLine
from syncer.state.requests import StoredRequest
from syncer.state.scope import Scope

BETWEEN_LOOKS_S = 0.2
ALIVE_S = 5.0
"""Between two looks whether a daemon lives: one that takes over has as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose events are meant: those of one key, of many, or of the rows whose column holds a value."""

    key: Sequence[str] | None = None
    keys: Iterable[Sequence[str]] | None = None
    match: tuple[str, str] = ("", "")
    """(column, value), where neither key nor keys is given."""


def ask_for_run(session: Session, pipeline: Pipeline) -> int:
    """Ask the daemons that serve the state for a run of `pipeline`, to its one destination; return the id of the wish.

    Raises `SyncerError` with the remedy where none serves its target, or no run can begin before an edit.
    """
    target = session.project.target
    stored_pipeline(session.store, session.scope(pipeline))  # raises where it was renamed
    if not serving(session.store, target):
        raise SyncerError(
            f"{pipeline.name}: no daemon serves target {target} of this state; `syncer run {pipeline.name} "
            f"--target {target}` runs it here and now, `syncer daemon --target {target}` starts a daemon"
        )
    destination = session.scope(pipeline).destination
    return asked.ask(session.store, target, pipeline.name, destination=destination, by=session.actor)


def wait_for_run(
    session: Session, pipeline: Pipeline, wish: int, *, timeout_s: float | None, since: float | None = None
) -> RunReport:
    """Return the report of the run that covers a wish, when it has ended; a failed one where none could begin.

    Raises `SyncerError` where it takes longer than `timeout_s`, counted from the clock's moment `since`, else from now,
    or no daemon is left; the wish stays.
    """
    clock, target, name = session.clock, session.project.target, pipeline.name
    now = clock.monotonic()
    until, heard = (None if timeout_s is None else (now if since is None else since) + timeout_s), now
    while (found := asked.find(session.store, wish)) is not None and found.state is not AskedState.DONE:
        now = clock.monotonic()
        if until is not None and now >= until:
            raise SyncerError(f"{name}: the run has not ended within {timeout_s:g} s; `syncer runs {name}` shows it")
        if now - heard >= ALIVE_S:
            if not serving(session.store, target):
                raise SyncerError(f"{name}: no daemon serves target {target} any more; the next one will run it")
            heard = now
        clock.sleep(BETWEEN_LOOKS_S)
    if found is None or found.run_id is None:
        message = found.message if found else "the answer is forgotten; `syncer runs` shows what ran"
        return session.empty_report(pipeline, RunStatus.FAILED, message or "")
    return report_of(session.store, found.run_id)


def pause(session: Session, pipeline: Pipeline) -> str | None:
    """Let every run of `pipeline` end at once until it is resumed; return why it was paused before."""
    return session.store.pause(session.scope(pipeline), reason=BY_HAND, actor=session.actor)


@dataclass(frozen=True, slots=True)
class Resumed:
    """A pipeline that may run again."""

    was: str | None
    """Why it was paused; None: it was not."""
    accepted: tuple[Change, ...] = ()
    """What its state is kept for from now on although it was made with something else."""


def resume(session: Session, pipeline: Pipeline) -> Resumed:
    """Let `pipeline` run again. Where it waits for a decision, this is it: its state goes on with the configuration now.

    Raises `LockedError` where a run is under way meanwhile.
    """
    scope = session.scope(pipeline)
    found = stored_pipeline(session.store, scope)
    if found is not None and found.pause_reason == NEEDS_DECISION:
        now = basis_of(pipeline, origin(session.project.sources[pipeline.source]))
        if accepted := changes(found.basis, now):
            anew = begins_anew(accepted)
            operations.accept(
                session.store, scope, before=found.basis, after=now, begins_anew=anew, actor=session.actor
            )
            _catch_up(session, scope, found)
            return Resumed(found.pause_reason, accepted)
    was = session.store.resume(scope, actor=session.actor)
    if found is not None:
        _catch_up(session, scope, found)
    return Resumed(was)


def _catch_up(session: Session, scope: Scope, before: StoredPipeline) -> None:
    """Ask for a run where a clock has moved on without one that did its work; else the clock waits itself.

    It rang since the pause, for other destinations of the pipeline, or its last run is the one that paused itself.
    """
    store, paused_at = session.store, before.paused_at
    if paused_at is None:
        return
    is_undone = before.pause_reason != BY_HAND
    for (name, kind), due in schedules.stored(store, scope.target).items():
        rings_now = due.next_at is not None and due.next_at <= store.clock.now()
        is_left = is_undone and kind == asked.SCHEDULE and not rings_now
        if name == scope.pipeline and (is_left or due.due_at > paused_at):
            asked.ask(store, scope.target, name, destination=scope.destination, by=kind)


def back_up(session: Session, copy: Path) -> None:
    """Copy the state file to the new file `copy`, whatever its schema; raises `StateError`."""
    with session.store_as_it_is() as store:
        operations.back_up(store, session.project.target, copy, actor=session.actor)


def doubt_of_state(session: Session) -> str | None:
    """Return why the state file is refused for what its guard says, in words; None where it is not.

    Raises `StateError` where it is refused for anything else, or cannot have a guard.
    """
    place = session.state_place
    if place.path is None:
        raise StateError(f"state: {place}: only a state file has a guard, so there is nothing to accept")
    guard = Guard(place.path)
    try:
        mark = guard.read()
        if mark is not None and not place.path.exists():
            return str(guard.missing())
    except StateError as error:
        return str(error)
    with session.unguarded_store() as store:
        store.require_known_schema()
        found = store.mark()
    try:
        if mark is not None:
            guard.require_reached(mark, found)
    except StateError as error:
        return str(error)
    return None


def accept_state(session: Session) -> None:
    """Take the state file for the newest there is, whatever its guard says; where it is missing, begin a new one."""
    with session.unguarded_store() as store:
        operations.accept_store(store, session.project.target, actor=session.actor)


def reset_to(session: Session, pipeline: Pipeline, text: str) -> Reset:
    """Return what a reset of the watermark of `pipeline` to `text` would do.

    Raises `ConfigError` where `text` is no value of its cursor, `SyncerError` where it never ran, `SourceError`
    where only the warehouse can tell the cursor's type and does not.
    """
    if pipeline.cursor is None:
        what = "the pipeline has no cursor: every run reads the whole query, and no watermark is kept"
        raise ConfigError([locate(pipeline, Problem(file=None, what=what, remedy="there is nothing to reset"))])
    before = position(session.store, session.scope(pipeline)).watermark
    kind = before.value.kind if before else _cursor_kind(session, pipeline)
    try:
        return Reset(before, parse_position(text, kind))
    except ValueError as error:
        raise ConfigError([Problem(file=None, path="--to", what=str(error))]) from None


def _cursor_kind(session: Session, pipeline: Pipeline) -> CursorKind:
    with session.open_source(pipeline) as source:
        transform, shape = compiled(pipeline, source, session.preview_scope(pipeline))
    assert transform.cursor_column is not None, "the pipeline has a cursor"  # noqa: S101  kept on in production
    kind = cursor_kind(shape.field(transform.cursor_column).type)
    assert kind is not None, "its type was looked at"  # noqa: S101  kept on in production
    return kind


def reset(session: Session, pipeline: Pipeline, wanted: Reset) -> None:
    """Move the watermark; raises `LockedError` where a run is under way, `SyncerError` where it has moved since."""
    operations.reset(
        session.store, session.scope(pipeline), before=wanted.before, after=wanted.after, actor=session.actor
    )


def rename(session: Session, old: str, new: str) -> tuple[str, ...]:
    """Move the state of pipeline `old` to the name `new`; return the destinations it had state for.

    The file may have either name by now. Raises `ConfigError` where it has neither or there are two, `LockedError`
    where a run is under way, `SyncerError` where there is nothing to move or no room for it.
    """
    _require_one_of(session, old, new)
    return operations.rename(session.store, session.project.target, old=old, new=new, actor=session.actor)


def _require_one_of(session: Session, old: str, new: str) -> None:
    pipelines = session.project.pipelines
    if old == new:
        raise ConfigError([Problem(file=None, what=f"{new} is the old name as well", remedy="give another new name")])
    if not NAME.fullmatch(new):
        what = f"{new!r} is no name for a pipeline"
        raise ConfigError([Problem(file=None, what=what, remedy="write letters, digits, - and _")])
    taken = {name.lower() for name in pipelines if name != old}
    if old in pipelines and new.lower() in taken:
        what = f"{old} and {new} are both pipelines of this project, and each needs state of its own"
        raise ConfigError([Problem(file=None, what=what, remedy="choose a name that no file has")])
    if old not in pipelines and new not in pipelines:
        find_pipeline(session.project, old)


def survey(session: Session, pipeline: Pipeline, span: Span) -> Survey:
    """Return how many events of `span` there are, and how many no run would send; changes nothing.

    Raises `SourceError`, and `KeyboardInterrupt` where the session is to stop.
    """
    found = stored_pipeline(session.store, session.scope(pipeline))
    scope = session.identity_scope(pipeline, ids_name=found.ids_name if found else None)
    ledger = ledger_of(session.store, found.id) if found else empty_ledger()
    with session.open_source(pipeline) as source:
        counted = session.stop.wait_for(
            lambda: span_survey(pipeline, source, scope, ledger, span, now=session.clock.now())
        )
    if counted is None:
        raise KeyboardInterrupt
    return counted


def backfill(
    session: Session,
    pipeline: Pipeline,
    span: Span,
    *,
    resend: bool,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunReport:
    """Send the events of `span`, whatever watermark and start say; neither moves. `resend`: also what was settled.

    Raises as `Session.run` does.
    """
    job, tools = session.work(pipeline, trigger="backfill", on_progress=on_progress)
    return run_sync(replace(job, span=span, resend=resend, by=session.actor), tools)


def reconcile(
    session: Session, pipeline: Pipeline, *, on_progress: Callable[[Progress], None] | None = None
) -> RunReport:
    """Send what Meta would still take and was not settled, wherever its cursor value is; the watermark stays.

    Events from before `start` are not sent. Raises as `Session.run` does.
    """
    job, tools = session.work(pipeline, trigger=SWEEP, on_progress=on_progress)
    return run_sync(replace(job, sweep=Sweep.ONLY, by=session.actor), tools)


def held(session: Session, pipeline: Pipeline, requests: Sequence[int] = ()) -> list[tuple[StoredRequest, RequestLine]]:
    """Return the held requests of `pipeline`, oldest first; `requests` are their ids, none: all of them.

    Raises `SyncerError` where one is not held.
    """
    return held_requests(session.store, session.scope(pipeline), requests)


def resend_held(
    session: Session,
    pipeline: Pipeline,
    requests: Sequence[int],
    *,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunReport:
    """Send the events of held requests again, which Meta may have; raises as `Session.run` does."""
    job, tools = session.work(pipeline, trigger="resend", on_progress=on_progress)
    return resend(replace(job, by=session.actor), tools, requests)


def assume_delivered(session: Session, pipeline: Pipeline, requests: Sequence[int]) -> int:
    """Take held requests for delivered; return how many events these are. Raises `LockedError`, `SyncerError`."""
    return assume_held(session.store, session.scope(pipeline), requests, actor=session.actor)


def adopt(session: Session, pipeline: Pipeline, span: Span) -> RunReport:
    """Write the events of `span` down as delivered by another tool, so that no run sends them; nothing is sent.

    Raises as `Session.run` does.
    """
    job, tools = session.work(pipeline, trigger="adopt")
    return adopt_span(replace(job, span=span, by=session.actor), tools)


def person(session: Session, pipeline: Pipeline, wanted: Wanted) -> Found:
    """Return the events that `wanted` means; asks the warehouse, but for keys of a file.

    Raises `ConfigError` where there is no such column or key, `SourceError`.
    """
    found, now = stored_pipeline(session.store, session.scope(pipeline)), session.clock.now()
    scope = session.identity_scope(pipeline, ids_name=found.ids_name if found else None)
    if wanted.keys is not None:
        return persons.by_keys(pipeline, scope, wanted.keys)
    with session.open_source(pipeline) as source:
        if wanted.key is not None:
            return persons.by_key(pipeline, source, scope, wanted.key, now=now)
        column, value = wanted.match
        return persons.by_value(pipeline, source, scope, column, value, now=now)


def changed_key(session: Session, pipeline: Pipeline) -> Change | None:
    """Return how the key differs from that of the state, which then knows no event by the new one; None: it does not."""
    found = stored_pipeline(session.store, session.scope(pipeline))
    if found is None:
        return None
    now = basis_of(pipeline, found.basis.source or "")  # where its database is needs variables that may not be set here
    return next((change for change in changes(found.basis, now) if change.part == "key"), None)


def traces(session: Session, pipeline: Pipeline, found: Found) -> erased.Traces:
    """Return what the state has of these events; changes nothing."""
    return erased.traces(session.store, session.scope(pipeline), found.identities)


def erase(session: Session, pipeline: Pipeline, found: Found) -> erased.Traces:
    """Take these events out of the state for good and block them; return what was there.

    Raises `LockedError` where a run is under way.
    """
    gone = erased.erase(session.store, session.scope(pipeline), found.identities, actor=session.actor)
    now, retention = session.clock.now(), session.project.retention
    if not has_due(session.store, retention, now=now) or session.knows_time(pipeline):
        prune(session.store, retention, now=now, although_not_due=True)
    return gone


def retry_rejects(
    session: Session, pipeline: Pipeline, chosen: Chosen, *, on_progress: Callable[[Progress], None] | None = None
) -> RunReport:
    """Judge the rejects again that are `chosen`, and send what passes now; the watermark stays.

    Raises as `Session.run` does.
    """
    job, tools = session.work(pipeline, trigger="retry", on_progress=on_progress)
    return run_sync(replace(job, retry=chosen, by=session.actor), tools)


def drop_rejects(session: Session, pipeline: Pipeline, chosen: Chosen) -> int:
    """Forget the rejects that are `chosen`, return how many; raises `LockedError` where a run is under way."""
    return operations.drop_rejects(session.store, session.scope(pipeline), chosen, actor=session.actor)
