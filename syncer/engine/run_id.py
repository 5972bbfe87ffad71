"""Names of runs: 26 characters that sort by time (ULID)."""

import random
from datetime import datetime

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_run_id(now: datetime, rng: random.Random) -> str:
    """Return a name of 48 bits of milliseconds and 80 bits of chance, in Crockford's base 32."""
    number = int(now.timestamp() * 1000) << 80 | rng.getrandbits(80)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
