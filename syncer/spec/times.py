"""Points in time: whatever a warehouse calls a time, as Unix time.

Source: Server event parameters, `event_time`: Unix seconds, GMT. A time without zone is read in the pipeline's
timezone: where clocks are set back and it occurs twice, the first one counts; where they are set forward and it does
not occur, it is read as if the clock had not been set yet.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

from syncer.spec.context import Context
from syncer.spec.text import as_text, trim

NS = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{0,30})?")
ISO = re.compile(
    r"([0-9]{4})([-/])([0-9]{2})\2([0-9]{2})"
    r"(?:[Tt ]+([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,30}))?)?"
    r" ?(?:([Zz]|UTC|GMT)|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?"
)
"""ISO 8601 as databases print it; also with slashes, a space for the T, `UTC`, and an offset without minutes."""

LARGEST = 10**20
DATES = (19_000_101, 21_991_231)
"""Numbers of eight digits in this range are dates written YYYYMMDD: as seconds they would be in 1970."""


def unix_seconds(value: object, context: Context) -> int | None:
    """Return whole Unix seconds, fractions cut off, or None where `value` is no time.

    Numbers are told apart by their digits: up to 11 are seconds, up to 14 milliseconds, up to 17 microseconds, up to
    20 nanoseconds. Text is such a number, ISO 8601, or follows `context.date_format`.
    """
    found = _unix_ns(value, context)
    return None if found is None else found // NS


def unix_ms(value: object, context: Context) -> int | None:
    """Return whole Unix milliseconds, by the rules of `unix_seconds`."""
    found = _unix_ns(value, context)
    return None if found is None else found // 1_000_000


def _unix_ns(value: object, context: Context) -> int | None:
    match value:
        case None | bool():
            return None
        case datetime():
            return _since_epoch(value, context, fraction="")
        case date():
            return _since_epoch(datetime.combine(value, time()), context, fraction="")
        case int() | float() | Decimal():
            return _of_number(value, context)
    text = as_text(value)
    return None if text is None else _of_text(trim(text), context)


def _of_text(text: str, context: Context) -> int | None:
    if context.date_format is not None and "%" in context.date_format:
        try:
            at = datetime.strptime(text, context.date_format)  # noqa: DTZ007  # the zone is put on below
        except (ValueError, re.error):
            return None
        return _since_epoch(at, context, fraction="")
    if NUMBER.fullmatch(text):
        return _of_number(Decimal(text), context)
    found = ISO.fullmatch(text)
    if found is None:
        return None
    year, _, month, day, hour, minute, second, fraction, utc, sign, offset_h, offset_m = found.groups()
    try:
        at = datetime(  # noqa: DTZ001  # the zone is put on below
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0)
        )
        if utc:
            at = at.replace(tzinfo=UTC)
        elif sign:
            offset = timedelta(hours=int(offset_h), minutes=int(offset_m or 0))
            at = at.replace(tzinfo=timezone(-offset if sign == "-" else offset))
    except ValueError:
        return None
    return _since_epoch(at, context, fraction=fraction or "")


def _of_number(value: float | Decimal, context: Context) -> int | None:
    found = _shifted(value)
    if found is None:
        return None
    number, places = found
    whole = _floor(number, places)
    if DATES[0] <= whole <= DATES[1] and _floor(number, places + 30) == whole * 10**30:
        day = _date(whole)
        if day is not None:
            return _since_epoch(datetime.combine(day, time()), context, fraction="")
    length = len(str(abs(whole)))
    unit = 9 if length <= 11 else 6 if length <= 14 else 3 if length <= 17 else 0
    return _floor(number, places + unit)


def _shifted(value: float | Decimal) -> tuple[int, int] | None:
    """Return `value` as an integer and a power of ten, None for what is too large to be a time or no number."""
    if isinstance(value, int):
        return (int(value), 0) if abs(value) < LARGEST else None
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if not exact.is_finite() or abs(exact) >= LARGEST:
        return None
    sign, digits, exponent = exact.as_tuple()
    if not isinstance(exponent, int) or not -400 < exponent < 30:
        return None
    number = int("".join(map(str, digits)))
    return (-number if sign else number, exponent)


def _floor(number: int, places: int) -> int:
    return number * int(10**places) if places >= 0 else number // int(10**-places)


def _date(number: int) -> date | None:
    try:
        return date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError:
        return None


def _since_epoch(at: datetime, context: Context, *, fraction: str) -> int | None:
    """Return nanoseconds; `fraction` is the text behind the decimal point of a second."""
    try:
        if at.tzinfo is None or at.utcoffset() is None:
            at = at.replace(tzinfo=context.timezone, fold=0)
        since = at - EPOCH
    except (OverflowError, ValueError):
        return None
    seconds = since.days * 86_400 + since.seconds
    return seconds * NS + since.microseconds * 1_000 + int(fraction[:9].ljust(9, "0"))
