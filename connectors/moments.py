"""Points in time as whole nanoseconds since 1970 in UTC, and as text; exact both ways."""

import re
from datetime import date, datetime, timedelta

SECOND = 10**9
DAY = 86_400 * SECOND

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # numbers in, text out: the zone is the caller's
_FIRST_S = (date.min.toordinal() - _EPOCH.toordinal()) * 86_400
_END_S = (date.max.toordinal() + 1 - _EPOCH.toordinal()) * 86_400
_TEXT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?Z?)?", re.ASCII)


def parse_moment(text: str) -> int:
    """Return the nanoseconds of `2026-11-20`, `2026-11-20T10:00:00.123456789` or the same with `Z`.

    Raises `ValueError` without repeating `text`.
    """
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError("no point in time")
    year, month, day, hour, minute, second, fraction = found.groups(default="0")
    days = date(int(year), int(month), int(day)).toordinal() - _EPOCH.toordinal()
    seconds = days * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second)
    return seconds * SECOND + int(fraction.ljust(9, "0"))


def day_text(nanoseconds: int) -> str | None:
    """Return the day, such as `2026-11-20`; None outside the years 1 to 9999."""
    text = moment_text(nanoseconds)
    return text and text[:10]


def moment_text(nanoseconds: int) -> str | None:
    """Return `2026-11-20T10:00:00.5`, as many digits as it takes; None outside the years 1 to 9999."""
    seconds, rest = divmod(nanoseconds, SECOND)
    if not _FIRST_S <= seconds < _END_S:
        return None
    text = (_EPOCH + timedelta(seconds=seconds)).isoformat()
    return f"{text}.{rest:09d}".rstrip("0") if rest else text
