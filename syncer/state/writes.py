"""The transactions of one run: they count only while no other run has taken over."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from syncer.errors import StateError
from syncer.ports import Clock
from syncer.state import counts, pipelines

if TYPE_CHECKING:
    from syncer.state.store import Store


class _Joint:
    """A transaction of several writes, begun by the first one. Mutable."""

    def __init__(self, ends: ExitStack) -> None:
        self.ends = ends
        self.connection: Connection | None = None
        self.names: list[str] = []
        self.counted: dict[str, counts.Deltas] = {}
        self.at: datetime | None = None


class Writes:
    """Writes of one epoch of a pipeline; after one that failed there are none. Mutable."""

    def __init__(self, store: "Store", pipeline_id: int, epoch: int, clock: Clock) -> None:
        self._store, self._pipeline_id, self._epoch, self._clock = store, pipeline_id, epoch, clock
        self._joint: _Joint | None = None
        self._failed = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one commit of all writes within the block: durable when it ends, none of them where it raises.

        Whoever writes remembers what it wrote before that, so that a block that was begun and raised, by hand too,
        leaves nothing to go on with.
        """
        with ExitStack() as ends:
            joint = self._joint = _Joint(ends)
            try:
                with ends:
                    yield
                    self._count(joint)
            except BaseException:
                self._failed = self._failed or joint.connection is not None
                raise
            finally:
                self._joint = None
        for name in joint.names:
            self._store.points.hit(f"{name}.after")

    @contextmanager
    def tx(self, name: str, *, although_failed: bool = False) -> Iterator[Connection]:
        """Give a connection for the write called `name`, which passes the crash points that `Store.tx` names."""
        if self._failed and not although_failed:
            raise StateError("state: an earlier write of this run failed; the run stops")
        try:
            if self._joint is not None:
                self._store.points.hit(f"{name}.before")
                yield self._connection(self._joint)
                self._store.points.hit(f"{name}.in")
                self._joint.names.append(name)
                return
            with self._store.tx(name) as connection:
                pipelines.require_epoch(connection, self._pipeline_id, self._epoch)
                yield connection
        except Exception:  # an interrupt by hand was rolled back whole, so outcomes under way may still be written
            self._failed = True
            raise

    def now(self) -> datetime:
        """Return the time, which all that is written together has in common."""
        if self._joint is None:
            return self._clock.now()
        self._joint.at = self._joint.at or self._clock.now()
        return self._joint.at

    def require_own(self) -> None:
        """Raise `StateError` where another run has taken over since the last write: then nothing is written any more."""
        try:
            with self._store.looking() as connection:
                pipelines.require_epoch(connection, self._pipeline_id, self._epoch, to_write=False)
        except Exception:
            self._failed = True
            raise

    def count(self, connection: Connection, run_id: str, deltas: Mapping[tuple[str, str], int]) -> None:
        """Change the counters of a run, once for all that is written together: most of that changes the same ones."""
        if self._joint is None:
            counts.change(connection, run_id, deltas)
            return
        counted = self._joint.counted.setdefault(run_id, {})
        for name, count in deltas.items():
            counted[name] = counted.get(name, 0) + count

    @staticmethod
    def _count(joint: _Joint) -> None:
        for run_id, deltas in joint.counted.items():
            if joint.connection is not None:
                counts.change(joint.connection, run_id, deltas)

    def _connection(self, joint: _Joint) -> Connection:
        if joint.connection is None:
            joint.connection = joint.ends.enter_context(self._store.writing())
            pipelines.require_epoch(joint.connection, self._pipeline_id, self._epoch)
        return joint.connection
