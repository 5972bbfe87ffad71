"""A whole sync from Postgres to a sink: `python -m benchmarks.whole_postgres POSTGRES SINK MAPPING IN_FLIGHT`."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.bodies_syncer import PROJECT
from benchmarks.measure import cpu_s, report
from benchmarks.safety import watch

SETUP = """\
version: 1
sources:
  warehouse: {type: postgres, url: "${env:BENCH_POSTGRES}"}
destinations:
  meta: {type: meta, dataset_id: "1234567890", access_token: "${env:BENCH_TOKEN}", base_url: "${env:BENCH_URL}"}
"""
SMALL = """\
mapping:
  server_event:
    event_name: {value: Purchase}
    event_time: ordered_at
    event_source_url: page_url
  customer_info: {em: email, ph: phone, client_ip_address: ip, client_user_agent: user_agent, fbp: fbp, fbc: fbc}
  custom_data: {value: total, currency: {value: USD}}
"""
"""What drt's destination for Meta can map."""


def main(postgres: str, sink: str, mapping: str, in_flight: int | None) -> None:
    """Sync once, from nothing; `mapping` is `full` or `small`; `in_flight` None or 0: as by default.

    BENCH_SETTLED: so many other events were settled before, and the run goes on from a watermark before all rows; BENCH_STATES
    is a folder for copies of states that were made so, each of which serves many runs.
    BENCH_SAFETY: what the promises take is told as well, of a run over a state that was made before.
    """
    from syncer.cli import seldom_look_for_garbage
    from syncer.config.load import load_project
    from syncer.session import Session

    safety_s = _safety() if os.environ.get("BENCH_SAFETY") else None
    seldom_look_for_garbage()  # as `syncer run` does
    pipeline = (PROJECT / "pipelines" / "orders.yaml").read_text(encoding="utf-8")
    if mapping == "small":
        pipeline = pipeline[: pipeline.index("mapping:")] + SMALL
    if in_flight:
        pipeline += f"delivery: {{requests_in_flight: {in_flight}}}\n"
    with TemporaryDirectory() as home:
        (Path(home) / "pipelines").mkdir()
        (Path(home) / "syncer.yaml").write_text(SETUP, encoding="utf-8")
        (Path(home) / "pipelines" / "orders.yaml").write_text(pipeline, encoding="utf-8")
        given = {"BENCH_POSTGRES": postgres, "BENCH_URL": sink, "SYNCER_HOME": home, "SYNCER_STATE": ""}
        environ = {**os.environ, **given}
        os.environ.update(given)

        def sync() -> dict[str, Any]:

            loading_s = cpu_s()
            with Session(load_project(Path(home), target=None, environ=environ)) as session:
                run = session.run("orders")
            state_mib = (Path(home) / "state.db").stat().st_size / 2**20
            facts = {"events": run.acknowledged, "rows": run.to_json()["rows_read"], "wall_s": run.elapsed_s}
            watched = {"safety_s": safety_s() - before_s} if safety_s else {}
            return {**facts, **watched, "loading_s": loading_s, "state_mib": state_mib, "status": run.status.value}

        settled = os.environ.get("BENCH_SETTLED")
        if settled is not None:
            made = Path(os.environ["BENCH_STATES"]) / settled
            if not made.exists():
                subprocess.run([sys.executable, "-m", "benchmarks.settled", home, settled], check=True, env=environ)
                subprocess.run(["cp", "-r", home, made], check=True)
            # by another process: the CPU of this one is the run's
            subprocess.run(["cp", "-r", f"{made}/.", home], check=True)
            subprocess.run([sys.executable, "-m", "benchmarks.settled", home], check=True, env=environ)
            os.sync()  # or the run's first commit waits until all of that lies on the disk, and its CPU is the run's
        before_s = 0.0
        if safety_s:
            with Session(load_project(Path(home), target=None, environ=environ)) as session:
                assert session.store  # made and migrated once in the life of an install, not for each run
            before_s = safety_s()
        report(sync, from_start=not safety_s)


def _safety() -> Callable[[], float]:
    from syncer.engine.polars_library import as_a_run_needs_it

    as_a_run_needs_it()  # before it is loaded with what is timed
    from syncer.state.ledger import Ledger
    from syncer.state.runs import RunLog
    from syncer.state.store import Store

    return watch(Ledger, RunLog, Store)


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]) if len(sys.argv) > 4 else None)
