"""Birth dates and their parts (Customer information parameters, `db`; the SDK's `dobd`, `dobm`, `doby`)."""

import re
from datetime import date, datetime
from typing import Literal

from syncer.spec import limits
from syncer.spec.context import Context
from syncer.spec.text import plain, western_digits

TIME = r"(?:[T ]\s*[0-9]{1,2}:[0-9]{2}.*)?"
YEAR_FIRST = re.compile(rf"([0-9]{{4}})([-/. ])([0-9]{{1,2}})\2([0-9]{{1,2}}){TIME}", re.DOTALL)
YEAR_LAST = re.compile(rf"([0-9]{{1,2}})([-/. ])([0-9]{{1,2}})\2([0-9]{{4}}){TIME}", re.DOTALL)
EIGHT_DIGITS = re.compile(r"[0-9]{8}")
ONE_OR_TWO_DIGITS = re.compile(r"[0-9]{1,2}")
FOUR_DIGITS = re.compile(r"[0-9]{4}")

ORDERS = frozenset({"dmy", "mdy", "ymd"})


def birth_date(value: object, context: Context) -> str | None:
    """Return the date as YYYYMMDD, or None where `value` is no date between 1900 and `context.today`.

    A native date is taken as it is, a native time gives the date it shows. Text may be year, month, day, or put the
    year last; then the month comes first, unless the order in `context.date_format` says otherwise or the number is
    above 12. A time behind the date is cut off. With a strptime format, text must follow it; a year of two digits
    then never lies in the future. Two-digit years and names of months are not guessed.
    Source: Customer information parameters, `db`.
    """
    day = _day(value, context)
    if day is None or day.year < limits.BIRTH_YEAR or (context.today is not None and day > context.today):
        return None
    return f"{day:%Y%m%d}"


def birth_date_is_ambiguous(value: object, context: Context) -> bool:
    """Return whether day and month of `value` could as well be the other way round, and nothing says which it is."""
    text = None if isinstance(value, date) or context.date_format is not None else plain(value)
    if text is None:
        return False
    found = YEAR_LAST.fullmatch(western_digits(text))
    if found is None:
        return False
    first, second = int(found[1]), int(found[3])
    return first != second and max(first, second) <= 12 and birth_date(value, context) is not None


def birth_day(value: object, _context: Context) -> str | None:
    """Return the day of the month as two digits."""
    return _part(value, "day", highest=31)


def birth_month(value: object, _context: Context) -> str | None:
    """Return the month as two digits."""
    return _part(value, "month", highest=12)


def birth_year(value: object, context: Context) -> str | None:
    """Return the year as four digits, from 1900 to the year of `context.today`."""
    if isinstance(value, date):
        text: str | None = str(value.year)
    else:
        text = plain(value)
    if text is None or not FOUR_DIGITS.fullmatch(text := western_digits(text)):
        return None
    latest = context.today.year if context.today else 9999
    return text if limits.BIRTH_YEAR <= int(text) <= latest else None


def _part(value: object, name: Literal["day", "month"], *, highest: int) -> str | None:
    if isinstance(value, date):
        return f"{value.day if name == 'day' else value.month:02d}"
    text = plain(value)
    if text is None or not ONE_OR_TWO_DIGITS.fullmatch(text := western_digits(text)):
        return None
    return text.zfill(2) if 1 <= int(text) <= highest else None


def _day(value: object, context: Context) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = plain(value)
    if text is None:
        return None
    text = western_digits(text)
    if context.date_format is not None and context.date_format not in ORDERS:
        return _by_format(text, context.date_format, today=context.today)
    return _by_order(text, context.date_format or "mdy")


def _by_order(text: str, order: str) -> date | None:
    if EIGHT_DIGITS.fullmatch(text):
        day = _date(text[:4], text[4:6], text[6:])
        if day is not None and day.year >= limits.BIRTH_YEAR:
            return day
        return _year_last(text[:2], text[2:4], text[4:], order)
    if found := YEAR_FIRST.fullmatch(text):
        return _date(found[1], found[3], found[4])
    if found := YEAR_LAST.fullmatch(text):
        return _year_last(found[1], found[3], found[4], order)
    return None


def _year_last(first: str, second: str, year: str, order: str) -> date | None:
    month_first, day_first = _date(year, first, second), _date(year, second, first)
    return day_first or month_first if order == "dmy" else month_first or day_first


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _by_format(text: str, written: str, *, today: date | None) -> date | None:
    try:
        day = datetime.strptime(text, written).date()  # noqa: DTZ007  # a date has no zone
    except (ValueError, re.error):
        return None
    if "%y" in written and today is not None and day > today:
        return _date(str(day.year - 100), str(day.month), str(day.day))
    return day
