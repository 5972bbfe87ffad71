"""How often a fault is tried: a tenth of the full count in `make test`, all of it in `make faults`."""

import os

FULL = os.environ.get("SYNCER_FAULTS") == "1"


def count(ci: int) -> int:
    """Return `ci` in `make faults`, else a tenth of it; at least 1."""
    return ci if FULL else max(1, ci // 10)
