"""Loading polars, which reads from the environment how it is to work, and listens for Ctrl-C itself."""

import os


def load_polars() -> None:
    """Load polars with the settings of a run.

    It is called before a handler for SIGINT is set: polars sets its own when it is loaded, which makes whatever it does
    at Ctrl-C raise `KeyboardInterrupt`, on any thread, between an effect and its bookkeeping as well. The handler that is
    set last is the one that is called.
    """
    os.environ.setdefault("POLARS_MAX_THREADS", "1")  # reader and senders have the other cores
    os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1,dirty_decay_ms:60000")  # one heap, kept a while
    import polars as pl  # noqa: F401
