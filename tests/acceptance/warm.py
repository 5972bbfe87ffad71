"""The command in a process of its own that need not import anything: forked from one that has imported it all.

A fresh `python -m syncer` spends a second of processor time on imports alone; a fork of a warm process starts in
some milliseconds, with its own environment, folder, streams and exit code. `tests/architecture/test_start_up.py`
and the tests of signals and of the wheel start fresh ones.
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import IO, Any

from tests.counts import SOAK

RUNNING = 1_000
"""No exit code: it runs."""
LONGEST_S = 600 if SOAK else 60
NOT_IMPORTED = ("syncer.__main__", "connectors.testing")
IMPORTED_LATE = ("click._textwrap", "encodings.idna", "rich._emoji_codes")
"""By others' code, at the first help text, host name and table."""


class Warm:
    """One warm process, for the life of this one: it ends when its standard input does."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.warm"],
            cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        atexit.register(self._end)

    def _end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            _given(stream).close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def run(
        self, arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str], timeout_s: int = LONGEST_S
    ) -> tuple[int, str, str]:
        """Run `syncer` with `arguments`; return its exit code and what it wrote to both streams."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            streams = [f"/proc/{os.getpid()}/fd/{stream.fileno()}" for stream in (out, err)]
            asked = {"arguments": arguments, "folder": str(folder), "environ": dict(environ), "streams": streams}
            return self._answer({**asked, "timeout_s": timeout_s}), _text(out), _text(err)

    def start(self, arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str], log: Path) -> int:
        """Begin `syncer` with `arguments`, whose errors are added to `log`; return the number of the process."""
        asked = {"arguments": arguments, "folder": str(folder), "environ": dict(environ)}
        return self._answer({**asked, "streams": [os.devnull, str(log)], "timeout_s": 600, "waits": False})

    def ended(self, pid: int) -> int | None:
        """Return the exit code of what was started as process `pid`; None while it runs. To be asked until it is told."""
        code = self._answer({"pid": pid})
        return None if code == RUNNING else code

    def _answer(self, asked: Mapping[str, Any]) -> int:
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return int(_given(self._process.stdout).readline())


@cache
def warm() -> Warm:
    """Return the warm process of this one."""
    return Warm()


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8").replace("\r\n", "\n")


def _given(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _import_all() -> None:
    for package in map(import_module, ("syncer", "connectors")):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(NOT_IMPORTED):
                import_module(module.name)
    for name in IMPORTED_LATE:
        import_module(name)


def _use_once() -> None:
    """Read a project and write a run into a new state: what only the first use of a thing costs, no fork pays again.

    Neither Polars nor DuckDB is asked for anything: threads of theirs would be missing in the forks.
    """
    from connectors import registry
    from syncer.config.load import load_project
    from syncer.report import RunStatus, Tally
    from syncer.spec.outcomes import Outcome, OutcomeClass
    from syncer.state.prune import has_due
    from syncer.state.requests import NewRequest, RequestState
    from syncer.state.scope import Scope
    from syncer.state.store import open_store
    from tests.acceptance.shop import PIPELINE, PROJECT

    for kind in registry.kinds():
        registry.find(kind)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "pipelines").mkdir()
        (root / "pipelines" / "orders.yaml").write_text(PIPELINE, encoding="utf-8")
        (root / "syncer.yaml").write_text(PROJECT.replace("${URL}", "http://127.0.0.1:1"), encoding="utf-8")
        project = load_project(root, environ={"TOKEN": "none"})
        scope, at = Scope("default", "orders", "meta"), datetime.now(UTC)
        with open_store("sqlite:///.syncer/state.db", root=root, home=root / ".syncer") as store:
            begun = store.start_run(scope, run_id="r", now=at, fingerprint="f", trigger="manual", holder="warm")
            with begun as run:
                run.fix_start(0)
                run.page(Tally(rows_read=1), [], 1)
                request = run.arm(NewRequest(digests=bytes(16), events=1, event_time_min=0, event_time_max=0))
                outcome = Outcome(kind=OutcomeClass.ACKED, status=200)
                run.settle(request, outcome, state=RequestState.ACKED, value={"EUR": 1.0})
                run.finish(RunStatus.DONE, now=at)
                run.report()
            has_due(store, project.retention, now=at)


def _serve() -> None:
    """Fork for each line of standard input; returns in the children alone, ready to be the command."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "pid" in asked:
            print(_code(asked["pid"], os.WNOHANG), flush=True)
            continue
        child = os.fork()
        if child == 0:
            _become(asked)
            return
        print(_code(child, 0) if asked.get("waits", True) else child, flush=True)
    sys.exit(0)


def _code(pid: int, flags: int) -> int:
    found, status = os.waitpid(pid, flags)
    return os.waitstatus_to_exitcode(status) if found else RUNNING


def _become(asked: dict[str, Any]) -> None:
    signal.alarm(asked["timeout_s"])
    streams = [os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) for path in asked["streams"]]
    for target, stream in enumerate([os.open(os.devnull, os.O_RDONLY), *streams]):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    sys.argv = ["syncer", *asked["arguments"]]


def _end(ending: SystemExit) -> None:
    """End as the interpreter does, but for taking every module apart, which costs more than most commands."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as at any exit
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ending.code if isinstance(ending.code, int) else int(ending.code is not None))


if __name__ == "__main__":
    from syncer.cli import main

    _import_all()
    _use_once()
    gc.freeze()
    _serve()
    try:
        main()
    except SystemExit as ending:
        _end(ending)
