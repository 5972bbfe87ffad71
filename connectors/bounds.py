"""A stored cursor value beside a column that it is compared with: exact even where the column's type changed.

A column's type is a grid of values. A bound that lies between two of them, or beyond the last, is turned into a
comparison with a value on the grid that gives the same rows: no cast of the warehouse rounds or overflows.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from typing import Literal, TypeAlias

from connectors.incremental import CursorKind, CursorValue
from connectors.moments import DAY, SECOND, day_text, moment_text, parse_moment

NUMBERS = (CursorKind.INTEGER, CursorKind.DECIMAL)
LOCAL_TIMES = (CursorKind.DATE, CursorKind.TIMESTAMP)
FIRST_DAY = "0001-01-01"

_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


class Always(Enum):
    """A bound that decides nothing: each value, or none, lies on its side."""

    TRUE = auto()
    FALSE = auto()


@dataclass(frozen=True, slots=True)
class Comparison:
    """`column <operator> text`, the text to be bound as the column's own type."""

    operator: Literal["<", "<=", ">", ">="]
    text: str


Bound: TypeAlias = Comparison | Always


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The values that a column can hold: whole multiples of a step from `lowest` to `highest`."""

    kind: CursorKind
    digits: int | None = 0
    """Digits behind the point of a number or of the seconds; None: as many as there are, such as for floats."""
    lowest: int | None = None
    """In steps; None: lower than any cursor value."""
    highest: int | None = None
    form: re.Pattern[str] | None = None
    """What texts look like that the column can be compared with; None: any."""
    has_earlier: bool = False
    """Whether it holds times before all cursor values, such as -infinity."""

    def accepts(self, kind: CursorKind) -> bool:
        """Return whether values of `kind` can be compared with this column; a time without zone is no instant.

        A number of any digits may travel as its text, and a key of it is written so.
        """
        if kind is CursorKind.TEXT and self.kind in NUMBERS:
            return self.digits is None
        return kind is self.kind or any(kind in family and self.kind in family for family in (NUMBERS, LOCAL_TIMES))

    def at_least(self, value: CursorValue) -> Bound:
        """Return the condition `column >= value`; raises `ValueError` where the text is none of its kind."""
        if self.form is not None and self.form.fullmatch(value.text) is None:
            raise ValueError("no such text")
        if self._is_free:
            return Comparison(">=", _checked(CursorValue(self.kind, value.text)))
        step, is_exact = self._floor(value)
        if self.lowest is not None and (step < self.lowest or (step == self.lowest and is_exact)):
            return Always.TRUE
        if self.highest is not None and (step > self.highest or (step == self.highest and not is_exact)):
            return Always.FALSE
        return Comparison(">=" if is_exact else ">", self._text(step))

    def below(self, value: CursorValue) -> Bound:
        """Return the condition `column < value`, the exact opposite of `at_least`."""
        match self.at_least(value):
            case Always.TRUE:
                return Always.FALSE
            case Always.FALSE:
                return Always.TRUE
            case Comparison(">=", text):
                return Comparison("<", text)
            case Comparison(_, text):
                return Comparison("<=", text)

    @property
    def first(self) -> str | None:
        """The first time that is a cursor value, where the column holds others before it; None elsewhere."""
        if not self.has_earlier:
            return None
        step = parse_moment(FIRST_DAY) // self._step
        return self._text(step if self.lowest is None else max(step, self.lowest))

    @property
    def _is_free(self) -> bool:
        return self.kind is CursorKind.TEXT or self.digits is None

    def _floor(self, value: CursorValue) -> tuple[int, bool]:
        if self.kind in NUMBERS:
            number = Fraction(_checked(value)) * 10 ** (self.digits or 0)
            whole = number.numerator // number.denominator
            return whole, whole == number
        whole, rest = divmod(parse_moment(_checked(value)), self._step)
        return whole, rest == 0

    @property
    def _step(self) -> int:
        return DAY if self.kind is CursorKind.DATE else SECOND // 10 ** (self.digits or 0)

    def _text(self, step: int) -> str:
        if self.kind in NUMBERS:
            return _decimal_text(step, self.digits or 0)
        to_text = day_text if self.kind is CursorKind.DATE else moment_text
        text = to_text(step * self._step) or ""  # never empty: what was parsed lies within the calendar
        return text + "Z" if self.kind is CursorKind.TIMESTAMP_TZ else text


def _decimal_text(number: int, digits: int) -> str:
    if digits == 0:
        return str(number)
    whole, rest = divmod(abs(number), 10**digits)
    return f"{'-' if number < 0 else ''}{whole}.{rest:0{digits}d}"


def _checked(value: CursorValue) -> str:
    """Return the text, if it is one of its kind; raises `ValueError` that does not repeat it."""
    if value.kind in NUMBERS and not _NUMBER.fullmatch(value.text):
        raise ValueError("no number")
    if value.kind in (*LOCAL_TIMES, CursorKind.TIMESTAMP_TZ):
        parse_moment(value.text)
    return value.text
