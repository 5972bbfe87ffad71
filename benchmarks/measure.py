"""What one process used: CPU seconds and peak memory; prints as one JSON line."""

import json
import resource
import sys
from collections.abc import Callable
from typing import Any


def cpu_s() -> float:
    """Return user and system seconds of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Return the largest resident size so far in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(work: Callable[[], dict[str, Any]], *, from_start: bool = False) -> None:
    """Run `work`, print its facts with the CPU seconds it took, or `from_start` the whole process, loading included."""
    before = 0.0 if from_start else cpu_s()
    facts = work()
    sys.stdout.write(json.dumps({"cpu_s": cpu_s() - before, "peak_mb": peak_mb(), **facts}) + "\n")
