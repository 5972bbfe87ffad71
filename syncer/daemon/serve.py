"""The daemon: looks at what is due and what was asked for, begins runs, says that it goes on, ends in order."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from syncer.actor import actor
from syncer.daemon.alarms import Alarms
from syncer.daemon.clocks import Clocks, serves
from syncer.daemon.crew import Crew
from syncer.daemon.files import Files
from syncer.daemon.notify import notify, watchdog_s
from syncer.daemon.slots import Slots, WorkingClock
from syncer.daemon.watch import Watch
from syncer.errors import ConfigError, StateError, SyncerError
from syncer.health import Standing
from syncer.logs import redact
from syncer.pipeline import Pipeline, Project, ways
from syncer.ports import Stop
from syncer.session import Session
from syncer.state import asked, crashes, schedules
from syncer.state.daemons import Serving

log = logging.getLogger(__name__)

TICK_S = 0.5
"""Between two looks at what was asked for."""
BEAT_S = 5.0
"""Between two words to the state that this daemon goes on."""
FILES_S = 2.0
"""Between two looks at the files where nothing runs; a run always begins with what they say then."""


@dataclass
class Daemon:
    """Serves one target of a project until it is asked to stop. Mutable."""

    project: Project
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """What references of edited files are resolved with."""
    stop: Stop = field(default_factory=Stop)
    at_end: list[Callable[[float], bool]] = field(default_factory=list)
    """Each waits for work beside the runs, so many seconds at most, and tells whether all of it ended."""

    def __post_init__(self) -> None:
        self.slots = Slots(self.project.daemon.concurrency)
        self.clock = WorkingClock(self.slots)
        self._beat_at = self._files_at = self._alive_at = self._not_before = 0.0
        self._watchdog_s = watchdog_s()
        self._trouble, self._is_due = "", False
        self._ticked_at = self.clock.monotonic()

    def standing(self) -> Standing:
        """Return how it is; from any thread."""
        session = getattr(self, "session", None)
        problems = len(self.files.problems) if session is not None else 0
        silent_s = 0.0 if session is None else self.clock.monotonic() - self._ticked_at
        of_runs = self.crew.troubles if hasattr(self, "crew") else ()
        troubles = tuple(dict.fromkeys(filter(None, [self._trouble, *of_runs])))
        return Standing(
            session=session,
            problems=problems,
            silent_s=silent_s,
            is_stopping=self.stop.is_wanted,
            troubles=troubles,
        )

    def ask_to_stop(self) -> None:
        """Want the end, also from a signal handler, which may take no lock: the loop hears of it within `TICK_S`."""
        self.stop.is_wanted = True

    def serve(self) -> bool:
        """Serve until the stop; return whether all runs ended in time.

        Raises `StateError` where the state cannot be opened, or is a file that another daemon serves.
        """
        with Session(self.project, clock=self.clock, stop=self.stop) as session:
            its = serves(self.project)
            self.serving = Serving(
                session.store, self.project.target, daemon_id=_new_id(), holder=session.holder, serves=its
            )
            with self.serving:
                self._begin(session)
                try:
                    while not self.stop.is_wanted:
                        time.sleep(self._tick())
                finally:
                    is_over = self._end()
                    del self.session  # else who asks how it is would look at a state that is closed
                return is_over

    def _begin(self, session: Session) -> None:
        self.files = Files(self.project, self.environ)
        self.session = session.renewed(self.project)
        self._ticked_at = self.clock.monotonic()
        for name in crashes.find_dead(session.store, self.project.target):
            log.warning("run.crashed", extra={"pipeline": name, "error": "its process ended before the run did"})
        self.crew = Crew(self.slots, self.clock)
        self.clocks = Clocks(session.store, self.project)
        self.alarms = Alarms(self._mark_due)
        self._set_alarms()
        self._introduce()
        self.watch = Watch(lambda: self.session)
        self.watch.start()
        notify("READY=1", f"STATUS=serving target {self.project.target}")

    def _mark_due(self) -> None:
        self._is_due = True

    def _set_alarms(self) -> None:
        found = schedules.stored(self.session.store, self.project.target)
        since = {name: found[name].due_at for name in self.clocks.timetables if name in found}
        self.alarms.follow({name: self.clocks.timetables[name] for name in since}, since)

    def _introduce(self) -> None:
        project = self.files.project
        facts = {
            "target": project.target,
            "pipelines": len(project.pipelines),
            "schedules": len(self.clocks.timetables),
        }
        state = str(self.session.state_place)
        log.info(
            "daemon.started", extra={**facts, "state": state, "concurrency": self.slots.number, "pid": os.getpid()}
        )
        if not project.runs_schedules:
            log.info("daemon.on_demand", extra={"target": project.target, "why": "the target has no `schedules: true`"})
        starts = self.clocks.next_starts()
        for pipeline in (way for each in project.pipelines.values() for way in ways(each)):
            at = min((at for (name, _), at in starts.items() if name == pipeline.name and at), default=None)
            following = at.isoformat(timespec="seconds") if at else "on demand"
            log.info("pipeline.served", extra={"pipeline": pipeline.name, **self._place(pipeline), "next": following})

    def _place(self, pipeline: Pipeline) -> dict[str, str]:
        try:
            destination = self.session.destination(pipeline)
            host = "this machine" if destination.type == "sandbox" else urlsplit(destination.base_url).hostname
            return {"dataset": destination.dataset_id.resolve(), "host": str(host)}
        except ConfigError as error:
            return {"problem": str(error)}

    def _tick(self) -> float:
        """Do what there is to do; return how many seconds to wait for more."""
        now = self._ticked_at = self.clock.monotonic()
        if self._watchdog_s is not None and now - self._alive_at >= self._watchdog_s:
            notify("WATCHDOG=1")
            self._alive_at = now
        if now < self._not_before:
            return TICK_S
        try:
            if now - self._beat_at >= BEAT_S:
                self._beat()
                self._beat_at, self._is_due = now, True
            ring_s = self.alarms.ring()
            if self._is_due:
                self.clocks.look()
                self._is_due = False
            if self.crew.gather():
                self.watch.poke()
            self._begin_runs(now)
        except SyncerError as error:
            self._fail(error)
            self._not_before = now + BEAT_S
            return TICK_S
        if self._trouble:
            self._trouble = ""
            log.info("state.back")
        return min(TICK_S, ring_s if ring_s is not None else TICK_S)

    def _beat(self) -> None:
        """Say that it goes on, with these files."""
        self.serving.beat([str(problem) for problem in self.files.problems], serves(self.files.project))

    def _begin_runs(self, now: float) -> None:
        """Read the files and begin what is wished: seldom, where all that is wished waits for a resume."""
        store, target = self.session.store, self.project.target
        wishes = asked.waiting(store, target)
        if not asked.awake(store, target, wishes) and now - self._files_at < FILES_S:
            return
        self._files_at = now
        self._read_files()
        if wishes and not self.stop.is_wanted:
            self.crew.dispatch(self.session, wishes)

    def _fail(self, error: SyncerError) -> None:
        """Go on without the state, which may come back; say so once."""
        if not self._trouble:
            what = "state.away" if isinstance(error, StateError) else "daemon.failed"
            log.error(what, extra={"error": str(error), "next": "runs begin again when it is back"})
        self._trouble = redact(str(error))

    def _read_files(self) -> None:
        problems = self.files.problems
        self.files.renewed()
        if self.files.problems != problems:
            self._beat_at = 0.0  # whoever looks is told at once
        before, project = self.session.project, self.files.project
        if project is before:
            return
        self._beat()  # first: of two that lose a clock at once, the later one knows that nobody has it
        self.clocks.follow(project)  # then, so that a state that fails here is tried again
        self._set_alarms()
        self.session = self.session.renewed(project)
        self.slots.number = project.daemon.concurrency
        if before.state.text != project.state.text:
            log.warning("files.state_changed", extra={"remedy": "start the daemon again to use the other state"})

    def _end(self) -> bool:
        drain_s = float(self.files.project.daemon.drain)
        self.stop.is_wanted = True
        self.clock.stopping.set()
        notify("STOPPING=1")
        log.info("daemon.stopping", extra={"running": ", ".join(self.crew.running), "drain_s": drain_s})
        is_over = self.crew.drain(drain_s)
        is_over = all([is_over, *(ended(drain_s if is_over else 0.0) for ended in self.at_end)])
        self.watch.stop()
        if not is_over:
            log.error("daemon.gave_up", extra={"remedy": "the next run goes on; a longer `daemon.drain` waits longer"})
            with suppress(SyncerError):  # else the next start finds that they died
                crashes.give_up(self.session.store, self.session.holder)
        log.info("daemon.stopped")
        return is_over


def _new_id() -> str:
    return f"{actor()} {os.getpid()} {os.urandom(8).hex()}"
