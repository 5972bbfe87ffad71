"""What is kept for a time and then forgotten: the ledger, runs, rejects, rows without consent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
)

from syncer.pipeline import Retention
from syncer.report import RunStatus
from syncer.spec.limits import PHYSICAL_STORE_WINDOW_S
from syncer.state.database import give_back_space
from syncer.state.requests import UNFINISHED, RequestState
from syncer.state.tables import MISSED_TIMES, QUARANTINE, REQUESTS, RUN_REQUESTS, RUNS, SUPPRESSED, Instant

if TYPE_CHECKING:
    from syncer.state.store import Store

DAY = timedelta(days=1)
LEDGER_LEAST_S = PHYSICAL_STORE_WINDOW_S + 86_400
"""A settled event is remembered until Meta refuses it by its age, and a day longer."""
AT_ONCE = 2_000
"""Rows of each kind that one transaction forgets: others can write in between."""
REMEMBERED = (RequestState.ACKED, RequestState.ACKED_ASSUMED, RequestState.DEAD)
"""Kept by the ledger's term. Held ones wait for an operator, however long."""
PASSED = (RequestState.SPLIT, RequestState.SUPERSEDED, RequestState.EXPIRED)
"""Kept by the term of runs: they settle nothing. Those that were given up in doubt stay as long as the ledger would."""

LEDGER_TERM, RUNS_TERM, REJECTS_TERM = (bindparam(name, type_=Instant) for name in ("ledger", "runs", "rejects"))


@dataclass(frozen=True, slots=True)
class Terms:
    """The moments before which things are forgotten."""

    ledger: datetime
    runs: datetime
    rejects: datetime

    @classmethod
    def of(cls, retention: Retention, now: datetime) -> "Terms":
        """Return the terms at `now`; the ledger's never ends while Meta would take one of its events."""
        ledger_s = max(int(retention.ledger), LEDGER_LEAST_S)
        return cls(
            now - timedelta(seconds=ledger_s),
            now - timedelta(seconds=int(retention.runs)),
            now - timedelta(seconds=int(retention.rejects)),
        )

    def earlier(self, by: timedelta) -> "Terms":
        """Return the same terms some time before."""
        return Terms(self.ledger - by, self.runs - by, self.rejects - by)

    def parameters(self) -> dict[str, datetime | int]:
        """Return what the statements of this file take."""
        ledger_s = int(self.ledger.timestamp())
        return {"ledger": self.ledger, "runs": self.runs, "rejects": self.rejects, "ledger_s": ledger_s}


def prune(store: "Store", retention: Retention, *, now: datetime | None = None, although_not_due: bool = False) -> int:
    """Forget what is over its term and give its space back; return how many rows went. Once a day is enough.

    `now` must be right: at a time that is ahead, the ledger forgets what Meta would still take. None: the store's clock.
    Passes the crash points `prune.before`, `prune.in` and `prune.after`; what a crash leaves, the next one takes.
    """
    now = now or store.clock.now()
    if not although_not_due and not has_due(store, retention, now=now):
        return 0
    terms, deleted = Terms.of(retention, now), 0
    while True:
        with store.tx("prune") as connection:
            gone = forget(connection, terms)
        deleted += gone
        if not gone:
            break
    give_back_space(store.database)
    return deleted


def has_due(store: "Store", retention: Retention, *, now: datetime) -> bool:
    """Return whether `prune` would forget something."""
    with store.reading() as connection:
        return is_due(connection, Terms.of(retention, now))


def is_due(connection: Connection, terms: Terms) -> bool:
    """Return whether something is a day over its term: so pruning happens once a day at most, and no clock is kept."""
    return bool(connection.execute(_any_due(), terms.earlier(DAY).parameters()).scalar_one())


def forget(connection: Connection, terms: Terms) -> int:
    """Delete some of what is over its term; return how many rows: 0 where nothing is left to delete.

    Requests go before their runs, so that what is left of a run always has its run.
    """
    deleted = 0
    for table, is_over in _kinds():
        some = select(table.c.id).where(is_over).limit(AT_ONCE)
        deleted += connection.execute(delete(table).where(table.c.id.in_(some)), terms.parameters()).rowcount
    return deleted


@cache
def _any_due() -> Select[tuple[bool]]:
    """Ask all in one: every run asks, and a statement costs more to make than SQLite takes to find nothing."""
    return select(or_(*(exists().where(is_over) for _, is_over in _kinds())))


@cache
def _kinds() -> tuple[tuple[Table, ColumnElement[bool]], ...]:
    """Return each kind of rows with what is over its term, in the order in which they go; terms are parameters."""
    is_answered = and_(RUN_REQUESTS.c.state == "done", RUN_REQUESTS.c.requested_at < RUNS_TERM)
    return (
        (REQUESTS, _requests()),
        (RUNS, _runs()),
        (QUARANTINE, QUARANTINE.c.at < REJECTS_TERM),
        (SUPPRESSED, SUPPRESSED.c.at < LEDGER_TERM),
        (RUN_REQUESTS, is_answered),
        (MISSED_TIMES, MISSED_TIMES.c.noticed_at < RUNS_TERM),
    )


def _requests() -> ColumnElement[bool]:
    table = REQUESTS.c
    ledger = and_(
        table.state.in_([state.value for state in REMEMBERED]),
        table.finished_at < LEDGER_TERM,
        table.event_time_max < bindparam("ledger_s"),
    )
    is_open = table.event_time_max >= bindparam("ledger_s")
    is_in_doubt = and_(table.state == RequestState.SUPERSEDED.value, table.first_armed_at.is_not(None), is_open)
    passed = and_(table.state.in_([state.value for state in PASSED]), table.finished_at < RUNS_TERM, ~is_in_doubt)
    return and_(or_(ledger, passed), table.run_id != _newest_run())


def _newest_run() -> ScalarSelect[str]:
    """Ask for the run of the newest request: the guard and the ids of new requests go by that one, so it stays."""
    return select(REQUESTS.c.run_id).order_by(REQUESTS.c.id.desc()).limit(1).scalar_subquery()


def _runs() -> ColumnElement[bool]:
    """Tell the runs that may go: one stays while a request of it may be decided, and the newest of each pipeline."""
    open_states = [state.value for state in (*UNFINISHED, RequestState.HELD)]
    is_open = exists().where(REQUESTS.c.run_id == RUNS.c.id, REQUESTS.c.state.in_(open_states))
    later = RUNS.alias("later")
    is_newest = ~exists().where(later.c.pipeline_id == RUNS.c.pipeline_id, later.c.epoch > RUNS.c.epoch)
    has_newest = RUNS.c.id == func.coalesce(_newest_run(), "")
    both = (RUNS.c.started_at < RUNS_TERM, RUNS.c.finished_at < RUNS_TERM)  # one of them may be by a wrong clock
    is_over = and_(RUNS.c.status != RunStatus.RUNNING.value, *both)
    return and_(is_over, ~is_open, ~is_newest, ~has_newest)
