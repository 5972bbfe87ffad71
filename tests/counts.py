"""How often a fault is tried: a tenth of the full count or less in `make test`, all of it in `make faults`, far more in `make soak`.

Where `SYNCER_RESULTS` names a file, what came of it is added there, for the table that `python -m tests.results` makes.
"""

import json
import os
from pathlib import Path

SOAK = os.environ.get("SYNCER_FAULTS") == "soak"
FULL = SOAK or os.environ.get("SYNCER_FAULTS") == "1"


def count(ci: int, soak: int | None = None) -> int:
    """Return `soak` (or `ci`) in `make soak`, `ci` in `make faults`, else a tenth of it; at least 1."""
    if SOAK and soak is not None:
        return soak
    return ci if FULL else max(1, ci // 10)


def note(fault: str, **figures: float) -> None:
    """Write down that `fault` was tried and what came of it; figures of one fault are added up in the table."""
    results = os.environ.get("SYNCER_RESULTS")
    if results:
        with Path(results).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"fault": fault, **figures}) + "\n")
