"""The promises of a delivery, held against the state as another process would read it, and against Meta's memory."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from syncer.report import ELSEWHERE, Bucket, RunReport, RunStatus
from syncer.transform.identity import Scope, event_id, identity
from tests.simulation.meta import Account, Event, Meta
from tests.simulation.world import Row, Warehouse, World

SETTLED = ("acked", "acked_assumed", "held", "dead")
FINAL = {"key_problem", "expired", "no_consent", "rejected_local", "elsewhere", "no_place"}
IDENTITY_BYTES = 16
OUTCOMES = {"rejected_remote": "dead", "held": "held", "acknowledged": "acked"}
"""Bucket to the state of its requests."""
_IS_OURS = "kind IN ('bucket', 'total')"
COUNTED = (
    f"SELECT runs.id, COALESCE(SUM(count * ({_IS_OURS} AND name = 'rows_read')), 0),"
    " COALESCE(SUM(count * (kind = 'bucket' OR name = 'acknowledged')), 0), "
    + ", ".join(f"COALESCE(SUM(count * ({_IS_OURS} AND name = '{bucket}')), 0)" for bucket in OUTCOMES)
    + " FROM runs LEFT JOIN run_counts ON run_id = runs.id GROUP BY 1"
)
"""Of each run: rows that were read, what became of them in sum, and in each of `OUTCOMES`."""
SENT = (
    "SELECT run_id, "
    + ", ".join(f"COALESCE(SUM(events * (state = '{state}')), 0)" for state in OUTCOMES.values())
    + " FROM requests GROUP BY 1"
)


def split(digests: Iterable[bytes]) -> list[bytes]:
    """Return each identity of packed ones."""
    return [whole[at : at + IDENTITY_BYTES] for whole in digests for at in range(0, len(whole), IDENTITY_BYTES)]


@dataclass
class Checker:
    """Gathers broken promises; raises nothing, since the engine might catch it. Mutable."""

    path: Path
    scope: Scope
    pipeline: str
    world: World
    warehouse: Warehouse
    meta: Meta
    broken: list[str] = field(default_factory=list)
    commits: int = 0
    _counted: int | None = None
    """Version of the state whose counts were compared; SQLite changes it with every commit of others."""
    _watermark: str | None = None
    _times: dict[str, int] = field(default_factory=dict)
    _known: set[bytes] = field(default_factory=set)
    """What was settled when the run began."""
    _connection: sqlite3.Connection | None = None

    @property
    def _state(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(
                f"file:{self.path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
            )
        return self._connection

    def close(self) -> None:
        """Let go of the state file; it is opened again where somebody asks."""
        if self._connection is not None:
            self._connection.close()
            self._connection = self._counted = None

    def dump(self) -> Iterator[str]:
        """Yield the state as SQL."""
        return self._state.iterdump()

    def identity(self, key: str) -> bytes:
        return identity(self.scope, self.pipeline, "", (key,))

    def before_run(self) -> None:
        """Take note of what is settled: a run goes by that, and may forget some of it at its end."""
        self._known = self._settled()

    def before_send(self, events: list[Event]) -> None:
        """R04, R10, R03, R14: one armed record names exactly these events; they are rows of this run."""
        names = [self.identity(event.key) for event in events]
        armed = [
            split([found]) for (found,) in self._state.execute("SELECT digests FROM requests WHERE state = 'armed'")
        ]
        if armed.count(names) != 1 or sum(bool(set(names) & set(others)) for others in armed) != 1:
            self.broken.append(f"R04 {[event.key for event in events]} were sent without their intent")
        if len(set(names)) != len(names):
            self.broken.append("R12 an event is twice in one request")
        rows = {(row.key, row.value) for row, verdict in self.warehouse.given if verdict == "send"}
        for event in events:
            if event.event_id != event_id(self.pipeline, "", (event.key,)):
                self.broken.append(f"R10 {event.key} went out as {event.event_id}")
            if self._times.setdefault(event.event_id, event.event_time) != event.event_time:
                self.broken.append(f"R10 {event.key} changed its time")
            if (event.key, event.value) not in rows:
                self.broken.append(f"R14 {event.key} was sent, but is no row of this run")
        self._compare_duplicates()

    def after_commit(self) -> None:
        """R01, R03, R05, R06 as they stand between any two transactions."""
        self.commits += 1
        (version,) = self._state.execute("PRAGMA data_version").fetchone()
        self._state.execute("BEGIN")
        try:
            if version != self._counted:  # one commit of several writes passes the point behind each of them
                self._compare_counts()
            self._compare_watermark()
            self._compare_duplicates()
        finally:
            self._state.execute("COMMIT")
        self._counted = version

    def after_run(
        self, report: RunReport, told: Account, *, whole: bool, limited: bool, among_others: bool = False
    ) -> None:
        """R34: the report says what Meta did and the warehouse gave; `whole`: nobody interrupted the run.

        `among_others`: rejects were judged again, and the warehouse gave other rows with them.
        """
        buckets = report.tally.buckets
        if report.message.startswith("state:"):
            self.broken.append(f"the store stopped the run: {report.message}")
        if report.status in (RunStatus.DONE, RunStatus.DONE_WITH_REJECTS) and buckets[Bucket.PENDING] and not limited:
            self.broken.append(f"R34 a run says it is done with {buckets[Bucket.PENDING]} events pending")
        given = Counter(verdict for _, verdict in self.warehouse.given)
        refused, odd = buckets[Bucket.REJECTED_LOCAL], given["no_place"]  # those that are settled are repeated ones
        least = {name: given[name] - self._settled_among(name) for name in ("rejected_local", "expired")}
        if not least["rejected_local"] <= refused <= given["rejected_local"] + odd and whole and not among_others:
            self.broken.append(f"R34 {refused} were refused here of {given['rejected_local']} and {odd}")
        pairs: dict[str, tuple[float, float]] = {
            "acknowledged": (report.acknowledged, told.acknowledged),
            "refused": (buckets[Bucket.REJECTED_REMOTE], told.refused_alone),
            "value": (round(report.value.get("EUR", 0.0), 2), round(told.value, 2)),
            "rows": (report.tally.rows_read, len(self.warehouse.given)),
            **{name: (buckets[name], given[name]) for name in ("too_early", "no_consent")},
            "elsewhere": (report.tally.reasons[ELSEWHERE], given["elsewhere"]),
        }
        if among_others:
            pairs = {name: pairs[name] for name in ("acknowledged", "refused", "value")}
        aged = sum(verdict == "send" and self.world.verdict(row) == "expired" for row, verdict in self.warehouse.given)
        if not among_others and (
            buckets[Bucket.EXPIRED] > given["expired"] + aged or (whole and buckets[Bucket.EXPIRED] < least["expired"])
        ):
            self.broken.append(
                f"R34 the report says {buckets[Bucket.EXPIRED]} expired of {least['expired']} to {given['expired'] + aged}"
            )
        if whole:
            pairs["requests"] = (report.requests, told.posts)
        for name, (said, true) in pairs.items():
            if said > true or (whole and said != true):
                self.broken.append(f"R34 the report says {said} {name}, the truth is {true}")

    def _settled_among(self, verdict: str) -> int:
        """Return how many rows of the verdict are settled, or behind another row of their key that is sent.

        They need not be judged again, and may be counted as repeated.
        """
        settled = self._known | self._settled()
        found, sent = 0, set[str]()
        for row, each in self.warehouse.given:
            if row.key is not None and each == "send":
                sent.add(row.key)
            elif row.key is not None and each == verdict:
                found += row.key in sent or self.identity(row.key) in settled
        return found

    def _settled(self) -> set[bytes]:
        return set(chain.from_iterable(split(self._digests(state)) for state in SETTLED))

    def at_end(self, *, is_calm: bool) -> None:
        """R02, R03 and what became of doubt; `is_calm`: nothing went wrong in any run."""
        settled = {state: set(split(self._digests(state))) for state in SETTLED}
        taken_or_held = (state for state in SETTLED if state != "dead")  # what was refused may be tried again
        twice = Counter(chain.from_iterable(split(self._digests(state)) for state in taken_or_held)).most_common(1)
        if twice and twice[0][1] > 1:
            self.broken.append("R03 an event was settled twice")
        taken = {self.meta.keys[name] for name in self.meta.taken}
        bad = self.world.poison | self.world.healed
        for row in self.world.rows:
            if self.world.verdict(row) == "send" and row.key not in taken:
                name = self.identity(row.key or "")
                if name not in settled["held"] and not (row.key in bad and name in settled["dead"]):
                    self.broken.append(f"R02 {row} is lost")
        names = {self.identity(key) for key in taken}
        if unknown := names - set().union(*settled.values()) - {self.identity(key) for key in self._gone()}:
            self.broken.append(f"R34 {len(unknown)} events were taken that the ledger does not know")
        if self.meta.too_old:
            self.broken.append(f"R20 {self.meta.too_old} events came outside the window")
        if self.world.shape.mode == "at_most_once":
            self._compare_doubt(settled["acked"] | settled["held"])
        if is_calm and (self.meta.taken.total() != len(self.meta.taken) or self.announced()):
            self.broken.append("R03 a run without faults sent an event twice, or says it may have")

    def held(self) -> list[bytes]:
        """Return the identities that are held."""
        return split(self._digests("held"))

    def _compare_doubt(self, visible: set[bytes]) -> None:
        if self.meta.taken.total() != len(self.meta.taken):
            self.broken.append("R03 at_most_once sent an event twice")
        hidden = {self.meta.keys[name] for name in self.meta.doubtful} - {
            key for key in self.meta.keys.values() if self.identity(key) in visible
        }
        if hidden:
            self.broken.append(f"at_most_once does not show the doubt about {sorted(hidden)}")

    def _gone(self) -> set[str]:
        """Return keys of which no row is left that could be sent: their doubt is never resolved."""
        left = {row.key for row in self.world.rows if self.world.verdict(row) == "send"}
        return set(self.meta.keys.values()) - left

    def _compare_counts(self) -> None:
        requests = {run: tuple(events) for run, *events in self._state.execute(SENT)}
        for run, read, counted, *numbers in self._state.execute(COUNTED):
            # by a clock that was years behind, a run is over its term before its requests are
            there = requests.get(run, (0,) * len(OUTCOMES))
            if read != counted:
                self.broken.append(f"R01 {run} read {read} rows and accounts for {counted}")
            for bucket, number, events in zip(OUTCOMES, numbers, there, strict=True):
                if number != events:
                    self.broken.append(f"R05 {run} counts {number} {bucket}, its requests {events}")

    def _compare_watermark(self) -> None:
        query = "SELECT watermark_text FROM pipelines WHERE destination = ?"
        text = self._state.execute(query, (self.scope.destination,)).fetchone()
        found = text[0] if text else None
        if found == self._watermark:
            return
        ticks = self.warehouse.ticks
        if found is None or (self._watermark is not None and ticks(found) < ticks(self._watermark)):
            self.broken.append(f"R06 the watermark went from {self._watermark} to {found}")
            return
        self._watermark = found
        settled = set(split(chain.from_iterable(self._digests(state) for state in SETTLED)))
        for row, verdict in self.warehouse.given[: self.warehouse.new]:
            if row.cursor is not None and row.cursor < ticks(found) and self._is_open(row, verdict, settled):
                self.broken.append(f"R06 the watermark {found} passed {row}")

    def _is_open(self, row: Row, verdict: str, settled: set[bytes]) -> bool:
        is_final = verdict in FINAL or self.world.verdict(row) == "expired"
        return not is_final and (verdict == "too_early" or self.identity(row.key or "") not in settled)

    def _compare_duplicates(self) -> None:
        extra = self.meta.taken.total() - len(self.meta.taken)
        if extra and extra > self.announced():
            self.broken.append(f"R03 {extra} events were taken again, {self.announced()} were noted as possible")

    def announced(self) -> int:
        """Return how many events the runs said might be taken again."""
        query = (
            "SELECT COALESCE(SUM(count), 0) FROM run_counts JOIN runs ON runs.id = run_id"
            " JOIN pipelines ON pipelines.id = pipeline_id WHERE name = 'possible_duplicates' AND destination = ?"
        )
        return int(self._state.execute(query, (self.scope.destination,)).fetchone()[0])

    def _digests(self, state: str) -> list[bytes]:
        return [found for (found,) in self._state.execute("SELECT digests FROM requests WHERE state = ?", (state,))]
