"""What a command takes from the shell: `syncer --help`, and `syncer run` of the orders over a new state."""

import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.bodies_syncer import PROJECT
from benchmarks.project_run import in_a_new_home

WITH_REJECTS = 3
"""How syncer ends where more rows are refused than it should bear: one of 100 has no currency."""
SYNCER = Path(sys.executable).parent / "syncer"


def main(warehouse: Path) -> None:
    """Measure each once, after a first look at the version that compiles what is imported."""
    with in_a_new_home(warehouse):
        taken("--version")
        facts = {"help_s": taken("--help"), "run_s": taken("run", "orders")}
    sys.stdout.write(json.dumps(facts) + "\n")


def taken(*words: str) -> float:
    """Return the seconds by the clock of a command of syncer in the project; raises where it fails."""
    began = time.perf_counter()
    done = subprocess.run([str(SYNCER), *words], cwd=PROJECT, check=False, capture_output=True, text=True)
    if done.returncode not in (0, WITH_REJECTS):
        raise SystemExit(done.stderr)
    return time.perf_counter() - began


if __name__ == "__main__":
    main(Path(sys.argv[1]))
