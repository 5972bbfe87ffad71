"""Counters of a run, changed only in the commit that changes what they count."""

from collections.abc import Iterable, Mapping
from functools import cache
from math import isnan

from sqlalchemy import Connection, bindparam, update

from syncer.errors import StateError
from syncer.report import Bucket, Tally
from syncer.state.requests import RequestState
from syncer.state.straight import Straight
from syncer.state.tables import RUN_COUNTS
from syncer.state.upserts import inserting

TOTAL = "total"
BUCKET = "bucket"
REASON = "reason"
VALUE = "value"
PENDING = (BUCKET, Bucket.PENDING.value)
ROWS_READ = (TOTAL, "rows_read")
ACKNOWLEDGED = (TOTAL, "acknowledged")
COVERED = (TOTAL, "covered")
POSSIBLE_DUPLICATES = (TOTAL, "possible_duplicates")
TALLIES = {
    BUCKET: "buckets",
    REASON: "reasons",
    "dropped_field": "dropped_fields",
    "filled_default": "filled_defaults",
    "warning": "warnings",
    "coverage": "coverage",
    "event": "events",
    "key_sent": "sent_keys",
    "key_given": "given_keys",
}
"""Kind of counter to the attribute of a tally."""
SETTLED_IN = {
    RequestState.ACKED: ACKNOWLEDGED,
    RequestState.DEAD: (BUCKET, Bucket.REJECTED_REMOTE.value),
    RequestState.HELD: (BUCKET, Bucket.HELD.value),
    RequestState.EXPIRED: (BUCKET, Bucket.EXPIRED.value),
}
"""Where the events of a settled request are counted."""
TOO_OLD = "event_time_too_old"
"""The reason of those that left Meta's window while they waited."""
VALUE_UNITS = 10_000
"""Money is added up in whole ten-thousandths: sums of floats would drift."""
MOST_UNITS = 2**63 - 1
"""What a commit adds to a counter at most, or takes: 922 million million of a currency. No price is so high, but a row may
say so, and what was delivered must be written down all the same.
"""

Deltas = dict[tuple[str, str], int]


@cache
def _add(kind: str) -> Straight:
    insert = inserting(kind)(RUN_COUNTS)
    added = insert.on_conflict_do_update(
        index_elements=["run_id", "kind", "name"], set_={"count": RUN_COUNTS.c.count + insert.excluded.count}
    )
    return Straight(added, columns=("run_id", "kind", "name", "count"))


_TAKE = Straight(
    update(RUN_COUNTS)
    .where(
        RUN_COUNTS.c.run_id == bindparam("of_run"),
        RUN_COUNTS.c.kind == bindparam("of_kind"),
        RUN_COUNTS.c.name == bindparam("of_name"),
        RUN_COUNTS.c.count >= bindparam("taken"),
    )
    .values(count=RUN_COUNTS.c.count - bindparam("taken"))
)


def change(connection: Connection, run_id: str, deltas: Mapping[tuple[str, str], int]) -> None:
    """Change the run's counters; those of events never fall below zero."""
    rows = [
        {"run_id": run_id, "kind": kind, "name": name, "count": max(-MOST_UNITS, min(count, MOST_UNITS))}
        for (kind, name), count in deltas.items()
        if count > 0 or (count and kind == VALUE)
    ]
    if rows:
        _add(connection.dialect.name).for_each(connection, rows)
    for (kind, name), count in deltas.items():
        if count < 0 and kind != VALUE:
            _take(connection, run_id, kind, name, -count)


def _take(connection: Connection, run_id: str, kind: str, name: str, count: int) -> None:
    found = {"of_run": run_id, "of_kind": kind, "of_name": name, "taken": count}
    if _TAKE.changed(connection, found) != 1:
        raise StateError(f"state: run {run_id} has fewer than {count} events in {name}; the run stops")


def of_settled(state: RequestState, events: int) -> Deltas:
    """Return the changes for events that were to be sent and are settled now; none where they are to be sent still."""
    if state not in SETTLED_IN:
        return {}
    reasons = {(REASON, TOO_OLD): events} if state is RequestState.EXPIRED else {}
    return {PENDING: -events, SETTLED_IN[state]: events, **reasons}


def of_tally(tally: Tally, *, pending: int) -> Deltas:
    """Return the changes for a batch of which `pending` events are still to be sent; every row must be accounted for."""
    if tally.buckets.total() + pending < tally.rows_read:
        raise StateError(f"state: {tally.rows_read} rows, but fewer events and rejects; the run stops")
    deltas: Deltas = {ROWS_READ: tally.rows_read, COVERED: tally.covered}
    for kind, attribute in TALLIES.items():
        for key, count in getattr(tally, attribute).items():
            name = (kind, str(key).replace("\0", "\ufffd"))  # rows name their events, and Postgres takes no NUL
            deltas[name] = deltas.get(name, 0) + count
    deltas[PENDING] = deltas.get(PENDING, 0) + pending
    return deltas


def of_value(value: Mapping[str, float]) -> Deltas:
    """Return the changes for money, by currency; what no counter holds is the most it does, what is no number nothing."""
    return {(VALUE, currency): _units(amount) for currency, amount in value.items()}


def _units(amount: float) -> int:
    units = amount * VALUE_UNITS
    if -MOST_UNITS < units < MOST_UNITS:
        return round(units)
    return 0 if isnan(units) else MOST_UNITS if units > 0 else -MOST_UNITS


def to_tally(counts: Mapping[tuple[str, str], int]) -> Tally:
    """Return the counters as a tally; counters at zero are left out."""
    tally = Tally(rows_read=counts.get(ROWS_READ, 0), covered=counts.get(COVERED, 0))
    for kind, attribute in TALLIES.items():
        getattr(tally, attribute).update(_of_kind(counts.items(), kind))
    return tally


def to_value(counts: Mapping[tuple[str, str], int]) -> dict[str, float]:
    """Return the money, by currency."""
    return {currency: units / VALUE_UNITS for currency, units in _of_kind(counts.items(), VALUE).items()}


def _of_kind(counts: Iterable[tuple[tuple[str, str], int]], wanted: str) -> dict[str, int]:
    return {name: count for (kind, name), count in counts if kind == wanted and count}
