"""A pipeline compiled for one query: batches of rows in, events and rejects out."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from syncer.pipeline import Pipeline, Settings
from syncer.report import Tally
from syncer.transform.binding import Binding, bind, sql_expressions
from syncer.transform.duplicates import refuse_repeated
from syncer.transform.events import Events
from syncer.transform.guard import Guard
from syncer.transform.identity import Names, Scope, joined_keys
from syncer.transform.key_text import key_texts
from syncer.transform.members import Member, Reader
from syncer.transform.rows import Rows, read_rows
from syncer.transform.texts import texts
from syncer.transform.validate import Facts, Place, refuse, refuse_by_time
from syncer.transform.verdicts import Verdicts, no_refusals

if TYPE_CHECKING:
    import pyarrow as pa

TIME: Final[Place] = ("event_time",)
SOURCE: Final[Place] = ("action_source",)
THE_RULE: Final = ""
"""Id of the rule where a pipeline names none: each row is one event."""
EVENTS: Final = {
    "row": pl.UInt32,
    "identity": pl.Binary,
    "event_id": pl.String,
    "event_name": pl.String,
    "event_time": pl.Int64,
    "age_class": pl.UInt8,
    "value": pl.Float64,
    "currency": pl.String,
    "json": pl.String,
}
"""Row in the batch, identity for the ledger, ..., JSON text of one event without a comma behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformed:
    """What became of the rows of one batch."""

    events: pl.DataFrame
    """Columns of `EVENTS`, in the order of the rows."""
    rejects: pl.DataFrame
    """row, identity, bucket, reason, field of every row that gives no event."""
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """Turns batches of one query into events."""

    pipeline: Pipeline
    binding: Binding
    names: Names
    expressions: tuple[tuple[str, str], ...]
    """(alias, SQL) of what the query must give besides `columns`."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column of the query that is needed, by exact name."""
        return self.binding.columns

    @property
    def cursor_column(self) -> str | None:
        """Return the exact name of the cursor's column."""
        return self.binding.cursor

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Return the exact names of the columns of the key."""
        return self.binding.key

    def __call__(self, batch: "pa.RecordBatch", *, now: int, start: int | None) -> Transformed:
        """Return the events of `batch`, and a reject for each row that gives none.

        `now` and `start`, the lowest event_time allowed, are Unix seconds.
        """
        if batch.num_rows == 0:
            return Transformed(events=pl.DataFrame(schema=EVENTS), rejects=no_refusals(), tally=Tally())
        found = self._found(batch)
        timely, late = self._timely(found, now=now, start=start)
        built, refused, tally = self._built(timely, now)
        events, repeated = refuse_repeated(built)
        rejects = pl.concat([late, refused, repeated]).sort("row")
        tally.rows_read = batch.num_rows
        tally.buckets.update(rejects["bucket"].to_list())
        tally.reasons.update(rejects["reason"].to_list())
        return Transformed(events=events, rejects=rejects, tally=tally)

    def named(self, batch: "pa.RecordBatch", *, now: int) -> pl.DataFrame:
        """Return row, key, identity, event_id and event_time of each row of `batch`, whether it gives an event or not.

        `key` is text, several columns a line of CSV. It, identity and event_id are NULL where a part of the key
        is missing, event_time where it is not known.
        """
        found = self._found(batch)
        reader = Reader(rows=found.rows, binding=self.binding, settings=self.pipeline.settings, today=_day(now))
        id_field, time_field = self.binding.field("event_id"), self.binding.field(*TIME)
        event_ids = self._event_ids(found, None if id_field is None else reader.read(id_field))
        times = _seconds(None if time_field is None else reader.read(time_field), found)
        parts = pl.DataFrame([texts(found.rows.frame.get_column(name)).alias(name) for name in self.binding.key])
        columns = {"row": found.numbers, "identity": found.identities, "event_id": event_ids, "event_time": times}
        return key_texts(parts).to_frame().with_columns(**columns)

    def _found(self, batch: "pa.RecordBatch") -> "_Rows":
        rows = read_rows(batch, self.binding.inputs)
        keys = joined_keys([rows.frame.get_column(name) for name in self.binding.key])
        numbers = pl.Series("row", range(batch.num_rows), dtype=pl.UInt32)
        return _Rows(rows, numbers, keys, self.names.identities(keys))

    def _timely(self, found: "_Rows", *, now: int, start: int | None) -> "tuple[_Timely, pl.DataFrame]":
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
        dropped = members[TIME].dropped() if TIME in members else None
        verdicts.refuse(None if dropped is None else dropped & event_time.is_null(), "event_time_invalid")
        verdicts.refuse(event_time.is_null(), "event_time_missing")
        has_long_window = (source == "physical_store").fill_null(value=False)
        refuse_by_time(verdicts, event_time, has_long_window, settings, now=now, start=start)
        passed = verdicts.passed()
        timely = _Timely(found, event_time, source, members)
        if passed is None:
            return timely, no_refusals()
        return timely.only(passed), verdicts.frame(found.numbers, found.identities)

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
        for field in filter(guard.looks_at, self.binding.fields):
            if field.place in others:
                others[field.place] = guard.column(field, others[field.place])
        events = Events.of(timely.event_time, timely.action_source, {**timely.members, **others})
        facts = events.facts()
        verdicts = Verdicts(events.height)
        refuse(verdicts, facts, settings)
        personal = guard.refused_keys([texts(found.rows.frame.get_column(name)) for name in self.binding.key])
        verdicts.refuse(None if personal is None else personal & ~facts.has("event_id"), "key_personal")
        passed = verdicts.passed()
        frame = self._frame(found, events)
        tally = Tally(warnings=reader.warnings + events.warnings(facts, passed))
        _count(tally, events, facts, passed)
        if passed is None:
            return frame, no_refusals(), tally
        return frame.filter(passed), verdicts.frame(found.numbers, found.identities), tally

    def _event_ids(self, found: "_Rows", mapped: Member | None) -> pl.Series:
        derived = self.names.event_ids(found.keys)
        return derived if mapped is None else mapped.wire.zip_with(mapped.wire.is_not_null(), derived)

    def _frame(self, found: "_Rows", events: Events) -> pl.DataFrame:
        event_ids = self._event_ids(found, events.members.get(("event_id",)))
        columns = {
            "row": found.numbers,
            "identity": found.identities,
            "event_id": event_ids,
            "event_name": events.wire("event_name"),
            "event_time": events.event_time,
            "age_class": (events.action_source == "physical_store").cast(pl.UInt8),
            "value": events.wire("custom_data", "value").cast(pl.Float64),
            "currency": events.wire("custom_data", "currency"),
            "json": events.json(event_ids),
        }
        return pl.DataFrame(columns)


class _Rows(NamedTuple):
    """Rows of a batch, with who they are."""

    rows: Rows
    numbers: pl.Series
    keys: pl.Series
    identities: pl.Series

    def only(self, mask: pl.Series) -> "_Rows":
        return _Rows(self.rows.filter(mask), *(column.filter(mask) for column in self[1:]))


class _Timely(NamedTuple):
    """Rows whose time was looked at."""

    found: _Rows
    event_time: pl.Series
    action_source: pl.Series
    members: dict[Place, Member]

    def only(self, mask: pl.Series) -> "_Timely":
        members = {place: member.only(mask) for place, member in self.members.items()}
        return _Timely(self.found.only(mask), self.event_time.filter(mask), self.action_source.filter(mask), members)


def compile_transform(pipeline: Pipeline, schema: "pa.Schema", scope: Scope) -> Transform:
    """Return the transform of `pipeline` for batches of `schema`, which includes its SQL expressions.

    Raises `ConfigError` with every mapped column that is missing.
    """
    return Transform(
        pipeline=pipeline,
        binding=bind(pipeline, schema.names),
        names=Names.of(scope, scope.name_in_ids(pipeline.name), THE_RULE),
        expressions=sql_expressions(pipeline),
    )


def _day(now: int) -> date:
    return datetime.fromtimestamp(now, UTC).date()


def _seconds(member: Member | None, found: _Rows) -> pl.Series:
    if member is None:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(found.numbers))
    return member.wire.cast(pl.Int64)


def _source(member: Member | None, settings: Settings, found: _Rows) -> pl.Series:
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
    tally.covered = events.height if passed is None else int(passed.sum())
