"""Rows to bodies with syncer: Arrow batches as a connector gives them, through every rule, to request bodies."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import report
from syncer.engine.polars_library import as_a_run_needs_it

PROJECT = Path(__file__).parent / "project"


def main(warehouse: Path, *, count: int) -> None:
    """Read `count` rows, then measure the way from batches to bodies."""
    as_a_run_needs_it()
    from connectors.base import Query
    from connectors.registry import find
    from syncer.capi.body import request_body
    from syncer.config.load import load_project
    from syncer.engine.pack import pack
    from syncer.transform import compile_transform
    from syncer.transform.identity import Scope

    project = load_project(PROJECT, target=None, environ={**os.environ, "BENCH_WAREHOUSE": str(warehouse)})
    pipeline = project.pipelines["orders"]
    connector = find("duckdb")
    with connector.connect(connector.options(path=str(warehouse)), root=Path.cwd()) as source:
        shape = source.schema(Query(sql=pipeline.query))
        transform = compile_transform(pipeline, shape, Scope(target="bench", destination="meta", salt=bytes(16)))
        query = Query(sql=pipeline.query, columns=transform.columns, cursor_column="updated_at", limit=count)
        batches = list(source.read(query))
    now = int(time.time())
    transform(batches[0].slice(0, 50), now=now, start=None)  # tables of countries and phone plans load once a process

    def bodies() -> dict[str, Any]:
        events = size = 0
        for batch in batches:
            made = transform(batch, now=now, start=None).events
            for request in pack(made, most_events=1000, most_bytes=4 << 20):
                size += len(request_body(request["json"]))
            events += made.height
        return {"events": events, "rows": sum(batch.num_rows for batch in batches), "bytes": size}

    report(bodies)


if __name__ == "__main__":
    main(Path(sys.argv[1]), count=int(sys.argv[2]))
