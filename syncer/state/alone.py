"""Methods of one object that threads call one after the other."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Alone(Protocol):
    """What has a lock of its own."""

    mutex: threading.RLock


S = TypeVar("S", bound=Alone)
P = ParamSpec("P")
R = TypeVar("R")


def one_at_a_time(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Let a thread that calls `method` wait for others that are in such a method of the same object."""

    @wraps(method)
    def alone(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.mutex:
            return method(self, *args, **kwargs)

    return alone
