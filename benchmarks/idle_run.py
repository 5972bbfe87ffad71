"""A scheduled run that finds nothing, as in the daemon: again and again in one process, every row within the lookback."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.bodies_syncer import PROJECT
from benchmarks.measure import report
from benchmarks.project_run import in_a_new_home

RUNS = 50


def main(warehouse: Path) -> None:
    """Deliver the warehouse once, then measure the runs after that."""
    from syncer.config.load import load_project
    from syncer.duration import Duration
    from syncer.pipeline import Cursor
    from syncer.session import Session

    with (
        in_a_new_home(warehouse) as environ,
        Session(load_project(PROJECT, target=None, environ=environ)) as session,
    ):
        cursor = Cursor(column="updated_at", lookback=Duration(30 * 86_400))
        pipeline = replace(session.project.pipelines["orders"], cursor=cursor)

        def idle(runs: int) -> dict[str, Any]:
            found = [session.run(pipeline, trigger="schedule") for _ in range(runs)]
            return {"runs": runs, "events": sum(run.acknowledged for run in found)}

        idle(5)
        report(lambda: idle(RUNS))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
