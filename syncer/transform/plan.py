"""One kind of event compiled for one query: rows in, events and rejects out."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Final, NamedTuple, Self
from zoneinfo import ZoneInfo

import polars as pl

from syncer.pipeline import Pipeline, Settings
from syncer.report import Tally
from syncer.transform import match_keys
from syncer.transform.binding import Binding
from syncer.transform.consent import LATER, Known, Unsent, refuse_without_consent
from syncer.transform.events import Events
from syncer.transform.guard import Guard
from syncer.transform.identity import Names, Scope
from syncer.transform.masks import Mask, certain, nowhere
from syncer.transform.members import Member, Reader
from syncer.transform.route import UNKNOWN
from syncer.transform.rows import Rows
from syncer.transform.validate import Facts, Place, refuse, refuse_by_time, refuse_gone, refuse_short
from syncer.transform.verdicts import Verdicts, no_refusals

TIME: Final[Place] = ("event_time",)
SOURCE: Final[Place] = ("action_source",)
EVENTS: Final = {
    "row": pl.UInt32,
    "identity": pl.Binary,
    "event_id": pl.String,
    "event_name": pl.String,
    "event_time": pl.Int64,
    "consent": pl.UInt8,
    "age_class": pl.UInt8,
    "value": pl.Float64,
    "currency": pl.String,
    "json": pl.String,
}
"""Row in the batch, identity for the ledger, ..., number of its answer in `consent.ANSWERS`, ..., JSON text of one event without a comma behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed:
    """What became of the rows of one batch."""

    events: pl.DataFrame
    """Columns of `EVENTS`, in the order of the rows."""
    rejects: pl.DataFrame
    """row, identity, bucket, reason, field of every row that gives no event."""
    tally: Tally
    consent_column: str | None = None
    """The column that was asked for consent; None: none was."""
    unsent: pl.DataFrame = field(default_factory=no_refusals)
    """As `rejects`, those for want of consent, a line for each event that would be, also where the row counts once."""
    elsewhere: bytes = b""
    """Packed identities of the events that rows of other destinations would give here, those of each rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Turns rows into events of one kind: of one rule, or of the pipeline where it has none."""

    pipeline: Pipeline
    binding: Binding
    names: Names
    suppressed: tuple[tuple[Names, Known], ...] = ()
    """Tell of packed identities, made by the names, which an earlier run left unsent for want of consent."""

    @classmethod
    def of(cls, pipeline: Pipeline, binding: Binding, scope: Scope) -> Self:
        """Return the kind of event that `binding` describes."""
        return cls(
            pipeline=pipeline,
            binding=binding,
            names=Names.of(scope, scope.name_in_ids(pipeline.name), binding.rule),
        )

    def knowing(self, suppressed: Unsent) -> Self:
        """Return the kind that is told which events an earlier run to any destination left unsent."""
        name, rule = self.pipeline.name, self.binding.rule
        known = ((Names.of(scope, scope.name_in_ids(name), rule), each) for scope, each in suppressed)
        return replace(self, suppressed=tuple(known))

    def holds(self, rows: Rows) -> Mask:
        """Return which rows give such an event; None: all."""
        condition = self.binding.condition
        if not condition.clauses:
            return None
        return condition.judge(rows, ZoneInfo(self.pipeline.settings.timezone)).holds

    def made(self, found: "Found", *, now: int, start: int | None) -> Transformed:
        """Return an event, or a reject, for each row; events with the same identity are all there."""
        timely, late = self._timely(found, now=now, start=start)
        events, refused, tally = self._built(timely, now)
        return Transformed(events=events, rejects=pl.concat([late, refused]), tally=tally)

    def named(self, found: "Found", *, now: int) -> pl.DataFrame:
        """Return row, identity, event_id and event_time of each row, whether it gives an event or not."""
        reader = Reader(rows=found.rows, binding=self.binding, settings=self.pipeline.settings, today=_day(now))
        id_field, time_field = self.binding.field("event_id"), self.binding.field(*TIME)
        event_ids = self._event_ids(found, None if id_field is None else reader.read(id_field))
        times = _seconds(None if time_field is None else reader.read(time_field), found)
        columns = {"row": found.numbers, "identity": found.identities, "event_id": event_ids, "event_time": times}
        return pl.DataFrame(columns)

    def _timely(self, found: "Found", *, now: int, start: int | None) -> "tuple[_Timely, pl.DataFrame]":
        """Return the rows whose time is right, and rejects for the others; only those are worth normalising."""
        settings = self.pipeline.settings
        verdicts = Verdicts(len(found.numbers))
        for column, mask in found.rows.unreadable:
            verdicts.refuse(mask, "unreadable", column)
        verdicts.refuse(found.keys.is_null(), "key_missing")
        reader = Reader(rows=found.rows, binding=self.binding, settings=settings, today=_day(now))
        members = {place: reader.read(field) for place in (TIME, SOURCE) if (field := self.binding.field(*place))}
        event_time = _seconds(members.get(TIME), found)
        source = _source(members.get(SOURCE), settings, found)
        has_long_window = certain(source == "physical_store")
        refuse_gone(verdicts, event_time, has_long_window, now=now, start=start)
        if (gate := self.binding.consent) is not None:
            refuse_without_consent(verdicts, gate, found.consent)
            verdicts.refuse(
                gate.came_later(found.consent, found.identities, partial(self._was_unsent, found)), LATER, gate.column
            )
        dropped = members[TIME].dropped() if TIME in members else None
        verdicts.refuse(None if dropped is None else dropped & event_time.is_null(), "event_time_invalid")
        verdicts.refuse(event_time.is_null(), "event_time_missing")
        refuse_by_time(verdicts, event_time, settings, now=now)
        if (way := self.binding.way) is not None:
            verdicts.refuse(way.unknown(found.rows), UNKNOWN, way.column)
        passed = verdicts.passed()
        timely = _Timely(found, event_time, source, members)
        if passed is None:
            return timely, no_refusals()
        return timely.only(passed), verdicts.frame(found.numbers, found.identities)

    def _was_unsent(self, found: "Found", mask: pl.Series) -> pl.Series:
        unsent = nowhere(int(mask.sum()))
        for names, known in self.suppressed:
            identities = found.identities if names == self.names else names.identities(found.keys)
            unsent |= known(b"".join(identities.filter(mask)))
        return unsent

    def _built(self, timely: "_Timely", now: int) -> tuple[pl.DataFrame, pl.DataFrame, Tally]:
        """Return a line for each event, rejects for the rows that Meta would refuse, and counts."""
        settings, found = self.pipeline.settings, timely.found
        if not len(found.numbers):
            return pl.DataFrame(schema=EVENTS), no_refusals(), Tally()
        reader = Reader(
            rows=found.rows, binding=self.binding, settings=settings, today=_day(now), event_time=timely.event_time
        )
        others = {field.place: reader.read(field) for field in self.binding.fields if field.place not in timely.members}
        guard = Guard.of(self.pipeline)
        for looked_at in filter(guard.looks_at, self.binding.fields):
            if looked_at.place in others:
                others[looked_at.place] = guard.column(looked_at, others[looked_at.place])
        events = Events.of(timely.event_time, timely.action_source, {**timely.members, **others})
        facts = events.facts()
        verdicts = Verdicts(events.height)
        refuse(verdicts, facts, settings)
        personal = guard.refused_keys([found.rows.frame.get_column(name) for name in self.binding.key])
        verdicts.refuse(None if personal is None else personal & ~facts.has("event_id"), "key_personal")
        refuse_short(verdicts, facts, self.pipeline.require)
        passed = verdicts.passed()
        frame = self._frame(found, events)
        tally = Tally(warnings=reader.warnings + events.warnings(facts, passed))
        _count(tally, events, facts, passed)
        if passed is None:
            return frame, no_refusals(), tally
        return frame.filter(passed), verdicts.frame(found.numbers, found.identities), tally

    def _event_ids(self, found: "Found", mapped: Member | None) -> pl.Series:
        derived = self.names.event_ids(found.keys)
        return derived if mapped is None else mapped.wire.zip_with(mapped.wire.is_not_null(), derived)

    def _frame(self, found: "Found", events: Events) -> pl.DataFrame:
        event_ids = self._event_ids(found, events.members.get(("event_id",)))
        columns = {
            "row": found.numbers,
            "identity": found.identities,
            "event_id": event_ids,
            "event_name": events.wire("event_name"),
            "event_time": events.event_time,
            "consent": found.consent,
            "age_class": (events.action_source == "physical_store").cast(pl.UInt8),
            "value": events.wire("custom_data", "value").cast(pl.Float64),
            "currency": events.wire("custom_data", "currency"),
            "json": events.json(event_ids),
        }
        return pl.DataFrame(columns)


class Found(NamedTuple):
    """Rows of a batch, with who they are."""

    rows: Rows
    numbers: pl.Series
    keys: pl.Series
    identities: pl.Series
    """Of the events of one kind."""
    consent: pl.Series
    """Number in `ANSWERS`."""

    def only(self, mask: pl.Series) -> "Found":
        """Return the rows where `mask` is true."""
        return Found(self.rows.filter(mask), *(column.filter(mask) for column in self[1:]))


class _Timely(NamedTuple):
    """Rows whose time was looked at."""

    found: Found
    event_time: pl.Series
    action_source: pl.Series
    members: dict[Place, Member]

    def only(self, mask: pl.Series) -> "_Timely":
        members = {place: member.only(mask) for place, member in self.members.items()}
        return _Timely(self.found.only(mask), self.event_time.filter(mask), self.action_source.filter(mask), members)


def _day(now: int) -> date:
    return datetime.fromtimestamp(now, UTC).date()


def _seconds(member: Member | None, found: Found) -> pl.Series:
    if member is None:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(found.numbers))
    return member.wire.cast(pl.Int64)


def _source(member: Member | None, settings: Settings, found: Found) -> pl.Series:
    """Return where each event took place: as mapped, else by the settings; a value that is wrong stays a gap."""
    given = pl.Series([settings.action_source], dtype=pl.String).new_from_index(0, len(found.numbers))
    if member is None:
        return given
    dropped = member.dropped()
    is_settled = member.wire.is_not_null() if dropped is None else member.wire.is_not_null() | dropped
    return member.wire.zip_with(is_settled, given)


def _count(tally: Tally, events: Events, facts: Facts, passed: pl.Series | None) -> None:
    """Count what became of the values, and the match keys of the events that go out."""
    for member in events.members.values():
        for counts, masks in ((tally.dropped_fields, member.drops), (tally.filled_defaults, member.fills)):
            found = sum(int(mask.sum()) for mask in masks)
            if found:
                counts[member.name] += found
    for place, present in facts.present.items():
        if place[0] == "user_data":
            tally.coverage[place[1]] = int((present if passed is None else present & passed).sum())
    tally.coverage = +tally.coverage
    match_keys.count(tally, facts, passed)
    tally.covered = events.height if passed is None else int(passed.sum())
