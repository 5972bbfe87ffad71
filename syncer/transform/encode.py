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
        return pl.select(pl.format(_plain(self.before) + "{}" + _plain(self.after), pl.lit(self.values))).to_series()


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
    """JSON of one value a row, there in every row, kept apart as a template and what fills it."""

    template: str
    values: tuple[pl.Expr, ...]

    def joined(self) -> pl.Series:
        """Return the whole text of each value."""
        return pl.select(pl.format(self.template, *self.values)).to_series()


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
    found = [
        _member(name, value, opens="," if number > anchor else "", closes="," if number < anchor else "")
        for number, (name, value) in enumerate(present)
    ]
    return Whole(
        _plain("{") + "".join(one.template for one in found) + _plain("}"), sum((one.values for one in found), ())
    )


def _is_nothing(value: Text | Whole) -> bool:
    return isinstance(value, Text) and value.values.null_count() == len(value.values)


def _is_everywhere(value: Text | Whole) -> bool:
    return isinstance(value, Whole) or value.values.null_count() == 0


def _member(name: str, value: Text | Whole, *, opens: str, closes: str) -> Whole:
    """Return a member with its name, empty where it is NULL."""
    before = _plain(f"{opens}{json_of(name)}:")
    if isinstance(value, Whole):
        return Whole(before + value.template + _plain(closes), value.values)
    template = before + _plain(value.before) + "{}" + _plain(value.after + closes)
    if _is_everywhere(value):
        return Whole(template, (pl.lit(value.values),))
    return Whole("{}", (pl.format(template, pl.lit(value.values)).fill_null(""),))


def _sparse(members: Sequence[tuple[str, Text | Whole]]) -> Text:
    """Return objects of members each of which is NULL somewhere."""
    fragments = [expression for member in members for expression in _member(*member, opens=",", closes="").values]
    joined = pl.select(pl.concat_str(fragments).alias("joined"))
    inner = pl.when(pl.col("joined") != "").then(pl.col("joined").str.slice(1))
    return Text(joined.select(inner).to_series(), "{", "}")


def _plain(text: str) -> str:
    """Return `text` as it stands in a template."""
    return text.replace("{", "{{").replace("}", "}}")
