"""`make bench`: rows to bodies, each warehouse, whole runs, the same against peers and at 200 ms."""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import plain_rows, rows, targets, whole_floor
from benchmarks.environments import python_with
from benchmarks.growth import growth, over_a_ledger
from benchmarks.peers import FACEBOOK, compare_whole_runs, latencies, sink
from benchmarks.turns import ROOT, Facts, cpu_us, cpu_us_without_loading, measure, ratios, say, spread
from benchmarks.warehouses import filled, postgres_url

CACHE = ROOT / ".cache" / "bench"
PARTS = ("bodies", "warehouses", "whole", "small", "peers", "latency")
LARGE_PARTS = ("growth", "ledger")
"""What takes long and tens of gigabytes: only when asked for."""


def bodies(count: int, rounds: int) -> None:
    """Compare rows to bodies: syncer, facebook_business in three ways, the plain loop."""
    warehouse, plain = workload(count)
    facebook = python_with(*FACEBOOK)
    by_sdk, ours, loop = "benchmarks.bodies_facebook", "benchmarks.bodies_syncer", "benchmarks.bodies_floor"
    variants: dict[str, tuple[Path | str, str, tuple[object, ...]]] = {
        "syncer": (sys.executable, ours, (warehouse, count)),
        "facebook_business, its own requests": (facebook, by_sdk, (plain, "own-requests")),
        "the same, without the rows on which it raises": (facebook, by_sdk, (plain, "known")),
        "its events only, JSON of them written once": (facebook, by_sdk, (plain, "events")),
        "plain loop": (sys.executable, loop, (plain,)),
    }
    say(f"\nRows to request bodies, {count:,} rows, {rounds} rounds in turn, CPU µs a row: median (range)")
    done: dict[str, list[Facts]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, (python, module, further) in variants.items():
            done[name].append(measure(python, module, *further))
    for name, facts in done.items():
        beside = "" if name == "syncer" else f"   / syncer {spread(ratios(facts, done['syncer']))}"
        say(f"  {name:<46} {spread(map(cpu_us, facts))}   {facts[0]['events']:>9,} events{beside}")
    times = ratios(done["facebook_business, its own requests"], done["syncer"])
    targets.found("bodies-facebook", times, rows=count)


def warehouses(count: int, rounds: int) -> None:
    """Measure each warehouse to bodies beside the native floor, which reads Postgres and posts to a sink."""
    file = warehouse_of(count)
    floor: list[Facts] = []
    no_floor = whole_floor.compiled()
    with filled(file) as found:
        say(f"\nWarehouse to request bodies, {count:,} rows, {rounds} rounds in turn, CPU µs a row: median (range)")
        done: dict[str, list[Facts]] = {warehouse.name: [] for warehouse in found.warehouses}
        for _ in range(rounds):
            if not no_floor:
                with sink() as url:
                    floor.append(measure(sys.executable, "benchmarks.whole_floor", found.postgres, url))
            for warehouse in found.warehouses:
                done[warehouse.name].append(
                    measure(sys.executable, "benchmarks.bodies_warehouse", json.dumps(warehouse.asked))
                )
    say(f"  {'native floor':<20} {no_floor or spread(map(cpu_us_without_loading, floor))}")
    for warehouse in found.warehouses:
        facts = done[warehouse.name]
        reading = statistics.median(1e6 * one["reading_s"] / one["rows"] for one in facts)
        times = [cpu_us(one) / cpu_us_without_loading(other) for one, other in zip(facts, floor, strict=False)]
        beside = f"   / native floor {spread(times)}" if times else ""
        say(
            f"  {warehouse.name:<20} {spread(map(cpu_us, facts))}   reading {reading:5.1f}{beside}"
            f"   {facts[0]['events']:,} events"
        )
        if times:
            targets.found(warehouse.target, times, rows=count)


def whole(counts: Sequence[int], rounds: int, *, in_order: bool) -> None:
    """Measure whole runs: CPU of the syncer process and its peak memory."""
    say(
        f"\nWhole run, DuckDB{'' if in_order else ' in no order'} to the sandbox in another process, ledger on SQLite: CPU µs a row, peak MiB, rows/s"
    )
    for count in counts:
        warehouse = warehouse_of(count, in_order=in_order)
        done = [measure(sys.executable, "benchmarks.whole_run", warehouse) for _ in range(rounds)]
        peak = max(facts["peak_mb"] for facts in done)
        speed = statistics.median(facts["rows"] / facts["wall_s"] for facts in done)
        shares = [facts["safety_s"] / facts["cpu_s"] for facts in done]
        targets.found("safety" if in_order else "safety-sorted", (100 * share for share in shares), rows=count)
        say(
            f"  {count:>9,} rows  {spread(map(cpu_us, done))}   {peak:6.0f} MiB   {speed:9,.0f} rows/s"
            f"   {statistics.median(shares):.1%} of it for ledger, intents and outcomes   {done[0]['events']:,} acknowledged"
        )


def safety(count: int, rounds: int) -> None:
    """Measure what ledger, intents and outcomes take of a whole run from Postgres."""
    with (
        TemporaryDirectory(prefix="b", ignore_cleanup_errors=True) as folder,
        postgres_url(warehouse_of(count), Path(folder)) as postgres,
    ):
        os.environ["BENCH_SAFETY"] = "1"
        done = []
        for _ in range(rounds):
            with sink() as url:
                done.append(measure(sys.executable, "benchmarks.whole_postgres", postgres, url, "full"))
        del os.environ["BENCH_SAFETY"]
    shares = [100 * facts["safety_s"] / facts["cpu_s"] for facts in done]
    targets.found("safety-postgres", shares, rows=count)
    say(
        f"  {count:>9,} rows from Postgres  {spread(map(cpu_us, done))}   {spread(shares)} % of it for ledger, intents and outcomes"
        f"   {done[0]['events']:,} acknowledged"
    )


def small(rounds: int) -> None:
    """Measure a run that finds nothing among 100 rows, in a process that has made others before, and two commands."""
    warehouse = warehouse_of(100)
    done = [measure(sys.executable, "benchmarks.idle_run", warehouse) for _ in range(rounds)]
    idle = [1e3 * facts["cpu_s"] / facts["runs"] for facts in done]
    shell = [measure(sys.executable, "benchmarks.from_shell", warehouse) for _ in range(rounds)]
    told = f"{done[0]['runs']} runs in each of {rounds} processes"
    say(f"\nA run that finds nothing among 100 rows: CPU ms {spread(idle)}, {told}")
    say(f"syncer run of 100 rows over a new state, seconds: {spread(facts['run_s'] for facts in shell)}")
    say(f"syncer --help, seconds: {spread(facts['help_s'] for facts in shell)}")
    targets.found("idle", idle, rows=100)
    targets.found("shell-run", (facts["run_s"] for facts in shell), rows=100)
    targets.found("shell-help", (facts["help_s"] for facts in shell))


def workload(count: int) -> tuple[Path, Path]:
    """Return the workload as a DuckDB file and as JSON lines; made when missing."""
    warehouse, plain = warehouse_of(count), CACHE / f"orders-{count}.jsonl"
    if not plain.exists():
        plain_rows.dump(warehouse, plain, count=count)
    return warehouse, plain


def warehouse_of(count: int, *, in_order: bool = True) -> Path:
    """Return the workload as a DuckDB file, its rows as they came or in no order; made when missing."""
    warehouse = CACHE / f"orders-{count}{'' if in_order else '-unordered'}.duckdb"
    prepare(warehouse, count, in_order=in_order)
    return warehouse


def prepare(warehouse: Path, count: int, *, in_order: bool) -> None:
    """Write the workload unless a fresh one is there: events older than a day would leave Meta's window."""
    if not warehouse.exists() or time.time() - warehouse.stat().st_mtime > 86_400:
        say(f"making {count:,} rows in 20 locales ...")
        rows.write(warehouse, count=count, now=int(time.time()), in_order=in_order)
        for stale in CACHE.glob(f"{warehouse.stem}.jsonl"):
            stale.unlink()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    known = (*PARTS, *LARGE_PARTS)
    options.add_argument(
        "parts", nargs="*", default=PARTS, help=f"some of {', '.join(known)}; left out: all but the last two"
    )
    options.add_argument("--rows", type=int, default=100_000, help="rows for rows-to-bodies and each warehouse")
    options.add_argument("--peers", type=int, default=1_000_000, help="rows of whole runs beside peers")
    options.add_argument("--only", default="", help="of the part peers, those with this in their name")
    options.add_argument("--latency", type=int, default=500_000, help="rows of runs where answers take 200 ms")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--whole", type=int, nargs="*", default=[300_000, 1_000_000], help="sizes of whole runs")
    options.add_argument("--unordered", action="store_true", help="whole runs of rows that DuckDB has to sort")
    options.add_argument(
        "--growth", type=int, nargs="*", default=[1_000_000, 10_000_000], help="sizes of the part growth"
    )
    options.add_argument("--ledger", type=int, default=100_000_000, help="settled events of the part ledger")
    chosen = options.parse_args()
    if unknown := set(chosen.parts) - set(known):
        options.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    say(f"Python {platform.python_version()}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}")
    if "bodies" in chosen.parts:
        bodies(chosen.rows, chosen.rounds)
    if "warehouses" in chosen.parts:
        warehouses(chosen.rows, chosen.rounds)
    if "whole" in chosen.parts:
        whole(chosen.whole, chosen.rounds, in_order=not chosen.unordered)
        for count in chosen.whole:
            safety(count, chosen.rounds)
    if "small" in chosen.parts:
        small(chosen.rounds)
    if "peers" in chosen.parts:
        compare_whole_runs(warehouse_of(chosen.peers), chosen.rounds, only=chosen.only)
    if "latency" in chosen.parts:
        latencies(warehouse_of(chosen.latency), chosen.rounds)
    if "growth" in chosen.parts:
        growth({count: warehouse_of(count) for count in chosen.growth}, chosen.rounds)
    if "ledger" in chosen.parts:
        over_a_ledger(warehouse_of(chosen.rows), chosen.ledger, chosen.rounds)
    targets.main()


if __name__ == "__main__":
    main()
