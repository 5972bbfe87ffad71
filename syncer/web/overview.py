"""The overview: every pipeline in a line, and what needs somebody's eyes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncer.logs import redact
from syncer.pipeline import Pipeline
from syncer.report import RunStatus
from syncer.session import Session
from syncer.state.alerts import Standing, standing
from syncer.state.counts import COVERED
from syncer.state.daemons import DaemonRow, serving
from syncer.state.volumes import Volume, latest_volumes
from syncer.status import PipelineStatus, pipelines_status
from syncer.web.found import path_of
from syncer.web.slots import TAKEN, Series, curve, series

DAY: Final = timedelta(days=1)
MOST_RUNS: Final = 3_000
"""Runs of a day that are looked at, over all pipelines: the newest."""
CURVE: Final = (120, 28)
KEYS: Final = ("em", "ph", "external_id", "fbp", "fbc")
"""Match keys of the overview, those that tell people apart best."""
COUNTED: Final = frozenset({TAKEN, COVERED[1], *KEYS})
TONES: Final = {
    RunStatus.RUNNING: "busy",
    RunStatus.DONE: "good",
    RunStatus.DONE_WITH_REJECTS: "warn",
    RunStatus.PAUSED: "warn",
    RunStatus.FAILED: "bad",
    RunStatus.LOCKED: "quiet",
    RunStatus.INTERRUPTED: "warn",
}


@dataclass(frozen=True, slots=True)
class State:
    """How a pipeline or a run does, in a word, and the tone of it."""

    word: str
    tone: str
    """good, busy, warn, bad or quiet: for the colour, which never tells alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A pipeline on its way to one destination."""

    name: str
    destination: str
    pipeline: Pipeline | None
    """None: no file has it any more."""
    status: PipelineStatus | None
    """None: it never ran."""
    state: State
    data_at: datetime | None
    """Time of the newest row that is settled, where the cursor is a time."""
    taken: int
    """Events that Meta took, of those that are counted."""
    curve: str
    """Points of a polyline of those."""
    keys: tuple[tuple[str, float], ...]
    """Match keys with their share of these events; empty where there were none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of the page."""

    target: str
    runs_schedules: bool
    now: datetime
    since: datetime
    """From when on events are counted: a day ago, later where a day has more runs than are looked at."""
    lines: tuple[Line, ...]
    daemons: tuple[DaemonRow, ...]
    alerts: tuple[Standing, ...]
    warnings: tuple[str, ...]

    @property
    def counted_s(self) -> float:
        """Return the seconds whose events are counted."""
        return (self.now - self.since).total_seconds()

    @property
    def taken(self) -> int:
        """Return how many events Meta took since then."""
        return sum(line.taken for line in self.lines)

    def count(self, name: str) -> int:
        """Return the sum of a count over all pipelines: `rejects`, `held` or `unfinished`."""
        return sum(getattr(line.status, name) for line in self.lines if line.status)

    def path(self, line: Line) -> str:
        """Return the address of the page of a line."""
        return path_of(line.name, line.destination)

    @property
    def problems(self) -> tuple[str, ...]:
        """Return the mistakes of files, with their places, that keep a daemon at its last good ones."""
        return tuple(dict.fromkeys(problem for daemon in self.daemons for problem in daemon.problems))

    @property
    def unwell(self) -> int:
        """Return how many pipelines wait for somebody."""
        return sum(line.state.tone in ("warn", "bad") for line in self.lines)


def overview(session: Session, *, most: int = MOST_RUNS) -> Overview:
    """Return what the overview shows, with the events of the newest `most` runs of a day; raises `StateError`."""
    project, now = session.project, session.clock.now()
    volumes = latest_volumes(session.store, project.target, since=now - DAY, most=most, names=COUNTED)
    since = now - DAY if len(volumes) < most else volumes[-1].started_at
    return Overview(
        target=project.target,
        runs_schedules=project.runs_schedules,
        now=now,
        since=since,
        lines=tuple(_lines(session, volumes, since=since, now=now)),
        daemons=tuple(serving(session.store, project.target)),
        alerts=tuple(standing(session.store, project.target).values()),
        warnings=tuple(map(redact, project.warnings)),
    )


def state_of(pipeline: Pipeline | None, status: PipelineStatus | None) -> State:
    """Return the word for where a pipeline stands."""
    if status is not None and status.pause_reason is not None and status.state != RunStatus.RUNNING:
        return State("paused", "warn")
    if pipeline is None:
        return State("no file", "quiet")
    if not pipeline.enabled:
        return State("disabled", "quiet")
    if status is None or status.state == "never":
        return State("never run", "quiet")
    if status.is_resumed:
        return State("resumed", "quiet")
    return run_state(RunStatus(status.state))


def run_state(status: RunStatus) -> State:
    """Return the word for how a run ended."""
    return State(status.value.replace("_", " "), TONES[status])


def _lines(session: Session, volumes: Sequence[Volume], *, since: datetime, now: datetime) -> Iterator[Line]:
    """Yield a line for each way of each pipeline, those that no file has any more at the end."""
    project = session.project
    statuses = {(each.pipeline, each.destination): each for each in pipelines_status(session.store, project.target)}
    known = {(name, to): pipeline for name, pipeline in project.pipelines.items() for to in pipeline.destinations}
    for place in dict.fromkeys([*known, *statuses]):
        own = [volume for volume in volumes if (volume.pipeline, volume.destination) == place]
        yield _line(place, known.get(place), statuses.get(place), own, since=since, now=now)


def _line(
    place: tuple[str, str],
    pipeline: Pipeline | None,
    status: PipelineStatus | None,
    volumes: Sequence[Volume],
    *,
    since: datetime,
    now: datetime,
) -> Line:
    day: Series = series(volumes, since=since, until=now)
    width, height = CURVE
    return Line(
        name=place[0],
        destination=place[1],
        pipeline=pipeline,
        status=status,
        state=state_of(pipeline, status),
        data_at=status.data_at if status else None,
        taken=sum(day.counts[TAKEN]),
        curve=curve(day.counts[TAKEN], width=width, height=height),
        keys=_shares(volumes),
    )


def _shares(volumes: Sequence[Volume]) -> tuple[tuple[str, float], ...]:
    covered = sum(volume.events.get(COVERED[1], 0) for volume in volumes)
    keys: Counter[str] = Counter()
    for volume in volumes:
        keys.update(volume.keys)
    return tuple((key, keys[key] / covered) for key in KEYS if keys[key]) if covered else ()
