"""Times as people write them: cron lines, zones, starts."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

from syncer.config.problems import suggestion
from syncer.duration import Duration

NICKNAMES = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LONGEST = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""Days of each month, in a leap year."""
STARTS = ("now", "window", "beginning")

CRON_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of the week", 0, 7, WEEKDAYS),
)


def cron_mistake(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a cron line and how to mend it, or None."""
    if text.startswith("@"):
        if text.lower() in NICKNAMES:
            return None
        return "is no known word", suggestion(text, NICKNAMES, noun="words")
    parts = text.split()
    if len(parts) != len(CRON_FIELDS):
        remedy = "write minute, hour, day, month, weekday, such as */15 * * * *"
        return f"has {len(parts)} fields instead of 5", remedy
    for part, (name, low, high, names) in zip(parts, CRON_FIELDS, strict=True):
        if not all(_is_cron_item(item, low, high, names) for item in part.lower().split(",")):
            return (
                f"cannot be read at its {name}",
                f"write *, a number from {low} to {high}, a range, a list, or a step such as */5",
            )
    if _never_comes(*parts[2:]):
        return "names a day that no month of it has", "write a day that comes, or L for the last one"
    return None


def _never_comes(days: str, months: str, weekdays: str) -> bool:
    """Return whether all days are too late for all months: 30 February. A day of the week may be enough, though."""
    if not (weekdays.startswith("*") or days.startswith("*")) or "l" in days.lower():
        return False
    firsts = [re.split("[-/]", item)[0] for item in days.split(",")]
    first = min(1 if each == "*" else int(each) for each in firsts)
    return first > max(LONGEST[number] for number in range(1, 13) if _has_month(months.lower(), number))


def _has_month(months: str, month: int) -> bool:
    for item in months.split(","):
        span, _, step = item.partition("/")
        first, dash, last = span.partition("-")
        begin = 1 if span == "*" else _cron_number(first, 1, 12, MONTHS) or 1
        end = (_cron_number(last, 1, 12, MONTHS) or 12) if dash else (begin if not step and span != "*" else 12)
        if begin <= month <= end and (month - begin) % int(step or 1) == 0:
            return True
    return False


def is_time(value: object) -> bool:
    """Return whether a value is a text with a date and time of ISO 8601."""
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_cron_item(item: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    span, slash, step = item.partition("/")
    if slash and not (step.isdecimal() and 1 <= int(step[:6]) <= high):
        return False
    if span == "*" or (names is WEEKDAYS and not slash and _is_nth_weekday(span)):
        return True
    if high == 31 and span in ("l", "lw"):
        return True
    first, dash, last = span.partition("-")
    start = _cron_number(first, low, high, names)
    if not dash:
        return start is not None
    end = _cron_number(last, low, high, names)
    return start is not None and end is not None and start <= end


def _is_nth_weekday(text: str) -> bool:
    """`5#2`: the second Friday; `5l`: the last one."""
    return bool(re.fullmatch(r"([0-7]|sun|mon|tue|wed|thu|fri|sat)(#[1-5]|l)", text))


def _cron_number(text: str, low: int, high: int, names: tuple[str, ...]) -> int | None:
    if text in names:
        return names.index(text) + low
    if re.fullmatch(r"[0-9]{1,4}", text) and low <= int(text) <= high:
        return int(text)
    return None


def zone_mistake(name: str) -> tuple[str, str] | None:
    """Return what is wrong with the name of a time zone and how to mend it, or None."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        zones = sorted(available_timezones())
        remedy = suggestion(name, zones, noun="zones")
        return "is no time zone", remedy if remedy.startswith("did") else "write one such as Europe/Paris or UTC"
    return None


def start_mistake(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a pipeline's start and how to mend it, or None."""
    if text in STARTS or _is_day_or_time(text):
        return None
    if text.startswith("-"):
        try:
            Duration.parse(text[1:])
        except ValueError:
            return "is no time ago", "write it as -3d, -12h or -2w"
        return None
    remedy = f"write {', '.join(STARTS)}, a time ago such as -3d, a date such as 2026-11-01, or an ISO time"
    return "is no start", remedy


def _is_day_or_time(text: str) -> bool:
    if not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        date.fromisoformat(text[:10])
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
