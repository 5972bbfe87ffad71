"""What a rule in columns is certain about; all else is left open for the scalar rule to judge."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Self, TypeAlias

import polars as pl

from syncer.spec.characters import INVISIBLE, WHITE_SPACE
from syncer.spec.text import is_blank
from syncer.transform.masks import certain, is_there, nowhere
from syncer.transform.signs import Signs


@dataclass(frozen=True, slots=True)
class Claim:
    """Values normalised in columns, and those that were left open."""

    text: pl.Series
    """Normalised text; NULL: there is none, or it is open."""
    open: pl.Series | None = None
    """Where the scalar rule must judge; None: nowhere. Never true for NULL."""
    warned: tuple[tuple[str, pl.Series], ...] = ()
    """Warning codes, each with the values that earn it, none of them open."""

    @classmethod
    def where(cls, sure: pl.Series, text: pl.Series) -> Self:
        """Claim `text` where `sure` is true, leave open where it is false; it is NULL for NULL."""
        if sure.all():
            return cls(text)
        return cls(only(text, sure), is_open(sure))

    def among(self, text: pl.Series, places: pl.Series) -> "Claim":
        """Return this claim about the values at `places` of a column whose others are `text`, for certain."""
        none = nowhere(len(text))
        return Claim(
            placed(text, places, self.text),
            None if self.open is None else none.clone().scatter(places, self.open),
            tuple((code, none.clone().scatter(places, mask)) for code, mask in self.warned),
        )

    def warning(self, code: str, mask: pl.Series) -> "Claim":
        """Return this claim with a warning where `mask` is true, if that is anywhere."""
        return Claim(self.text, self.open, (*self.warned, (code, mask))) if mask.any() else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a rule needs to know besides the text."""

    countries: pl.Series | None
    """Two-letter code of each value's country; given to rules that ask for it."""
    date_format: str | None
    today: date
    signs: Signs | None = None
    """Those of which the texts are made; None: not known."""

    def is_bare(self) -> bool:
        """Return whether the texts certainly have no white space, and nothing but visible ASCII."""
        return self.signs is not None and not self.signs.has_edges()

    def only(self, mask: pl.Series) -> "Around":
        """Return what is known of the values where `mask` is true."""
        return self if self.countries is None else replace(self, countries=self.countries.filter(mask))


TEXT: Final = pl.col("text")
NULL: Final = pl.Series([None], dtype=pl.String)
VISIBLE: Final = rf"[^{WHITE_SPACE}{INVISIBLE}]"
"""Text without such a character is blank."""

ColumnRule: TypeAlias = Callable[[pl.Series, Around], Claim]
"""From text, some of it NULL, to what is certain about it."""


def looks(text: pl.Series, *asked: pl.Expr) -> list[pl.Series]:
    """Return what each expression of `TEXT` says of `text`; one call costs about as much as two expressions."""
    return text.to_frame("text").select(look.alias(str(number)) for number, look in enumerate(asked)).get_columns()


def only(values: pl.Series, mask: pl.Series) -> pl.Series:
    """Return `values` where `mask` is true, else NULL."""
    none = NULL if values.dtype == pl.String else pl.Series([None], dtype=values.dtype)
    return values.zip_with(mask, none.new_from_index(0, len(values)))


def is_open(sure: pl.Series) -> pl.Series:
    """Return where a value is there and `sure` is false."""
    return certain(~sure)


def edited(values: pl.Series, pattern: str, replacement: str) -> pl.Series:
    """Return `values` with every match of `pattern` replaced; values without a match cost one look."""
    (places,) = looks(values, TEXT.str.contains(pattern).arg_true())
    if not len(places):
        return values
    if len(places) == len(values):
        return values.str.replace_all(pattern, replacement)
    return placed(values, places, values[places].str.replace_all(pattern, replacement))


def placed(values: pl.Series, places: pl.Series, others: pl.Series) -> pl.Series:
    """Return text with `others` at `places`.

    By a gather: in Polars 2.1, long text scattered into text of at most twelve bytes is later taken for different from
    its equals by `unique` of lists and groups.
    """
    rows = len(values)
    if len(places) == rows:
        return others
    order = _numbers(0, rows).scatter(places, _numbers(rows, rows + len(others)))
    return pl.concat([values.alias(""), others.alias("")], rechunk=True)[order]


def _numbers(begin: int, end: int) -> pl.Series:
    return pl.int_range(begin, end, dtype=pl.UInt32, eager=True)


def lost(text: pl.Series, values: pl.Series) -> pl.Series | None:
    """Return where there is no `text` for a value that is not blank, None for nowhere. Twin of `not text.is_blank`.

    `text` is NULL wherever `values` is.
    """
    if text.null_count() == values.null_count():
        return None
    gone = text.is_null() & values.is_not_null()
    if not gone.any():
        return None
    if values.dtype == pl.String:
        gone &= values.str.contains(VISIBLE)
    elif values.dtype == pl.Binary:
        gone &= pl.Series([not is_blank(value) for value in values.to_list()], dtype=pl.Boolean)
    elif values.dtype.is_float():
        gone &= ~values.is_nan()
    return gone if gone.any() else None


def all_open(values: pl.Series) -> Claim:
    """Claim nothing."""
    return Claim(nothing(len(values)), is_there(values))


def nothing(rows: int) -> pl.Series:
    """Return text that is NULL in every row."""
    return NULL.new_from_index(0, rows)
