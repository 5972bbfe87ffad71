"""Whether the daemon lives, and whether it can work: for whoever starts it again, or waits until it is ready."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from syncer.metrics import exposition
from syncer.ports import Clock
from syncer.session import Session
from syncer.state.reachable import is_reachable

T = TypeVar("T")
SILENT_S = 60.0
"""A loop that has not gone on for so long hangs; its watchdog in systemd waits as long."""
KEPT_S = 2.0
"""An answer that took a look at the state is given again for so long, however many ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a daemon is, told by itself."""

    session: Session | None
    """Of the newest files; None: it has not begun yet, or has ended."""
    problems: int = 0
    """Mistakes in the files as they are now."""
    silent_s: float = 0.0
    """Seconds since its loop last went on."""
    is_stopping: bool = False
    troubles: tuple[str, ...] = ()
    """What keeps it from working or writing down what its runs did, such as a full disk; redacted."""


class Watched(Protocol):
    """A daemon that can be asked how it is, from any thread."""

    def standing(self) -> Standing:
        """Return how it is."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer to a probe."""

    is_well: bool
    facts: dict[str, Any]
    """Plain data; no secret, no text of an error, since nobody is asked for a token."""


def liveness(standing: Standing) -> Verdict:
    """Return whether the loop goes on, or is ending; where not, only a new start helps."""
    is_alive = standing.is_stopping or standing.silent_s < SILENT_S
    return Verdict(is_alive, {"alive": is_alive, "silent_s": round(standing.silent_s, 1)})


def readiness(standing: Standing, *, is_state_up: bool) -> Verdict:
    """Return whether it has begun, is not about to end, and the state store answers.

    Mistakes in files do not count: the last good ones are in use.
    """
    has_begun, is_alive = standing.session is not None, liveness(standing).is_well
    is_ready = has_begun and is_alive and is_state_up and not standing.is_stopping
    facts = {
        "ready": is_ready,
        "begun": has_begun,
        "alive": is_alive,
        "stopping": standing.is_stopping,
        "state": "up" if is_state_up else "away",
        "file_problems": standing.problems,
    }
    return Verdict(is_ready, facts)


class Health:
    """Answers to probes about one daemon. Threads share it; mutable: it keeps answers for a moment."""

    def __init__(self, daemon: Watched, clock: Clock) -> None:
        self._daemon = daemon
        self._state = Kept[bool](clock)
        self._metrics = Kept[bytes](clock)

    def live(self) -> Verdict:
        """Return whether the daemon lives; looks at no state."""
        return liveness(self._daemon.standing())

    def ready(self) -> Verdict:
        """Return whether the daemon can work."""
        standing = self._daemon.standing()
        session = standing.session
        is_state_up = session is not None and self._state.get(lambda: is_reachable(session.store))
        return readiness(standing, is_state_up=is_state_up)

    def metrics(self) -> bytes:
        """Return what Prometheus gets; empty before the daemon has begun, and when it has ended."""
        standing = self._daemon.standing()
        session = standing.session
        if session is None:
            return b""
        return self._metrics.get(lambda: exposition(session, problems=standing.problems))


class Kept(Generic[T]):
    """An answer that is kept for `KEPT_S`; one at a time is made. Mutable."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._mutex = clock, threading.Lock()
        self._answer: tuple[float, T] | None = None

    def get(self, make: Callable[[], T]) -> T:
        """Return the answer of a moment ago, else a new one."""
        with self._mutex:
            now = self._clock.monotonic()
            if self._answer is None or now - self._answer[0] >= KEPT_S:
                self._answer = (now, make())
            return self._answer[1]
