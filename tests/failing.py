"""A state store each of whose statements and commits can be made to fail, whoever asks for it."""

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from syncer.state.store import Store


class FailAt:
    """Lets the statement or commit of a number fail. Mutable."""

    def __init__(self, store: Store) -> None:
        self.at_next(0)
        stepped(store, self.step)

    def at_next(self, number: int) -> None:
        self.at, self.seen = number, 0

    def step(self) -> None:
        self.seen += 1
        if self.seen == self.at:
            raise sqlite3.OperationalError("disk I/O error")


def stepped(store: Store, step: Callable[[], None]) -> None:
    """Call `step` before each statement and each commit of `store`, which fails with what that raises.

    Within SQLite's driver, since not all that the store asks goes through SQLAlchemy.
    """
    engine = store.database.engine
    if store.database.kind == "sqlite":
        store.database.close()  # what is connected already knows no step
        event.listen(engine, "do_connect", lambda *given: given[-1].update(factory=_connection(step)))
    else:
        event.listen(engine, "before_cursor_execute", lambda *_: step())
        event.listen(engine, "commit", lambda _: step())


def _connection(step: Callable[[], None]) -> type[sqlite3.Connection]:
    class Cursor(sqlite3.Cursor):
        def execute(self, *given: Any) -> "Cursor":
            step()
            return super().execute(*given)

        def executemany(self, *given: Any) -> "Cursor":
            step()
            return super().executemany(*given)

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Any:
            return super().cursor(Cursor)

        def execute(self, *given: Any) -> sqlite3.Cursor:
            made: Cursor = self.cursor()
            return made.execute(*given)

        def executemany(self, *given: Any) -> sqlite3.Cursor:
            made: Cursor = self.cursor()
            return made.executemany(*given)

        def commit(self) -> None:
            step()
            super().commit()

    return Connection
