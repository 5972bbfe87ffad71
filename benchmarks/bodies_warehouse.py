"""A warehouse to request bodies: what a run reads, through the connector and every rule, up to the bodies."""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.bodies_syncer import PROJECT
from benchmarks.measure import cpu_s, report
from syncer.engine.polars_library import as_a_run_needs_it

if TYPE_CHECKING:
    import pyarrow as pa

    from connectors.base import Source

WARM_ROWS = 50


def main(asked: dict[str, Any]) -> None:
    """Read a few rows, which loads drivers and tables; then measure a reading of all of them."""
    as_a_run_needs_it()
    from syncer.capi.body import request_body
    from syncer.config.load import load_project
    from syncer.engine.compiled import compiled
    from syncer.engine.pack import pack
    from syncer.engine.plan import plan
    from syncer.transform.identity import Scope

    project = load_project(PROJECT, target=None, environ={**os.environ, "BENCH_WAREHOUSE": "none.duckdb"})
    pipeline = replace(project.pipelines["orders"], query=asked["query"])
    now = int(time.time())
    with opened(asked) as source:
        transform, _ = compiled(pipeline, source, Scope(target="bench", destination="meta", salt=bytes(16)))
        query = plan(
            pipeline,
            None,
            columns=transform.columns,
            cursor_column=transform.cursor_column,
            key_columns=transform.key_columns,
        )
        for few in source.read(replace(query, limit=WARM_ROWS)):
            transform(few, now=now, start=None)

        def bodies() -> dict[str, Any]:
            facts = {"events": 0, "rows": 0, "bytes": 0}
            reading = Reading(source.read(query))
            for batch in reading:
                made = transform(batch, now=now, start=None).events
                for request in pack(made, most_events=1000, most_bytes=4 << 20):
                    facts["bytes"] += len(request_body(request["json"]))
                facts["events"] += made.height
                facts["rows"] += batch.num_rows
            return {**facts, "reading_s": reading.cpu_s}

        report(bodies)


class Reading:
    """Batches of a source; mutable: counts the CPU seconds of this process while one is waited for."""

    def __init__(self, batches: "Iterator[pa.RecordBatch]") -> None:
        self._batches, self.cpu_s = batches, 0.0

    def __iter__(self) -> "Iterator[pa.RecordBatch]":
        while True:
            before = cpu_s()
            batch = next(self._batches, None)
            self.cpu_s += cpu_s() - before
            if batch is None:
                return
            yield batch


def opened(asked: dict[str, Any]) -> "Source":
    """Return the source that is asked for; `way` leaves Postgres one way to give its rows."""
    from connectors.registry import find

    connector = find(asked["type"])
    options = connector.options(**asked["options"])
    if "way" not in asked:
        return connector.connect(options, root=Path.cwd())
    from connectors import postgres

    ways = {"arrow": postgres.by_arrow, "cursor": postgres.by_cursor}
    return postgres.PostgresSource(postgres.place(options, root=Path.cwd()), ways=[ways[asked["way"]]])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
