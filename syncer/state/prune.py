"""What is kept for a time and then forgotten: the ledger, runs, rejects, rows without consent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Table, and_, delete, exists, func, or_, select

from syncer.pipeline import Retention
from syncer.report import RunStatus
from syncer.spec.limits import PHYSICAL_STORE_WINDOW_S
from syncer.state.database import give_back_space
from syncer.state.requests import UNFINISHED, RequestState
from syncer.state.tables import MISSED_TIMES, QUARANTINE, REQUESTS, RUN_REQUESTS, RUNS, SUPPRESSED

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
"""Kept by the term of runs: they settle nothing."""


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
    return any(
        connection.execute(select(table.c.id).where(is_over).limit(1)).first() is not None
        for table, is_over in _kinds(terms.earlier(DAY))
    )


def forget(connection: Connection, terms: Terms) -> int:
    """Delete some of what is over its term; return how many rows: 0 where nothing is left to delete.

    Requests go before their runs, so that what is left of a run always has its run.
    """
    deleted = 0
    for table, is_over in _kinds(terms):
        some = select(table.c.id).where(is_over).limit(AT_ONCE)
        deleted += connection.execute(delete(table).where(table.c.id.in_(some))).rowcount
    return deleted


def _kinds(terms: Terms) -> tuple[tuple[Table, ColumnElement[bool]], ...]:
    """Return each kind of rows with what is over its term, in the order in which they go."""
    is_answered = and_(RUN_REQUESTS.c.state == "done", RUN_REQUESTS.c.requested_at < terms.runs)
    return (
        (REQUESTS, _requests(terms)),
        (RUNS, _runs(terms)),
        (QUARANTINE, _rejects(terms)),
        (SUPPRESSED, SUPPRESSED.c.at < terms.ledger),
        (RUN_REQUESTS, is_answered),
        (MISSED_TIMES, MISSED_TIMES.c.noticed_at < terms.runs),
    )


def _requests(terms: Terms) -> ColumnElement[bool]:
    table = REQUESTS.c
    ledger = and_(
        table.state.in_([state.value for state in REMEMBERED]),
        table.finished_at < terms.ledger,
        table.event_time_max < int(terms.ledger.timestamp()),
    )
    passed = and_(table.state.in_([state.value for state in PASSED]), table.finished_at < terms.runs)
    return and_(or_(ledger, passed), table.run_id != _newest_run())


def _newest_run() -> ScalarSelect[str]:
    """Ask for the run of the newest request: the guard and the ids of new requests go by that one, so it stays."""
    return select(REQUESTS.c.run_id).order_by(REQUESTS.c.id.desc()).limit(1).scalar_subquery()


def _runs(terms: Terms) -> ColumnElement[bool]:
    """Tell the runs that may go: one stays while a request of it may be decided, and the newest of each pipeline."""
    open_states = [state.value for state in (*UNFINISHED, RequestState.HELD)]
    is_open = exists().where(REQUESTS.c.run_id == RUNS.c.id, REQUESTS.c.state.in_(open_states))
    later = RUNS.alias("later")
    is_newest = ~exists().where(later.c.pipeline_id == RUNS.c.pipeline_id, later.c.epoch > RUNS.c.epoch)
    has_newest = RUNS.c.id == func.coalesce(_newest_run(), "")
    both = (RUNS.c.started_at < terms.runs, RUNS.c.finished_at < terms.runs)  # one of them may be by a wrong clock
    is_over = and_(RUNS.c.status != RunStatus.RUNNING.value, *both)
    return and_(is_over, ~is_open, ~is_newest, ~has_newest)


def _rejects(terms: Terms) -> ColumnElement[bool]:
    return QUARANTINE.c.at < terms.rejects
