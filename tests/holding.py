"""What a process holds that must not grow with the time that it runs (R24)."""

import os
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
