"""What one process used: CPU seconds and peak memory; prints as one JSON line."""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def cpu_s() -> float:
    """Return user and system seconds of this process, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Return the largest resident size so far in MiB; what `getrusage` gives may be that of the process that began this one."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def report(work: Callable[[], dict[str, Any]], *, from_start: bool = False) -> None:
    """Run `work`, print its facts with the CPU seconds it took, or `from_start` the whole process, loading included."""
    before = 0.0 if from_start else cpu_s()
    facts = work()
    sys.stdout.write(json.dumps({"cpu_s": cpu_s() - before, "peak_mb": peak_mb(), **facts}) + "\n")
