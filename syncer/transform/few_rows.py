"""Small batches made into events row by row: below some dozen rows that costs less than columns do, and gives the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeAlias

import polars as pl
import pyarrow as pa

from syncer.pipeline import Pipeline
from syncer.report import ELSEWHERE, Tally
from syncer.spec.reasons import REASONS
from syncer.transform.binding import Binding
from syncer.transform.built import BuiltEvent, BuiltReject
from syncer.transform.consent import NUMBER, Answer
from syncer.transform.duplicates import OTHER, SAME, TWIN
from syncer.transform.identity import Scope, identity
from syncer.transform.json_text import json_of
from syncer.transform.key_text import key_text
from syncer.transform.plan import EVENTS, Transformed
from syncer.transform.python_values import are_known, json_columns, python_values, readable
from syncer.transform.reference import Reference
from syncer.transform.reference_rules import once_a_row, without_rule
from syncer.transform.texts import text_of
from syncer.transform.verdicts import COLUMNS

FEW: Final = 24
"""Rows up to which a batch is made row by row; both ways cost the same at about 36."""
NAMED: Final = 512
"""Rows up to which it is told row by row who they are; that costs a hundredth of making an event."""
FIRST: Final = ("event_name", "event_time", "action_source", "event_id")
"""Stand first in each event, as in `events`."""

NAMES: Final = {
    "row": pl.UInt32,
    "identity": pl.Binary,
    "event_id": pl.String,
    "event_time": pl.Int64,
    "rule": pl.String,
    "is_given": pl.Boolean,
    "key": pl.String,
}
"""What is told of each event, without making it."""

Values: TypeAlias = Mapping[str, Any]
Order: TypeAlias = dict[str, Any]
"""Names of an object's members to the order within each."""
Line: TypeAlias = tuple[Any, ...]
"""One line of the events or of the rejects, in the order of their columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FewRows:
    """Turns batches of at most `most` rows of one query into events. Twin of the columns of `Transform`."""

    kinds: tuple[Reference, ...]
    """One for each rule, in the order of the file."""
    orders: tuple[Order, ...]
    """How the members of the events of each kind stand."""
    most: int

    @classmethod
    def of(
        cls, pipeline: Pipeline, bindings: Sequence[Binding], schema: pa.Schema, scope: Scope, *, most: int
    ) -> Self | None:
        """Return what makes events of small batches; None where columns do all of it.

        They do where they read a type of `schema` as Python does not, and where rows need consent: whether a yes came
        too late is asked for whole batches.
        """
        inputs = bindings[0].inputs
        if not most or bindings[0].consent is not None or not are_known(schema, inputs):
            return None
        json = json_columns(schema, inputs)
        return cls(
            kinds=tuple(
                Reference(pipeline=pipeline, scope=scope, binding=binding, json_columns=json) for binding in bindings
            ),
            orders=tuple(map(_order, bindings)),
            most=most,
        )

    def made(self, batch: pa.RecordBatch, *, now: int, start: int | None, only: pl.Series | None) -> Transformed | None:
        """Return what became of the rows; None where there are too many, or Python cannot hold a value of theirs."""
        rows = python_values(batch, self.kinds[0].binding.inputs) if batch.num_rows <= self.most else None
        if rows is None:
            return None
        making = _Making(self, now, start, None if only is None else frozenset(only.drop_nulls().to_list()))
        for number, row in enumerate(rows):
            making.add(number, row)
        making.tally.rows_read = len(rows)
        return making.transformed()

    def named(self, batch: pa.RecordBatch, *, now: int) -> pl.DataFrame | None:
        """Return who the events of the rows are. Twin of `Transform.named`; None where that must tell."""
        first = self.kinds[0]
        rows = python_values(batch, first.binding.inputs) if batch.num_rows <= self.most else None
        if rows is None or any(not first.can_read(row) for row in rows):
            return None
        return _frame([_name(number, row, kind, now) for number, row in enumerate(rows) for kind in self.kinds], NAMES)

    def identities(self, batch: pa.RecordBatch) -> list[bytes | None] | None:
        """Return what the ledger knows the event of each row by, None where the key is missing. Twin of `Transform.identities`.

        None where there are too many rows, or Python cannot hold a part of their keys.
        """
        first = self.kinds[0]
        rows = python_values(batch, first.binding.key) if batch.num_rows <= NAMED else None
        if rows is None:
            return None
        keys = (_key(row, first) for row in rows)
        return [None if key is None else identity(first.scope, first.ids_name, first.binding.rule, key) for key in keys]


@dataclass(slots=True)
class _Making:
    """What became of the rows so far."""

    few: FewRows
    now: int
    start: int | None
    wanted: frozenset[bytes] | None
    """Identities of the events that are wanted; None: all."""
    events: list[Line] = field(default_factory=list)
    rejects: list[Line] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    sent: dict[bytes, str] = field(default_factory=dict)
    """Identity to JSON."""
    elsewhere: list[bytes] = field(default_factory=list)

    def add(self, number: int, row: Values) -> None:
        """Make the events of one row, those of each kind in turn."""
        few = self.few
        if few.kinds[0].is_away(row):
            identities = [kind.identity(row) for kind in few.kinds]
            self.rejects.append(_reject(number, identities[0], ELSEWHERE, None))
            self.elsewhere += filter(None, identities)
            return
        built = [
            (kind.build(row, now=self.now, start=self.start), order)
            for kind, order in zip(few.kinds, few.orders, strict=True)
            if self._is_wanted(kind, row)
        ]
        for one, _ in built:
            self.tally.add(one.tally)
        refused = [one for one, _ in built if isinstance(one, BuiltReject)]
        if not built:
            refused = [without_rule(few.kinds[0].build(row, now=self.now, start=self.start))]
        rejects = [_reject(number, one.identity, one.reason, one.field) for one in once_a_row(refused)]
        events = [_event(number, one, order) for one, order in built if isinstance(one, BuiltEvent)]
        events, repeated = self._without_repeated(events)
        events, twins = _without_twins(events)
        self.events += events
        self.rejects += [*rejects, *repeated, *twins]

    def transformed(self) -> Transformed:
        """Return all of it as frames."""
        self.tally.buckets.update(line[2] for line in self.rejects)
        self.tally.reasons.update(line[3] for line in self.rejects)
        events, rejects = _frame(self.events, EVENTS), _frame(self.rejects, COLUMNS)
        return Transformed(events=events, rejects=rejects, tally=self.tally, elsewhere=b"".join(self.elsewhere))

    def _is_wanted(self, kind: Reference, row: Values) -> bool:
        return kind.matches(row) and (self.wanted is None or kind.identity(row) in self.wanted)

    def _without_repeated(self, events: Sequence[Line]) -> tuple[list[Line], list[Line]]:
        """Return the events whose identity is new, and rejects for the others. Twin of `refuse_repeated`."""
        first: list[Line] = []
        later: list[Line] = []
        for event in events:
            number, identity, json = event[0], event[1], event[-1]
            if identity not in self.sent:
                self.sent[identity] = json
                first.append(event)
            else:
                later.append(_reject(number, identity, SAME if self.sent[identity] == json else OTHER, None))
        return first, later


def _name(number: int, row: Values, kind: Reference, now: int) -> Line:
    key, told = _key(row, kind), kind.named(row, now=now)
    is_given = kind.matches(row) and not kind.is_away(row)
    return (number, *told, kind.binding.rule or None, is_given, None if key is None else key_text(key))


def _key(row: Values, kind: Reference) -> list[str] | None:
    """Return the texts of the key; None where one is missing or cannot be read."""
    values, _ = readable(row, kind.binding.key)
    nulls = (name in kind.json_columns and values[name] == "null" for name in values)
    texts = [None if is_null else text_of(value) for value, is_null in zip(values.values(), nulls, strict=True)]
    key = [text for text in texts if text is not None]
    return key if len(key) == len(kind.binding.key) else None


def _without_twins(events: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Return the events of one row that Meta does not take for an earlier one, and rejects. Twin of `refuse_twins`."""
    known: dict[tuple[str, str], Line] = {}
    for event in events:
        known.setdefault((event[3], event[2]), event)
    twins = [event for event in events if known[event[3], event[2]] is not event]
    return list(known.values()), [_reject(number, identity, TWIN, None) for number, identity, *_ in twins]


def _event(number: int, built: BuiltEvent, order: Order) -> Line:
    event = _ordered(built.event, order)
    money = event.get("custom_data", {})
    value = money.get("value")
    return (
        number,
        built.identity,
        built.event_id,
        event["event_name"],
        event["event_time"],
        NUMBER[Answer.NOT_ASKED],
        int(event["action_source"] == "physical_store"),
        None if value is None else float(value),
        money.get("currency"),
        json_of(event),
    )


def _reject(number: int, identity: bytes | None, reason: str, field: str | None) -> Line:
    bucket = REASONS[reason].bucket
    return (number, identity, None if bucket is None else bucket.value, reason, field)


def _frame(lines: Sequence[Line], schema: Mapping[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(lines, schema=schema, orient="row", strict=False)


def _order(binding: Binding) -> Order:
    """Return how the members of an event stand: first what each has, then as they are mapped."""
    order: Order = {name: {} for name in FIRST}
    for mapped in binding.fields:
        inner = order
        for name in mapped.place:
            inner = inner.setdefault(name, {})
    return order


def _ordered(value: Any, order: Order) -> Any:
    if not order or not isinstance(value, dict):
        return value
    return {name: _ordered(value[name], inner) for name, inner in order.items() if name in value}
