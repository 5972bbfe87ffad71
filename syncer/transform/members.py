"""The members of events: found, normalised, as JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from operator import or_
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from syncer.mapping import AllOf, Entry, Items
from syncer.pipeline import Settings
from syncer.spec.context import Context
from syncer.spec.fields import Parameter
from syncer.spec.normalize import HASHED
from syncer.transform.binding import Binding, Field, is_person
from syncer.transform.claims import only
from syncer.transform.clicks import Clicks
from syncer.transform.columns import FieldOptions, normalise
from syncer.transform.columns_country import row_countries, said_by
from syncer.transform.contents import contents
from syncer.transform.encode import Text, array, array_of_lists, joined_arrays
from syncer.transform.json_members import json_members
from syncer.transform.mapping import Documents, Finder, Found
from syncer.transform.masks import Mask, either
from syncer.transform.pieces import Piece, coalesced
from syncer.transform.properties import property_sent
from syncer.transform.rows import Rows
from syncer.transform.sent import Sent, together
from syncer.transform.signs import Signs
from syncer.transform.typed import typed

CLICK_ID: Final = ("user_data", "fbc")
COUNTRY: Final = ("user_data", "country")
EVENT_NAME: Final = ("event_name",)
BY_COUNTRY: Final = frozenset({"ph", "st", "zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One value of every event."""

    name: str
    """As counted in reports."""
    wire: pl.Series
    """Text of a single value as it is, else JSON; NULL where there is none."""
    text: Text
    """The value as JSON."""
    drops: tuple[pl.Series, ...] = ()
    """Where values could not be normalised; a mask for each entry and type."""
    fills: tuple[pl.Series, ...] = ()
    """Where a default filled a gap; a mask for each entry."""
    refused: Mask = None
    """Where `otherwise: reject` spoke."""
    leaked: Mapping[str, pl.Series] = field(default_factory=dict)
    """Where the leak guard warns, by warning code."""
    blocked: Mapping[str, pl.Series] = field(default_factory=dict)
    """Where it lets no event pass, by reason code."""
    signs: Signs | None = None
    """Those of which the JSON is made, besides those of JSON itself; None: not known."""

    def only(self, mask: pl.Series) -> "Member":
        """Return the values of the events where `mask` is true."""
        return Member(
            name=self.name,
            wire=self.wire.filter(mask),
            text=self.text._replace(values=self.text.values.filter(mask)),
            drops=tuple(dropped.filter(mask) for dropped in self.drops),
            fills=tuple(filled.filter(mask) for filled in self.fills),
            refused=None if self.refused is None else self.refused.filter(mask),
        )

    def dropped(self) -> Mask:
        """Return where a value could not be normalised."""
        return reduce(or_, self.drops) if self.drops else None


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads the members of one batch; counts what is odd about the values."""

    rows: Rows
    binding: Binding
    settings: Settings
    today: date
    event_time: pl.Series | None = None
    """Unix seconds; None while it is not known."""
    warnings: Counter[str] = field(default_factory=Counter)
    _parsed: dict[str, Documents] = field(default_factory=dict)
    _names: pl.Series | None = None
    _countries: dict[str | None, pl.Series | None] = field(default_factory=dict)
    _context: Context = field(init=False)

    def __post_init__(self) -> None:
        self._context = Context(timezone=ZoneInfo(self.settings.timezone))

    @property
    def _finder(self) -> Finder:
        """What finds values, new each time: one that is kept here keeps this, and both the batch when it is done with."""
        clicks = None if self.event_time is None else Clicks(self.rows, self.event_time, self.settings.timezone)
        return Finder(self.rows, None if clicks is None else clicks.fbc, self._event_names, self._parsed)

    def read(self, field: Field) -> Member:
        """Return one member of all events."""
        slots = field.entry.entries if isinstance(field.entry, AllOf) else (field.entry,)
        found = [self._found(field, slot) for slot in slots]
        made = [
            [self._sent(field, slot, piece) for piece in one.pieces] for slot, one in zip(slots, found, strict=True)
        ]
        sent = [together(pieces, self.rows.frame.height) for pieces in made]
        drops = [one.broken for one in found] + [piece.dropped for pieces in made for piece in pieces]
        is_list = field.parameter is not None and field.parameter.is_list
        if field.place == EVENT_NAME:
            self._names = sent[0].wire
        return Member(
            name=field.name,
            wire=sent[0].wire,
            text=_listed(field, sent) if is_list else sent[0].text(),
            drops=tuple(mask for mask in drops if mask is not None),
            fills=tuple(one.filled for one in found if one.filled is not None),
            refused=reduce(either, (one.refused for one in found)),
            signs=sent[0].signs if len(sent) == 1 else None,
        )

    def _event_names(self) -> pl.Series:
        """Return the name of each event, NULL where it has none."""
        if self._names is None:
            named = self.binding.field(*EVENT_NAME)
            none = pl.Series([None], dtype=pl.String).new_from_index(0, self.rows.frame.height)
            self._names = none if named is None else self.read(named).wire
        return self._names

    def _found(self, field: Field, slot: Entry) -> Found:
        if isinstance(slot, Items):
            values, signs = self.rows.frame.get_column(slot.source), self.rows.signs.get(slot.source)
            return Found(pieces=(Piece(values, signs=signs),))
        return self._finder.find(slot, is_click_id=field.place == CLICK_ID)

    def _sent(self, field: Field, slot: Entry, piece: Piece) -> Sent:
        """Return what is sent for the values of one piece; no rule makes signs that are in none of its texts."""
        sent = self._made(field, slot, piece)
        if piece.signs is None or not piece.signs.stays():
            return sent
        return replace(sent, signs=piece.signs, is_safe=sent.is_safe or not piece.signs.needs_escape())

    def _made(self, field: Field, slot: Entry, piece: Piece) -> Sent:
        if field.parameter is None:
            return property_sent(piece)
        if is_person(field):
            sent = self._person(field.parameter, piece)
        else:
            context = replace(self._context, date_format=piece.how.format)
            names = slot.fields or None if isinstance(slot, Items) else None
            sent = _thing(piece, field.parameter, context, names)
        self.warnings.update(sent.warnings)
        return sent

    def _person(self, parameter: Parameter, piece: Piece) -> Sent:
        """Return customer information, normalised and hashed."""
        how = piece.how
        options = FieldOptions(
            hashing=self.settings.hashing,
            already_hashed=how.already_hashed,
            hash=how.hash,
            default_country=self.settings.default_country,
            format=how.format,
            today=self.today,
        )
        countries = self._countries_by(how.country_column) if parameter.name in BY_COUNTRY else None
        values = json_members(piece.values, several=parameter.is_list) if piece.is_json else piece.values
        found = normalise(values, parameter, options, countries=countries, signs=piece.signs)
        return Sent(
            found.wire,
            is_json=parameter.type == "integer",
            is_safe=parameter.name in HASHED and how.hash,
            dropped=found.dropped,
            warnings=found.warnings,
        )

    def _countries_by(self, column: str | None) -> pl.Series | None:
        """Return the country of each row as `column` has it, without one as the event's own country has it."""
        if column not in self._countries:
            said = said_by(Piece(self.rows.frame.get_column(column))) if column else self._mapped_country()
            default = self.settings.default_country
            self._countries[column] = None if said is None else row_countries(said, default)
        return self._countries[column]

    def _mapped_country(self) -> pl.Series | None:
        """Return what the rows say of their country, as the event's own country has it."""
        mapped = self.binding.field(*COUNTRY)
        if mapped is None:
            return None
        entry = mapped.entry.entries[0] if isinstance(mapped.entry, AllOf) else mapped.entry
        pieces = self._finder.find(entry).pieces
        return coalesced([said_by(piece) for piece in pieces]) if pieces else None


def _thing(piece: Piece, parameter: Parameter, context: Context, names: Mapping[str, str] | None) -> Sent:
    """Return any value but customer information and properties."""
    if parameter.name == "contents":
        return contents(piece.values, names)
    values = _readable(piece, parameter)
    found = typed(values, parameter, context, signs=piece.signs)
    dropped = found.problem if values is piece.values else either(found.problem, values.is_null() & piece.present())
    return Sent(found.text, is_json=found.is_json, dropped=dropped)


def _readable(piece: Piece, parameter: Parameter) -> pl.Series:
    """Return the values without lists and objects of JSON that `parameter` cannot be made of, and are no text."""
    if not piece.is_json or parameter.type == "object":
        return piece.values
    is_wrong = piece.values.str.starts_with("{")
    if not parameter.is_list:
        is_wrong |= piece.values.str.starts_with("[")
    return only(piece.values, ~is_wrong) if is_wrong.any() else piece.values


def _listed(field: Field, slots: Sequence[Sent]) -> Text:
    """Return the values of all slots as one list; customer information has each value once."""
    if not is_person(field):
        return joined_arrays([slot.wire for slot in slots])
    if any(slot.wire.dtype != pl.String for slot in slots):
        return array_of_lists([slot.wire for slot in slots])
    if len(slots) == 1:
        text = slots[0].text()
        return Text(text.values, "[" + text.before, text.after + "]")
    return array([slot.text().joined() for slot in slots])
