"""The times of a cron line as cron reads it: Sunday is 0 and 7, one day rule is enough, a fixed time comes once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def times(line: str, zone: str, *, after: datetime) -> Iterator[datetime]:
    """Yield the times in UTC that are later than `after`, ascending; none where a date never comes.

    In the night when clocks go back, a fixed time is that of the first pass alone; in the night when they go
    forward, a time that does not exist is the first one that does. Lines with `*` in minute or hour go by the time
    that passes. Debian's cron does so.
    """
    text = _line(line)
    minute, hour, *_ = text.split()
    found = _passing if minute.startswith("*") or hour.startswith("*") else _fixed
    last = after
    # a fixed time may lie before `after`, inside the hour that comes twice
    for at in found(text, ZoneInfo(zone), after):
        if at > last:
            last = at
            yield at


def _fixed(line: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    return (at.astimezone(UTC) for at in CronSim(line, after.astimezone(zone)))


def _passing(line: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the times by one offset after the other: CronSim itself loses some where clocks change by half an hour."""
    begin, offset = after, _offset(after + SECOND, zone)
    while True:
        for naive in CronSim(line, (begin + offset).replace(tzinfo=None)):
            at = (naive - offset).replace(tzinfo=UTC)
            change = _change(begin, at, zone)
            if change is not None:
                begin, offset = change - SECOND, _offset(change, zone)
                break
            begin = at
            yield at
        else:
            return


def _change(begin: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the second later than `begin`, up to `end`, in which the zone's clocks change first."""
    offset, low = _offset(begin + SECOND, zone), begin + SECOND
    while low < end:
        high = min(low + DAY, end)
        if _offset(high, zone) != offset:
            while high - low > SECOND:
                middle = low + (high - low) // (2 * SECOND) * SECOND
                low, high = (middle, high) if _offset(middle, zone) == offset else (low, middle)
            return high
        low = high
    return None


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _line(line: str) -> str:
    """Return the line in the words that CronSim has: it knows no name before the L of a last weekday."""
    text = NICKNAMES.get(line.strip().lower(), line).lower()
    *fields, weekdays = text.split()
    for number, day in enumerate(DAYS):
        weekdays = weekdays.replace(f"{day}l", f"{number}l")
    return " ".join((*fields, weekdays))
