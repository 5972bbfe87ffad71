"""Loading polars, which listens for Ctrl-C itself from then on."""


def load_polars() -> None:
    """Load polars, with the settings made so far.

    It is called before a handler for SIGINT is set: polars sets its own when it is loaded, which makes whatever it does
    at Ctrl-C raise `KeyboardInterrupt`, on any thread, between an effect and its bookkeeping as well. The handler that is
    set last is the one that is called.
    """
    import polars as pl  # noqa: F401
