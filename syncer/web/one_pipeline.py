"""The page of one pipeline: how it did, why events are where they are, and what it does after all defaults."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from syncer.actions import held
from syncer.config.merged import Line as Setting
from syncer.config.merged import flow, lines
from syncer.engine.advice import on_tally
from syncer.engine.explained import Explanation, explanation
from syncer.engine.held import COST, FORGOTTEN
from syncer.pipeline import Pipeline
from syncer.report import Advice, RunStatus, Tally
from syncer.session import Session
from syncer.state.history import StoredRun, stored_pipeline
from syncer.state.request_lines import RequestLine
from syncer.state.set_aside import Why, reasons
from syncer.state.volumes import latest_volumes
from syncer.status import PipelineStatus, pipelines_status, runs
from syncer.web.found import argument_of, path_of
from syncer.web.overview import State, run_state, state_of
from syncer.web.slots import DRAWN, Series, series, span

LONGEST: Final = timedelta(days=30)
MOST_RUNS: Final = 3_000
LATEST: Final = 20
"""Runs that are listed, and whose reports the reasons and keys are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePipeline:
    """All of the page."""

    name: str
    target: str
    destination: str
    argument: str
    """What commands are told it by."""
    others: tuple[str, ...]
    """Destinations that it goes to as well, each with state of its own."""
    now: datetime
    pipeline: Pipeline
    status: PipelineStatus | None
    state: State
    data_at: datetime | None
    pause: Explanation | None
    series: Series
    runs: tuple[StoredRun, ...]
    tally: Tally
    """Of the latest runs together."""
    advice: tuple[Advice, ...]
    set_aside: tuple[Why, ...]
    held: tuple[RequestLine, ...]

    @property
    def costs(self) -> tuple[str, str]:
        """Return what it may cost to resend what is held, and to take it for delivered."""
        return COST, FORGOTTEN

    @property
    def base(self) -> str:
        """Return the address of the page."""
        return path_of(self.name, self.destination)

    @staticmethod
    def run_state(status: RunStatus) -> State:
        """Return the word for how a run ended."""
        return run_state(status)

    @property
    def schedule(self) -> str:
        """Return when it runs, in words."""
        when = self.pipeline.schedule
        if when is None:
            return "on demand"
        if when.cron is not None:
            return f"cron {when.cron} ({when.timezone})"
        return f"every {when.every}"

    @property
    def settings(self) -> list[tuple[Setting, str]]:
        """Return every value with its text on one line, as `syncer explain` has them."""
        return [(each, flow(each.value)) for each in lines(self.pipeline)]


def one_pipeline(session: Session, pipeline: Pipeline) -> OnePipeline:
    """Return what the page of `pipeline` shows; raises `StateError`."""
    store, target, name, now = session.store, session.project.target, pipeline.name, session.clock.now()
    scope = session.scope(pipeline)
    to = scope.destination
    statuses = pipelines_status(store, target)
    status = next((each for each in statuses if (each.pipeline, each.destination) == (name, to)), None)
    latest = runs(store, target, name, destination=to, limit=LATEST)
    tally = Tally()
    for run in latest:
        tally.add(run.report.tally)
    stored = stored_pipeline(store, scope)
    return OnePipeline(
        name=name,
        target=target,
        destination=to,
        argument=argument_of(session, pipeline),
        others=tuple(each for each in session.project.pipelines[name].destinations if each != to),
        now=now,
        pipeline=pipeline,
        status=status,
        state=state_of(pipeline, status),
        data_at=status.data_at if status else None,
        pause=explanation(status.pause_reason) if status and status.pause_reason else None,
        series=_series(session, (name, to), now),
        runs=latest,
        tally=tally,
        advice=tuple(on_tally(tally, pipeline)),
        set_aside=tuple(reasons(store, stored.id)) if stored else (),
        held=tuple(line for _, line in held(session, pipeline)) if stored else (),
    )


def _series(session: Session, way: tuple[str, str], now: datetime) -> Series:
    volumes = latest_volumes(
        session.store, session.project.target, way, since=now - LONGEST, most=MOST_RUNS, names=DRAWN
    )
    since, until = span(volumes, until=now, longest=LONGEST)
    return series(volumes, since=since, until=until)
