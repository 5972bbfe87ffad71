"""Makes what `make speed` measures with, which may be done beside other work: `python -m tests.performance.prepared`."""

from pathlib import Path

from benchmarks.__main__ import warehouse_of
from benchmarks.environments import python_with
from benchmarks.peers import FACEBOOK, SCRIPT

MANY_ROWS = 300_000


def warehouse() -> Path:
    """Return the workload as a DuckDB file; made when missing."""
    return warehouse_of(MANY_ROWS)


def facebook() -> Path:
    """Return a Python that has Meta's SDK; installed when missing."""
    return python_with(*FACEBOOK)


def script() -> Path:
    """Return a Python that has what the script with the same rules takes; installed when missing."""
    return python_with(*SCRIPT)


if __name__ == "__main__":
    for prepare in (warehouse, facebook, script):
        prepare()
