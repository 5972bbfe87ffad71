"""Events on their way: what one request holds, and what becomes of it where it must not go as it is."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

import polars as pl

from syncer.capi.isolate import Isolation, looks_like_configuration
from syncer.engine.age import Mode, left_out
from syncer.engine.page import Page
from syncer.report import Bucket
from syncer.spec.outcomes import Outcome, OutcomeClass
from syncer.state.doubt import Doubts
from syncer.state.ledger import packed
from syncer.state.requests import NewRequest, Rejected, RequestState
from syncer.state.runs import RunLog
from syncer.transform.consent import in_words


@dataclass(slots=True)
class Search:
    """A refused request that is being divided; counts as one open request of its page until all is settled."""

    events: pl.DataFrame
    parent: int
    isolation: Isolation
    refusals: list[Outcome] = field(default_factory=list)
    """What was said of each event that was refused alone."""
    doubts: dict[int, datetime] = field(default_factory=dict)
    """When each event was first sent that Meta may have, by its place; that is noted."""

    def doubt(self, request: "Outgoing") -> None:
        """Take note that what is sent next was sent as `request` before, that Meta may have."""
        if request.in_doubt and request.first_sent is not None:
            self.doubts |= dict.fromkeys(self.isolation.next, request.first_sent)

    def part(self, page: Page) -> "Outgoing | None":
        """Return what is sent next; None: nothing is left. It is as doubtful as any of its events."""
        places = self.isolation.next
        since = min((self.doubts[place] for place in places if place in self.doubts), default=None)
        is_doubt = since is not None
        part = self.events[list(places)]
        return Outgoing(page, part, self, in_doubt=is_doubt, is_noted=is_doubt, first_sent=since) if places else None


@dataclass(slots=True, eq=False)
class Outgoing:
    """A request that is to be sent, or sent again. Mutable; equal to itself alone, since tables of events compare badly."""

    page: Page
    events: pl.DataFrame
    search: Search | None = None
    stored: int | None = None
    """Its row in the state, once it was armed."""
    attempts: int = 0
    in_doubt: bool = False
    """Whether Meta may have its events already."""
    is_noted: bool = False
    """Whether that was noted since an answer left it in doubt last: so it must be before it is armed anew."""
    first_sent: datetime | None = None
    """When its events were first sent; None: never."""
    parent: int | None = None
    """The request that it was a part of, and that is given up."""
    due: float = 0.0
    begun: float = 0.0
    """When it was launched last; monotonic, as `due` is."""

    @property
    def row(self) -> int:
        """Return its row in the state."""
        assert self.stored is not None, "a request is armed before it is sent"  # noqa: S101  kept on in production
        return self.stored

    def intent(self, events: pl.DataFrame) -> NewRequest:
        """Return the row in the state for `events`, all of its own or some."""
        rows, times = events["row"], events["event_time"]
        return NewRequest(
            digests=packed(events["identity"]),
            events=events.height,
            event_time_min=cast("int", times.min()),
            event_time_max=cast("int", times.max()),
            cursor_low=self.page.low_at(rows[0]),
            cursor_high=self.page.cursor_at(rows[-1]),
            parent=self.stored or self.parent or (self.search.parent if self.search else None),
            first_armed_at=self.first_sent if self.in_doubt else None,
            consent=in_words(self.page.consent_column, events["consent"]) if self.page.consent_column else None,
        )

    def gone(self, now: datetime, *, mode: Mode) -> pl.Series | None:
        """Return which of its events may not be sent at `now`; None: all may."""
        since = self.first_sent if self.in_doubt else None
        return left_out(self.events, now=now, doubt_since=since, mode=mode)

    def left(self, *, is_doubt: bool) -> None:
        """Take an answer that settles nothing; `is_doubt`: Meta may have the events."""
        self.in_doubt, self.is_noted = self.in_doubt or is_doubt, self.is_noted and not is_doubt

    def note_doubt(self, run: RunLog, events: int) -> None:
        """Note that `events` of it may arrive a second time: once for each answer that left it in doubt."""
        if self.in_doubt and not self.is_noted and events:
            run.note_possible_duplicates(events)
            self.is_noted = True

    def facts(self, outcome: Outcome) -> dict[str, object]:
        """Return what a log says of the request when its answer came: ids, counts and codes."""
        facts = {
            "request": self.stored,
            "events": self.events.height,
            "attempt": self.attempts,
            "outcome": outcome.kind.value,
            "status": outcome.status,
            "code": outcome.code,
            "reason": outcome.reason or None,
            "fbtrace_id": outcome.fbtrace_id,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def value(self) -> dict[str, float]:
        """Return the sum of `value` by currency; a thousand additions in Python cost less than one group_by."""
        sums: defaultdict[str, float] = defaultdict(float)
        for currency, value in zip(self.events["currency"].to_list(), self.events["value"].to_list(), strict=True):
            if currency is not None and value is not None:
                sums[currency] += value
        return dict(sums)

    def rejected(self, outcome: Outcome) -> Rejected:
        """Return what is set aside of the one event that it holds, which Meta refused."""
        row = self.events.row(0, named=True)
        return Rejected(
            identity=row["identity"],
            cursor=self.page.cursor_at(row["row"]),
            bucket=Bucket.REJECTED_REMOTE,
            reason=outcome.reason,
            code=outcome.code,
            subcode=outcome.subcode,
            fbtrace_id=outcome.fbtrace_id,
        )

    @property
    def is_misaddressed(self) -> bool:
        """Return whether every event of what it is a part of was refused alone, for a reason that lies in no event."""
        search = self.search
        is_whole = search is not None and len(search.refusals) == search.events.height
        return search is not None and is_whole and looks_like_configuration(search.refusals)

    def searched(self, outcome: Outcome) -> Search:
        """Return the search among its events, of which `outcome` refused the whole."""
        since = self.first_sent if self.in_doubt else None
        doubts = {} if since is None else dict.fromkeys(range(self.events.height), since)
        return Search(self.events, self.row, begun(outcome, self.events.height), doubts=doubts)

    def part(self, events: pl.DataFrame) -> "Outgoing":
        """Return a new request for some of its events, that is as often sent and as doubtful as it."""
        return replace(self, events=events, stored=None, parent=self.stored or self.parent)

    def without(self, gone: pl.Series) -> "Outgoing | None":
        """Return what is sent in its place without the events in `gone`; None: nothing."""
        kept, search = self.events.filter(~gone), self.search
        if search is None:
            return self.part(kept) if kept.height else None
        places = search.isolation.next
        search.isolation = search.isolation.without({places[place] for place in gone.arg_true()})
        return self.part(kept) if kept.height else search.part(self.page)

    def headed(self, most_events: int) -> "tuple[Outgoing, Outgoing | None]":
        """Return a part of at most so many events, and the others; None where they follow in its search."""
        search = self.search
        if search is None:
            return self.part(self.events.head(most_events)), self.part(self.events.slice(most_events))
        search.doubt(self)
        while len(search.isolation.next) > most_events:
            search.isolation = search.isolation.too_big()
        return self.part(search.events[list(search.isolation.next)]), None


def doubted(page: Page, events: pl.DataFrame, doubts: Doubts) -> Outgoing:
    """Return a request for events of which an earlier run noted that Meta may have them."""
    first_sent = min(doubts[name] for name in events["identity"])
    return Outgoing(page, events, in_doubt=True, is_noted=True, first_sent=first_sent)


def begun(outcome: Outcome, events: int) -> Isolation:
    """Return the search among the events of a request that was refused whole."""
    if outcome.kind is OutcomeClass.TOO_BIG:
        return Isolation.of_too_big(events)
    return Isolation.of_rejected(events, blamed=outcome.blamed)


def stepped(search: Isolation, outcome: Outcome, state: RequestState) -> Isolation:
    """Return a search after a part of it came to `state`."""
    if state is RequestState.ACKED:
        return search.accepted()
    if state is RequestState.HELD:
        return search.put_aside()
    return search.too_big() if outcome.kind is OutcomeClass.TOO_BIG else search.rejected(blamed=outcome.blamed)
