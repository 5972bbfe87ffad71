"""The benchmark's project as a process runs it: a new state, and the counting sandbox in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def in_a_new_home(warehouse: Path) -> Iterator[dict[str, str]]:
    """Give the environment for the project with this warehouse; it is that of this process too."""
    words = [sys.executable, "-m", "benchmarks.counting_sandbox"]
    sandbox = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert sandbox.stdout is not None
        with TemporaryDirectory() as home:
            os.environ |= {
                "BENCH_WAREHOUSE": str(warehouse),
                "BENCH_URL": sandbox.stdout.readline().strip(),
                "BENCH_TOKEN": "sandbox-token",
                "SYNCER_HOME": home,
                "SYNCER_STATE": "",
            }
            yield dict(os.environ)
    finally:
        sandbox.terminate()
        sandbox.wait()
