"""One row made into an event, value by value: the readable truth that the columns must equal.

Tests hold the two against each other; `syncer preview --explain` shows the steps.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from syncer.mapping import AllOf, Entry, Items
from syncer.pipeline import Pipeline
from syncer.report import Tally, event_key
from syncer.spec import browser, normalize, places, values
from syncer.spec.context import Context
from syncer.spec.fields import PARAMETERS, Group
from syncer.spec.reasons import REASONS
from syncer.spec.text import is_blank
from syncer.transform.binding import Binding, Field, bind, is_list, is_person
from syncer.transform.built import BuiltEvent, BuiltReject, Step
from syncer.transform.consent import LATER, Answer
from syncer.transform.consent import REASONS as REFUSED_FOR
from syncer.transform.contents import read_contents
from syncer.transform.extract import read_json
from syncer.transform.guard import Guard, Verdict
from syncer.transform.identity import Scope, event_id, identity
from syncer.transform.json_members import members_of
from syncer.transform.lookup import Looked, Row
from syncer.transform.match_keys import counted_as
from syncer.transform.nesting import nested
from syncer.transform.oddities import oddities
from syncer.transform.pieces import How
from syncer.transform.python_values import readable
from syncer.transform.refusal import Case, Refusal, gone_refusal, refusal, time_refusal
from syncer.transform.route import UNKNOWN
from syncer.transform.texts import text_of
from syncer.transform.validate import OPTIONS, Place

NAME, ID, TIME, SOURCE = ("event_name",), ("event_id",), ("event_time",), ("action_source",)
CLICK_ID = ("user_data", "fbc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Makes events of rows, one at a time."""

    pipeline: Pipeline
    scope: Scope
    binding: Binding
    json_columns: frozenset[str] = frozenset()
    unsent: frozenset[bytes] = frozenset()
    """Identities of which another row of the batch has no consent."""

    @property
    def ids_name(self) -> str:
        """The name of the pipeline in ids."""
        return self.scope.name_in_ids(self.pipeline.name)

    @classmethod
    def of(cls, pipeline: Pipeline, columns: Iterable[str], scope: Scope, *, json_columns: Iterable[str] = ()) -> Self:
        """Return the reference for the first kind of event of rows with `columns`; raises as `each_of` does."""
        return cls.each_of(pipeline, columns, scope, json_columns=json_columns)[0]

    @classmethod
    def each_of(
        cls, pipeline: Pipeline, columns: Iterable[str], scope: Scope, *, json_columns: Iterable[str] = ()
    ) -> tuple[Self, ...]:
        """Return a reference for each rule, or one where there are none; raises `ConfigError` where a mapped column is missing."""
        json_columns = frozenset(json_columns)
        return tuple(
            cls(pipeline=pipeline, scope=scope, binding=binding, json_columns=json_columns)
            for binding in bind(pipeline, tuple(columns))
        )

    def build(self, row: Mapping[str, Any], *, now: int, start: int | None = None) -> BuiltEvent | BuiltReject:
        """Return the event of `row`, or why it gives none; `now` and `start` in Unix seconds."""
        event, lost = self._begun(row, now)
        if lost:
            return event.reject("unreadable", lost[0], counts=False)
        if not event.has_key:
            return event.reject("key_missing", counts=False)
        return event.judged(start)

    def named(self, row: Mapping[str, Any], *, now: int) -> tuple[bytes | None, str | None, int | None]:
        """Return identity, event_id and event_time of the event of `row`, whether it gives one or not; None: not known."""
        return self._begun(row, now)[0].named()

    def can_read(self, row: Mapping[str, Any]) -> bool:
        """Return whether every value of `row` is readable."""
        return not self._readable(row)[1]

    def identity(self, row: Mapping[str, Any]) -> bytes | None:
        """Return what the ledger knows the event of `row` by; None where a part of the key is missing."""
        return self._begun(row, 0)[0].identity

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Return whether the rule gives an event of `row`, as far as it can be read."""
        if not self.binding.condition.clauses:
            return True
        return self.binding.condition.judge_row(self.as_read(row), self._zone).met is True

    def is_away(self, row: Mapping[str, Any]) -> bool:
        """Return whether `row` is the business of another destination, as far as it can be read."""
        return self.binding.way is not None and self.binding.way.is_away(self.as_read(row))

    def as_read(self, row: Mapping[str, Any]) -> Row:
        """Return what can be read of `row`."""
        readable, _ = self._readable(row)
        values = {name: readable.get(name) for name in self.binding.inputs}
        return Row(values=values, json_columns=self.json_columns)

    def _begun(self, row: Mapping[str, Any], now: int) -> "tuple[_Event, list[str]]":
        """Return an event that knows its key, and the columns that cannot be read."""
        readable, lost = self._readable(row)
        texts = [text_of(readable.get(name)) for name in self.binding.key]
        key = [text for text in texts if text is not None]
        read, limit = Row(values=readable, json_columns=self.json_columns), self.binding.limit
        known = read if limit is None or lost else limit.of_row(read)
        return _Event(self, known, key, now, guard=Guard.of(self.pipeline), context=self.context), lost

    def _readable(self, row: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        nulls = {name: None for name in self.json_columns if row[name] == "null"}
        return readable({**row, **nulls}, self.binding.inputs)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.pipeline.settings.timezone)

    @property
    def context(self) -> Context:
        """Return what holds for every row."""
        return Context(timezone=self._zone)


@dataclass(slots=True)
class _Event:
    """An event in the making; gathers what is counted."""

    reference: Reference
    row: Row
    key: list[str]
    now: int
    guard: Guard
    context: Context
    """What holds for every value."""
    present: dict[Place, Any] = field(default_factory=dict)
    dropped: set[Place] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    blocked: list[tuple[str, str | None]] = field(default_factory=list)
    tally: Tally = field(default_factory=lambda: Tally(rows_read=1))
    steps: list[Step] = field(default_factory=list)

    def named(self) -> tuple[bytes | None, str | None, int | None]:
        """Return identity, event_id and event_time; no rule is asked."""
        self.row = replace(self.row, event_name=self._first(NAME))
        own = event_id(self.reference.ids_name, self.rule, self.key) if self.has_key else None
        mapped = self._first(ID)
        return self.identity, own if mapped is None else mapped, self._first(TIME)

    def _first(self, place: Place) -> Any:
        """Return what is sent at a place of one value; None: nothing is."""
        found = self.reference.binding.field(*place)
        return None if found is None else next(self._sent(found, found.entry), None)

    def judged(self, start: int | None) -> BuiltEvent | BuiltReject:
        settings, binding = self.reference.pipeline.settings, self.reference.binding
        early = {place: found for place in (TIME, SOURCE) if (found := binding.field(*place))}
        if TIME in early:
            self.read(early[TIME])
        if SOURCE in early:
            self.read(early[SOURCE])
        if SOURCE not in self.present and SOURCE not in self.dropped and settings.action_source:
            self.present[SOURCE] = settings.action_source
        refused = self._refused_early(start)
        if refused:
            return self.reject(*refused, counts=False)
        for other in binding.fields:
            if other.place not in (TIME, SOURCE):
                self.read(other)
        if ("event_id",) not in self.present and self.guard.refuses_key(self.key):
            self.blocked.append(("key_personal", None))
        case = Case(
            settings=settings,
            present=self.present,
            dropped=[place for place in self.dropped if place not in self.present or place == (OPTIONS,)],
            refused=self.refused,
            blocked=self.blocked,
            maps_event_id=binding.field("event_id") is not None,
            require=self.reference.pipeline.require,
        )
        refused = refusal(case)
        return self.reject(*refused) if refused else self.built()

    def _refused_early(self, start: int | None) -> Refusal | None:
        """Return why the row is refused before more of it is read: by its time, or for want of consent."""
        event_time, gate = self.present.get(TIME), self.reference.binding.consent
        if event_time is not None:
            gone = gone_refusal(event_time, self.present.get(SOURCE), now=self.now, start=start)
            if gone:
                return gone, None
        if gate and (reason := REFUSED_FOR.get(said := gate.judge_row(self.row))):
            return reason, gate.column
        if gate and said is Answer.GRANTED and not gate.retroactive and self.identity in self.reference.unsent:
            return LATER, gate.column
        if event_time is None:
            return "event_time_invalid" if TIME in self.dropped else "event_time_missing", None
        if late := time_refusal(event_time, self.reference.pipeline.settings, now=self.now):
            return late, None
        way = self.reference.binding.way
        return (UNKNOWN, way.column) if way is not None and way.is_unknown(self.row) else None

    def reject(self, reason: str, field: str | None = None, *, counts: bool = True) -> BuiltReject:
        """Return the reject; rows refused by their time are not counted further."""
        return BuiltReject(
            identity=self.identity,
            reason=reason,
            field=field or REASONS[reason].field,
            tally=self.tally if counts else Tally(rows_read=1),
            steps=tuple(self.steps),
            rule=self.rule,
        )

    @property
    def rule(self) -> str:
        """Return the id of the rule that the event is of."""
        return self.reference.binding.rule

    @property
    def has_key(self) -> bool:
        """Return whether every part of the key is there."""
        return len(self.key) == len(self.reference.binding.key)

    @property
    def identity(self) -> bytes | None:
        """Return what the ledger knows the event by."""
        return identity(self.reference.scope, self.reference.ids_name, self.rule, self.key) if self.has_key else None

    def read(self, field: Field) -> None:
        """Find the field's values, normalise them, count what became of them."""
        slots = field.entry.entries if isinstance(field.entry, AllOf) else (field.entry,)
        found = [value for slot in slots for value in self._sent(field, slot)]
        if found and is_list(field) and is_person(field):
            self.present[field.place] = list(dict.fromkeys(found))
        elif found and is_list(field):
            self.present[field.place] = [item for items in found for item in items]
        elif found:
            self.present[field.place] = found[0]
        if field.place == ("event_name",):
            self.row = replace(self.row, event_name=self.present.get(field.place))
        if found and self.guard.looks_at(field):
            self._guard(field, self.guard.judge(field, self.present[field.place]))

    def _guard(self, field: Field, verdict: Verdict) -> None:
        """Do what the leak guard says of a value."""
        if verdict.value != self.present[field.place]:
            self.present[field.place] = verdict.value
            self.steps[-1] = replace(self.steps[-1], sent=verdict.value)
        self.leaked += verdict.warnings
        if verdict.blocked:
            self.blocked.append((verdict.blocked, field.name))

    def _sent(self, field: Field, slot: Entry) -> Iterator[Any]:
        """Yield what is sent for one entry: nothing, a value, or several of a list."""
        looked = self._looked(field, slot)
        if looked.is_blank:
            return
        steps = [self._step(field, slot, raw, looked) for raw in _raws(field, looked) if not is_blank(raw)]
        self.steps += steps
        if any(step.sent is None for step in steps):
            self._drop(field)
        yield from (step.sent for step in steps if step.sent is not None)

    def _step(self, field: Field, slot: Entry, raw: Any, looked: Looked) -> Step:
        if is_person(field):
            plain, sent = self._person(field.name, raw, looked.how)
        else:
            plain = sent = self._thing(field, slot, raw, looked)
        return Step(field=field.name, raw=raw, normalised=plain, sent=sent)

    def _looked(self, field: Field, slot: Entry) -> Looked:
        if isinstance(slot, Items):
            return Looked(value=self.row.values[slot.source])
        looked = self.row.look(slot, click_id=self._fbc if field.place == CLICK_ID else None)
        if looked.is_filled:
            self.tally.filled_defaults[field.name] += 1
        if looked.is_broken:
            self._drop(field)
        if looked.is_refused and field.name not in self.refused:
            self.refused.append(field.name)
        return looked

    def _count_keys(self) -> None:
        name = counted_as(str(self.present["event_name",]))
        self.tally.events[name] += 1
        sent = {place[1] for place in self.present if place[0] == "user_data"}
        lost = {place[1] for place in self.dropped if place[0] == "user_data"}
        self.tally.sent_keys.update(event_key(key, name) for key in sent)
        self.tally.given_keys.update(event_key(key, name) for key in sent | lost)

    def _drop(self, field: Field) -> None:
        self.tally.dropped_fields[field.name] += 1
        self.dropped.add(field.place)

    def _fbc(self, click_id: Any, clicked_at: str | None) -> Any:
        """Return the `fbc` of a click id, which stays as it is where none can be made of it."""
        at_ms = browser.click_ms(self.row.values[clicked_at], self.context) if clicked_at else None
        return browser.fbc_from_click(click_id, at_ms or self.present[TIME] * 1_000, self.context) or click_id

    def _person(self, name: str, raw: Any, how: How) -> tuple[Any, Any]:
        """Return a value of customer information before hashing, and as it is sent."""
        settings = self.reference.pipeline.settings
        context = replace(
            self.context,
            country=places.row_country(self._country(how), settings.default_country),
            date_format=how.format,
            today=datetime.fromtimestamp(self.now, UTC).date(),
        )
        self.tally.warnings.update(normalize.warnings(name, raw, context, hash_external_id=how.hash))
        wire = normalize.hashed(
            name,
            raw,
            context,
            hashing=settings.hashing,
            already_hashed=how.already_hashed,
            hash_external_id=how.hash,
        )
        is_integer = PARAMETERS[Group.CUSTOMER_INFO][name].type == "integer"
        return normalize.normalize(name, raw, context), int(wire) if wire and is_integer else wire

    def _country(self, how: How) -> Any:
        """Return what the row says of its country: by `country_column`, else as the event's own country."""
        if how.country_column:
            return self.row.values[how.country_column]
        mapped = self.reference.binding.field("user_data", "country")
        if mapped is None:
            return None
        looked = self.row.look(mapped.entry.entries[0] if isinstance(mapped.entry, AllOf) else mapped.entry)
        return _parsed(looked.value) if looked.is_json else looked.value

    def _thing(self, field: Field, slot: Entry, raw: Any, looked: Looked) -> Any:
        """Return any other value, as it is sent."""
        if field.parameter is None:
            return values.any_json(_parsed(raw) if looked.is_json else raw)
        if field.parameter.name == "contents":
            names = slot.fields or None if isinstance(slot, Items) else None
            items, odd = read_contents(raw, names)
            self.tally.warnings.update(odd)
            return items
        value = _parsed(raw) if looked.is_json else raw  # a list or an object, which is no text
        return values.read(field.parameter, value, replace(self.context, date_format=looked.how.format))

    def built(self) -> BuiltEvent:
        """Return the event, with what is odd about it counted."""
        if ("event_id",) not in self.present and self.reference.binding.field("event_id"):
            self.tally.warnings["event_id_derived"] += 1
        known = self.present.setdefault(("event_id",), event_id(self.reference.ids_name, self.rule, self.key))
        self.tally.warnings.update([*oddities(self.present), *self.leaked])
        self.tally.coverage.update(place[1] for place in self.present if place[0] == "user_data")
        self.tally.covered += 1
        self._count_keys()
        return BuiltEvent(
            identity=self.identity or b"",
            event_id=known,
            event=nested(self.present),
            tally=self.tally,
            steps=tuple(self.steps),
            rule=self.rule,
        )


def _raws(field: Field, looked: Looked) -> list[Any]:
    """Return the values that an entry found: several where it found a list, and the parameter takes one of people."""
    if looked.is_json and is_person(field):
        return [*members_of(looked.value, several=is_list(field))]
    is_several = is_person(field) and is_list(field) and isinstance(looked.value, list)
    return looked.value if is_several else [looked.value]


def _parsed(text: Any) -> Any:
    try:
        return None if text is None else read_json(text)
    except ValueError:
        return None
