"""What Prometheus gets: the state store as gauges, the same from every daemon that serves it.

No number is a counter: the state forgets old runs, and a counter must not fall. Labels are names of yours and closed
sets of words, never ids, keys or texts.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from syncer import __version__
from syncer.alerts.look import ENDED
from syncer.errors import SyncerError
from syncer.pipeline import Project
from syncer.report import RunReport, RunStatus
from syncer.session import Session
from syncer.state import alerts, asked, measured, watched
from syncer.state.daemons import serving
from syncer.state.history import latest_runs, stored_pipelines
from syncer.status import PipelineStatus, pipelines_status

CONTENT_TYPE: str = CONTENT_TYPE_LATEST
DAY = timedelta(days=1)
SCOPE = ("target", "pipeline", "destination")
STATES = ("never", *(status.value for status in RunStatus if status is not RunStatus.LOCKED))
Labels = tuple[str, ...]
Samples = Iterable[tuple[Labels, float]]


def exposition(session: Session, *, problems: int = 0) -> bytes:
    """Return every metric as text; `problems` is the number of mistakes in the files as they are now.

    Where the state cannot be read, `syncer_state_up` is 0 and what is read from it is left out.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Of(session, problems))
    ProcessCollector(registry=registry)
    text: bytes = generate_latest(registry)
    return text


class _Of(Collector):
    def __init__(self, session: Session, problems: int) -> None:
        self._session, self._problems = session, problems

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this daemon, then those of the state."""
        session, target = self._session, self._session.project.target
        began = session.clock.monotonic()
        yield _gauge("info", "This version of syncer.", ("version",), [((__version__,), 1)])
        yield _gauge(
            "file_problems", "Mistakes in the files, which keep the last good ones in use.", (), [((), self._problems)]
        )
        yield _gauge(
            "destination_down",
            "Whether this daemon's requests to the destination fail, and it is not known to be back.",
            ("target", "destination"),
            [((target, name), session.is_down(name)) for name in session.project.destinations],
        )
        try:
            found = list(_of_state(session))
        except SyncerError:
            found, is_up = [], False
        else:
            is_up = True
        yield _gauge("state_up", "Whether the state store can be read.", (), [((), is_up)])
        yield _gauge("state_read_seconds", "How long reading it took.", (), [((), session.clock.monotonic() - began)])
        yield from found


def _of_state(session: Session) -> Iterator[Metric]:
    store, target = session.store, session.project.target
    yield _gauge("daemons", "Daemons that serve the target.", ("target",), [((target,), len(serving(store, target)))])
    waiting = asked.awake(store, target, asked.waiting(store, target))
    yield _gauge(
        "runs_asked",
        "Wishes for a run without an answer that wait for no resume.",
        ("target",),
        [((target,), len(waiting))],
    )
    standing = alerts.standing(store, target).values()
    yield _gauge(
        "alert",
        "Alerts that stand; 1 for each.",
        (*SCOPE, "condition"),
        [((target, *_about(alert.about), alert.condition), 1) for alert in standing],
    )
    yield from _of_pipelines(session)
    yield from _of_last_runs(session)
    yield from _of_a_day(session)


def _about(about: str) -> tuple[str, str]:
    pipeline, _, destination = about.rpartition("/")
    return pipeline, destination


def _of_pipelines(session: Session) -> Iterator[Metric]:
    known = _known(session.project)
    every = pipelines_status(session.store, session.project.target)
    found = [status for status in every if (status.pipeline, status.destination) in known]
    states = [((*_scope(one), state), one.state == state) for one in found for state in STATES]
    yield _gauge("pipeline_state", "Where the pipeline stands; 1 for the state it is in.", (*SCOPE, "state"), states)
    paused = [(_scope(one), one.pause_reason is not None) for one in found]
    yield _gauge("pipeline_paused", "Whether it is paused, by itself or by hand.", SCOPE, paused)
    reasons = [((*_scope(one), one.pause_reason), 1.0) for one in found if one.pause_reason]
    yield _gauge("pipeline_pause_reason", "Why it is paused; 1 for the reason.", (*SCOPE, "reason"), reasons)
    for name, text, value in (
        ("rejects", "Events that are set aside.", "rejects"),
        ("held_events", "Events whose outcome is unknown, and that no run sends again.", "held"),
        ("unfinished_events", "Events in requests that the next run has to look at.", "unfinished"),
    ):
        yield _gauge(name, text, SCOPE, [(_scope(one), getattr(one, value)) for one in found])
    missed = [(_scope(one), sum(each.times for each in one.missed)) for one in found]
    yield _gauge("missed_times_7d", "Due times without a run of their own, noticed in seven days.", SCOPE, missed)
    yield _times("next_run_timestamp_seconds", "When the next run begins.", ((one, one.next_run_at) for one in found))
    yield _times(
        "last_success_timestamp_seconds", "When a run last went well.", ((one, one.last_success_at) for one in found)
    )


def _of_last_runs(session: Session) -> Iterator[Metric]:
    """Yield what the newest runs did that ended."""
    store, target = session.store, session.project.target
    scopes = _scopes(session)
    last = {(target, *scopes[of]): run for of, run in latest_runs(store, target, ENDED).items() if of in scopes}
    starts = [(scope, run.started_at.timestamp()) for scope, run in last.items()]
    yield _gauge("last_run_timestamp_seconds", "When the newest run that ended began.", SCOPE, starts)
    took = [(scope, run.report.elapsed_s) for scope, run in last.items()]
    yield _gauge("last_run_duration_seconds", "How long it took.", SCOPE, took)
    rows = [(scope, run.report.tally.rows_read) for scope, run in last.items()]
    yield _gauge("last_run_rows", "Rows it read.", SCOPE, rows)
    events = [((*scope, outcome), count) for scope, run in last.items() for outcome, count in _outcomes(run.report)]
    yield _gauge("last_run_events", "Events of it, by outcome.", (*SCOPE, "outcome"), events)
    keys = [((*scope, key), share) for scope, run in last.items() for key, share in run.report.tally.shares().items()]
    yield _gauge("last_run_match_key_share", "Share of its events with the match key, 0 to 1.", (*SCOPE, "key"), keys)
    delivered = [
        ((target, *scope), at.timestamp())
        for of, scope in scopes.items()
        if (at := watched.last_acknowledged_at(store, of))
    ]
    yield _gauge("last_delivery_timestamp_seconds", "When Meta last acknowledged an event.", SCOPE, delivered)
    yield _gauge(
        "watermark_timestamp_seconds",
        "Up to which time of its cursor everything is settled; for cursors that are times.",
        SCOPE,
        list(_watermarks(session)),
    )


def _known(project: Project) -> set[tuple[str, str]]:
    """Return pipeline and destination of what is to run: of others, times would only grow old, and call somebody."""
    return {(one.name, to) for one in project.pipelines.values() if one.enabled for to in one.destinations}


def _scopes(session: Session) -> dict[int, tuple[str, str]]:
    known, found = _known(session.project), measured.pipeline_ids(session.store, session.project.target)
    return {of: scope for of, scope in found.items() if scope in known}


def _outcomes(report: RunReport) -> Iterator[tuple[str, int]]:
    yield "acknowledged", report.acknowledged
    yield from report.tally.buckets.items()


def _watermarks(session: Session) -> Iterator[tuple[Labels, float]]:
    known = _known(session.project)
    for stored in stored_pipelines(session.store, session.project.target):
        scope = stored.scope.pipeline, stored.scope.destination
        if scope in known and stored.watermark is not None and (at := stored.watermark.at) is not None:
            yield (stored.scope.target, *scope), at.timestamp()


def _of_a_day(session: Session) -> Iterator[Metric]:
    store, target = session.store, session.project.target
    since, scopes = session.clock.now() - DAY, _scopes(session)
    events = [
        ((target, *scopes[of], outcome), count)
        for (of, outcome), count in measured.events_since(store, target, since).items()
        if of in scopes
    ]
    text = "Events of the runs that began in the last 24 hours, by outcome."
    yield _gauge("events_24h", text, (*SCOPE, "outcome"), events)
    requests = [
        ((target, *scopes[of], state, reason), count)
        for (of, state, reason), count in measured.requests_since(store, target, since).items()
        if of in scopes
    ]
    text = "Requests of the runs that began in the last 24 hours, by where they stand and the code of the reason."
    yield _gauge("requests_24h", text, (*SCOPE, "state", "reason"), requests)


def _scope(status: PipelineStatus) -> Labels:
    return status.target, status.pipeline, status.destination


def _times(name: str, text: str, found: Iterable[tuple[PipelineStatus, datetime | None]]) -> Metric:
    return _gauge(name, text, SCOPE, [(_scope(status), at.timestamp()) for status, at in found if at is not None])


def _gauge(name: str, text: str, labels: Labels, samples: Samples) -> Metric:
    family = GaugeMetricFamily(f"syncer_{name}", text, labels=labels)
    for values, number in samples:
        family.add_metric(values, float(number))
    return family
