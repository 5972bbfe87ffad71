"""A project at work: its state, its warehouses, its datasets, and the sandbox where a target asks for it."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from connectors.registry import find
from syncer.actor import actor
from syncer.config.chosen import does_not_go, several, way_to
from syncer.engine.polars_library import as_a_run_needs_it
from syncer.errors import ConfigError, Problem
from syncer.origin import origin
from syncer.pipeline import Destination, Pipeline, Project
from syncer.ports import NO_POINTS, Clock, Points, Spans, SteadyClock, Stop, SystemClock, doing
from syncer.secret import Reference
from syncer.spec.outcomes import Outcome
from syncer.tracing import from_environment

if TYPE_CHECKING:
    from connectors.base import Source
    from syncer.capi.endpoint import Endpoint
    from syncer.engine.breaker import Breaker
    from syncer.engine.job import Job
    from syncer.engine.own_tests import Verdict
    from syncer.engine.preview import Preview
    from syncer.engine.tools import Progress, Sender, Tools
    from syncer.report import RunReport, RunStatus
    from syncer.sandbox.server import Running
    from syncer.state.place import Place
    from syncer.state.scope import Scope
    from syncer.state.store import Store
    from syncer.transform.identity import Scope as IdentityScope


@dataclass(frozen=True, slots=True)
class Trial:
    """What to show in Test Events."""

    code: str
    """As Events Manager gives it, such as TEST123."""
    key: tuple[str, ...] = ()
    """The row with this key; empty: the next rows."""


@dataclass
class Session:
    """What commands share: opened when first needed, closed together. Holds open connections."""

    project: Project
    clock: Clock = field(default_factory=SystemClock)
    points: Points = NO_POINTS
    stop: Stop = field(default_factory=Stop)
    """Ends the run under way in order, and lets no other begin."""
    spans: Spans = field(default_factory=from_environment)
    actor: str = field(default_factory=actor)
    """Who acts, for the audit log."""

    def __post_init__(self) -> None:
        self._open = ExitStack()
        self._breakers: dict[str, Breaker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def renewed(self, project: Project, *, actor: str | None = None) -> "Session":
        """Return a session of `project`, an edited one or for another `actor`, on the same state; it lives no longer.

        What it will need from threads is open already.
        """
        other = Session(project, self.clock, self.points, self.stop, self.spans, actor or self.actor)
        other._breakers = self._breakers
        other.__dict__["store"] = self.store
        if any(destination.type == "sandbox" for destination in project.destinations.values()):
            other.__dict__["sandbox"] = self.sandbox
        return other

    @cached_property
    def store(self) -> "Store":
        """The state store, migrated; raises `StateError`."""
        from syncer.state.store import open_store

        project = self.project
        return self._open.enter_context(
            open_store(
                project.state.resolve(), root=project.root, home=project.home, points=self.points, clock=self.clock
            )
        )

    @property
    def state_place(self) -> "Place":
        """Where the state lies; nothing is opened. Raises `StateError` where the URL cannot be read."""
        from syncer.state.place import parse

        return parse(self.project.state.resolve(), root=self.project.root)

    def store_as_it_is(self) -> "Store":
        """Return the store with the schema it has, to be closed; raises `StateError` where there is none."""
        from syncer.state.guard import Guard
        from syncer.state.store import open_store

        project, place = self.project, self.state_place
        if place.path is not None and not place.path.exists():
            raise Guard(place.path).absent()
        return open_store(project.state.resolve(), root=project.root, home=project.home, migrate=False)

    def unguarded_store(self) -> "Store":
        """Return the store with the schema it has, however old it is, to be closed; a missing one is made, empty."""
        from syncer.state.store import open_unguarded

        project = self.project
        return open_unguarded(project.state.resolve(), root=project.root, home=project.home, clock=self.clock)

    @cached_property
    def sandbox(self) -> "Running":
        """The Conversions API of this machine, started for this session."""
        from syncer.sandbox.server import start

        return self._open.enter_context(start())

    @property
    def holder(self) -> str:
        """Who runs what this session runs, told to others that find it locked."""
        return f"{actor()} pid {os.getpid()}"

    def heading(self, pipeline: Pipeline) -> str:
        """Return the first line of a run: target, dataset, host."""
        destination, name = self.destination(pipeline), self.label(pipeline)
        where = "sandbox on this machine" if destination.type == "sandbox" else urlsplit(destination.base_url).hostname
        return f"{name}: target {self.project.target}, dataset {destination.dataset_id.resolve()}, {where}"

    def label(self, way: Pipeline) -> str:
        """Return what people are told a pipeline by: its name, and the destination where it has several."""
        known = self.project.elsewhere.get(way.name) or self.project.pipelines.get(way.name, way).destinations
        return way.name if len(known) == 1 else f"{way.name} to {', '.join(way.destinations)}"

    def destination(self, pipeline: Pipeline) -> Destination:
        """Return where the events of `pipeline` go; raises `ConfigError` where that is several, and none was chosen."""
        if len(pipeline.destinations) != 1:
            raise several(pipeline)
        return self.project.destinations[pipeline.destinations[0]]

    def open_source(self, pipeline: Pipeline) -> "Source":
        """Connect to the warehouse of `pipeline`; raises `SourceError`, or `ConfigError` where a reference is empty."""
        return self.connect(pipeline.source)

    def connect(self, name: str) -> "Source":
        """Connect to the warehouse called `name` in syncer.yaml; raises as `open_source` does."""
        config = self.project.sources[name]
        connector = find(config.type)
        options = {
            name: value.resolve() if isinstance(value, Reference) else value for name, value in config.options.items()
        }
        return connector.connect(connector.options(**options), root=self.project.root)

    @contextmanager
    def open_sender(
        self, pipeline: Pipeline, destination: Destination, *, clock: Clock, test_event_code: str | None
    ) -> "Iterator[Sender]":
        """Give what posts events of `pipeline` to `destination`; raises `ConfigError` where a reference is empty."""
        from syncer.capi.client import Client
        from syncer.engine.dataset import Dataset

        destination.access_token.resolve()
        with Client(
            self.endpoint(destination), clock=clock, requests_in_flight=pipeline.delivery.requests_in_flight
        ) as client:
            yield Dataset(client, test_event_code, self.spans)

    def knows_time(self, pipeline: Pipeline) -> bool:
        """Return whether this machine's clock is right, by what the destination of `pipeline` says."""
        from syncer.engine.clock_check import ClockCheck

        destination = self.destination(pipeline)
        return ClockCheck(lambda: self.ask_time(destination, clock=self.clock)).asked() is None

    def ask_time(self, destination: Destination, *, clock: Clock) -> Outcome:
        """Return an outcome whose `date_skew_s` tells the clock of `destination` from `clock`."""
        from syncer.capi.client import Client

        with Client(self.endpoint(destination), clock=clock) as client, doing("post"):
            return client.ask_time()

    def test_event_code(self, pipeline: Pipeline) -> str | None:
        """Return the code under which Test Events shows the events of `pipeline`; None: not at all, or it depends on the way."""
        own, is_way = pipeline.settings.test_event_code, len(pipeline.destinations) == 1
        return own or (_resolved(self.destination(pipeline).test_event_code) if is_way else None)

    def check(self, pipeline: Pipeline) -> None:
        """Hold the mapping of `pipeline` against the columns of its query; reads no row and no state.

        Raises `ConfigError` with every mistake, `SourceError` where the warehouse fails.
        """
        from syncer.engine.compiled import compiled

        with self.open_source(pipeline) as source:
            compiled(pipeline, source, self.preview_scope(pipeline))

    def preview(self, pipeline: Pipeline, *, limit: int, key: "Sequence[str]" = ()) -> "Preview":
        """Return what would become of the first rows, or of the row with `key`; no state, no destination."""
        from syncer.engine.preview import preview

        scope, now = self.preview_scope(pipeline), int(self.clock.now().timestamp())
        with self.open_source(pipeline) as source:
            return preview(pipeline, source, scope, now=now, limit=limit, key=key)

    def scope(self, pipeline: Pipeline) -> "Scope":
        """Return whose state the runs of `pipeline` write."""
        from syncer.state.scope import Scope

        return Scope(self.project.target, pipeline.name, self.destination(pipeline).name)

    def tests(self, pipeline: Pipeline) -> "Iterator[Verdict]":
        """Yield what became of each of the pipeline's own tests; asks neither warehouse nor destination."""
        from syncer.engine.own_tests import run_tests

        return run_tests(pipeline, self.preview_scope(pipeline))

    def identity_scope(self, pipeline: Pipeline, *, ids_name: str | None) -> "IdentityScope":
        """Return what identities in the ledger of `pipeline` are made with; `ids_name` is that of its row in the state."""
        from syncer.transform.identity import Scope

        scope = self.scope(pipeline)
        return Scope(target=scope.target, destination=scope.destination, salt=self.store.salt, ids_name=ids_name)

    def preview_scope(self, pipeline: Pipeline) -> "IdentityScope":
        """Return what stands for the scope of identities where no state is asked."""
        from syncer.transform.identity import Scope

        return Scope(target=self.project.target, destination=pipeline.destinations[0], salt=bytes(16))

    def run(
        self,
        pipeline: str | Pipeline,
        *,
        limit: int | None = None,
        trigger: str = "manual",
        trial: Trial | None = None,
        wants_sweep: bool = False,
        on_progress: "Callable[[Progress], None] | None" = None,
    ) -> "RunReport":
        """Sync one pipeline, or with `trial` deliver some of its rows to Test Events, moving no watermark.

        A name is enough where it has one destination; of several, it is one of its `ways`.
        Where its `reconcile` is due, all keys in Meta's window are compared with the ledger as well, unless there is a
        `limit`; `wants_sweep` says that a clock finds it due. Raises `ConfigError`, `LockedError`, `StateError`; all else is in the report.
        """
        pipeline = find_pipeline(self.project, pipeline) if isinstance(pipeline, str) else pipeline
        job, tools = self.work(pipeline, trigger=trigger, code=trial.code if trial else None, on_progress=on_progress)
        from syncer.engine.job import Sample
        from syncer.engine.readings import Sweep
        from syncer.engine.sync import run_sync
        from syncer.state.history import SWEEP

        if trial is None and limit is None and self.is_sweep_due(pipeline, wanted=wants_sweep):
            job = replace(job, sweep=Sweep.ALSO, trigger=f"{trigger}+{SWEEP}")
        return run_sync(replace(job, limit=limit, sample=Sample(trial.key) if trial else None), tools)

    def is_sweep_due(self, pipeline: Pipeline, *, wanted: bool = False) -> bool:
        """Return whether the next run of `pipeline` has to reconcile by itself: one that reads every row need not.

        `wanted` is the word of a clock, which is good unless a run was earlier by less than half of the time. It has to
        after an edit, where runs before left rows to other destinations: they may be this one's by now.
        """
        from syncer.engine.readings import is_due, longest_window_s
        from syncer.state.history import last_sweep, left_elsewhere, stored_pipeline

        every, scope, now = pipeline.reconcile.every, self.scope(pipeline), self.clock.now()
        window, delay = (timedelta(seconds=each) for each in (longest_window_s(pipeline), pipeline.settings.delay))
        is_it = pipeline.cursor is not None and (
            left_elsewhere(self.store, scope, fingerprint=pipeline.fingerprint, since=now - window, delay=delay)
            or (every is not None and is_due(last_sweep(self.store, scope), every, wanted=wanted, now=now))
        )
        return is_it and (found := stored_pipeline(self.store, scope)) is not None and found.watermark is not None

    def work(
        self,
        pipeline: Pipeline,
        *,
        trigger: str,
        code: str | None = None,
        on_progress: "Callable[[Progress], None] | None" = None,
    ) -> "tuple[Job, Tools]":
        """Return what a run of `pipeline` needs; `code` is shown in Test Events, in place of the configured one."""
        as_a_run_needs_it()
        from syncer.engine.clock_check import ClockCheck
        from syncer.engine.executor import Threads
        from syncer.engine.job import Job
        from syncer.engine.scheduled_test import refuse_scheduled_test
        from syncer.engine.tools import Tools, silent

        destination, clock = self.destination(pipeline), SteadyClock(self.clock)

        @contextmanager
        def sender() -> "Iterator[Sender]":
            shown = code or self.test_event_code(pipeline)  # in the run, so that it is one that failed where it is gone
            refuse_scheduled_test(pipeline, code=shown, trigger=trigger)
            with self.open_sender(pipeline, destination, clock=clock, test_event_code=shown) as opened:
                yield opened

        job = Job(
            pipeline=pipeline,
            scope=self.scope(pipeline),
            store=self.store,
            open_source=lambda: self.open_source(pipeline),
            place=lambda: origin(self.project.sources[pipeline.source]),
            open_sender=sender,
            trigger=trigger,
            retention=self.project.retention,
            holder=self.holder,
        )
        tools = Tools(
            executor=Threads(pipeline.delivery.requests_in_flight),
            clock=clock,
            clock_check=ClockCheck(lambda: self.ask_time(destination, clock=clock)),
            points=self.points,
            stop=self.stop,
            spans=self.spans,
            breaker=self._breaker(destination, job.scope),
            on_progress=on_progress or silent,
        )
        return job, tools

    def _breaker(self, destination: Destination, scope: "Scope") -> "Breaker":
        """Return the circuit of a destination: the one of this session's runs, else by what the last run left."""
        from syncer.engine.breaker import Breaker
        from syncer.state.history import stored_pipeline
        from syncer.state.request_lines import unfinished_requests

        if destination.name not in self._breakers:
            left = unfinished_requests(self.store, found.id) if (found := stored_pipeline(self.store, scope)) else ()
            self._breakers.setdefault(destination.name, Breaker.after(left))  # threads may come here together
        return self._breakers[destination.name]

    def is_down(self, destination: str) -> bool:
        """Return whether requests to `destination` failed, and it is not known whether it is back."""
        return (breaker := self._breakers.get(destination)) is not None and breaker.circuit.is_open

    def empty_report(self, pipeline: Pipeline, status: "RunStatus", message: str) -> "RunReport":
        """Return the report of a run that never began, or of which nothing is known."""
        from syncer.report import RunReport

        return RunReport(
            pipeline=pipeline.name,
            target=self.project.target,
            destination=pipeline.destinations[0],
            run_id="",
            status=status,
            message=message,
        )

    def endpoint(self, destination: Destination) -> "Endpoint":
        """Return where requests for `destination` go: Meta, or the sandbox of this session."""
        from syncer.capi.endpoint import Endpoint

        return Endpoint.of(destination, base_url=self.sandbox.url if destination.type == "sandbox" else None)


def _resolved(reference: Reference | None) -> str | None:
    return None if reference is None else reference.resolve()


def find_pipeline(project: Project, name: str) -> Pipeline:
    """Return the pipeline called `name`; raises `ConfigError` with the nearest one."""
    if name in project.pipelines:
        return project.pipelines[name]
    if name in project.elsewhere:
        raise does_not_go(name, project.elsewhere[name])
    near = get_close_matches(name, project.pipelines, n=1)
    known = ", ".join(project.pipelines) or "none; add a file to pipelines/"
    remedy = f"did you mean {near[0]!r}? pipelines: {known}" if near else f"pipelines: {known}"
    raise ConfigError([Problem(file=None, what=f"no pipeline is called {name!r}", remedy=remedy)])


def load_project(folder: str | Path, *, target: str | None = None) -> Project:
    """Return the project of `folder` through `target`; raises `ConfigError` with every mistake of every file."""
    from syncer.config.load import load_project as load

    return load(Path(folder), target=target, environ=os.environ)


def run_sync(
    project: Project, pipeline: str, *, destination: str | None = None, limit: int | None = None
) -> "RunReport":
    """Sync one pipeline of `project`, to `destination` where it has several; raises as `Session.run` does."""
    with Session(project) as session:
        found = find_pipeline(project, pipeline)
        return session.run(found if destination is None else way_to(found, destination), limit=limit)
