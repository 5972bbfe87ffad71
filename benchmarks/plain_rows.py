"""Rows of the workload as Python dicts, read before the clock starts, for the peers that work row by row."""

import json
from pathlib import Path
from typing import Any


def dump(warehouse: Path, target: Path, *, count: int) -> None:
    """Write the first `count` orders as JSON lines that every environment can read."""
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as connection, target.open("w", encoding="utf-8") as file:
        connection.execute("SET TimeZone = 'UTC'")
        reader = connection.sql(
            "SELECT * EXCLUDE updated_at REPLACE (epoch(ordered_at)::BIGINT AS ordered_at, total::VARCHAR AS total, birthday::VARCHAR AS birthday)"
            f" FROM orders ORDER BY updated_at LIMIT {count}"
        ).to_arrow_reader(10_000)
        for batch in reader:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in batch.to_pylist())


def load(path: Path) -> list[dict[str, Any]]:
    """Return the rows."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
