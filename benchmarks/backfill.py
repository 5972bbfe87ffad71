"""F18: a backfill of a million rows: memory, and going on after a kill. `python -m benchmarks.backfill [--rows N]`."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.turns import Facts, say
from syncer.sandbox.server import Running, start
from syncer.sandbox.settings import Settings
from syncer.sandbox.tokens import Token

TOKEN = "EAAbenchmarkonly0123456789"  # opens nothing
MOST_GROWTH_MIB = 64
"""R16: between a tenth of the rows and all of them."""
PROJECT = """\
version: 1
sources: {warehouse: {type: duckdb, path: warehouse.duckdb}}
destinations: {meta: {type: meta, dataset_id: "1234567890", access_token: "${env:TOKEN}", base_url: "URL"}}
"""
PIPELINE = """\
version: 1
name: orders
source: warehouse
table: orders
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
TABLE = """\
CREATE TABLE orders AS SELECT i AS order_id, 'customer' || (i % 400000) || '@example.com' AS email,
    '+3361234' || lpad((i % 10000)::VARCHAR, 4, '0') AS phone, 'fr' AS country, 'Zoë ' || (i % 977) AS name,
    'https://shop.example/thanks/' || i AS page_url, (i % 9000) / 100 + 1 AS total, 'EUR' AS currency,
    now() - INTERVAL 1 HOUR * (1 + i % 160) AS ordered_at, now() - INTERVAL 9 DAY + to_seconds(i // 7) AS updated_at
FROM range({rows}) AS r(i)
"""
"""All lie in Meta's window; 7 share a cursor value."""


def project(folder: Path, url: str, rows: int) -> None:
    """Make a project with so many orders."""
    (folder / "pipelines").mkdir(parents=True)
    (folder / "syncer.yaml").write_text(PROJECT.replace("URL", url), encoding="utf-8")
    (folder / "pipelines" / "orders.yaml").write_text(PIPELINE, encoding="utf-8")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute(TABLE.format(rows=rows))


def run(folder: Path, *command: str, kill_at: int | None = None, sandbox: Running) -> Facts:
    """Run the command; return its report and peak memory. `kill_at`: kill it once so many requests have begun."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TOKEN": TOKEN}
    begun, words = sandbox.sandbox.begun, [sys.executable, "-m", "syncer", *command, "orders", "--output", "json", "-q"]
    child = subprocess.Popen(words, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
    while kill_at is not None and sandbox.sandbox.begun - begun < kill_at and child.poll() is None:
        time.sleep(0.01)
    if kill_at is not None:
        child.kill()
    assert child.stdout is not None
    said = child.stdout.read()
    _, _, used = os.wait4(child.pid, 0)
    report: Facts = json.loads(said) if said else {}
    return {"peak_mib": used.ru_maxrss / 1024, **report}


def whole(rows: int, *, kill: bool) -> Facts:
    """Send `rows` from nothing, with `kill` through a kill in the middle; return what it took."""
    tokens = (Token(text=TOKEN),)
    with TemporaryDirectory() as name, start(Settings(judge="count", keep=0, tokens=tokens)) as sandbox:
        folder = Path(name) / "shop"
        project(folder, sandbox.url, rows)
        killed = run(folder, "run", kill_at=rows // 2_000, sandbox=sandbox) if kill else None
        last = run(folder, "run", sandbox=sandbox)
        sweep = run(folder, "reconcile", sandbox=sandbox)
        return {
            "rows": rows,
            "killed_after": killed and f"{rows // 2_000} requests",
            "peak_mib": max(last["peak_mib"], killed["peak_mib"] if killed else 0),
            "rows_read_by_last": last["rows_read"],
            "acknowledged_by_last": last["acknowledged"],
            "expired": last["buckets"].get("expired", 0),
            "possible_duplicates": last["possible_duplicates"],
            "elapsed_s": last["elapsed_s"],
            "state_mib": (folder / ".syncer" / "state.db").stat().st_size / 2**20,
            "reconcile": {name: sweep[name] for name in ("rows_read", "acknowledged", "elapsed_s", "peak_mib")},
        }


def main() -> None:
    """Measure, and fail where memory grows with the rows or rows are missing."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    rows = options.parse_args().rows
    few, many = whole(rows // 10, kill=False), whole(rows, kill=False)
    resumed = whole(rows, kill=True)
    growth = many["peak_mib"] - few["peak_mib"]
    for facts in (few, many, resumed):
        say(json.dumps(facts))
    say(f"peak memory grew by {growth:.0f} MiB from {rows // 10:,} to {rows:,} rows")
    lost = [facts["reconcile"]["acknowledged"] for facts in (few, many, resumed)]
    if growth > MOST_GROWTH_MIB or any(lost):
        sys.exit(f"R16 is broken: {growth:.0f} MiB, {lost} events found by reconcile")


if __name__ == "__main__":
    main()
