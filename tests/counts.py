"""How often a fault is tried: a tenth of the full count or less in `make test`, all of it in `make faults`, far more in `make soak`.

Where `SYNCER_RESULTS` names a file, what came of it is added there: the table that `python -m tests.results` makes is
made of it, and what stands there is not tried again.
"""

import json
import os
import subprocess
from collections.abc import Collection
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

SOAK = os.environ.get("SYNCER_FAULTS") == "soak"
FULL = SOAK or os.environ.get("SYNCER_FAULTS") == "1"


def count(ci: int, soak: int | None = None) -> int:
    """Return `soak` (or `ci`) in `make soak`, `ci` in `make faults`, else a tenth of it; at least 1."""
    if SOAK and soak is not None:
        return soak
    return ci if FULL else max(1, ci // 10)


def note(fault: str, **figures: float) -> None:
    """Write down that `fault` was tried in this test and nothing was wrong: the last thing it does.

    Figures of one fault are added up in the table.
    """
    results = os.environ.get("SYNCER_RESULTS")
    if results:
        test = os.environ["PYTEST_CURRENT_TEST"].removesuffix(" (call)")
        line = {"fault": fault, "test": test, "date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": _commit(), **figures}
        with Path(results).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def noted() -> Collection[str]:
    """Return the tests that wrote down that nothing was wrong."""
    results = Path(os.environ.get("SYNCER_RESULTS", ""))
    lines = results.read_text(encoding="utf-8").splitlines() if results.is_file() else []
    return {json.loads(line)["test"] for line in lines}


@cache
def _commit() -> str:
    is_changed = bool(_git("status", "--porcelain", "--", "*.py"))
    return _git("rev-parse", "--short=7", "HEAD") + ("+" if is_changed else "")


def _git(*asked: str) -> str:
    return subprocess.run(["git", *asked], capture_output=True, check=True, text=True).stdout.strip()
