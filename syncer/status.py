"""Where things stand: pipelines, runs and one run in full, as plain values out of the state store."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from syncer.errors import SyncerError
from syncer.report import RunStatus
from syncer.state import schedules
from syncer.state.daemons import serving
from syncer.state.held import held_events
from syncer.state.history import (
    StoredPipeline,
    StoredRun,
    find_runs,
    latest_runs,
    rejects_by_pipeline,
    rejects_by_reason,
    stored_pipelines,
    stored_runs,
)
from syncer.state.request_lines import RequestLine, events_by_state, requests_by_state, requests_of
from syncer.state.requests import UNFINISHED, RequestState, StoredRequest
from syncer.state.schedules import Missed
from syncer.state.store import Store

DELIVERING = (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS)
WENT_WELL = (RequestState.ACKED, RequestState.ACKED_ASSUMED)
MOST_CANDIDATES = 10
MISSED_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineStatus:
    """A pipeline's way to one destination."""

    pipeline: str
    target: str
    destination: str
    state: str
    """running, paused, or how the last run ended; `never` before the first."""
    pause_reason: str | None
    paused_at: datetime | None
    holder: str | None
    """Who runs it now."""
    watermark: str | None
    data_at: datetime | None
    """The time of the newest row that is settled, where the cursor is a time."""
    start: datetime | None
    """Events before it are never sent."""
    last_run: StoredRun | None
    last_success_at: datetime | None
    acknowledged: int
    """Events that Meta took or that were adopted, by the ledger; one that was sent again counts each time."""
    unfinished: int
    """Events in requests that the next run has to look at."""
    held: int
    """Events whose outcome is unknown; those of erased persons do not count."""
    rejects: int
    """Events set aside."""
    next_run_at: datetime | None
    """When the daemon begins the next run by itself; None: never, not while it is paused, or no daemon that serves has it."""
    missed: tuple[Missed, ...]
    """Due times that had no run of their own, as far as this was noticed within `MISSED_WITHIN`, newest first."""

    @property
    def is_resumed(self) -> bool:
        """Return whether its last run was paused, and somebody let it run again since."""
        return self.state == RunStatus.PAUSED and self.pause_reason is None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "pipeline": self.pipeline,
            "target": self.target,
            "destination": self.destination,
            "state": self.state,
            "pause_reason": self.pause_reason,
            "paused_at": in_utc(self.paused_at),
            "holder": self.holder,
            "watermark": self.watermark,
            "start": in_utc(self.start),
            "last_run": run_json(self.last_run) if self.last_run else None,
            "last_success_at": in_utc(self.last_success_at),
            "acknowledged": self.acknowledged,
            "unfinished": self.unfinished,
            "held": self.held,
            "rejects": self.rejects,
            "next_run_at": in_utc(self.next_run_at),
            "missed_times": sum(each.times for each in self.missed),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetails:
    """One run with its requests."""

    run: StoredRun
    requests: tuple[RequestLine, ...]
    """All of them, or those that are listed."""
    states: dict[RequestState, int]
    """How many requests are in each state, listed or not, most first."""
    rejects: dict[str, int]
    """Events that this run set aside and that are so still, by reason."""

    @property
    def request_count(self) -> int:
        """Number of requests, listed or not."""
        return sum(self.states.values())

    @property
    def quarantined(self) -> int:
        """Number of those events."""
        return sum(self.rejects.values())

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            **run_json(self.run),
            "requests": [request_json(request) for request in self.requests],
            "rejects": self.rejects,
            "quarantined": self.quarantined,
        }


def pipelines_status(store: Store, target: str) -> tuple[PipelineStatus, ...]:
    """Return every pipeline of `target` that the store knows, by name."""
    latest = latest_runs(store, target)
    delivered = latest_runs(store, target, DELIVERING)
    events = events_by_state(store)
    rejects = rejects_by_pipeline(store)
    clocks = _Clocks.of(store, target)
    return tuple(
        _status(
            store,
            pipeline,
            clocks,
            runs=(latest.get(pipeline.id), delivered.get(pipeline.id)),
            events={state: count for (owner, state), count in events.items() if owner == pipeline.id},
            rejects=rejects.get(pipeline.id, 0),
        )
        for pipeline in stored_pipelines(store, target)
    )


def runs(
    store: Store, target: str, pipeline: str | None = None, *, destination: str | None = None, limit: int = 20
) -> tuple[StoredRun, ...]:
    """Return the newest runs first, all or those of one pipeline, or to one destination."""
    return tuple(stored_runs(store, target, pipeline, destination=destination, limit=limit))


def run_details(store: Store, run_id: str, *, target: str | None = None, limit: int | None = None) -> RunDetails:
    """Return the run whose id is, or alone begins with, `run_id`, of any target unless one is given.

    With a `limit`, at most so many of its requests, those that did not go well first. Raises `SyncerError` where no run is
    meant.
    """
    run = _find(store, run_id, target)
    found = run.report.run_id
    requests = requests_of(store, found, last=() if limit is None else WENT_WELL, limit=limit)
    states = dict(Counter(requests_by_state(store, found)).most_common())
    return RunDetails(run=run, requests=requests, states=states, rejects=rejects_by_reason(store, found))


def run_json(run: StoredRun) -> dict[str, Any]:
    """Return a run as plain data: the line of `syncer run --output json`, and who ran it when."""
    return {
        **run.report.to_json(),
        "trigger": run.trigger,
        "holder": run.holder,
        "started_at": in_utc(run.started_at),
        "finished_at": in_utc(run.finished_at),
    }


@dataclass(frozen=True, slots=True)
class _Clocks:
    """When pipelines are due, and when they were without a run."""

    next_at: dict[str, datetime]
    missed: tuple[Missed, ...]

    @classmethod
    def of(cls, store: Store, target: str) -> Self:
        """Return what the store has of the clocks of `target`."""
        next_at: dict[str, datetime] = {}
        living = serving(store, target)
        for due in schedules.stored(store, target).values():
            is_had = not living or any(daemon.may_begin(due.pipeline, by=due.kind) for daemon in living)
            if due.next_at is not None and is_had:
                next_at[due.pipeline] = min(due.next_at, next_at.get(due.pipeline, due.next_at))
        since = store.clock.now() - MISSED_WITHIN
        return cls(next_at, tuple(schedules.missed_times(store, target, since=since)))


def _status(
    store: Store,
    pipeline: StoredPipeline,
    clocks: _Clocks,
    *,
    runs: tuple[StoredRun | None, StoredRun | None],
    events: dict[RequestState, int],
    rejects: int,
) -> PipelineStatus:
    last, delivered = runs
    state = _state(store, pipeline, last)
    return PipelineStatus(
        pipeline=pipeline.scope.pipeline,
        target=pipeline.scope.target,
        destination=pipeline.scope.destination,
        state=state,
        pause_reason=pipeline.pause_reason,
        paused_at=pipeline.paused_at,
        holder=pipeline.holder if state == RunStatus.RUNNING else None,
        watermark=str(pipeline.watermark) if pipeline.watermark else None,
        data_at=pipeline.watermark.at if pipeline.watermark else None,
        start=datetime.fromtimestamp(pipeline.start, UTC) if pipeline.start is not None else None,
        last_run=last,
        last_success_at=delivered.finished_at if delivered else None,
        acknowledged=events.get(RequestState.ACKED, 0) + events.get(RequestState.ACKED_ASSUMED, 0),
        unfinished=sum(events.get(state, 0) for state in UNFINISHED),
        held=held_events(store, pipeline.id) if events.get(RequestState.HELD) else 0,
        rejects=rejects,
        next_run_at=None if pipeline.pause_reason else clocks.next_at.get(pipeline.scope.pipeline),
        missed=tuple(each for each in clocks.missed if each.pipeline == pipeline.scope.pipeline),
    )


def _state(store: Store, pipeline: StoredPipeline, last: StoredRun | None) -> str:
    status = last.report.status if last else None
    if status is RunStatus.RUNNING:  # a run that was killed is still written down so: only its lock tells
        status = RunStatus.RUNNING if store.is_running(pipeline.scope) else RunStatus.INTERRUPTED
    if pipeline.pause_reason is not None and status is not RunStatus.RUNNING:
        return RunStatus.PAUSED.value
    return status.value if status else "never"


def _find(store: Store, run_id: str, target: str | None) -> StoredRun:
    found = find_runs(store, run_id, target=target, limit=MOST_CANDIDATES)
    exact = [run for run in found if run.report.run_id == run_id]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if not found:
        raise SyncerError(f"no run begins with {run_id!r}; `syncer runs` lists them")
    names = ", ".join(run.report.run_id for run in found)
    raise SyncerError(f"several runs begin with {run_id!r}: {names}; write more of the id")


def request_json(request: RequestLine) -> dict[str, Any]:
    """Return a request as plain data."""
    values = {name: getattr(request, name) for name in RequestLine.__slots__}
    times = {name: in_utc(values[name]) for name in ("armed_at", "finished_at")}
    return {**values, **times, "state": request.state.value}


def in_utc(at: datetime | None) -> str | None:
    """Return a time for people and programs, to the second: `2026-11-28T10:00:00Z`."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def held_json(stored: StoredRequest, line: RequestLine) -> dict[str, Any]:
    """Return a held request as plain data, for the command and the API alike."""
    return {
        "request": stored.id,
        "run_id": stored.run_id,
        "events": stored.known_events,
        "since": in_utc(stored.first_armed_at or line.armed_at),
        "cursor_low": stored.cursor_low and stored.cursor_low.text,
        "cursor_high": stored.cursor_high and stored.cursor_high.text,
        "attempts": line.attempts,
        "status": line.status,
        "reason": line.reason,
        "fbtrace_id": line.fbtrace_id,
    }
