"""One run as the state store sees it: who runs, what was armed, what became of it, what it counted."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection

from syncer.ports import SteadyClock
from syncer.report import RunReport, RunStatus, Tally
from syncer.spec.outcomes import Outcome
from syncer.state import asked, audit, counts, outbox, pipelines, quarantine, suppressed
from syncer.state.alone import one_at_a_time
from syncer.state.basis import Basis
from syncer.state.basis import put as put_basis
from syncer.state.end import end
from syncer.state.history import rejects_of, report_of
from syncer.state.locks import Lock
from syncer.state.new_run import NewRun
from syncer.state.open_requests import OpenRequest, OpenRequests, is_forward, require_transition
from syncer.state.quarantine import Aside, Reject
from syncer.state.requests import SETTLED, NewRequest, Rejected, RequestState, StoredRequest
from syncer.state.settling import POINT
from syncer.state.writes import Writes
from syncer.watermark import Watermark

if TYPE_CHECKING:
    from syncer.state.ledger import Ledger
    from syncer.state.store import Store


class RunLog:
    """A run under way. Its lock is held until it is closed; after a failed write it writes nothing but its end.

    Threads may share it: one write follows the other.
    """

    def __init__(
        self,
        store: "Store",
        lock: Lock,
        new: NewRun,
        row: pipelines.PipelineRow,
        *,
        unfinished: Sequence[tuple[OpenRequest, StoredRequest]] = (),
        aside: Aside | None = None,
    ) -> None:
        self.scope, self.run_id, self._holder = new.scope, new.run_id, new.holder
        self.mutex = threading.RLock()
        self._store, self._lock, self._row = store, lock, row
        self.basis = row.basis
        """What watermark and ledger were made with; its parts are None until `rest_on`."""
        self._aside = aside or Aside(row.id, set(), 0)
        self._open = OpenRequests()
        self._unfinished = [stored for _, stored in unfinished]
        self._writes = Writes(store, row.id, row.epoch, SteadyClock(store.clock))
        for request, stored in unfinished:
            self._open.add(request, stored.cursor_low)
            self._aside.expect(request.digests)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others run the pipeline. A run that was not finished stays `running` until the next one finds it."""
        self._lock.release()

    @property
    def epoch(self) -> int:
        """Number of this take-over of the pipeline."""
        return self._row.epoch

    @property
    def watermark(self) -> Watermark | None:
        """Cursor value up to which every row is settled; None before the first."""
        return self._row.watermark

    @property
    def start(self) -> int | None:
        """Lowest event_time that is sent, in Unix seconds; None until `fix_start`."""
        return self._row.start

    @property
    def ids_name(self) -> str | None:
        """Name that the ids of the pipeline's events are made of, where it was renamed; None: its own."""
        return self._row.ids_name

    @property
    def pause_reason(self) -> str | None:
        """Why the pipeline was paused when this run began; None: it was not."""
        return self._row.pause_reason

    @cached_property
    def ledger(self) -> "Ledger":
        """What of this scope was settled, by this run or any before it."""
        from syncer.state.ledger import ledger_of
        from syncer.state.ledger_files import cover

        return ledger_of(self._store, self._row.id, cover=partial(cover, self._store, self.scope))

    @cached_property
    def erased(self) -> frozenset[bytes]:
        """Identities that no run may send."""
        from syncer.state.erased import erased_of

        return erased_of(self._store, self._row.id)

    @cached_property
    def ledger_without_refused(self) -> "Ledger":
        """What of this scope was settled before this run otherwise than by a refusal of Meta."""
        from syncer.state.ledger import ledger_of

        return ledger_of(self._store, self._row.id, states=set(SETTLED) - {RequestState.DEAD})

    @cached_property
    def suppressed(self) -> "Ledger":
        """What this run or any before it left unsent for want of consent."""
        return suppressed.suppressed_of(self._store, self._row.id)

    @property
    def is_full(self) -> bool:
        """Return whether no more events may be set aside."""
        return self._aside.is_full

    def rejects(self) -> list[Reject]:
        """Return what is set aside now, oldest first."""
        return rejects_of(self._store, self._row.id)

    def unfinished(self) -> list[StoredRequest]:
        """Return what earlier runs armed and did not finish, oldest first."""
        return list(self._unfinished)

    def doubts_given_up(self, now: datetime) -> dict[bytes, datetime]:
        """Return which events earlier runs gave back although they may have arrived, and when each was first sent."""
        from syncer.state.doubt import doubts_given_up

        return doubts_given_up(self._store, self._row.id, now=now)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one commit of all writes within the block: durable when it ends, none of them where it raises.

        Nothing may be sent within it: what it arms may be, once it has ended.
        """
        with self.mutex, self._writes.together():
            yield

    @one_at_a_time
    def require_own(self) -> None:
        """Raise `StateError` where another run has taken over: asked before each further POST that one commit armed."""
        self._writes.require_own()

    @one_at_a_time
    def fix_start(self, start: int) -> None:
        """Keep the lowest event_time that is sent; a start that is kept already stays."""
        if self._row.start is not None:
            return
        with self._writes.tx("start") as connection:
            pipelines.move(connection, self._row, watermark=self._row.watermark, start=start)
        self._row = replace(self._row, start=start)

    @one_at_a_time
    def rest_on(self, basis: Basis) -> None:
        """Keep what watermark and ledger are made with; what is known already is not written again."""
        if self.basis != basis:
            with self._writes.tx("start") as connection:
                put_basis(connection, self._row.id, basis)
            self.basis = basis

    @one_at_a_time
    def page(
        self, tally: Tally, rejects: Sequence[Rejected], pending: int, unsent: Mapping[str, bytes] | None = None,
        gone: bytes = b"",
    ) -> None:  # fmt: skip
        """Count one batch of rows, of whose events `pending` are to be sent, and set its rejects aside.

        `unsent` has the packed identities of rows without consent, by reason, `gone` those that are another's now.
        """
        with self._writes.tx("page") as connection:
            self._writes.count(connection, self.run_id, counts.of_tally(tally, pending=pending))
            now = self._writes.now()
            self._aside.put(connection, rejects, run_id=self.run_id, at=now, gone=gone)
            suppressed.put(connection, unsent or {}, pipeline_id=self._row.id, run_id=self.run_id, at=now)

    @one_at_a_time
    def assume(self, tally: Tally, request: NewRequest | None) -> None:
        """Count one batch of rows, and take the events of `request` for delivered by somebody else: no run sends them."""
        with self._writes.tx("assume") as connection:
            self._writes.count(connection, self.run_id, counts.of_tally(tally, pending=0))
            if request is not None:
                by = outbox.Writer(self._row.id, self.run_id, self.epoch, self._writes.now())
                outbox.insert_settled(connection, request, RequestState.ACKED_ASSUMED, by)

    @one_at_a_time
    def audit(self, action: str, what: str, *, by: str) -> None:
        """Write that an operator wanted this run, and what of it; `by` is empty where it is who runs it."""
        at, actor = self._writes.now(), by or self._holder
        with self._writes.tx("audit") as connection:
            audit.record(connection, self.scope, at=at, actor=actor, action=action, change=(None, what))

    def expect(self, digests: bytes) -> None:
        """Take note of events that requests are about to be made of: what is set aside of them by now, they may settle."""
        self._aside.expect(digests)

    def send_again(self) -> "Ledger":
        """Let this run send what was settled before it; return the ledger that says what that is."""
        from syncer.state.ledger import empty_ledger

        settled = self.ledger
        self.ledger = empty_ledger()
        return settled

    @one_at_a_time
    def arm(self, request: NewRequest) -> int:
        """Write the intent to send `request`; once this returns, its POST may begin. Return its id."""
        run, now = (self.run_id, self.epoch), self._writes.now()
        with self._writes.tx("arm") as connection:
            made = outbox.insert_armed(connection, request, pipeline_id=self._row.id, run=run, at=now)
        made.root = self._open.root_of(request.parent) or made.id
        self._open.add(made, request.cursor_low)
        return made.id

    @one_at_a_time
    def rearm(self, request_id: int) -> None:
        """Write the intent to send a request again whose events were not, or may not have been, processed."""
        request = self._open.get(request_id)
        require_transition(request, RequestState.ARMED)
        with self._writes.tx("arm") as connection:
            outbox.rearm(connection, request, epoch=self.epoch, at=self._writes.now())
        self._open.moved(request, RequestState.ARMED)

    @one_at_a_time
    def settle(
        self,
        request_id: int,
        outcome: Outcome | None,
        *,
        state: RequestState,
        value: Mapping[str, float] | None = None,
        rejected: Sequence[Rejected] = (),
        watermark: Watermark | None = None,
    ) -> None:
        """Write what became of a request: its state, its events' buckets, money, rejects and the watermark, at once.

        A watermark below the stored one is left out: a lookback reads old rows again, which moves nothing back.
        """
        request = self._open.get(request_id)
        moved = watermark if watermark is not None and is_forward(self._row.watermark, watermark) else None
        require_transition(request, state)
        with self._writes.tx(POINT[state]) as connection:
            now = self._writes.now()
            written = request.written(state)
            outbox.settle(connection, request, state=written, outcome=outcome, epoch=self.epoch, at=now)
            self._count(connection, request, state, value or {}, rejected)
            self._aside.put(connection, rejected, run_id=self.run_id, at=now, request_id=request_id)
            if state in (RequestState.ACKED, RequestState.HELD):
                self._aside.settle(connection, request.digests)
            if moved is not None:
                self._move(connection, moved, settled=(request.root, request.events))
        self._open.moved(request, state)
        if moved is not None:
            self._row = replace(self._row, watermark=moved)

    @one_at_a_time
    def divide(
        self,
        request_id: int | None,
        aside: NewRequest | None,
        *,
        state: RequestState = RequestState.SUPERSEDED,
        watermark: Watermark | None = None,
    ) -> None:
        """Take a request apart that is not sent as it was: `aside` ends in `state` at once, held or expired.

        Its other events go on in requests whose parent it is. `request_id` is None where it was never armed.
        """
        moved = watermark if watermark is not None and is_forward(self._row.watermark, watermark) else None
        divided = None if request_id is None else self._open.get(request_id)
        settled = self._open.settled_by(divided, aside)
        with self._writes.tx(POINT[state]) as connection:
            by = outbox.Writer(self._row.id, self.run_id, self.epoch, self._writes.now())
            if divided is not None:
                outbox.supersede(connection, divided, by)
            if aside is not None:
                outbox.insert_settled(connection, aside, state, by)
                self._writes.count(connection, self.run_id, counts.of_settled(state, aside.events))
            if moved is not None:
                self._move(connection, moved, settled=settled)
        self._open.divided(divided, settled)
        if moved is not None:
            self._row = replace(self._row, watermark=moved)

    def supersede(self, request_id: int) -> None:
        """Give the events of a request back: it will not be sent, others may be made of its rows."""
        self.settle(request_id, None, state=RequestState.SUPERSEDED)

    def hold(self, request_id: int) -> None:
        """Keep a doubtful request's events from being sent again until an operator decides."""
        self.settle(request_id, None, state=RequestState.HELD)

    @one_at_a_time
    def advance(self, watermark: Watermark) -> None:
        """Move the watermark behind rows of which no request was made; a lower one is left out."""
        if is_forward(self._row.watermark, watermark):
            with self._writes.tx("advance") as connection:
                self._move(connection, watermark)
            self._row = replace(self._row, watermark=watermark)

    @one_at_a_time
    def note_possible_duplicates(self, events: int) -> None:
        """Record, before they are sent again, how many events Meta may have already."""
        with self._writes.tx("note") as connection:
            self._writes.count(connection, self.run_id, {counts.POSSIBLE_DUPLICATES: events})

    @one_at_a_time
    def judged_again(self, identities: Sequence[bytes]) -> None:
        """Write down that this run looked at rejects again; those that are set aside still are so by its configuration."""
        with self._writes.tx("judge") as connection:
            quarantine.judged(connection, self._row.id, identities, run_id=self.run_id)

    @one_at_a_time
    def finish(
        self,
        status: RunStatus,
        *,
        now: datetime,
        message: str = "",
        pause_reason: str | None = None,
        elapsed_s: float = 0.0,
        is_crash: bool = False,
    ) -> None:
        """Write how the run ended; a reason pauses the pipeline. `is_crash`: by a mistake of syncer's own."""
        with self._writes.tx("finish", although_failed=True) as connection:
            reached = self._stored_watermark(connection)
            end(
                connection, self.run_id, status, at=now, elapsed_s=elapsed_s, message=message,
                pause_reason=pause_reason, reached=reached, is_crash=is_crash,
            )  # fmt: skip
            went_well = status in (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS)
            pipelines.release(connection, self._row, pause_reason=pause_reason, went_well=went_well, now=now)
            is_still = pause_reason is not None and pause_reason == self.pause_reason
            is_over = status is not RunStatus.INTERRUPTED
            asked.ended(connection, self.scope, self.run_id, is_over=is_over, is_still_paused=is_still)

    def report(self) -> RunReport:
        """Return what the run did, read back from the store."""
        return report_of(self._store, self.run_id)

    def _count(
        self,
        connection: Connection,
        request: OpenRequest,
        state: RequestState,
        value: Mapping[str, float],
        rejected: Sequence[Rejected],
    ) -> None:
        """Events change their bucket in the run that planned them, which may be an earlier one."""
        reasons = Counter((counts.REASON, event.reason) for event in rejected) if rejected else {}
        if deltas := counts.of_settled(state, request.events) | counts.of_value(value) | reasons:
            self._writes.count(connection, request.run_id, deltas)

    def _move(self, connection: Connection, watermark: Watermark, *, settled: tuple[int, int] | None = None) -> None:
        self._open.require_not_past(watermark, settled=settled)
        pipelines.move(connection, self._row, watermark=watermark, start=self._row.start)

    def _stored_watermark(self, connection: Connection) -> str | None:
        found = pipelines.find(connection, self.scope)
        return str(found.watermark) if found and found.watermark else None
