"""What SQLite files hold as times, as numbers that sort: SQL functions for one connection; pure.

Texts are ISO 8601 in the forms that Python reads. Numbers are Julian days where SQLite takes them for such, else Unix
seconds, or milliseconds where seconds would lie beyond the year 9999. What is none of it, and what no calendar holds,
is NULL.
"""

from datetime import UTC, date, datetime
from typing import Final

LAST_SECOND: Final = 253_402_300_799
"""The last one of the year 9999; a larger number counts milliseconds."""
FIRST_MICROSECOND: Final = -62_135_596_800 * 10**6
END_JULIAN: Final = 5_373_484.5
"""SQLite's own bound (modifier `auto`): numbers from 0 to below it are Julian days."""
UNIX_JULIAN: Final = 2_440_587.5

_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # differences alone are taken
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_ONE = _EPOCH.toordinal()
_DAY_US: Final = 86_400 * 10**6


def local(value: object) -> int | None:
    """Return the microseconds from 1970-01-01 of a text without zone; NULL for an instant, which is none."""
    moment = _parsed(value)
    return None if moment is None or moment.tzinfo is not None else _microseconds(moment)


def instant(value: object) -> int | None:
    """Return the microseconds since 1970 in UTC of a number or a text; one without zone is UTC."""
    if isinstance(value, int | float):
        return _of_number(value)
    moment = _parsed(value)
    return None if moment is None else _microseconds(moment)


def day(value: object) -> int | None:
    """Return the days since 1970: of a text those of the date in it, of a number those of its day in UTC."""
    if isinstance(value, int | float):
        microseconds = _of_number(value)
        return None if microseconds is None else microseconds // _DAY_US
    if isinstance(value, bytes) and len(value) == 10:
        try:
            return date.fromisoformat(value.decode("ascii")).toordinal() - _DAY_ONE
        except ValueError:
            return None
    moment = _parsed(value)
    return None if moment is None else moment.toordinal() - _DAY_ONE


def _parsed(value: object) -> datetime | None:
    if not isinstance(value, bytes):
        return None
    try:
        return datetime.fromisoformat(value.strip().decode("ascii"))
    except ValueError:
        return None


def _microseconds(moment: datetime) -> int:
    since = moment - (_LOCAL_EPOCH if moment.tzinfo is None else _EPOCH)
    return since.days * _DAY_US + since.seconds * 10**6 + since.microseconds


def _of_number(value: float) -> int | None:
    if 0 <= value < END_JULIAN:
        found = round((value - UNIX_JULIAN) * 86_400_000) * 10**3
    elif abs(value) <= LAST_SECOND:
        found = round(value * 10**6)
    elif abs(value) <= LAST_SECOND * 10**3:
        found = round(value * 10**3)
    else:
        return None
    return found if FIRST_MICROSECOND <= found < (LAST_SECOND + 1) * 10**6 else None
