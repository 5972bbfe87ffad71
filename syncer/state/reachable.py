"""Whether the state store answers."""

from sqlalchemy import select

from syncer.errors import StateError
from syncer.state.store import Store
from syncer.state.tables import INSTALL


def is_reachable(store: Store) -> bool:
    """Return whether the store can be read now."""
    try:
        with store.reading() as connection:
            return connection.execute(select(INSTALL.c.id)).first() is not None
    except StateError:
        return False
