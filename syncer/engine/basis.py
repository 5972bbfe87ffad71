"""Whether a pipeline still rests on the database, the cursor and the key that its state was made with; pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from syncer.pipeline import Pipeline
from syncer.state.basis import Basis

NEEDS_DECISION = "needs_decision"
"""Why a pipeline is paused whose state was made with another source, cursor or key."""
READ_AGAIN = "every row is read again from the start on, what the ledger knows is skipped, the rest is sent as far as Meta takes it"
UNKNOWN = (
    "the ledger knows no event by the new key, so rows that were sent and are read again count twice at Meta, "
    "but where event_id is mapped and 48 hours are not over; `syncer adopt {name} --until ...` first takes what was sent "
    "for delivered. Persons who were erased are blocked by the old key only: `syncer erase` them again before"
)

BY_RULE = "the rule of events"
"""Stands behind the columns of the key where rules give the events: each has an identity of its own."""


@dataclass(frozen=True, slots=True)
class Change:
    """One part that is not what it was."""

    part: Literal["source", "cursor", "key"]
    before: str
    after: str

    def __str__(self) -> str:
        if self.part == "source":
            kinds = f" (it was {self.before}, it is {self.after})" if self.before != self.after else ""
            return f"the source is another database{kinds}"
        return f"the {self.part} was {self.before} and is {self.after}"


def basis_of(pipeline: Pipeline, place: str) -> Basis:
    """Return what `pipeline` rests on; `place` tells its database from others."""
    cursor = pipeline.cursor.column if pipeline.cursor else ""
    key = (*pipeline.key, BY_RULE) if pipeline.events else pipeline.key
    return Basis(source=place, cursor=cursor, key=json.dumps(key))


def changes(before: Basis, now: Basis) -> tuple[Change, ...]:
    """Return what differs; what was never written down has not changed, nor has a name by its case alone."""
    found = []
    if _differ(before.source, now.source):
        found.append(Change("source", _kind(before.source), _kind(now.source)))
    if _differ(before.cursor, now.cursor):
        found.append(Change("cursor", before.cursor or "none", now.cursor or "none"))
    if _differ(before.key, now.key):
        found.append(Change("key", _columns(before.key), _columns(now.key)))
    return tuple(found)


def begins_anew(found: Iterable[Change]) -> bool:
    """Return whether the watermark says nothing any more: it is a value of another cursor, or of another database."""
    return any(change.part in ("source", "cursor") for change in found)


def consequences(name: str, found: Iterable[Change]) -> str:
    """Return what going on with the new configuration means."""
    parts = [READ_AGAIN] * begins_anew(found)
    parts += [UNKNOWN.format(name=name) for change in found if change.part == "key"]
    return "; ".join(parts)


def question(name: str, found: Iterable[Change]) -> str:
    """Return the message of a run that waits for a decision."""
    said = ", ".join(str(change) for change in found)
    return (
        f"{said}; nothing was read or sent. Put it back, or let `syncer resume {name}` go on with it: "
        f"{consequences(name, found)}"
    )


def _differ(before: str | None, now: str | None) -> bool:
    return before is not None and now is not None and before.casefold() != now.casefold()


def _kind(source: str | None) -> str:
    return (source or "").partition(" ")[0]


def _columns(key: str | None) -> str:
    return ", ".join(json.loads(key or "[]"))
