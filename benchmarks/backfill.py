"""F18: a backfill of a million rows: memory, and going on after a kill. `python -m benchmarks.backfill [--rows N]`.

From Postgres, which sorts in a process of its own, and from DuckDB, whose sort is in ours and takes up to `memory_limit`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.turns import Facts, say
from benchmarks.warehouses import postgres_url
from syncer.sandbox.server import Running, start
from syncer.sandbox.settings import Settings
from syncer.sandbox.tokens import Token

TOKEN = "EAAbenchmarkonly0123456789"  # opens nothing
MOST_GROWTH_MIB = 64
"""R16: between a tenth of the rows and all of them, without the warehouse's own memory."""
PROJECT = """\
version: 1
sources:
  duckdb: {type: duckdb, path: warehouse.duckdb}
  postgres: {type: postgres, url: "${env:POSTGRES:-none}"}
destinations: {meta: {type: meta, dataset_id: "1234567890", access_token: "${env:TOKEN}", base_url: "URL"}}
"""
PIPELINE = """\
version: 1
name: orders
source: SOURCE
query: SELECT orders.* FROM orders, (SELECT 1 AS one) AS joined
key: order_id
cursor: updated_at
start: beginning
destination: meta
settings: {action_source: website, browser_pixel: none}
mapping:
  server_event: {event_name: {value: Purchase}, event_time: ordered_at, event_source_url: page_url}
  customer_info: {em: email, ph: {column: phone, country_column: country}, fn: name, country: country,
                  client_user_agent: {value: benchmark}}
  custom_data: {value: total, currency: currency, order_id: order_id}
"""
"""A join: DuckDB sorts what is made of one row of a table without its whole `memory_limit`, and perhaps not at all."""
TABLE = """\
CREATE TABLE orders AS SELECT i AS order_id, 'customer' || (i % 400000) || '@example.com' AS email,
    '+3361234' || lpad((i % 10000)::VARCHAR, 4, '0') AS phone, 'fr' AS country, 'Zoë ' || (i % 977) AS name,
    'https://shop.example/thanks/' || i AS page_url, (i % 9000) / 100 + 1 AS total, 'EUR' AS currency,
    now() - INTERVAL 1 HOUR * (1 + i % 160) AS ordered_at, now() - INTERVAL 9 DAY + to_seconds(i // 7) AS updated_at
FROM range({rows}) AS r(i)
"""
"""All lie in Meta's window; 7 share a cursor value."""


@contextmanager
def project(folder: Path, url: str, rows: int, *, source: str) -> Iterator[str]:
    """Make a project with so many orders; give the URL of the Postgres server that lives as long, if any."""
    folder.mkdir(mode=0o700)
    (folder / "pipelines").mkdir()
    (folder / "syncer.yaml").write_text(PROJECT.replace("URL", url), encoding="utf-8")
    (folder / "pipelines" / "orders.yaml").write_text(PIPELINE.replace("SOURCE", source), encoding="utf-8")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute(TABLE.format(rows=rows))
    if source == "duckdb":
        yield "none"
        return
    with postgres_url(folder / "warehouse.duckdb", folder) as postgres:
        yield postgres


def run(folder: Path, *command: str, kill_at: int | None = None, sandbox: Running) -> Facts:
    """Run the command; return its report and peak memory. `kill_at`: kill it once so many requests have begun."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TOKEN": TOKEN, "POSTGRES": os.environ["POSTGRES"]}
    begun, words = sandbox.sandbox.begun, [sys.executable, "-m", "syncer", *command, "orders", "--output", "json", "-q"]
    child = subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
    peak_mib = 0.0
    while child.poll() is None:
        peak_mib = max(peak_mib, peak_of(child.pid))
        if kill_at is not None and sandbox.sandbox.begun - begun >= kill_at:
            child.kill()
        time.sleep(0.02)
    said, _ = child.communicate()
    report: Facts = json.loads(said) if said else {}
    return {"peak_mib": round(peak_mib), **report}


def peak_of(pid: int) -> float:
    """Return the largest resident size of a process so far; what `wait` gives holds that of its parent as well."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def whole(rows: int, source: str, *, kill: bool = False) -> Facts:
    """Send `rows` from nothing, with `kill` through a kill in the middle; return what it took."""
    tokens, middle = (Token(text=TOKEN),), rows // 2_000
    with ExitStack() as ends:
        folder = Path(ends.enter_context(TemporaryDirectory(prefix="b", ignore_cleanup_errors=True))) / "shop"
        sandbox = ends.enter_context(start(Settings(judge="count", keep=0, tokens=tokens)))
        os.environ["POSTGRES"] = ends.enter_context(project(folder, sandbox.url, rows, source=source))
        killed = run(folder, "run", kill_at=middle, sandbox=sandbox) if kill else None
        last = run(folder, "run", sandbox=sandbox)
        sweep = run(folder, "reconcile", sandbox=sandbox)
        kept = ("rows_read", "acknowledged", "possible_duplicates", "elapsed_s", "peak_mib")
        return {
            "source": source,
            "rows": rows,
            "killed_after_requests": middle if kill else None,
            **{name: last[name] for name in kept},
            "peak_of_killed_mib": killed and killed["peak_mib"],
            "received": sandbox.sandbox.received,
            "state_mib": round((folder / ".syncer" / "state.db").stat().st_size / 2**20, 1),
            "reconcile": {name: sweep[name] for name in kept},
        }


def main() -> None:
    """Measure, and fail where memory grows with the rows, rows are missing, or more went out twice than was said."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    rows, mistakes = options.parse_args().rows, []
    for source in ("postgres", "duckdb"):
        few, many, resumed = whole(rows // 10, source), whole(rows, source), whole(rows, source, kill=True)
        for facts in (few, many, resumed):
            say(json.dumps(facts))
            twice = facts["received"] - facts["rows"]
            if facts["reconcile"]["acknowledged"] or not 0 <= twice <= facts["possible_duplicates"]:
                mistakes.append(f"{source}: reconcile sent {facts['reconcile']['acknowledged']}, {twice} came twice")
        growth = many["peak_mib"] - few["peak_mib"]
        say(f"{source}: peak memory grew by {growth:.0f} MiB from {rows // 10:,} to {rows:,} rows")
        if source == "postgres" and growth > MOST_GROWTH_MIB:
            mistakes.append(f"{source}: memory grew by {growth:.0f} MiB")
    if mistakes:
        sys.exit("; ".join(mistakes))


if __name__ == "__main__":
    main()
