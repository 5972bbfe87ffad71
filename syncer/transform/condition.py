"""Conditions on rows, such as `when: {status: paid, total: {gt: 10}}`: where they are met, where not, where nobody knows.

A condition is met where all of its clauses are. One about NULL or NaN is neither met nor missed, but for `is_null`; so
is one of a value that cannot be compared with what is written beside it, such as the text `maybe` with `true`.
Numbers are compared as numbers and times as times, also where the column is text, or the condition writes text.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import reduce
from operator import and_, eq, ge, gt, le, lt, or_
from typing import Final, NamedTuple, Self, TypeAlias, cast

import polars as pl

from syncer.mapping import Json
from syncer.spec.text import is_blank, trim
from syncer.spec.times import EPOCH
from syncer.spec.values import WRITTEN_NUMBER, boolean
from syncer.transform.claims import only
from syncer.transform.distinct import WORTH_UNHASHED, Distinct
from syncer.transform.extract import read_json
from syncer.transform.lookup import Row
from syncer.transform.masks import Mask, certain, either
from syncer.transform.rows import Rows
from syncer.transform.texts import text_of

EXACT: Final = 10**15
"""Whole numbers up to this, and decimals of so many digits, are the same in every type of number."""
EXACT_DIGITS: Final = 15
EXACT_SCALE: Final = 12
LONGEST_NUMBER: Final = 100
WRITTEN_PLAINLY: Final = r"^-?[0-9]{1,9}(?:\.[0-9]{1,6})?$"
"""Text of so few digits is the same number as a float: none has the float of another."""
FURTHEST: Final = 2**63 - 1
"""Nanoseconds in 64 bits end in the year 2262."""
PER_MICROSECOND: Final = {"ms": 1, "us": 1, "ns": 1_000}

Written: TypeAlias = str | int | float | bool
Compare: TypeAlias = Callable[..., object]
COMPARISONS: Final[Mapping[str, Compare]] = {"is": eq, "not": eq, "gt": gt, "gte": ge, "lt": lt, "lte": le}
"""`not` is the opposite of `is`, and neither is met by NULL."""


class Judged(NamedTuple):
    """What is known of a condition, for each row."""

    met: pl.Series
    """Boolean; NULL where nobody knows."""
    odd: Mask
    """Where nobody knows because a value cannot be compared; None: nowhere."""

    @property
    def holds(self) -> pl.Series:
        """Return where the condition is met for certain: Boolean without NULL."""
        return certain(self.met)


class JudgedRow(NamedTuple):
    """What is known of a condition in one row: the scalar twin of `Judged`."""

    met: bool | None
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison with one column."""

    column: str
    comparison: str
    """is, not, gt, gte, lt, lte or is_null."""
    values: tuple[Written, ...]
    """What is compared with; several for `is` and `not` alone, where any of them counts."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Clauses that must all be met; without any every row meets it."""

    clauses: tuple[Clause, ...] = ()

    @classmethod
    def of(cls, when: Mapping[str, Json] | None, column: Callable[[str], str] = str) -> Self:
        """Return the condition that a file writes as `when`; `column` gives the exact name of a column."""
        written = (when or {}).items()
        return cls(tuple(clause for name, wanted in written for clause in _clauses(column(name), wanted)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that are asked for, each once."""
        return tuple(dict.fromkeys(clause.column for clause in self.clauses))

    def judge(self, rows: Rows, zone: tzinfo) -> Judged:
        """Return where the condition is met; times without zone are of `zone`."""
        found = [_judge(clause, rows, zone) for clause in self.clauses]
        everywhere = pl.Series([True], dtype=pl.Boolean).new_from_index(0, rows.frame.height)
        met = reduce(and_, (each.met for each in found), everywhere)
        odd = reduce(either, (each.odd for each in found), None)
        return Judged(met, None if odd is None else odd & met.is_null())

    def judge_row(self, row: Row, zone: tzinfo) -> JudgedRow:
        """Return whether the condition is met in one row. Twin of `judge`."""
        found = [
            _judge_value(clause, row.values[clause.column], is_json=clause.column in row.json_columns, zone=zone)
            for clause in self.clauses
        ]
        if any(each.met is False for each in found):
            return JudgedRow(met=False)
        met = None if any(each.met is None for each in found) else True
        return JudgedRow(met, any(each.odd for each in found))


def _clauses(column: str, wanted: Json) -> Iterator[Clause]:
    if not isinstance(wanted, dict):
        yield Clause(column, "is", _several(wanted))
        return
    for comparison, value in wanted.items():
        yield Clause(column, comparison, _several(value))


def _several(value: Json) -> tuple[Written, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(each for each in values if isinstance(each, str | int | float | bool))


# --- one row: the definition -----------------------------------------------------------------------


def _judge_value(clause: Clause, value: object, *, is_json: bool, zone: tzinfo) -> JudgedRow:
    if clause.comparison == "is_null":
        return JudgedRow(_is_null(value) is clause.values[0])
    try:
        plain = read_json(value) if is_json and isinstance(value, str) and not is_blank(value) else value
    except ValueError:
        return JudgedRow(met=None, odd=True)
    met = None if _is_null(plain) else _compared(clause, plain, zone)
    return JudgedRow(met, met is None and not is_blank(plain))


def _is_null(value: object) -> bool:
    return value is None or (isinstance(value, float | Decimal) and is_blank(value))


def _compared(clause: Clause, value: object, zone: tzinfo) -> bool | None:
    compare = COMPARISONS[clause.comparison]
    pairs = [_pair(value, each, zone) for each in clause.values]
    if any(pair is not None and compare(*pair) for pair in pairs):
        return clause.comparison != "not"
    return None if None in pairs else clause.comparison == "not"


def compared(value: object, written: Written, zone: tzinfo) -> bool:
    """Return whether a value can be compared with what a file writes."""
    return _pair(value, written, zone) is not None


def _pair(value: object, written: Written, zone: tzinfo) -> tuple[object, object] | None:
    """Return both sides of a comparison as values of one type, None where there is no such type."""
    pair = _sides(value, written, zone)
    return None if None in pair else pair


def _sides(value: object, written: Written, zone: tzinfo) -> tuple[object, object]:
    match written:
        case bool():
            return boolean(value), written
        case int() | float():
            return _number(value), _number(written)
        case str():
            return _beside_text(value, written, zone)


def _beside_text(value: object, written: str, zone: tzinfo) -> tuple[object, object]:
    match value:
        case str():
            return value, written
        case bool():
            return value, boolean(written)
        case int() | float() | Decimal():
            return _number(value), _number(written)
        case date():
            at = value if isinstance(value, datetime) else datetime.combine(value, time())
            return at, moment(written, zone, is_zoned=at.tzinfo is not None)
        case time():
            return value, time_of_day(written)
        case timedelta():
            return text_of(value), written
    return None, None


def _number(value: object) -> Decimal | None:
    match value:
        case int() | Decimal():
            return Decimal(value)
        case float():
            return Decimal(repr(value))
        case str():
            text = trim(value)
            return Decimal(text) if len(text) <= LONGEST_NUMBER and WRITTEN_NUMBER.fullmatch(text) else None
    return None


def time_of_day(written: str) -> time | None:
    """Return the time of day that is written, such as `09:30`; None where it is none."""
    try:
        at = time.fromisoformat(written.strip())
    except ValueError:
        return None
    return at if at.tzinfo is None else None


def moment(written: str, zone: tzinfo, *, is_zoned: bool) -> datetime | None:
    """Return the ISO time or day that is written, with zone or as clocks in `zone` show it; None where it is none."""
    try:
        at = datetime.fromisoformat(written.strip().upper())
        if is_zoned:
            return at if at.tzinfo else at.replace(tzinfo=zone)
        return at.astimezone(zone).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):
        return None


# --- all rows ------------------------------------------------------------------------------------


def _judge(clause: Clause, rows: Rows, zone: tzinfo) -> Judged:
    values = rows.frame.get_column(clause.column)
    if clause.comparison == "is_null":
        is_null = values.is_null() | certain(values.is_nan()) if values.dtype.is_float() else values.is_null()
        return Judged(is_null if clause.values[0] else ~is_null, None)
    is_json = clause.column in rows.json_columns
    pairs = [None if is_json else _columns(values, each, zone) for each in clause.values]
    if None in pairs:
        return _text_or_other(clause, values, is_json=is_json, zone=zone)
    compare = COMPARISONS[clause.comparison]
    met = reduce(or_, (cast("pl.Series", compare(*pair)) for pair in pairs if pair is not None))
    return Judged(~met if clause.comparison == "not" else met, None)


def _columns(values: pl.Series, written: Written, zone: tzinfo) -> tuple[pl.Series, object] | None:
    """Return both sides of a comparison that columns can make exactly as the definition does, else None."""
    dtype = values.dtype
    match written:
        case bool():
            return (values.cast(pl.UInt8), int(written)) if dtype == pl.Boolean else None
        case int() | float():
            return _numbers(values, Decimal(repr(written)))
        case str() if dtype == pl.String:
            return values, written
        case str():
            return _times(values, written, zone)


def _numbers(values: pl.Series, written: Decimal) -> tuple[pl.Series, object] | None:
    dtype = values.dtype
    if not written.is_finite() or abs(written) > EXACT or len(written.as_tuple().digits) > EXACT_DIGITS:
        return None
    if dtype.is_integer() and dtype not in (pl.Int128, pl.UInt128) and written == int(written):
        return (values.cast(pl.Int64), int(written)) if dtype != pl.UInt64 else None
    if dtype.is_float():
        exact = values.cast(pl.Float64)
        return only(exact, exact.is_not_nan()), float(written)
    is_narrow = isinstance(dtype, pl.Decimal) and dtype.scale <= EXACT_SCALE
    exponent = written.as_tuple().exponent
    return (values, written) if is_narrow and isinstance(exponent, int) and exponent >= -EXACT_SCALE else None


def _times(values: pl.Series, written: str, zone: tzinfo) -> tuple[pl.Series, object] | None:
    times = values.cast(pl.Datetime("us")) if values.dtype == pl.Date else values
    dtype = times.dtype
    if not isinstance(dtype, pl.Datetime):
        return None
    at = moment(written, zone, is_zoned=dtype.time_zone is not None)
    if at is None:
        return None
    epoch = EPOCH if at.tzinfo else EPOCH.replace(tzinfo=None)
    unit = times.cast(pl.Datetime("us", dtype.time_zone)) if dtype.time_unit == "ms" else times
    ticks = (at - epoch) // timedelta(microseconds=1) * PER_MICROSECOND[dtype.time_unit]
    return (unit.to_physical(), ticks) if abs(ticks) <= FURTHEST else None


def _text_or_other(clause: Clause, values: pl.Series, *, is_json: bool, zone: tzinfo) -> Judged:
    """Judge text that plainly writes numbers as numbers, and all other values one by one."""
    numbers = [] if is_json or values.dtype != pl.String else _plain_numbers(clause)
    sure = certain(values.str.contains(WRITTEN_PLAINLY)) if numbers else None
    if sure is None or not sure.any():
        return _value_by_value(clause, values, is_json=is_json, zone=zone)
    plain = only(values, sure).cast(pl.Float64)
    met = reduce(or_, (cast("pl.Series", COMPARISONS[clause.comparison](plain, number)) for number in numbers))
    met = ~met if clause.comparison == "not" else met
    if sure.all():
        return Judged(met, None)
    rest = _value_by_value(clause, only(values, ~sure), is_json=False, zone=zone)
    return Judged(met.zip_with(sure, rest.met), rest.odd)


def _plain_numbers(clause: Clause) -> list[float]:
    """Return the numbers that are written, if all are and a float tells each from all text in `WRITTEN_PLAINLY`."""
    written = [each for each in clause.values if not isinstance(each, bool | str)]
    is_plain = all(abs(each) < EXACT and len(Decimal(repr(each)).as_tuple().digits) <= EXACT_DIGITS for each in written)
    return [float(each) for each in written] if is_plain and len(written) == len(clause.values) else []


def _value_by_value(clause: Clause, values: pl.Series, *, is_json: bool, zone: tzinfo) -> Judged:
    is_nested = values.dtype.is_nested()
    distinct = Distinct(values, None, None) if is_nested else Distinct.of(values, None, worth=WORTH_UNHASHED)
    found = [_judge_value(clause, value, is_json=is_json, zone=zone) for value in distinct.values.to_list()]
    met = distinct.spread(pl.Series([each.met for each in found], dtype=pl.Boolean))
    odd = certain(distinct.spread(pl.Series([each.odd for each in found], dtype=pl.Boolean)))
    return Judged(met, odd if odd.any() else None)
