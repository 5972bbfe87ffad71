import resource
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "polars",
    "pyarrow",
    "duckdb",
    "sqlalchemy",
    "alembic",
    "pydantic",
    "httpx",
    "yaml",
    "psycopg",
    "snowflake",
    "rich",
    "uvicorn",
    "fastapi",
    "jinja2",
    "prometheus_client",
)


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "code",
    [
        "import syncer",
        "from syncer.cli import cli\ntry:\n    cli(['--help'])\nexcept SystemExit: pass",
        "from syncer.cli import cli\ntry:\n    cli(['run', '--help'])\nexcept SystemExit: pass",
        "from syncer.cli import cli\ntry:\n    cli(['fields', '--help'])\nexcept SystemExit: pass",
        "import connectors.base, connectors.registry, connectors.errors",
    ],
)
def test_help_and_front_doors_load_nothing_heavy(code: str) -> None:
    assert loaded_by(code).isdisjoint(HEAVY)


@pytest.mark.parametrize("code", ["import syncer.capi.client", "import syncer.cli.json_lines, syncer.engine.sync"])
def test_what_is_for_people_is_loaded_for_people_alone(code: str) -> None:
    assert loaded_by(code).isdisjoint({"rich", "pygments"})


def test_who_has_httpx_already_keeps_all_of_it() -> None:
    code = "import httpx._main, syncer.capi.client\nassert httpx.main is httpx._main.main"
    assert "httpx" in loaded_by(code)


def test_help_answers_at_once() -> None:
    def took_s() -> float:
        """Return the seconds of CPU, which is what it takes on a machine with nothing else to do."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "syncer", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(took_s() for _ in range(5)) < 0.3


ENDS = """
import gc, sys
from syncer.cli import main

sys.argv = ["syncer", "--version"]
try:
    main()
finally:
    print(gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 100)
"""
BEGINS = """
import os, sys
from syncer.cli import main

os.environ.pop("_RJEM_MALLOC_CONF", None)
sys.argv = ["syncer", "--version"]
try:
    main()
finally:
    print(os.environ.get("_RJEM_MALLOC_CONF"), "polars" in sys.modules)
"""


def test_every_command_says_how_polars_keeps_memory_before_it_is_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", BEGINS], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "narenas:1,dirty_decay_ms:60000 False"


def test_a_command_that_ends_has_no_garbage_looked_for() -> None:
    done = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True True"


READ_TWICE = """
import sys
from pathlib import Path
from syncer.config.load import load_project

def note(event, arguments):
    if event == "open" and str(arguments[0]).endswith("entry_points.txt"):
        looked.append(arguments[0])

looked = []
sys.addaudithook(note)
for _ in range(2):
    load_project(Path("."), target="dev", environ={})
    print(len(looked))
"""


def test_files_are_read_again_without_a_look_at_what_is_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_TWICE],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = map(int, done.stdout.split())
    assert second == first > 0
