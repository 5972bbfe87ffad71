"""What grows with the rows, and with the ledger: `python -m benchmarks growth`, `python -m benchmarks ledger`.

Whole runs from Postgres to a sink on the loopback. Ten million rows need 30 GB of disk below the temporary folder, a
hundred million settled events 7 GB.
"""

import os
import statistics
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import targets
from benchmarks.peers import sink
from benchmarks.turns import Facts, cpu_us, cpu_us_without_loading, measure, say, spread
from benchmarks.warehouses import postgres_url

FEW_ROWS, MANY_ROWS, MANY = 1_000_000, 10_000_000, 100_000_000
"""What the targets are for: rows of two runs, and settled events."""


def growth(files: Mapping[int, Path], rounds: int) -> None:
    """Measure runs of several sizes, each from a server of its own, in turn."""
    say(f"\nWhole run from Postgres by its size, {rounds} rounds in turn: CPU µs a row without loading, peak MiB")
    first: list[float] = []
    found: dict[int, tuple[list[float], list[float]]] = {}
    for count, done in runs(files, rounds).items():
        cpu = [cpu_us_without_loading(facts) for facts in done]
        peak = [facts["peak_mb"] for facts in done]
        found[count] = cpu, peak
        first = first or [statistics.median(cpu), statistics.median(peak)]
        say(
            f"  {count:>11,} rows  {spread(cpu)}   / first {statistics.median(cpu) / first[0]:.3f}   wanted at most 1.05"
            f"   {spread(peak)} MiB, wanted at most 512   / first {statistics.median(peak) / first[1]:.3f}   wanted 1.10"
            f"   {done[0]['events']:,} acknowledged, state {done[0]['state_mib']:,.0f} MiB"
        )
    if {FEW_ROWS, MANY_ROWS} <= found.keys():
        (few_cpu, few_peak), (many_cpu, many_peak) = found[FEW_ROWS], found[MANY_ROWS]
        targets.found("cpu-growth", _ratios(many_cpu, few_cpu), rows=MANY_ROWS)
        targets.found("memory-growth", _ratios(many_peak, few_peak), rows=MANY_ROWS)
        targets.found("memory", many_peak, rows=MANY_ROWS)


def _ratios(above: list[float], below: list[float]) -> list[float]:
    return [one / other for one, other in zip(above, below, strict=True)]


def over_a_ledger(file: Path, events: int, rounds: int) -> None:
    """Measure runs of the same rows over an empty ledger and over one of so many settled events, in turn."""
    say(
        f"\nRun of new rows over a ledger of {events:,} settled events, {rounds} rounds in turn: CPU µs a row, peak MiB"
    )
    with TemporaryDirectory(prefix="b", ignore_cleanup_errors=True) as folder, postgres_url(file, Path(folder)) as url:
        os.environ["BENCH_STATES"] = folder
        empty, full = [], []
        for _ in range(rounds):
            empty.append(run(url, settled=0))
            full.append(run(url, settled=events))
    for name, done in (("empty", empty), ("full", full)):
        peak, wall = spread(facts["peak_mb"] for facts in done), spread(facts["wall_s"] for facts in done)
        say(f"  {name:<6} {spread(map(cpu_us, done))}   {peak} MiB   {wall} s   state {done[0]['state_mib']:,.0f} MiB")
    for what, key, target in (
        ("CPU", "cpu_s", "ledger-cpu"),
        ("memory", "peak_mb", "ledger-memory"),
        ("time", "wall_s", "ledger-time"),
    ):
        times = [one[key] / other[key] for one, other in zip(full, empty, strict=True)]
        say(f"  {what:<6} full / empty {spread(times)}   wanted at most 1.05")
        if events == MANY:
            targets.found(target, times, rows=full[0]["rows"])


def runs(files: Mapping[int, Path], rounds: int) -> dict[int, list[Facts]]:
    """Return what whole runs of the orders in each of `files` took."""
    done: dict[int, list[Facts]] = {count: [] for count in files}
    with TemporaryDirectory(prefix="b", ignore_cleanup_errors=True) as folder, ExitStack() as servers:
        urls = {}
        for count, file in files.items():
            (place := Path(folder, str(count))).mkdir()
            urls[count] = servers.enter_context(postgres_url(file, place))
        for _ in range(rounds):
            for count, url in urls.items():
                done[count].append(run(url))
    return done


def run(postgres: str, *, settled: int | None = None) -> Facts:
    """Return what a whole run took, over a state that knows `settled` events; None: over a new one."""
    os.environ.pop("BENCH_SETTLED", None)
    if settled is not None:
        os.environ["BENCH_SETTLED"] = str(settled)
    with sink() as url:
        return measure(sys.executable, "benchmarks.whole_postgres", postgres, url, "full")
