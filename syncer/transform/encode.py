"""The JSON text of events, put together in columns: NULL means that a member is absent."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import polars as pl

from syncer.transform.json_text import ESCAPES, escaped, json_of

NULL: Final = pl.Series([None], dtype=pl.String)


class Text(NamedTuple):
    """JSON of one value a row; NULL: there is none."""

    values: pl.Series
    before: str = ""
    """Stands before each value, such as a quotation mark; kept apart since it costs a copy to join it."""
    after: str = ""

    def joined(self) -> pl.Series:
        """Return the whole text of each value."""
        if not self.before and not self.after:
            return self.values
        return _concat([pl.lit(self.before), pl.lit(self.values), pl.lit(self.after)])


def string(values: pl.Series, *, is_safe: bool = False) -> Text:
    """Return text as JSON strings; `is_safe`: nothing in it needs escaping."""
    return Text(values if is_safe else escaped(values), '"', '"')


def array(slots: Sequence[pl.Series]) -> Text:
    """Return lists of the JSON values in `slots`, in their order, each value once; no list where all are NULL."""
    frame = pl.DataFrame([slot.alias(str(number)) for number, slot in enumerate(slots)])
    names = frame.columns
    if len(names) == 1:
        return Text(frame.to_series(), "[", "]")
    once = [
        pl.when(~pl.any_horizontal(pl.col(name).eq_missing(pl.col(earlier)) for earlier in names[:place])).then(name)
        if place
        else pl.col(name)
        for place, name in enumerate(names)
    ]
    listed = pl.concat_str(once, separator=",", ignore_nulls=True)
    return Text(frame.select(pl.when(~pl.all_horizontal(pl.all().is_null())).then(listed)).to_series(), "[", "]")


def array_of_lists(slots: Sequence[pl.Series]) -> Text:
    """Return lists of the text in `slots`, some of which hold lists, in their order, each value once."""
    frame = pl.DataFrame([slot.alias(str(number)) for number, slot in enumerate(slots)])
    lists = [pl.col(name) if dtype != pl.String else pl.concat_list(name) for name, dtype in frame.schema.items()]
    every = frame.select(value=pl.concat_list(part.fill_null([]) for part in lists)).to_series()
    every = every.list.drop_nulls().list.unique(maintain_order=True)
    texts = every.list.eval(pl.format('"{}"', pl.element().str.replace_many(ESCAPES))).list.join(",")
    return Text(texts.set(every.list.len() == 0, None), "[", "]")


def joined_arrays(arrays: Sequence[pl.Series]) -> Text:
    """Return lists joined end to end; an empty list stays one, no list where all are NULL."""
    if len(arrays) == 1:
        return Text(arrays[0])
    frame = pl.DataFrame([part.alias(str(number)) for number, part in enumerate(arrays)])
    inner = [pl.col(name).str.strip_prefix("[").str.strip_suffix("]").replace("", None) for name in frame.columns]
    listed = pl.concat_str(inner, separator=",", ignore_nulls=True)
    return Text(frame.select(pl.when(~pl.all_horizontal(pl.all().is_null())).then(listed)).to_series(), "[", "]")


def positions(values: Sequence[Text | None], *, gap: str) -> Text:
    """Return lists with a place for each of `values`, `gap` where one is NULL; no list where all are."""
    there = [text for text in values if text is not None]
    if not there:
        raise ValueError("a list of places needs a value")
    parts: list[pl.Expr] = []
    for number, text in enumerate(values):
        comma = "," if number else ""
        value = pl.lit(gap) if text is None else pl.lit(text.joined()).fill_null(gap)
        parts += [pl.lit(comma), value]
    empty = pl.all_horizontal(pl.lit(text.values).is_null() for text in there)
    return Text(pl.select(pl.when(~empty).then(pl.concat_str(parts))).to_series(), "[", "]")


class Whole(NamedTuple):
    """JSON of one value a row, there in every row, as the pieces it is joined of; a piece may be NULL: left out."""

    pieces: tuple[str | pl.Expr, ...]

    def joined(self) -> pl.Series:
        """Return the whole text of each value."""
        return pl.select(pl.concat_str(_expressions(self.pieces), ignore_nulls=True)).to_series()


def json_object(members: Iterable[tuple[str, Text | Whole]]) -> Text | Whole:
    """Return objects of the members that are there, in their order; no object where all are NULL.

    Where a member is there in every row, those before it have a comma behind them, and those after it one in front:
    nothing needs a second copy, and such an object is joined with the one around it.
    """
    present = [(name, value) for name, value in members if not _is_nothing(value)]
    if not present:
        return Text(NULL)
    anchor = next((number for number, (_, value) in enumerate(present) if _is_everywhere(value)), None)
    if anchor is None:
        return _sparse(present)
    pieces: list[str | pl.Expr] = ["{"]
    for number, (name, value) in enumerate(present):
        pieces += _pieces(name, value, opens="," if number > anchor else "", closes="," if number < anchor else "")
    return Whole((*pieces, "}"))


def _is_nothing(value: Text | Whole) -> bool:
    return isinstance(value, Text) and value.values.null_count() == len(value.values)


def _is_everywhere(value: Text | Whole) -> bool:
    return isinstance(value, Whole) or value.values.null_count() == 0


def _pieces(name: str, value: Text | Whole, *, opens: str, closes: str = "") -> list[str | pl.Expr]:
    """Return what a member is made of; one that is NULL somewhere is a single piece, NULL there."""
    if isinstance(value, Whole):
        return [f"{opens}{json_of(name)}:", *value.pieces]
    parts: list[str | pl.Expr] = [f"{opens}{json_of(name)}:{value.before}", pl.lit(value.values), value.after + closes]
    return parts if _is_everywhere(value) else [pl.concat_str(_expressions(parts))]


def _expressions(pieces: Iterable[str | pl.Expr]) -> list[pl.Expr]:
    """Return the pieces with text that stands side by side joined: each piece costs something in every row."""
    joined: list[pl.Expr] = []
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        joined += [pl.lit(text), piece] if text else [piece]
        text = ""
    return [*joined, pl.lit(text)] if text else joined


def _sparse(members: Sequence[tuple[str, Text | Whole]]) -> Text:
    """Return objects of members each of which is NULL somewhere."""
    fragments = pl.select(
        piece.alias(str(number))
        for number, member in enumerate(members)
        for piece in _expressions(_pieces(*member, opens=","))
    )
    joined = fragments.select(pl.concat_str(pl.all(), ignore_nulls=True).alias("joined"))
    inner = pl.when(pl.col("joined") != "").then(pl.col("joined").str.slice(1))
    return Text(joined.select(inner).to_series(), "{", "}")


def _concat(parts: Sequence[pl.Expr]) -> pl.Series:
    return pl.select(pl.concat_str(parts)).to_series()
