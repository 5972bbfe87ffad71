"""Whether a pipeline still rests on the database, the cursor and the key that its state was made with; pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from syncer.pipeline import Pipeline
from syncer.state.basis import Basis

RULES = "rules"
NEEDS_DECISION = "needs_decision"
"""Why a pipeline is paused whose state was made with another source, cursor or key."""
READ_AGAIN = "every row is read again from the start on, what the ledger knows is skipped, the rest is sent as far as Meta takes it"
UNKNOWN = (
    "the ledger knows no event by the new key, so rows that were sent and are read again count twice at Meta, "
    "but where event_id is mapped and 48 hours are not over; `syncer adopt {name} --until ...` first takes what was sent "
    "for delivered. Persons who were erased are blocked by the old key only: `syncer erase` them again before"
)


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
    rules = [{RULES: [rule.id for rule in pipeline.events]}] if pipeline.events else []
    return Basis(source=place, cursor=cursor, key=json.dumps([*pipeline.key, *rules]))


def changes(before: Basis, now: Basis) -> tuple[Change, ...]:
    """Return what differs; what was never written down has not changed, nor has a name by its case alone."""
    found = []
    if _differ(before.source, now.source):
        found.append(Change("source", _kind(before.source), _kind(now.source)))
    if _differ(before.cursor, now.cursor):
        found.append(Change("cursor", before.cursor or "none", now.cursor or "none"))
    if before.key is not None and now.key is not None:
        was, is_now = _Key.of(before.key), _Key.of(now.key)
        if was.is_other(is_now):
            found.append(Change("key", str(was), str(is_now)))
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


class _Key(NamedTuple):
    """What tells one event from another: columns, and the rule where rules give the events."""

    columns: tuple[str, ...]
    rules: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Self:
        parts = json.loads(text)
        rules = [rule for part in parts if isinstance(part, dict) for rule in part[RULES]]
        return cls(tuple(part for part in parts if isinstance(part, str)), frozenset(rules))

    def is_other(self, now: Self) -> bool:
        """Return whether events that were sent may have another name now: a rule more or less names none of them anew."""
        is_renamed = bool(self.rules - now.rules) and bool(now.rules - self.rules)
        was, is_now = (tuple(name.casefold() for name in key.columns) for key in (self, now))
        return was != is_now or is_renamed or bool(self.rules) != bool(now.rules)

    def __str__(self) -> str:
        rules = [f"by the rules {', '.join(sorted(self.rules))}"] if self.rules else []
        return " ".join([", ".join(self.columns), *rules])
