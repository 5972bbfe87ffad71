"""How polars works in this process: it hears of that as it is loaded, and never again. What the environment says stands."""

import os


def keep_memory() -> None:
    """Let one batch be made in the memory of the one before: one heap, whose free memory stays for a minute, not half a second."""
    os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1,dirty_decay_ms:60000")


def as_a_run_needs_it() -> None:
    """Keep memory, and work on one thread, since reader and senders have the other cores."""
    keep_memory()
    os.environ.setdefault("POLARS_MAX_THREADS", "1")


def load_polars() -> None:
    """Load polars, with the settings made so far."""
    import polars as pl  # noqa: F401
