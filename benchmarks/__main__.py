"""`make bench`: rows to bodies against Meta's SDK and a plain loop, then whole runs; one interleaved session."""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import plain_rows, rows

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "bench"
PEERS = ROOT / ".venv-bench"
Facts = dict[str, Any]


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def peer_python() -> Path:
    """Return a Python that has facebook_business, in an environment of its own; made when missing."""
    python = PEERS / "bin" / "python"
    if not (PEERS / ".installed").exists():
        say("installing facebook_business into an environment of its own ...")
        subprocess.run([base_python(), "-m", "venv", "--without-pip", str(PEERS)], check=True)
        subprocess.run(
            [
                base_python(),
                "-m",
                "pip",
                "--python",
                str(python),
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "facebook_business",
            ],
            check=True,
        )
        (PEERS / ".installed").touch()
    return python


def base_python() -> str:
    """Return the Python outside this environment, the one with pip."""
    return str(getattr(sys, "_base_executable", None) or shutil.which("python3"))


def measure(python: Path | str, module: str, *arguments: object) -> Facts:
    """Run a benchmark module in a process of its own and return its facts."""
    done = subprocess.run(
        [str(python), "-m", module, *map(str, arguments)], check=True, cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    facts: Facts = json.loads(done.stdout.splitlines()[-1])
    return facts


def cpu_us(facts: Facts) -> float:
    """Return CPU microseconds a row."""
    return 1e6 * float(facts["cpu_s"]) / int(facts.get("rows", facts["events"]))


def spread(values: Iterable[float]) -> str:
    """Return median and range."""
    ordered = sorted(values)
    return f"{statistics.median(ordered):8.2f}  ({ordered[0]:.2f} to {ordered[-1]:.2f})"


def ratios(above: Sequence[Facts], below: Sequence[Facts]) -> list[float]:
    """Return the ratio of CPU a row, round by round."""
    return [cpu_us(one) / cpu_us(other) for one, other in zip(above, below, strict=True)]


def bodies(count: int, rounds: int) -> None:
    """Compare rows to bodies: syncer, facebook_business, the plain loop."""
    warehouse, plain = CACHE / f"orders-{count}.duckdb", CACHE / f"orders-{count}.jsonl"
    prepare(warehouse, count)
    if not plain.exists():
        plain_rows.dump(warehouse, plain, count=count)
    peers = peer_python()
    say(f"\nRows to request bodies, {count:,} rows, {rounds} rounds in turn, CPU µs a row: median (range)")
    done: dict[str, list[Facts]] = {"syncer": [], "facebook_business": [], "plain loop": []}
    for _ in range(rounds):
        done["syncer"].append(measure(sys.executable, "benchmarks.bodies_syncer", warehouse, count))
        done["facebook_business"].append(measure(peers, "benchmarks.bodies_facebook", plain))
        done["plain loop"].append(measure(sys.executable, "benchmarks.bodies_floor", plain))
    for name, facts in done.items():
        raised = facts[0].get("raised")
        note = f"   raised on {raised:,} rows" if raised else ""
        say(f"  {name:<18} {spread(map(cpu_us, facts))}   {facts[0]['events']:>9,} events{note}")
    say(f"  facebook_business / syncer  {spread(ratios(done['facebook_business'], done['syncer']))}")
    say(f"  plain loop / syncer         {spread(ratios(done['plain loop'], done['syncer']))}")


def whole(counts: Sequence[int], rounds: int) -> None:
    """Measure whole runs: CPU of the syncer process and its peak memory."""
    say("\nWhole run, DuckDB to the sandbox in another process, ledger on SQLite: CPU µs a row, peak MiB, rows/s")
    for count in counts:
        warehouse = CACHE / f"orders-{count}.duckdb"
        prepare(warehouse, count)
        done = [measure(sys.executable, "benchmarks.whole_run", warehouse) for _ in range(rounds)]
        peak = max(facts["peak_mb"] for facts in done)
        speed = statistics.median(facts["rows"] / facts["wall_s"] for facts in done)
        say(
            f"  {count:>9,} rows  {spread(map(cpu_us, done))}   {peak:6.0f} MiB   {speed:9,.0f} rows/s   {done[0]['events']:,} acknowledged"
        )


def prepare(warehouse: Path, count: int) -> None:
    """Write the workload unless a fresh one is there: events older than a day would leave Meta's window."""
    if not warehouse.exists() or time.time() - warehouse.stat().st_mtime > 86_400:
        say(f"making {count:,} rows in 20 locales ...")
        rows.write(warehouse, count=count, now=int(time.time()))
        for stale in CACHE.glob(f"orders-{count}.jsonl"):
            stale.unlink()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--rows", type=int, default=100_000, help="rows for rows-to-bodies")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--whole", type=int, nargs="*", default=[200_000, 1_000_000], help="sizes of whole runs")
    chosen = options.parse_args()
    say(f"Python {platform.python_version()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    bodies(chosen.rows, chosen.rounds)
    if chosen.whole:
        whole(chosen.whole, max(1, chosen.rounds // 2))


if __name__ == "__main__":
    main()
