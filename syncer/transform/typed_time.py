"""Points in time in columns, as the text of whole Unix seconds. Twin of `times.unix_seconds`."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

import polars as pl

from syncer.spec.context import Context
from syncer.spec.times import DATES
from syncer.transform.claims import Claim, all_open, is_open, nothing, only
from syncer.transform.masks import certain, either

PER_SECOND: Final = {"ms": 10**3, "us": 10**6, "ns": 10**9}
HOUR_S: Final = 3_600
LARGEST_HOURS: Final = 2_500_000
"""Hours before and after 1970 in which every zone still has dates."""
NUMBER: Final = "^[0-9]{1,18}$"
DAY: Final = "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
CLOCK: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
ISO_DAY: Final = f"^{DAY}$"
ISO: Final = rf"^{DAY}[T ]{CLOCK}(?:\.[0-9]{{1,9}})?(?:Z|[+-](?:0[0-9]|1[0-9]|2[0-3]):[0-5][0-9])?$"
ZONE: Final = r"(Z|[+-][0-9]{2}:[0-9]{2})$"
YEAR_ZERO: Final = "0000"
FORMAT: Final = re.compile(
    r"%Y[-/.]%m[-/.]%d(?:[T ]%H:%M:%S)?|%[dm][-/.]%[dm][-/.]%Y(?:[T ]%H:%M:%S)?|%Y%m%d(?:%H%M%S)?"
)
PARTS: Final = {
    "%Y": "[0-9]{4}",
    "%m": "[0-9]{2}",
    "%d": "[0-9]{2}",
    "%H": "[0-9]{2}",
    "%M": "[0-9]{2}",
    "%S": "[0-5][0-9]",
}


def unix_seconds(values: pl.Series, context: Context) -> Claim:
    """Claim the Unix seconds of native times, of numbers and of ISO text."""
    dtype = values.dtype
    if dtype == pl.String:
        return _of_text(values, context)
    if dtype in (pl.Date, pl.Datetime):
        return _of_times(values, context.timezone)
    if dtype.is_numeric():
        return _of_numbers(values)
    return all_open(values) if dtype == pl.Binary else Claim(nothing(len(values)))


def _of_times(values: pl.Series, zone: tzinfo) -> Claim:
    times = values.cast(pl.Datetime("us")) if values.dtype == pl.Date else values
    dtype = times.dtype
    if not isinstance(dtype, pl.Datetime):
        raise TypeError(f"{dtype} is no time")
    seconds = times.cast(pl.Int64) // PER_SECOND[dtype.time_unit]
    return _zoned(seconds, UTC if dtype.time_zone else zone)


def _zoned(seconds: pl.Series, zone: tzinfo) -> Claim:
    """Claim seconds of clocks in `zone` as seconds since 1970 in UTC, where its offset is one for the whole hour."""
    if zone is UTC or str(zone) == "UTC":
        return Claim(seconds.cast(pl.String))
    hours = seconds // HOUR_S
    known = {hour: _offset_s(hour, zone) for hour in hours.unique().drop_nulls().to_list()}
    offsets = hours.replace_strict(known, default=None, return_dtype=pl.Int64)
    return Claim((seconds - offsets).cast(pl.String), seconds.is_not_null() & offsets.is_null())


def _offset_s(hour: int, zone: tzinfo) -> int | None:
    """Return how far clocks in `zone` are ahead in an hour of theirs, None where that changes within it."""
    if abs(hour) > LARGEST_HOURS:
        return None
    first = datetime(1970, 1, 1, tzinfo=zone) + timedelta(hours=hour)
    last = first + timedelta(seconds=HOUR_S, microseconds=-1)
    offset = first.utcoffset()
    if offset is None or offset != last.utcoffset() or offset.microseconds:
        return None
    return offset // timedelta(seconds=1)


def _of_numbers(values: pl.Series) -> Claim:
    dtype = values.dtype
    if dtype in (pl.Int128, pl.UInt128):
        return all_open(values)
    if dtype.is_integer():
        whole = values.cast(pl.Int64, strict=False)
    elif dtype.is_float():
        exact = values.cast(pl.Float64).floor()
        whole = only(exact, exact.abs() < 10**15).cast(pl.Int64)
        return _sized(whole, values.is_not_nan() & values.is_finite())
    else:
        text = values.cast(pl.String).str.replace(r"\..*$", "")
        whole = only(text, text.str.contains(NUMBER)).cast(pl.Int64)
    return _sized(whole, values.is_not_null())


def _sized(whole: pl.Series, wanted: pl.Series) -> Claim:
    """Claim seconds, milliseconds, microseconds or nanoseconds, told apart by their digits; dates are left open."""
    number = pl.col("whole")
    frame = whole.to_frame("whole")
    seconds = (
        pl.when(number.is_between(*DATES))
        .then(None)
        .when(number.is_between(-(10**11) + 1, 10**11 - 1))
        .then(number)
        .when(number.is_between(-(10**14) + 1, 10**14 - 1))
        .then(number // 10**3)
        .when(number.is_between(-(10**17) + 1, 10**17 - 1))
        .then(number // 10**6)
        .otherwise(number // 10**9)
    )
    found = frame.select(seconds.alias("seconds")).to_series()
    return Claim(found.cast(pl.String), certain(wanted & found.is_null()))


def _of_text(text: pl.Series, context: Context) -> Claim:
    if context.date_format is not None and "%" in context.date_format:
        return _by_format(text, context.date_format, context.timezone)
    sure = text.str.contains(ISO)
    if not sure.all():
        sure |= text.str.contains(ISO_DAY)
    sure &= ~text.str.starts_with(YEAR_ZERO)
    claim = _of_iso(only(text, sure), context.timezone)
    if sure.all():
        return claim
    is_number = certain(text.str.contains(NUMBER))
    digits = _sized(only(text, is_number).cast(pl.Int64), is_number)
    others = is_open(sure) & ~is_number
    return Claim(digits.text.zip_with(is_number, claim.text), either(either(claim.open, digits.open), others))


def _of_iso(iso: pl.Series, zone: tzinfo) -> Claim:
    """Claim ISO 8601; days that are not in the calendar are no times."""
    clocks = iso.str.slice(0, 19).str.replace("T", " ", literal=True)
    if (iso.str.len_bytes() == 10).any():
        clocks = (clocks + " 00:00:00").str.slice(0, 19)
    seconds = clocks.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="ms", strict=False).to_physical() // 1_000
    zones = iso.str.extract(ZONE)
    if zones.null_count() == len(zones):
        return _zoned(seconds, zone)
    zoned = (seconds - _ahead_s(zones)).cast(pl.String)
    claim = _zoned(only(seconds, zones.is_null()), zone)
    return Claim(zoned.zip_with(zones.is_not_null(), claim.text), claim.open)


def _ahead_s(zones: pl.Series) -> pl.Series:
    """Return the seconds that `Z` or `+hh:mm` is ahead of UTC."""
    if (zones == "Z").all():
        return pl.Series([0]).new_from_index(0, len(zones))
    known = {zone: _written_offset_s(zone) for zone in zones.unique().drop_nulls().to_list()}
    return zones.replace_strict(known, default=None, return_dtype=pl.Int64)


def _written_offset_s(zone: str) -> int:
    if zone == "Z":
        return 0
    ahead = int(zone[1:3]) * HOUR_S + int(zone[4:6]) * 60
    return -ahead if zone[0] == "-" else ahead


def _by_format(text: pl.Series, written: str, zone: tzinfo) -> Claim:
    """Claim text in full groups of digits, as a plain format has them."""
    if FORMAT.fullmatch(written) is None or any(written.count(part) > 1 for part in PARTS):
        return all_open(text)
    pattern = re.sub("%[A-Za-z]", lambda part: PARTS[part[0]], written.replace(".", r"\."))
    follows = text.str.contains(f"^{pattern}$")
    whole = only(text, follows)
    kind = pl.Datetime("ms") if "%H" in written else pl.Date
    times = whole.str.strptime(kind, written, strict=False).cast(pl.Datetime("ms"))
    claim = _zoned(times.to_physical() // 1_000, zone)
    return Claim(claim.text, text.is_not_null() & claim.text.is_null())
