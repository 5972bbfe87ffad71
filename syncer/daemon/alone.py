"""One run in a process of its own: for a pipeline whose last run took its process with it."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from syncer.config.chosen import way_to
from syncer.config.load import load_project
from syncer.engine.polars_library import as_a_run_needs_it
from syncer.errors import LockedError, SyncerError
from syncer.logs import as_set_up, set_up
from syncer.pipeline import Pipeline, Project
from syncer.session import Session, find_pipeline
from syncer.signals import listen

GRACE_S = 10.0
"""For the answers under way, where the daemon has died."""
LOCKED = 4
"""Exit code where another process holds the pipeline."""
log = logging.getLogger(__name__)


def start(project: Project, way: Pipeline, *, trigger: str, wants_sweep: bool) -> "subprocess.Popen[bytes]":
    """Begin a run of `way`, one of those of a pipeline, as a process; it reads the files anew and is told to stop by SIGTERM.

    Its standard input stays open as long as this process lives: where it dies, the run ends too.
    """
    verbosity, as_json = as_set_up()
    flags = (str(int(flag)) for flag in (wants_sweep, verbosity, as_json))
    place = (str(project.root), project.target, way.name, way.destinations[0])
    words = (sys.executable, "-P", "-m", __name__, *place, trigger, *flags)
    return subprocess.Popen(words, stdin=subprocess.PIPE)  # noqa: S603  # this interpreter, and names that were read


def main(words: Sequence[str]) -> int:
    """Run one pipeline as `words` say; return 0 where the run is in the state, however it ended."""
    root, target, pipeline, destination, trigger, *flags = words
    wants_sweep, verbosity, as_json = map(int, flags)
    set_up(verbosity=verbosity, as_json=bool(as_json))
    Thread(target=_outlive_nobody, daemon=True).start()
    try:
        with Session(load_project(Path(root), target=target, environ=os.environ)) as session:
            as_a_run_needs_it()
            listen(session.stop.interrupt)
            way = way_to(find_pipeline(session.project, pipeline), destination)
            session.run(way, trigger=trigger, wants_sweep=bool(wants_sweep))
    except LockedError:
        return LOCKED
    except SyncerError as error:
        log.log(logging.ERROR, "run.refused", extra={"pipeline": pipeline, "error": str(error)})
        return 1
    return 0


def _outlive_nobody() -> None:
    """End the run when the daemon has died: what hangs would keep the pipeline from the next one."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
