"""The values that an entry of the mapping finds in each row, before they are normalised.

Order: column, then cookie, parameter or path, then map/otherwise, then default; last, only_for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import polars as pl

from syncer.mapping import Column, Constant, Entry, FirstOf, Modifiers
from syncer.spec.paths import Steps, parse_path, walk
from syncer.spec.text import is_blank
from syncer.transform import extract
from syncer.transform.masks import Mask, certain, either, nowhere
from syncer.transform.pieces import How, Piece, by_type, constant, merged, present, replaced
from syncer.transform.rows import Rows
from syncer.transform.signs import Signs
from syncer.transform.texts import templated, texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an entry finds in the rows."""

    pieces: tuple[Piece, ...]
    filled: Mask = None
    """Where a default filled a gap."""
    broken: Mask = None
    """Where text that should be JSON is none, or what a template stands around is no text."""
    refused: Mask = None
    """Where `otherwise: reject` spoke."""

    def only(self, mask: pl.Series) -> "Found":
        """Return what was found where `mask` is true."""
        return Found(
            pieces=tuple(piece.only(mask) for piece in self.pieces),
            filled=None if self.filled is None else self.filled & mask,
            broken=None if self.broken is None else self.broken & mask,
            refused=None if self.refused is None else self.refused & mask,
        )


class Documents(NamedTuple):
    """A column of JSON text, parsed."""

    values: list[object]
    broken: Mask


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds values in one batch; a JSON column is parsed once."""

    rows: Rows
    fbc: Callable[[Piece, str | None], Piece] | None = None
    """Makes an `fbc` of click ids and the column of their times."""
    event_names: Callable[[], pl.Series] | None = None
    """Returns the name of each event."""
    parsed: dict[str, Documents] = field(default_factory=dict)
    """The JSON columns that were parsed so far; grows."""

    def find(self, entry: Entry, *, is_click_id: bool = False) -> Found:
        """Return what `entry` finds; with `is_click_id` a bare click id becomes an `fbc`."""
        match entry:
            case Column():
                found = self._column(entry)
                if is_click_id and self.fbc and (entry.query_parameter or entry.clicked_at):
                    found = replace(found, pieces=tuple(self.fbc(piece, entry.clicked_at) for piece in found.pieces))
                return self._modified(found, entry)
            case FirstOf():
                return self._modified(self._first(entry.first_of, is_click_id=is_click_id), entry)
            case Constant():
                return Found(pieces=(constant(entry.value, self.rows.frame.height),))
            case _:
                raise TypeError(f"{type(entry).__name__} gives no single value")

    def _column(self, entry: Column) -> Found:
        values, signs = self.rows.frame.get_column(entry.column), self.rows.signs.get(entry.column)
        is_json = entry.column in self.rows.json_columns
        how = How.of(entry)
        if entry.cookie:
            values, is_json, signs = extract.cookies(texts(values), entry.cookie), False, None
        if entry.query_parameter:
            values, is_json, signs = extract.query_parameters(texts(values), entry.query_parameter), False, None
        found = Found(pieces=(Piece(values, how, signs=signs),))
        if entry.path or is_json:
            is_part = entry.cookie is not None or entry.query_parameter is not None
            steps = parse_path(entry.path) if entry.path else ()
            found = self._walk(values, steps, how, name=None if is_part else entry.column)
        if entry.template:
            pieces = merged(made for piece in found.pieces for made in _templated(piece, entry.template))
            lost = None
            if any(_may_be_no_text(piece) for piece in found.pieces):
                rows = len(values)
                lost = present(found.pieces, rows) & ~present(pieces, rows)
            found = replace(found, pieces=pieces, broken=either(found.broken, lost))
        return found

    def _walk(self, values: pl.Series, steps: Steps, how: How, *, name: str | None) -> Found:
        if values.dtype != pl.String:
            return Found(pieces=(Piece(extract.walk_columns(values, steps), how),))
        documents = self.parsed.get(name) if name else None
        if documents is None:
            documents = _parsed(values)
            if name:
                self.parsed[name] = documents
        reached = [walk(document, steps) for document in documents.values]
        return Found(pieces=by_type(reached, how=how), broken=documents.broken)

    def _first(self, entries: Sequence[Entry], *, is_click_id: bool) -> Found:
        """Return of each row the first value that is not blank; entries behind it are not looked at."""
        rows = self.rows.frame.height
        first, *others = entries
        found = self.find(first, is_click_id=is_click_id)
        taken = present(found.pieces, rows)
        pieces = [piece.only(taken) for piece in found.pieces]
        for entry in others:
            if taken.all():
                break
            here = self.find(entry, is_click_id=is_click_id).only(~taken)
            filled = present(here.pieces, rows)
            pieces += [piece.only(filled) for piece in here.pieces]
            taken |= filled
            found = Found(
                pieces=(),
                filled=either(found.filled, here.filled),
                broken=either(found.broken, here.broken),
                refused=either(found.refused, here.refused),
            )
        return replace(found, pieces=merged(pieces))

    def _modified(self, found: Found, entry: Modifiers) -> Found:
        if isinstance(entry, FirstOf):
            found = replace(found, pieces=tuple(piece._replace(how=piece.how.within(entry)) for piece in found.pieces))
        if entry.map is not None:
            pieces, refused = replaced(found.pieces, entry.map, entry.otherwise)
            found = replace(found, pieces=pieces, refused=either(found.refused, refused))
        if entry.default is not None:
            found = self._defaulted(found, entry)
        if entry.only_for and self.event_names is not None:
            found = found.only(certain(self.event_names().is_in(list(entry.only_for))))
        return found

    def _defaulted(self, found: Found, entry: Modifiers) -> Found:
        rows = self.rows.frame.height
        there = present(found.pieces, rows)
        if there.all():
            return found
        default = constant(entry.default, rows, How.of(entry))
        pieces = merged([*(piece.only(there) for piece in found.pieces), default.only(~there)])
        return replace(found, pieces=pieces, filled=either(found.filled, ~there))


def _parsed(values: pl.Series) -> Documents:
    documents: list[object] = []
    broken: list[int] = []
    for place, text in enumerate(values.to_list()):
        try:
            documents.append(None if is_blank(text) else extract.read_json(text))
        except ValueError:
            documents.append(None)
            broken.append(place)
    return Documents(documents, nowhere(len(values)).scatter(broken, values=True) if broken else None)


def _templated(piece: Piece, template: str) -> Iterator[Piece]:
    """Yield the text around each value that is not blank, and around each such member of lists. Twin of `templated`."""
    if piece.is_json or piece.values.dtype.is_nested():
        given = map(_document, piece.values.to_list()) if piece.is_json else piece.values.to_list()
        made = [templated(value, template) for value in given]
        yield Piece(
            pl.Series([each if isinstance(each, list) else None for each in made], dtype=pl.List(pl.String)), piece.how
        )
        yield Piece(pl.Series([each if isinstance(each, str) else None for each in made], dtype=pl.String), piece.how)
        return
    around = template.split("{}")
    text = pl.lit(texts(piece.only(piece.present()).values))
    parts = [pl.lit(around[0]), *(part for literal in around[1:] for part in (text, pl.lit(literal)))]
    values = pl.select(pl.concat_str(parts)).to_series()
    yield Piece(values, piece.how, signs=Signs.of(values))


def _may_be_no_text(piece: Piece) -> bool:
    return piece.is_json or piece.values.dtype.is_nested() or piece.values.dtype.is_float()


def _document(text: str | None) -> object:
    return None if text is None else extract.read_json(text)
