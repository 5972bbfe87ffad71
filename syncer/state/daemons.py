"""Which daemons serve the state: each holds a lock that dies with it, and says now and then what it serves."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Row, delete, insert, select, update

from syncer.errors import StateError
from syncer.state.database import Database
from syncer.state.locks import Lock, is_held, try_lock
from syncer.state.store import Store
from syncer.state.tables import DAEMONS

ONLY = "daemon"
"""Lock of the one daemon that a state file takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonRow:
    """A daemon that lives."""

    target: str
    holder: str
    """Who it is: user, host, process."""
    started_at: datetime
    seen_at: datetime
    """When it last said that it goes on."""
    problems: tuple[str, ...]
    """Mistakes of files that keep it at their last good ones."""
    serves: frozenset[str] | None
    """The runs that it begins by its files, each as `served` writes it; None: an earlier release does not say."""

    def may_begin(self, pipeline: str, *, destination: str = "", by: str = "") -> bool:
        """Return whether it may begin runs of `pipeline` to `destination`, or to any, that `by` asks for."""
        return self.serves is None or served(pipeline, destination=destination, by=by) in self.serves


def served(pipeline: str, *, destination: str = "", by: str = "") -> str:
    """Return how a daemon says that it begins such runs: to a destination or to any, for a clock or for people."""
    return f"{pipeline}/{destination}/{by}"  # no name has a slash


class Serving:
    """The word of this process that it serves the state; taken back when it is closed. Mutable."""

    def __init__(self, store: Store, target: str, *, daemon_id: str, holder: str, serves: Collection[str]) -> None:
        self._store, self._target, self._id, self._holder = store, target, daemon_id, holder
        self._serves = "\n".join(sorted(serves))
        self._lock: Lock = _lock(store, daemon_id)
        try:
            self._begin()
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say that it ends; a state that fails now is told by the lock alone."""
        with suppress(StateError), self._store.tx("daemon") as connection:
            connection.execute(delete(DAEMONS).where(DAEMONS.c.id == self._id))
        self._lock.release()

    def beat(self, problems: Sequence[str], serves: Collection[str]) -> None:
        """Say that this daemon goes on, with which mistakes of files, and what it serves; takes a lost lock again."""
        before, its = self._id, "\n".join(sorted(serves))
        if not self._lock.is_alive():
            self._lock.release()
            self._take_again()
        said = {"seen_at": self._store.clock.now(), "problems": "\n".join(problems)}
        if its != self._serves:  # long in a large project
            said["serves"] = its
        with self._store.tx("daemon") as connection:
            if self._id != before:
                connection.execute(delete(DAEMONS).where(DAEMONS.c.id == before))
            if not connection.execute(update(DAEMONS).where(DAEMONS.c.id == self._id).values(**said)).rowcount:
                connection.execute(insert(DAEMONS), self._row() | said)
        self._serves = its

    def _take_again(self) -> None:
        """Take the lock; where the server does not know yet that the old connection broke, one of another name."""
        lock = try_lock(self._store.database, _name(self._store, self._id))
        if lock is None:
            self._id = f"{self._id.partition('+')[0]}+{token_hex(4)}"
        self._lock = lock or _lock(self._store, self._id)

    def _begin(self) -> None:
        dead = [row.id for row in _rows(self._store) if not is_held(self._store.database, _name(self._store, row.id))]
        if self._store.database.kind == "sqlite":
            dead = [row.id for row in _rows(self._store)]
        with self._store.tx("daemon") as connection:
            connection.execute(delete(DAEMONS).where(DAEMONS.c.id.in_(dead)))
            connection.execute(insert(DAEMONS), self._row())

    def _row(self) -> dict[str, object]:
        now = self._store.clock.now()
        return {
            "id": self._id,
            "target": self._target,
            "holder": self._holder,
            "started_at": now,
            "seen_at": now,
            "problems": "",
            "serves": self._serves,
        }


def serving(store: Store, target: str) -> list[DaemonRow]:
    """Return the daemons of `target` that live, oldest first."""
    store.require_schema()
    return [
        DaemonRow(
            target=row.target,
            holder=row.holder,
            started_at=row.started_at,
            seen_at=row.seen_at,
            problems=tuple(filter(None, row.problems.split("\n"))),
            serves=None if row.serves is None else frozenset(row.serves.split("\n")),
        )
        for row in _rows(store)
        if row.target == target and is_held(store.database, _name(store, row.id))
    ]


def _lock(store: Store, daemon_id: str) -> Lock:
    lock = store.take(_name(store, daemon_id))
    if lock is not None:
        return lock
    who = next((row.holder for row in reversed(_rows(store))), "another process")
    raise StateError(
        f"state: {store.place}: a daemon serves this file already ({who}), and a state file takes one; stop that one, "
        "or keep the state in Postgres, where several share the pipelines"
    )


def _name(store: Store, daemon_id: str) -> str:
    database: Database = store.database
    return ONLY if database.kind == "sqlite" else f"{ONLY}\0{daemon_id}"


def _rows(store: Store) -> Sequence[Row[Any]]:
    with store.reading() as connection:
        return connection.execute(select(DAEMONS).order_by(DAEMONS.c.started_at)).all()
