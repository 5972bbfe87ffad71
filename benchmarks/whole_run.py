"""A whole sync: DuckDB file, transform, HTTP to the sandbox in another process, ledger on SQLite."""

import sys
from pathlib import Path
from typing import Any

from benchmarks.bodies_syncer import PROJECT
from benchmarks.measure import report
from benchmarks.project_run import in_a_new_home
from benchmarks.safety import watch
from syncer.engine.polars_library import as_a_run_needs_it


def main(warehouse: Path) -> None:
    """Sync the warehouse once, from an empty state; the sandbox counts only, in a process of its own."""
    as_a_run_needs_it()  # before it is loaded with what is timed
    from syncer.cli import seldom_look_for_garbage
    from syncer.config.load import load_project
    from syncer.session import Session
    from syncer.state.ledger import Ledger
    from syncer.state.runs import RunLog
    from syncer.state.store import Store

    seldom_look_for_garbage()  # as `syncer run` does
    safety_s = watch(Ledger, RunLog, Store)
    with in_a_new_home(warehouse) as environ:
        with Session(load_project(PROJECT, target=None, environ=environ)) as session:
            assert session.store  # made and migrated once in the life of an install, not for each run
        before_s = safety_s()

        def sync() -> dict[str, Any]:
            with Session(load_project(PROJECT, target=None, environ=environ)) as session:
                run = session.run("orders")
            facts = run.to_json()
            return {
                "events": run.acknowledged,
                "rows": facts["rows_read"],
                "wall_s": run.elapsed_s,
                "safety_s": safety_s() - before_s,
                "status": run.status.value,
            }

        report(sync)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
