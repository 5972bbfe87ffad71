"""Alerts that stand, and the messages about them that are still to be sent: each change is told once, by one daemon."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syncer.state.store import Store
from syncer.state.tables import ALERT_MESSAGES, ALERTS

MOST_AT_ONCE = 20
"""Messages of one receiver that go together."""
MOST_WAITING = 1_000
"""Messages of one receiver that are kept; later ones are not written down."""
LONGEST_WAIT = timedelta(hours=1)
"""No message waits so long for its next try: one that does, a clock that was ahead has put off."""
Key = tuple[str, str]
"""What an alert is about, a pipeline or a destination, and its condition."""
_INSERT = {
    "sqlite": sqlite.insert(ALERTS).on_conflict_do_nothing().returning(ALERTS.c.since),
    "postgresql": postgresql.insert(ALERTS).on_conflict_do_nothing().returning(ALERTS.c.since),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert that was raised and has not ended."""

    about: str
    condition: str
    since: datetime
    text: str

    @property
    def key(self) -> Key:
        """Return what it is known by."""
        return self.about, self.condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One change that one receiver is still to be told."""

    id: int
    receiver: str
    body: str
    created_at: datetime
    attempts: int


def standing(store: Store, target: str) -> dict[Key, Standing]:
    """Return the alerts of `target` that stand, oldest first."""
    table = ALERTS.c
    query = select(ALERTS).where(table.target == target).order_by(table.since, table.about, table.condition)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    found = (Standing(about=row.about, condition=row.condition, since=row.since, text=row.text) for row in rows)
    return {each.key: each for each in found}


def raise_alert(store: Store, target: str, alert: Standing, *, body: str, to: Iterable[str]) -> bool:
    """Write an alert down with a message to each receiver; return False where it stands already."""
    values: dict[str, object] = {"target": target, "about": alert.about, "condition": alert.condition}
    values |= {"since": alert.since, "text": alert.text}
    with store.tx("alert") as connection:
        if connection.execute(_INSERT[connection.dialect.name], values).first() is None:
            return False
        _tell(connection, target, body, to, at=alert.since)
    return True


def end_alert(store: Store, target: str, alert: Standing, *, body: str | None, to: Iterable[str]) -> bool:
    """Forget an alert, with a message to each receiver unless `body` is None; False: somebody else did, or it is new."""
    table = ALERTS.c
    is_it = (table.target == target) & (table.about == alert.about) & (table.condition == alert.condition)
    with store.tx("alert") as connection:
        if not connection.execute(delete(ALERTS).where(is_it, table.since == alert.since)).rowcount:
            return False
        if body is not None:
            _tell(connection, target, body, to, at=store.clock.now())
    return True


def _tell(connection: Connection, target: str, body: str, to: Iterable[str], *, at: datetime) -> None:
    for receiver in to:
        table = ALERT_MESSAGES.c
        kept = select(table.id).where(table.target == target, table.receiver == receiver)
        if connection.execute(kept.offset(MOST_WAITING - 1).limit(1)).first() is not None:
            continue
        values = {"target": target, "receiver": receiver, "body": body, "created_at": at, "attempts": 0, "next_at": at}
        connection.execute(insert(ALERT_MESSAGES), values)


def claim(store: Store, target: str, receiver: str, *, lease: timedelta) -> list[Message]:
    """Return the oldest messages for `receiver` if they are due, kept from other daemons for `lease`.

    The first one sets the pace: what could not be told keeps later changes behind it, so that their order stays.
    """
    table, now = ALERT_MESSAGES.c, store.clock.now()
    query = select(ALERT_MESSAGES).where(table.target == target, table.receiver == receiver)
    with store.reading() as connection:
        first = connection.execute(query.order_by(table.id).limit(1)).first()
    if first is None or now < first.next_at <= now + LONGEST_WAIT:
        return []
    with store.tx("alert") as connection:
        is_first = (table.id == first.id) & (table.next_at == first.next_at)
        if not connection.execute(update(ALERT_MESSAGES).where(is_first).values(next_at=now + lease)).rowcount:
            return []
        rows = connection.execute(query.order_by(table.id).limit(MOST_AT_ONCE)).all()
    return [
        Message(id=row.id, receiver=row.receiver, body=row.body, created_at=row.created_at, attempts=row.attempts)
        for row in rows
    ]


def sent(store: Store, messages: Sequence[Message]) -> None:
    """Forget messages that were told, or that nobody will be told any more."""
    with store.tx("alert") as connection:
        ids = [message.id for message in messages]
        connection.execute(delete(ALERT_MESSAGES).where(ALERT_MESSAGES.c.id.in_(ids)))


def failed(store: Store, messages: Sequence[Message], *, next_at: datetime) -> None:
    """Note that messages could not be told, and when to try again."""
    with store.tx("alert") as connection:
        ids = [message.id for message in messages]
        changed = {"attempts": ALERT_MESSAGES.c.attempts + 1, "next_at": next_at}
        connection.execute(update(ALERT_MESSAGES).where(ALERT_MESSAGES.c.id.in_(ids)).values(**changed))


def forget_receivers(store: Store, target: str, known: Sequence[str], *, before: datetime) -> int:
    """Forget messages from before then to receivers that are not among `known`; return how many they were."""
    table = ALERT_MESSAGES.c
    is_gone = (table.target == target) & table.receiver.not_in(known) & (table.created_at < before)
    with store.reading() as connection:
        if connection.execute(select(table.id).where(is_gone).limit(1)).first() is None:
            return 0
    with store.tx("alert") as connection:
        return connection.execute(delete(ALERT_MESSAGES).where(is_gone)).rowcount
