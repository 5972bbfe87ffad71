"""What the promises cost: CPU of the thread that delivers, within the ledger, intents, outcomes and counters."""

import time
from collections.abc import Callable
from functools import wraps
from inspect import isfunction, isgeneratorfunction
from typing import Any


def watch(*classes: type) -> Callable[[], float]:
    """Let all public methods of `classes` be timed; return what gives the CPU seconds within them so far.

    What one of them calls of another is not counted twice; polars' own threads are not counted.
    """
    spent, depth = [0.0], [0]

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def within(*args: Any, **kwargs: Any) -> Any:
            depth[0] += 1
            began = time.thread_time()
            try:
                return method(*args, **kwargs)
            finally:
                depth[0] -= 1
                if not depth[0]:
                    spent[0] += time.thread_time() - began

        return within

    for each in classes:
        for name, method in list(vars(each).items()):
            if (
                not name.startswith("_")
                and isfunction(method)
                and not isgeneratorfunction(getattr(method, "__wrapped__", method))
            ):
                setattr(each, name, timed(method))
    return lambda: spent[0]
