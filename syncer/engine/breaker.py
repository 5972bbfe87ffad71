"""What one destination bears, shared by the runs of this process that send to it: its circuit, requests at a time."""

import threading
from collections.abc import Iterable
from typing import Self

from syncer.capi.circuit import OPENS_AFTER, Circuit
from syncer.capi.in_flight import InFlight
from syncer.engine.decide import MOST_ATTEMPTS
from syncer.spec.outcomes import Outcome
from syncer.state.requests import RequestState, StoredRequest

PROBE_LASTS_S = 60.0
"""A probe that told nothing by then was given up with its run: requests end within half of it."""
PROBE_LOOK_S = 2.0
"""So often a run looks whether the probe of another told something: not so often that it lends its place to nobody."""


class Breaker:
    """Lets requests go or not. Mutable; threads may share it. Times are monotonic seconds."""

    def __init__(self, circuit: Circuit | None = None) -> None:
        self.circuit = circuit or Circuit()
        self.in_flight = InFlight()
        self._was_full = False
        self._mutex = threading.Lock()
        self._probe_until = 0.0

    @classmethod
    def after(cls, left: Iterable[StoredRequest]) -> Self:
        """Return the circuit of a new process, open where one before it gave requests up without an answer.

        Then one failed probe is enough to end the run, as in a process that saw the failures itself.
        """
        is_open = any(request.state in (RequestState.RETRY, RequestState.DOUBT) for request in left)
        return cls(Circuit(failures=OPENS_AFTER, failed_probes=MOST_ATTEMPTS - 1) if is_open else None)

    @property
    def resumes_at(self) -> float:
        """Return when a request may go again; a time that has passed: now."""
        return max(self.circuit.resumes_at, self._probe_until)

    def looks_at(self, now: float) -> float:
        """Return when a run that `now` may not send looks again, which is soon while a probe is under way."""
        return max(self.circuit.resumes_at, min(self._probe_until, now + PROBE_LOOK_S))

    def admits(self, *, now: float, unfinished: int) -> bool:
        """Return whether a run may send one more request beside `unfinished` that are under way or wait."""
        has_turn = self.circuit.is_open or self.circuit.is_proven or unfinished == 0
        is_full = unfinished >= self.in_flight.at_a_time
        self._was_full = self._was_full or is_full
        return has_turn and not is_full and now >= self.resumes_at

    def begin_probe(self, now: float) -> bool:
        """Return whether this caller may send the probe; others wait for what it is told."""
        with self._mutex:
            if now < self.resumes_at:
                return False
            self._probe_until = now + PROBE_LASTS_S
            return True

    def told(self, outcome: Outcome, *, now: float, jitter: float, took_s: float) -> Circuit:
        """Take note of an outcome that came `took_s` after its request was launched; return the circuit after it."""
        with self._mutex:
            self.in_flight = self.in_flight.after(outcome, took_s=took_s, was_full=self._was_full)
            self._was_full = False
            self.circuit = self.circuit.after(outcome, at=now, jitter=jitter)
            self._probe_until = 0.0
            return self.circuit
