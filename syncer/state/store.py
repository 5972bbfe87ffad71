"""The state store: opened, looked over, migrated; every write goes through `tx`."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, select

from syncer.errors import LockedError, StateError
from syncer.ports import NO_POINTS, Clock, Points, SystemClock, doing
from syncer.state import audit, migrate, pipelines
from syncer.state.damage import look_for_damage
from syncer.state.database import Database, connect, driver, journal_mode
from syncer.state.failures import explained
from syncer.state.guard import REMEDY, Guard, Mark
from syncer.state.ledger_sizes import LedgerSizes
from syncer.state.locks import Lock, is_held, try_lock, waiting_lock
from syncer.state.opened import Opened
from syncer.state.place import Place, make_private_folder, parse, prepare
from syncer.state.scope import Scope
from syncer.state.seal import require_seal, salt_seal
from syncer.state.tables import INSTALL, SCHEMA

if TYPE_CHECKING:
    from syncer.state.runs import RunLog

SYSTEM_CLOCK = SystemClock()
REACHED = """SELECT (SELECT checksum FROM install), (SELECT coalesce(sum(epoch), 0) FROM pipelines),
    (SELECT coalesce(max(id), 0) FROM requests), (SELECT coalesce(max(id), 0) FROM audit)"""
"""Asked of the driver itself: it is part of every commit."""
SALT_BYTES = 16
BESIDE = "ledger"
BETWEEN_TRIES_S = (0.02, 0.05, 0.1, 0.3)
"""A look at who runs or serves takes the lock for a moment, and a database frees that of a process that died when it hears of it."""


def open_store(
    url: str,
    *,
    root: Path,
    home: Path,
    points: Points = NO_POINTS,
    clock: Clock = SYSTEM_CLOCK,
    migrate: bool = True,
) -> "Store":
    """Return the store at `url`, checked and, with `migrate`, brought to this release's schema.

    Relative SQLite paths start at `root`. `home` is made where the store lies in it. Raises `StateError` naming
    the place and the remedy; what cannot be used is never written to.
    """
    place = parse(url, root=root)
    guard = Guard(place.path) if place.path is not None else None
    opened = _make_room(place, home, guard)
    store = Store(connect(place), points=points, clock=clock, guard=guard, opened=opened)
    store.beside = home / BESIDE
    return _checked(store, migrate=migrate)


def open_unguarded(url: str, *, root: Path, home: Path, clock: Clock = SYSTEM_CLOCK) -> "Store":
    """Return the store at `url` with the schema it has, however old it is; a missing one is made, empty."""
    place = parse(url, root=root)
    opened = _make_room(place, home, None)
    return _checked(Store(connect(place), clock=clock, opened=opened), migrate=False)


def _make_room(place: Place, home: Path, guard: Guard | None) -> Opened | None:
    path = place.path
    if path is None:
        return None
    if home in path.parents and home.parent.is_dir():
        make_private_folder(home)
    return Opened(path, lambda is_open: prepare(path, guard, is_open=is_open))


def _checked(store: "Store", *, migrate: bool) -> "Store":
    try:
        store.look_over()
        if migrate:
            store.upgrade()
    except BaseException:
        store.close()
        raise
    return store


class Store:
    """An open state store. Counts nothing itself; holds connections until `close`."""

    def __init__(
        self,
        database: Database,
        *,
        points: Points = NO_POINTS,
        clock: Clock = SYSTEM_CLOCK,
        guard: Guard | None = None,
        opened: Opened | None = None,
    ) -> None:
        self.database, self._guard, self._opened = database, guard, opened
        self.place = database.place
        self.points, self.clock = points, clock
        self.beside: Path | None = None
        """Folder for what is made of the store and can be made anew; None: nothing is."""
        self.ledger_sizes = LedgerSizes()
        self._salt: bytes | None = None
        self._is_ready = False
        self._alone: AbstractContextManager[object] = threading.Lock() if database.kind == "sqlite" else nullcontext()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self.database.close()
        if self._opened is not None:
            self._opened.close()

    def look_over(self) -> None:
        """Raise `StateError` for a damaged or unreachable store."""
        if self.database.kind == "sqlite":
            look_for_damage(self.database, beside=self.beside, now=self.clock.now())
            self._use_write_ahead_log()

    def _use_write_ahead_log(self) -> None:
        """Let readers work beside a writer; the file keeps the setting."""
        if journal_mode(self.database) == "wal":
            return
        with waiting_lock(self.database, migrate.LOCK):
            mode = journal_mode(self.database, wanted="WAL")
        if mode != "wal":
            raise StateError(f"state: {self.place}: this disk cannot hold SQLite's write-ahead log; use a local disk")

    def mark(self) -> Mark | None:
        """Return how far an embedded store is; None where it is empty."""
        if self.schema is None:
            return None
        with self.reading() as connection:
            return mark_of(connection)

    @property
    def schema(self) -> str | None:
        """Revision of the stored schema; None where the store is empty."""
        return migrate.current(self.database)

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the schema to this release's; return the revisions before and after.

        Raises `StateError` where a newer release wrote it, or the store is older than its guard: nothing was written.
        """
        self.require_known_schema()
        self.require_newest()
        change = self._migrate()
        self._is_ready = True
        if self._guard is not None:
            with self.reading() as connection:
                mark = mark_of(connection)
            self._guard.raise_to(mark)
        return change

    def require_newest(self) -> None:
        """Raise `StateError` where the store is older than its guard, or another one."""
        mark = self._guard.read() if self._guard is not None else None  # before the store, which goes on meanwhile
        if self._guard is not None and mark is not None:
            self._guard.require_reached(mark, self.mark())

    def _migrate(self) -> tuple[str | None, str]:
        found = self.schema
        if found == SCHEMA:
            return found, found
        self.points.hit("migrate.before")
        change = migrate.upgrade(self.database, now=self.clock.now())
        self.points.hit("migrate.after")
        return change

    def require_known_schema(self) -> None:
        """Raise `StateError` where a newer release wrote the schema."""
        found = self.schema
        if found != SCHEMA:
            migrate.refuse_newer(self.database, found)

    def require_schema(self) -> None:
        """Raise `StateError` unless the schema is the one that this release works with."""
        if not self._is_ready:
            migrate.require_newest(self.database, self.schema)
            self._is_ready = True

    def _require_its_file(self) -> None:
        if self._opened is not None and self._opened.is_gone:
            raise StateError(
                f"state: {self.place} was taken away or replaced while it was open; end each syncer that has it open, "
                f"{REMEDY}, then start again"
            )

    @property
    def salt(self) -> bytes:
        """16 random bytes of this install, part of every identity; made once, with the first schema."""
        if self._salt is None:
            self._salt = self._read_salt()
        return self._salt

    def _read_salt(self) -> bytes:
        self.require_schema()
        with self.reading() as connection:
            row = connection.execute(select(INSTALL)).first()
        if row is None or len(row.salt) != SALT_BYTES:
            raise StateError(
                f"state: {self.place}: its salt is missing; restore a copy, or sent events would be sent again"
            )
        require_seal(row.checksum, salt_seal(bytes(row.salt)), what="the install's salt")
        return bytes(row.salt)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the store."""
        with explained(self.place), self.database.transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """Give the connection that writes, for one look at the newest there is: far less than `reading` costs."""
        with explained(self.place), self._alone, self.database.looking() as connection:
            yield connection

    @contextmanager
    def tx(self, name: str) -> Iterator[Connection]:
        """Give a connection whose writes are durable when the block ends, or undone when it raises.

        Passes the crash points `<name>.before`, `<name>.in` and `<name>.after`.
        """
        self.points.hit(f"{name}.before")
        with self.writing() as connection:
            yield connection
            self.points.hit(f"{name}.in")
        self.points.hit(f"{name}.after")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give what `tx` gives, and pass no crash point."""
        with doing("state"), explained(self.place), self._alone, self.database.transaction(writes=True) as connection:
            yield connection
            mark = None if self._guard is None else mark_of(connection)
        if self._guard is not None and mark is not None:
            self._guard.raise_to(mark)

    def start_run(  # noqa: PLR0913  # each is a fact of the run's first row
        self,
        scope: Scope,
        *,
        run_id: str,
        now: datetime,
        fingerprint: str,
        trigger: str,
        holder: str,
        is_answer: bool = False,
    ) -> "RunLog":
        """Take the scope's lock and begin a run; raises `LockedError` at once where another run holds it.

        `is_answer` says that it does all that was asked for when it begins.
        """
        from syncer.state.begin import begin
        from syncer.state.new_run import NewRun

        self.require_schema()
        self._require_its_file()
        lock = self._lock(scope)
        try:
            return begin(self, lock, NewRun(scope, run_id, now, fingerprint, trigger, holder, is_answer))
        except BaseException:
            lock.release()
            raise

    @contextmanager
    def locked(self, *scopes: Scope) -> Iterator[None]:
        """Keep every run of `scopes` out during the block; raises `LockedError` where one holds its lock."""
        self.require_schema()
        with ExitStack() as locks:
            for scope in scopes:
                locks.callback(self._lock(scope).release)
            yield

    def take(self, name: str) -> Lock | None:
        """Return the lock called `name`, or None where another process holds it for longer than a look takes."""
        for pause_s in BETWEEN_TRIES_S:
            if (lock := try_lock(self.database, name)) is not None:
                return lock
            self.clock.sleep(pause_s)
        return try_lock(self.database, name)

    def _lock(self, scope: Scope) -> Lock:
        if (lock := self.take(lock_name(scope))) is not None:
            return lock
        with self.reading() as connection:
            found = pipelines.find(connection, scope)
        raise LockedError(scope.pipeline, holder=(found and found.holder) or "another process")

    def is_running(self, scope: Scope) -> bool:
        """Return whether a run holds the scope's lock now."""
        return is_held(self.database, lock_name(scope))

    def pause(self, scope: Scope, *, reason: str, actor: str) -> str | None:
        """Let no run of the scope begin until it is resumed; return why it was paused before."""
        return self._set_pause(scope, reason, actor, "pause")

    def resume(self, scope: Scope, *, actor: str) -> str | None:
        """Let the scope run again; return why it was paused."""
        return self._set_pause(scope, None, actor, "resume")

    def _set_pause(self, scope: Scope, reason: str | None, actor: str, action: str) -> str | None:
        self.require_schema()
        now = self.clock.now()
        with self.tx(action) as connection:
            found = pipelines.find_or_make(connection, scope, now)
            pipelines.set_pause(connection, found, reason=reason, now=now)
            change = (found.pause_reason, reason)
            audit.record(connection, scope, at=now, actor=actor, action=action, change=change)
            return found.pause_reason


def mark_of(connection: Connection) -> Mark:
    """Return how far the embedded store is that `connection` sees."""
    install, *numbers = driver(connection).execute(REACHED).fetchone()
    return Mark(bytes(install or b"").hex().rjust(32, "0")[:32], *numbers)


def lock_name(scope: Scope) -> str:
    """Return the name of the lock that the runs of `scope` hold."""
    return f"{scope.pipeline}\0{scope.target}\0{scope.destination}"
