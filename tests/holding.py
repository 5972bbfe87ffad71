"""What a process holds that must not grow with the time that it runs (R24)."""

import os
import time
from pathlib import Path
from typing import NamedTuple

MOST_GROWTH_MIB = 24
MIB = 1 << 20


class Held(NamedTuple):
    """Open files, threads and resident MiB."""

    files: int
    threads: int
    mib: float


def held(pid: int) -> Held:
    """Return what a process holds now."""
    process = Path(f"/proc/{pid}")
    pages = int((process / "statm").read_text(encoding="ascii").split()[1])
    files, threads = list((process / "fd").iterdir()), list((process / "task").iterdir())
    return Held(len(files), len(threads), pages * os.sysconf("SC_PAGE_SIZE") / MIB)


def at_rest(pid: int, files: int = 0, seconds: float = 1) -> Held:
    """Return what a process holds with the fewest open files seen until there are at most `files` or `seconds` are over.

    A server in the process learns a moment later that the other side has closed a connection.
    """
    until, least = time.monotonic() + seconds, held(pid)
    while least.files > files and time.monotonic() < until:
        time.sleep(0.05)
        least = min(least, held(pid))
    return least
