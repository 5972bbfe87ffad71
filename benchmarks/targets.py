"""What we want, what was measured last, and the table of both in docs/performance.md: `python -m benchmarks.targets`.

`make bench` writes a line of each figure into results.jsonl beside this file, then the table; the newest line counts.
"""

import json
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.turns import ROOT, say

RESULTS = Path(__file__).parent / "results.jsonl"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- targets -->\n", "<!-- end of targets -->\n"
OURS = ("polars", "duckdb", "psycopg", "httpx")
FLOOR_US = 6.1
"""CPU a row of the native floor on the machine that the limits of warehouses are for."""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that we want: at most `limit`, or at least."""

    what: str
    limit: float
    rows: int = 0
    """A figure of fewer is a quick look, and not written down."""
    is_least: bool = False
    unit: str = ""

    def is_met(self, value: float) -> bool:
        """Return whether a figure, as it is shown, is what we want."""
        return value >= self.limit if self.is_least else value <= self.limit

    @property
    def wanted(self) -> str:
        """Return the limit in words."""
        return f"{'at least' if self.is_least else 'at most'} {shown(self.limit)}{self.unit}"


FEW, SOME, MANY = 100_000, 500_000, 1_000_000
TARGETS = {
    "bodies-facebook": Target("rows to request bodies, CPU: facebook_business / syncer", 15, FEW, is_least=True),
    "whole-facebook": Target("whole run from Postgres, CPU: facebook_business / syncer", 10, SOME, is_least=True),
    "whole-script": Target("the same: script with the same rules / syncer", 5, SOME, is_least=True),
    "whole-drt": Target("the same for what drt-core can map: drt-core / syncer", 3, SOME, is_least=True),
    "whole-floor": Target("the same: syncer / native floor", 3, SOME),
    "warehouse-duckdb": Target("DuckDB to request bodies, CPU: / native floor", 15 / FLOOR_US, FEW),
    "warehouse-postgres": Target("Postgres by ADBC, the same", 20 / FLOOR_US, FEW),
    "warehouse-cursor": Target("Postgres by a cursor, the same", 20 / FLOOR_US, FEW),
    "warehouse-snowflake": Target("Snowflake's driver, the same", 17 / FLOOR_US, FEW),
    "warehouse-sqlite": Target("SQLite, the same", 60 / FLOOR_US, FEW),
    "warehouse-sqlalchemy": Target("SQLAlchemy with psycopg, the same", 60 / FLOOR_US, FEW),
    "wall-4": Target("events a second at 200 ms, 4 requests in flight", 18_000, SOME, is_least=True),
    "wall-default": Target("the same as by default", 15_000, SOME, is_least=True),
    "wall-16": Target("the same, 16 in flight", 50_000, SOME, is_least=True),
    "wall-drt": Target("what drt-core can map, 8 in flight: syncer / drt-core", 5, SOME, is_least=True),
    "memory": Target("peak memory of 10,000,000 rows from Postgres", 488, unit=" MiB"),
    "memory-growth": Target("the same / that of 1,000,000", 1.10),
    "cpu-growth": Target("CPU a row of 10,000,000 / of 1,000,000", 1.05),
    "ledger-cpu": Target("CPU over a ledger of 100,000,000 events / over an empty one", 1.05, FEW),
    "ledger-memory": Target("the same, peak memory", 1.05, FEW),
    "ledger-time": Target("the same, time", 1.05, FEW),
    "safety-postgres": Target(
        "ledger, intents and outcomes, of the CPU of a whole run from Postgres", 5, 300_000, unit=" %"
    ),
    "safety": Target("the same from DuckDB", 5, 300_000, unit=" %"),
    "safety-sorted": Target("the same where DuckDB sorts the rows", 5, 300_000, unit=" %"),
    "idle": Target("a run in the daemon that finds nothing among 100 rows, CPU", 30, unit=" ms"),
    "shell-run": Target("`syncer run` of 100 rows over a new state, time", 1.5, unit=" s"),
    "shell-help": Target("`syncer --help`, time", 0.3, unit=" s"),
    "hard": Target("rows that are hard to normalise to bodies, CPU: / easy ones", 3, MANY),
}


def found(name: str, values: Iterable[float], *, rows: int = 0, to: Path = RESULTS) -> None:
    """Write down the figures of a target, one a round, each as a number in the target's unit."""
    if rows < TARGETS[name].rows:
        return
    figures = [float(f"{value:.4g}") for value in values]
    line = {
        "target": name,
        "values": figures,
        "rows": rows,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": _commit(),
        "versions": {"Python": platform.python_version(), **{one: version(one) for one in OURS}},
    }
    with to.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def table(lines: Iterable[str]) -> str:
    """Return the table of the newest line of each target, with what was not measured, and the versions."""
    newest = {line["target"]: line for line in map(json.loads, lines)}
    head = ["what", "median (range)", "we want", "", "rounds of rows", "when, commit"]
    rows = [_row(target, newest.get(name)) for name, target in TARGETS.items()]
    versions = sorted({", ".join(f"{name} {of}" for name, of in line["versions"].items()) for line in newest.values()})
    lines_of = "".join(f"| {' | '.join(row)} |\n" for row in [head, ["---"] * len(head), *rows])
    return f"{lines_of}\n{'; '.join(versions)}.\n"


def _row(target: Target, line: dict[str, object] | None) -> list[str]:
    if line is None:
        return [target.what, "not measured", target.wanted, "", "", ""]
    values = line["values"]
    assert isinstance(values, list)
    median = float(shown(statistics.median(values)).replace(",", ""))
    spread = f" ({shown(min(values))} to {shown(max(values))})" if len(values) > 1 else ""
    rounds = f"{len(values)}" + (f" of {line['rows']:,}" if line["rows"] else "")
    is_met = "met" if target.is_met(median) else "**missed**"
    return [
        target.what,
        f"{shown(median)}{spread}{target.unit}",
        target.wanted,
        is_met,
        rounds,
        f"{line['date']}, {line['commit']}",
    ]


def shown(value: float) -> str:
    """Return a figure with three digits, whole from a hundred on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _commit() -> str:
    words = ["git", "-C", str(ROOT)]
    head = subprocess.run([*words, "rev-parse", "--short=7", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run(
        [*words, "status", "--porcelain", "--", "*.py"], capture_output=True, text=True, check=False
    )
    return head.stdout.strip() + ("+" if changed.stdout else "")


def main() -> None:
    """Put the table in place of the one before."""
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{PAGE.name} lacks the marks of the table")
    PAGE.write_text(f"{before}{BEGIN}{table(lines)}{END}{after}", encoding="utf-8")
    say(f"wrote the targets in {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
