"""Values of mixed types in columns: a handful of pieces, each of one type and meant for rows of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Final, NamedTuple

import polars as pl

from syncer.mapping import Modifiers, Otherwise
from syncer.transform.json_text import json_of
from syncer.transform.masks import Mask, certain, either, nowhere
from syncer.transform.signs import Signs
from syncer.transform.texts import VISIBLE, texts

LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class How:
    """How the values of a piece are read."""

    format: str | None = None
    already_hashed: bool = False
    hash: bool = True
    country_column: str | None = None

    @classmethod
    def of(cls, entry: Modifiers) -> "How":
        """Return what `entry` says."""
        return cls(entry.format, entry.already_hashed, entry.hash, entry.country_column)

    def within(self, outer: Modifiers) -> "How":
        """Return this with what the entry around it adds."""
        return How(
            self.format or outer.format,
            self.already_hashed or outer.already_hashed,
            self.hash and outer.hash,
            self.country_column or outer.country_column,
        )


class Piece(NamedTuple):
    """Values of one type; NULL in the rows of other pieces."""

    values: pl.Series
    how: How = How()
    is_json: bool = False
    """Whether the text is JSON."""
    signs: Signs | None = None
    """Those of which text is made; None: not known."""

    def present(self) -> pl.Series:
        """Return where there is a value that is not blank. Twin of `not is_blank`."""
        if self.values.dtype.is_float():
            return certain(self.values.is_not_nan())
        if self.values.dtype != pl.String or self.is_json:
            return self.values.is_not_null()
        return certain(self.values.str.contains(VISIBLE))

    def only(self, mask: pl.Series) -> "Piece":
        """Return the values where `mask` is true."""
        if mask.all():
            return self
        frame = pl.DataFrame([self.values.alias("values"), mask.alias("mask")])
        return self._replace(values=frame.select(pl.when("mask").then("values").alias("values")).to_series())


def present(pieces: Sequence[Piece], rows: int) -> pl.Series:
    """Return where any piece has a value that is not blank."""
    return reduce(or_, (piece.present() for piece in pieces), nowhere(rows))


def merged(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Return pieces of equal type and treatment as one."""
    groups: dict[object, list[Piece]] = {}
    for piece in pieces:
        if piece.values.null_count() < len(piece.values):
            groups.setdefault((piece.values.dtype, piece.how, piece.is_json), []).append(piece)
    return tuple(group[0] if len(group) == 1 else _united(group) for group in groups.values())


def _united(group: Sequence[Piece]) -> Piece:
    return group[0]._replace(values=coalesced([piece.values for piece in group]), signs=None)


def coalesced(parts: Sequence[pl.Series]) -> pl.Series:
    """Return of each row the first value that is not NULL; the parts are of one type."""
    if len(parts) == 1:
        return parts[0]
    frame = pl.DataFrame([part.alias(str(number)) for number, part in enumerate(parts)])
    return frame.select(pl.coalesce(pl.all())).to_series()


def constant(value: object, rows: int, how: How = How()) -> Piece:
    """Return `value` in every row."""
    (piece,) = by_type([value], how=how) or (Piece(pl.Series([None], dtype=pl.Null), how),)
    signs = Signs.of(piece.values) if piece.values.dtype == pl.String else None
    return piece._replace(values=piece.values.new_from_index(0, rows), signs=signs)


def by_type(values: Sequence[object], *, how: How = How()) -> tuple[Piece, ...]:
    """Return values as JSON knows them as a piece for each type; lists, objects and huge integers as JSON text."""
    kinds: dict[pl.DataType | type[pl.DataType] | None, list[int]] = {}
    for place, value in enumerate(values):
        if value is not None:
            kinds.setdefault(_kind(value), []).append(place)
    return tuple(_piece(values, places, dtype, how) for dtype, places in kinds.items())


def _kind(value: object) -> type[pl.DataType] | None:
    match value:
        case str():
            return pl.String
        case bool():
            return pl.Boolean
        case int() if abs(value) <= LARGEST:
            return pl.Int64
        case float():
            return pl.Float64
        case _:
            return None


def _piece(values: Sequence[object], places: Sequence[int], dtype: object, how: How) -> Piece:
    column: list[object] = [None] * len(values)
    for place in places:
        column[place] = json_of(values[place]) if dtype is None else values[place]
    return Piece(pl.Series(column, dtype=dtype or pl.String), how, is_json=dtype is None)  # type: ignore[arg-type]


def replaced(
    pieces: Sequence[Piece], targets: Mapping[str, object], otherwise: Otherwise
) -> tuple[tuple[Piece, ...], Mask]:
    """Return pieces with values replaced by their text, and where `otherwise: reject` met a value without a target."""
    done: list[Piece] = []
    refused: Mask = None
    for piece in pieces:
        text = texts(piece.values)
        hit = certain(text.is_in(list(targets)))
        if otherwise == "keep":
            done.append(piece.only(~hit))
        elif otherwise == "reject":
            refused = either(refused, ~hit & piece.present())
        done += _targets(text, targets, piece.how)
    return merged(done), refused


def _targets(text: pl.Series, targets: Mapping[str, object], how: How) -> list[Piece]:
    found = []
    for target in by_type(list(targets.values()), how=how):
        pairs = {name: value for name, value in zip(targets, target.values.to_list(), strict=True) if value is not None}
        values = text.replace_strict(pairs, default=None, return_dtype=target.values.dtype)
        found.append(target._replace(values=values))
    return found
