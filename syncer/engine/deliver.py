"""Requests of one run: intent before effect, a few in flight, every outcome settled in one commit."""

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import polars as pl

from connectors.incremental import CursorValue
from syncer.capi.circuit import ABOUT_EVENTS, PROBE_EVENTS
from syncer.capi.pacing import wait_s
from syncer.engine.checkpoint import Frontier
from syncer.engine.company import company_s
from syncer.engine.decide import Acknowledge, Again, Decision, Divide, Hold, Refuse, Stop, decide
from syncer.engine.endings import INTERRUPTED, SYSTEMATIC, Ending, ending_of, systematic
from syncer.engine.mass_reject import Refusals
from syncer.engine.outgoing import Outgoing, doubted, stepped
from syncer.engine.pack import pack
from syncer.engine.page import Page
from syncer.engine.tools import Progress, Sender, Tools
from syncer.engine.trust import distrusted
from syncer.pipeline import Delivery as Settings
from syncer.report import RunStatus
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.doubt import Doubts
from syncer.state.requests import Rejected, RequestState
from syncer.state.runs import RunLog
from syncer.watermark import Watermark

log = logging.getLogger(__name__)
T = TypeVar("T")
OF_ONE_REQUEST = frozenset({OutcomeClass.NOT_SENT, OutcomeClass.DOUBT})
"""After these only the request itself waits; what other answers ask for is a rate limit, and slows all of them."""


@dataclass(slots=True)
class Delivery:
    """Sends pages of events; the calling thread alone writes state. Counts what is under way."""

    run: RunLog
    sender: Sender
    settings: Settings
    tools: Tools
    limit: int | None = None
    """Send at most so many events."""
    most_rows: int | None = None
    """Send events of at most so many rows."""
    doubts: Doubts = field(default_factory=dict)
    """What an earlier run sent and Meta may have; that is noted."""
    refusals: Refusals = field(default_factory=Refusals)
    """What Meta refused so far."""
    stopped: Ending | None = None
    """Why nothing more is sent; None while all is well."""
    over: int = 0
    """Events that were read and left because of `most_rows`."""
    _frontier: Frontier = field(default_factory=Frontier)
    _queue: deque[Outgoing] = field(default_factory=deque)
    _flying: dict[Future[Outcome], Outgoing] = field(default_factory=dict)
    _waiting: list[Outgoing] = field(default_factory=list)
    _stored_upto: CursorValue | None = None
    _slow_until: float = 0.0
    _queued: int = 0
    _rows_read: int = 0
    _rows_queued: int = 0
    _acknowledged: int = 0
    _requests: int = 0
    _lacks_time: bool = False
    """Whether events would be left out by a time that nobody told: nothing is armed until it was asked for."""
    _has_asked: bool = False

    @property
    def room(self) -> int | None:
        """How many more events may be queued; None: any number."""
        return None if self.limit is None else self.limit - self._queued

    @property
    def room_rows(self) -> int | None:
        """Of how many more rows events may be queued; None: of any number."""
        return None if self.most_rows is None else self.most_rows - self._rows_queued

    def submit(self, page: Page) -> None:
        """Count the rows of `page` and queue its events, once few requests of those before it wait."""
        while len(self._queue) + len(self._waiting) > self.settings.requests_in_flight and self.stopped is None:
            self._await()
        self._rows_read += page.rows
        self._queued += page.events.height
        self._rows_queued += page.events["row"].n_unique()
        self.over += page.over
        requests = self._packed(page) if page.events.height else []
        self._frontier.open(page.number, upto=page.upto, requests=len(requests), blocks=page.blocks)
        self._queue.extend(requests)
        self._land_done(0.0, page=page)
        self._show()

    def meanwhile(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, done beside requests that are under way: each that ends makes room for the next."""
        made = self.tools.executor.beside(work)
        while not made.done():
            self._land_done(self._patience_s(), made)
        return made.result()

    def _packed(self, page: Page) -> list[Outgoing]:
        """Return the requests of a page; what is in doubt goes by itself, since it may have to be held one day."""
        most = {"most_events": self.settings.events_per_request, "most_bytes": self.settings.request_bytes}
        if not self.doubts:
            return [Outgoing(page, events) for events in pack(page.events, **most)]
        is_doubt = pl.Series([name in self.doubts for name in page.events["identity"]], dtype=pl.Boolean)
        doubtful, fresh = page.events.filter(is_doubt), page.events.filter(~is_doubt)
        again = [doubted(page, events, self.doubts) for events in (pack(doubtful, **most) if doubtful.height else ())]
        return again + [Outgoing(page, events) for events in (pack(fresh, **most) if fresh.height else ())]

    def drain(self) -> None:
        """Send what is queued; once stopped, only take the outcomes of what is under way."""
        self._take_turn([])
        while self._flying or (self.stopped is None and (self._queue or self._waiting)):
            self._await()
        self._show()

    def stop(self, ending: Ending) -> None:
        """Arm nothing more; the first reason given stays."""
        self.stopped = self.stopped or ending

    def _heed(self) -> None:
        if self.tools.stop.is_wanted:
            self.stop(INTERRUPTED)

    def _take_turn(self, ended: list[tuple[Outgoing, Outcome]], page: Page | None = None) -> None:
        """Count a page, settle what ended and arm as many requests as have a place, in one commit; then post these.

        Before each but the first it is asked whether another run has taken over: whoever is, sends one at most. Those that
        were armed are in doubt then, so where doubt is held each has a commit of its own.
        """
        judged = [(request, outcome, self._judge(request, outcome)) for request, outcome in ended]
        with self.run.together():
            if page is not None:
                page.record()
                if (moved := self._moved()) is not None:
                    self.run.advance(moved)
            for request, outcome, decision in judged:
                self._land(request, outcome, decision)
            armed = self._arm()
        while armed:
            for number, request in enumerate(armed):
                if number:
                    self.run.require_own()
                self._post(request)
            armed = self._arm() if self._arms_alone else []
        if self._lacks_time:  # which is asked for here, outside of any commit
            self.stopped = self.stopped or distrusted(self.tools)
            self._lacks_time, self._has_asked = False, True
            self._take_turn([])
            self._has_asked = False
        if ended:
            self._show()

    @property
    def _arms_alone(self) -> bool:
        return self.settings.mode == "at_most_once"

    def _arm(self) -> list[Outgoing]:
        """Arm each request that has a place, or one where doubt is held, and return them."""
        armed: list[Outgoing] = []
        self._heed()
        self._wake()
        while self._may_launch(beside=len(armed)) and not (armed and self._arms_alone):
            if (request := self._launch(self._queue.popleft())) is not None:
                armed.append(request)
            self._heed()
        return armed

    def _await(self) -> None:
        patience = self._patience_s()
        if self._flying:
            self._land_done(patience)
            return
        if self.stopped is None and patience is not None:
            self.tools.stop.wait_for(partial(self.tools.clock.sleep, patience))
        self._take_turn([])

    def _land_done(self, patience_s: float | None, *others: Future[Any], page: Page | None = None) -> None:
        """Settle what ended; where a send raised, arm nothing more, and raise that once the others are settled."""
        ended = self._ended(patience_s, *others)
        whole = [(request, future.result()) for request, future in ended if future.exception() is None]
        if len(whole) < len(ended):
            self.stop(Ending(status=RunStatus.FAILED, message="syncer itself failed to send a request"))
        whole.sort(key=lambda each: each[1].kind not in ABOUT_EVENTS)  # a wait that one asks for stands
        self._take_turn(whole, page)
        for _, future in ended:
            future.result()

    def _ended(self, patience_s: float | None, *others: Future[Any]) -> list[tuple[Outgoing, Future[Outcome]]]:
        awaited = (*self._flying, *others)
        done = self.tools.executor.finished(awaited, timeout_s=patience_s) if awaited else set()
        came = [self._flying[future] for future in done if future in self._flying]
        if waits_s := company_s(came, self._flying.values(), self.tools.clock.monotonic()):
            done |= self.tools.executor.all_finished(self._flying, timeout_s=waits_s)
        ended = [future for future in self._flying if future in done]  # a set has no order of its own
        return [(self._flying.pop(future), future) for future in ended]

    def _may_launch(self, *, beside: int = 0) -> bool:
        """Return whether a request is there, has a place `beside` those just armed, and the rate limit is not nearly used up.

        One that waits to be sent again keeps its place: while the other side is away, no further request goes out.
        """
        unfinished = beside + len(self._flying) + len(self._waiting)
        has_place = unfinished < self.settings.requests_in_flight
        now = self.tools.clock.monotonic()
        may_send = self.stopped is None and now >= self._slow_until and not self._lacks_time
        admits = self.tools.breaker.admits(now=now, unfinished=unfinished)
        return bool(self._queue) and has_place and may_send and admits

    def _wake(self) -> None:
        now = self.tools.clock.monotonic()
        due = [request for request in self._waiting if request.due <= now]
        self._waiting = [request for request in self._waiting if request.due > now]
        self._queue.extendleft(reversed(due))

    def _patience_s(self) -> float | None:
        now = self.tools.clock.monotonic()
        dues = [request.due for request in self._waiting]
        at = max(self._slow_until, self.tools.breaker.looks_at(now))
        if self._queue and at > now:
            dues.append(at)
        return max(0.0, min(dues) - now) if dues else None

    def _launch(self, request: Outgoing) -> Outgoing | None:
        """Arm a request, or a part of it, and return what may be posted; None: nothing of it."""
        is_probe, now = self.tools.breaker.circuit.is_open, self.tools.clock.now()
        if is_probe:
            request = self._smallest(request)
        if (gone := request.gone(now, mode=self.settings.mode)) is not None:
            self._leave_out(request, gone)
            return None
        if is_probe:
            if not self.tools.breaker.begin_probe(self.tools.clock.monotonic()):
                self._queue.appendleft(request)
                return None
            request = self._headed(request)
        request.first_sent = request.first_sent or now
        if request.stored is None:
            request.stored = self.run.arm(request.intent(request.events))
            self._requests += 1
        else:
            request.note_doubt(self.run, request.events.height)
            self.run.rearm(request.stored)
        return request

    def _post(self, request: Outgoing) -> None:
        request.attempts, request.begun = request.attempts + 1, self.tools.clock.monotonic()
        texts, send = request.events["json"], self.sender.send
        self.tools.points.hit("post.before")
        self._flying[self.tools.executor.submit(lambda: send(texts))] = request

    def _smallest(self, request: Outgoing) -> Outgoing:
        """Return the smallest of `request` and those that wait, which is asked with again until it is answered."""
        smallest = min((*self._waiting, request), key=lambda each: each.events.height)
        if smallest is not request:
            self._waiting.remove(smallest)
            self._queue.appendleft(request)
        return smallest

    def _headed(self, request: Outgoing) -> Outgoing:
        """Return as much of a request as is risked while nobody knows whether the other side is back."""
        if request.events.height <= PROBE_EVENTS:
            return request
        request.note_doubt(self.run, request.events.height)
        head, rest = request.headed(PROBE_EVENTS)
        if rest is not None:
            self._frontier.divide(request.page.number)
            self._queue.appendleft(rest)
        if request.stored is not None:
            self.run.divide(request.stored, None)
        return head

    def _leave_out(self, request: Outgoing, gone: pl.Series) -> None:
        """Settle the events that may not be sent any more; the others stay in their place. All do until the time is known."""
        is_by_mode = request.in_doubt and self._arms_alone
        if self.tools.clock_check.skew_s is None and not (self._has_asked or is_by_mode):
            self._lacks_time = True
            self._queue.appendleft(request)
            return
        state = RequestState.HELD if request.in_doubt else RequestState.EXPIRED
        kept = request.events.filter(~gone)
        request.note_doubt(self.run, kept.height)
        aside = request.intent(request.events.filter(gone))
        rest = request.without(gone)
        if rest is None:
            self._frontier.settle(request.page.number)
        else:
            self._queue.appendleft(rest)
        self.run.divide(request.stored, aside, state=state, watermark=self._moved())

    def _judge(self, request: Outgoing, outcome: Outcome) -> Decision:
        self.tools.points.hit("post.after")
        log.info("request.answered", extra={"run_id": self.run.run_id, **request.facts(outcome)})
        now = self.tools.clock.monotonic()
        circuit = self.tools.breaker.told(outcome, now=now, jitter=self.tools.rng.random(), took_s=now - request.begun)
        wait = wait_s(outcome, request.attempts, jitter=self.tools.rng.random())
        request.due = max(now + wait, circuit.resumes_at)
        if outcome.kind not in OF_ONE_REQUEST:
            self._slow_until = max(self._slow_until, request.due)
        attempt = max(request.attempts, circuit.failed_probes)
        return decide(outcome, events=request.events.height, attempt=attempt, mode=self.settings.mode)

    def _land(self, request: Outgoing, outcome: Outcome, decision: Decision) -> None:
        self._apply(decision, request, outcome)
        if (distrust := self.tools.clock_check.told(outcome)) is not None:
            self.stop(ending_of(distrust))

    def _apply(self, decision: Decision, request: Outgoing, outcome: Outcome) -> None:
        match decision:
            case Acknowledge():
                self.refusals.accepted()
                self._acknowledged += request.events.height
                self._settle(request, outcome, RequestState.ACKED, value=request.value())
            case Refuse():
                self._refuse(request, outcome)
            case Hold(stops=stops):
                self._settle(request, outcome, RequestState.HELD)
                if stops:
                    self.stop(Ending(status=RunStatus.FAILED, message=outcome.explanation))
            case Divide():
                self._settle(request, outcome, RequestState.SPLIT)
            case Again(is_doubt=is_doubt):
                self._leave(request, outcome, is_doubt=is_doubt)
                self._waiting.append(request)
            case Stop(is_doubt=is_doubt, pauses=pauses):
                self._leave(request, outcome, is_doubt=is_doubt)
                status = RunStatus.PAUSED if pauses else RunStatus.FAILED
                reason = outcome.reason if pauses else None
                self.stop(Ending(status=status, message=outcome.explanation, pause_reason=reason))

    def _refuse(self, request: Outgoing, outcome: Outcome) -> None:
        """Set one event aside, unless so many are refused that it is not to blame: then it stays to be sent."""
        counted = self.refusals
        is_over = self.stopped is not None and self.stopped.pause_reason == SYSTEMATIC
        if is_over or counted.exceeds_share(of=self._queued):
            self._leave(request, outcome, is_doubt=False)
            self.stop(systematic(outcome, f"{counted.refused + 1:,} of {self._queued:,} events of this run"))
            return
        counted.add(outcome)
        self._settle(request, outcome, RequestState.DEAD, rejected=(request.rejected(outcome),))
        if counted.fills_a_row or request.is_misaddressed:
            said = f"{counted.in_a_row} event{'s' * (counted.in_a_row != 1)} in a row one by one"
            self.stop(systematic(outcome, said))

    def _settle(
        self,
        request: Outgoing,
        outcome: Outcome,
        state: RequestState,
        *,
        value: dict[str, float] | None = None,
        rejected: tuple[Rejected, ...] = (),
    ) -> None:
        part = self._next_part(request, outcome, state)
        if part is None:
            self._frontier.settle(request.page.number)
        else:
            self._queue.appendleft(part)
        self.run.settle(request.row, outcome, state=state, value=value, rejected=rejected, watermark=self._moved())

    def _next_part(self, request: Outgoing, outcome: Outcome, state: RequestState) -> Outgoing | None:
        """Return the next part of a divided request; None where nothing of it is left to send."""
        search = request.search
        if search is None:
            if state is not RequestState.SPLIT:
                return None
            search = request.searched(outcome)
        else:
            search.doubt(request)
            search.isolation = stepped(search.isolation, outcome, state)
            if state is RequestState.DEAD:
                search.refusals.append(outcome)
        return search.part(request.page)

    def _leave(self, request: Outgoing, outcome: Outcome, *, is_doubt: bool) -> None:
        request.left(is_doubt=is_doubt)
        self.run.settle(request.row, outcome, state=RequestState.DOUBT if request.in_doubt else RequestState.RETRY)

    def _moved(self) -> Watermark | None:
        reached = self._frontier.reached()
        if reached is None or reached == self._stored_upto:
            return None
        self._stored_upto = reached
        return Watermark(reached)

    def _show(self) -> None:
        self.tools.on_progress(Progress(self._rows_read, self._acknowledged, self._requests))
