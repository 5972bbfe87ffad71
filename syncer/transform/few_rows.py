"""Small batches made into events row by row: below some dozen rows that costs less than columns do, and gives the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from operator import itemgetter
from typing import Any, Final, Self, TypeAlias

import polars as pl
import pyarrow as pa

from syncer.pipeline import Pipeline
from syncer.report import ELSEWHERE, Bucket, Tally
from syncer.spec.reasons import REASONS
from syncer.transform.binding import Binding
from syncer.transform.built import BuiltEvent, BuiltReject
from syncer.transform.consent import NUMBER, Answer, Unsent
from syncer.transform.duplicates import OTHER, SAME, TWIN
from syncer.transform.identity import Scope, identity
from syncer.transform.json_text import json_of
from syncer.transform.key_text import key_text
from syncer.transform.plan import EVENTS, Transformed
from syncer.transform.python_values import are_known, json_columns, python_values, readable
from syncer.transform.reference import Reference
from syncer.transform.reference_rules import left_unsent, once_a_row, without_rule
from syncer.transform.texts import text_of
from syncer.transform.verdicts import COLUMNS, no_refusals

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
    suppressed: Unsent = ()
    """What earlier runs left unsent for want of consent."""

    @classmethod
    def of(
        cls, pipeline: Pipeline, bindings: Sequence[Binding], schema: pa.Schema, scope: Scope, *, most: int
    ) -> Self | None:
        """Return what makes events of small batches; None where columns do all of it.

        They do where they read a type of `schema` as Python does not.
        """
        inputs = bindings[0].inputs
        if not most or not are_known(schema, inputs):
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
        wanted = None if only is None else frozenset(only.drop_nulls().to_list())
        making = _Making(self._kinds_for(rows, wanted), self.orders, now, start, wanted)
        for number, row in enumerate(rows):
            making.add(number, row)
        making.tally.rows_read = len(rows)
        return making.transformed()

    def knowing(self, suppressed: Unsent) -> Self:
        """Return what is told which events an earlier run to any destination left unsent. Twin of `Transform.knowing`."""
        return replace(self, suppressed=tuple(suppressed))

    def _kinds_for(self, rows: Sequence[Values], wanted: frozenset[bytes] | None) -> tuple[Reference, ...]:
        """Return the kinds of event, told of which rows a yes comes too late."""
        gate = self.kinds[0].binding.consent
        if gate is None or gate.retroactive:
            return self.kinds
        theirs = [[row for row in rows if wanted is None or kind.identity(row) in wanted] for kind in self.kinds]
        return tuple(
            replace(kind, unsent=left_unsent(kind, each) | self._left_before(kind, each))
            for kind, each in zip(self.kinds, theirs, strict=True)
        )

    def _left_before(self, kind: Reference, rows: Sequence[Values]) -> frozenset[bytes]:
        """Return the identities of rows that an earlier run left unsent, by the name that they had for it."""
        found: set[bytes] = set()
        for scope, known in self.suppressed:
            then = replace(kind, scope=scope)
            names = {now: name for row in rows if (now := kind.identity(row)) and (name := then.identity(row))}
            found.update(compress(names, known(b"".join(names.values()))))
        return frozenset(found)

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

    kinds: tuple[Reference, ...]
    orders: tuple[Order, ...]
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
    unsent: list[tuple[int, Line]] = field(default_factory=list)
    """Rejects for want of consent, with the number of their kind."""

    def add(self, number: int, row: Values) -> None:
        """Make the events of one row, those of each kind in turn."""
        if self.kinds[0].is_away(row):
            identities = [kind.identity(row) for kind in self.kinds]
            self.rejects.append(_line(number, identities[0], ELSEWHERE))
            self.elsewhere += filter(None, identities)
            return
        built = [
            (at, kind.build(row, now=self.now, start=self.start))
            for at, kind in enumerate(self.kinds)
            if self._is_wanted(kind, row)
        ]
        for _, one in built:
            self.tally.add(one.tally)
        refused = [(at, one) for at, one in built if isinstance(one, BuiltReject)]
        self.unsent += [(at, _reject(number, one)) for at, one in refused if one.bucket is Bucket.NO_CONSENT]
        if not built:
            refused = [(0, without_rule(self.kinds[0].build(row, now=self.now, start=self.start)))]
        rejects = [_reject(number, one) for one in once_a_row(one for _, one in refused)]
        made = [(at, one) for at, one in built if isinstance(one, BuiltEvent)]
        said = self._said(row) if made else Answer.NOT_ASKED
        events = [_event(number, one, self.orders[at], said) for at, one in made]
        events, repeated = self._without_repeated(events)
        events, twins = _without_twins(events)
        self.events += events
        self.rejects += [*rejects, *repeated, *twins]

    def transformed(self) -> Transformed:
        """Return all of it as frames."""
        self.tally.buckets.update(line[2] for line in self.rejects)
        self.tally.reasons.update(line[3] for line in self.rejects)
        events, rejects = _frame(self.events, EVENTS), _frame(self.rejects, COLUMNS)
        unsent = [line for _, line in sorted(self.unsent, key=itemgetter(0))]
        gate = self.kinds[0].binding.consent
        return Transformed(
            events=events,
            rejects=rejects,
            tally=self.tally,
            consent_column=gate.column if gate else None,
            unsent=_frame(unsent, COLUMNS) if unsent else no_refusals(),
            elsewhere=b"".join(self.elsewhere),
        )

    def _said(self, row: Values) -> Answer:
        """Return what a row says of consent."""
        kind = self.kinds[0]
        return Answer.NOT_ASKED if kind.binding.consent is None else kind.binding.consent.judge_row(kind.as_read(row))

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
                later.append(_line(number, identity, SAME if self.sent[identity] == json else OTHER))
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
    return list(known.values()), [_line(number, identity, TWIN) for number, identity, *_ in twins]


def _event(number: int, built: BuiltEvent, order: Order, said: Answer) -> Line:
    event = _ordered(built.event, order)
    money = event.get("custom_data", {})
    value = money.get("value")
    return (
        number,
        built.identity,
        built.event_id,
        event["event_name"],
        event["event_time"],
        NUMBER[said],
        int(event["action_source"] == "physical_store"),
        None if value is None else float(value),
        money.get("currency"),
        json_of(event),
    )


def _reject(number: int, built: BuiltReject) -> Line:
    return _line(number, built.identity, built.reason, built.field)


def _line(number: int, identity: bytes | None, reason: str, field: str | None = None) -> Line:
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
