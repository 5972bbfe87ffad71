"""Variants measured in turn, each in a process of its own, and what is said of them."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
Facts = dict[str, Any]


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def measure(python: Path | str, module: str, *arguments: object) -> Facts:
    """Run a benchmark module in a process of its own and return its facts.

    What Python compiles is kept, as it is where a package is installed: a setting against that costs syncer 0.3 s a start.
    """
    done = subprocess.run(
        [str(python), "-m", module, *map(str, arguments)], check=True, cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    facts: Facts = json.loads(done.stdout.splitlines()[-1])
    return facts


def cpu_us(facts: Facts) -> float:
    """Return CPU microseconds a row."""
    rows: int = facts["rows"] if "rows" in facts else facts["events"]
    return 1e6 * float(facts["cpu_s"]) / rows


def cpu_us_without_loading(facts: Facts) -> float:
    """Return CPU microseconds a row of what came after the libraries were loaded."""
    return 1e6 * float(facts["cpu_s"] - facts["loading_s"]) / int(facts["rows"])


def spread(values: Iterable[float]) -> str:
    """Return median and range."""
    ordered = sorted(values)
    return f"{statistics.median(ordered):8.2f}  ({ordered[0]:.2f} to {ordered[-1]:.2f})"


def ratios(above: Sequence[Facts], below: Sequence[Facts]) -> list[float]:
    """Return the ratio of CPU a row, round by round."""
    return [cpu_us(one) / cpu_us(other) for one, other in zip(above, below, strict=True)]
