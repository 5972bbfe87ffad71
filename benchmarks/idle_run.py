"""A scheduled run that finds nothing, as in the daemon: again and again in one process, every row within the lookback."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.bodies_syncer import PROJECT
from benchmarks.measure import report

RUNS = 50


def main(warehouse: Path) -> None:
    """Deliver the warehouse once, then measure the runs after that."""
    from syncer.config.load import load_project
    from syncer.duration import Duration
    from syncer.pipeline import Cursor
    from syncer.session import Session

    sandbox = subprocess.Popen([sys.executable, "-m", "benchmarks.counting_sandbox"], stdout=subprocess.PIPE, text=True)
    try:
        assert sandbox.stdout is not None
        with TemporaryDirectory() as home:
            os.environ |= {
                "BENCH_WAREHOUSE": str(warehouse),
                "BENCH_URL": sandbox.stdout.readline().strip(),
                "BENCH_TOKEN": "sandbox-token",
                "SYNCER_HOME": home,
                "SYNCER_STATE": "",
            }
            with Session(load_project(PROJECT, target=None, environ=os.environ)) as session:
                cursor = Cursor(column="updated_at", lookback=Duration(30 * 86_400))
                pipeline = replace(session.project.pipelines["orders"], cursor=cursor)

                def idle(runs: int) -> dict[str, Any]:
                    found = [session.run(pipeline, trigger="schedule") for _ in range(runs)]
                    return {"runs": runs, "events": sum(run.acknowledged for run in found)}

                idle(5)
                report(lambda: idle(RUNS))
    finally:
        sandbox.terminate()
        sandbox.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
