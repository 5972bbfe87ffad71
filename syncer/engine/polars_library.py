"""Loading polars, which listens for Ctrl-C itself from then on."""

from syncer.polars_settings import as_a_run_needs_it


def load_polars() -> None:
    """Load polars with the settings of a run.

    It is called before a handler for SIGINT is set: polars sets its own when it is loaded, which makes whatever it does
    at Ctrl-C raise `KeyboardInterrupt`, on any thread, between an effect and its bookkeeping as well. The handler that is
    set last is the one that is called.
    """
    as_a_run_needs_it()
    import polars as pl  # noqa: F401
