"""Birth dates in columns: native dates, ISO text, and text that follows a format of digits."""

import re
from datetime import date
from typing import Final

import polars as pl

from syncer.spec import limits
from syncer.spec.birth import ORDERS
from syncer.transform.claims import Around, Claim, only
from syncer.transform.masks import certain

ISO: Final = "%Y-%m-%d"
DIGITS: Final = "%Y%m%d"
SIMPLE_FORMAT: Final = re.compile(r"%[Ymd]([-/.])%[Ymd]([-/.])%[Ymd]")
PLACES: Final = {"%Y": 4, "%m": 2, "%d": 2}


def birth_date(text: pl.Series, around: Around) -> Claim:
    """Twin of `birth.birth_date` for text of digits in full groups, as ISO or the mapping's format has them.

    Text that leaves the order of day and month to guess is left open, and so is all that earns a warning.
    """
    if around.date_format is not None and around.date_format not in ORDERS:
        return _by_format(text, around)
    found, sure = _days(text, ISO)
    if not sure.all():
        eight, is_eight = _days(text, DIGITS)
        first = date(limits.BIRTH_YEAR, 1, 1)
        is_eight &= certain(eight >= first)
        found = eight.zip_with(certain(is_eight), found)
        sure |= is_eight
    return Claim.where(sure, birth_days(found, around))


def birth_days(days: pl.Series, around: Around) -> pl.Series:
    """Return native dates as YYYYMMDD, NULL for those on which nobody was born. Twin of `birth.birth_date`."""
    outside = ~days.is_between(date(limits.BIRTH_YEAR, 1, 1), around.today)
    return (days.set(certain(outside), None) if outside.any() else days).dt.to_string(DIGITS)


def _by_format(text: pl.Series, around: Around) -> Claim:
    written = around.date_format or ISO
    if SIMPLE_FORMAT.fullmatch(written) is None or any(written.count(part) != 1 for part in PLACES):
        return Claim(only(text, text.is_null()), text.is_not_null())
    days, sure = _days(text, written)
    return Claim.where(sure, birth_days(days, around))


def _days(text: pl.Series, written: str) -> tuple[pl.Series, pl.Series]:
    """Return the days of text that follows a format of digits, NULL for no day, and where it does."""
    pattern = re.sub("%[Ymd]", lambda part: f"[0-9]{{{PLACES[part[0]]}}}", written.replace(".", r"\."))
    follows = text.str.contains(f"^{pattern}$")
    days = text if follows.all() else text.set(certain(~follows), None)
    return days.str.to_date(written, strict=False), follows
