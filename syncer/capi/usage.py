"""What the headers of an answer say about waiting, the clock and the API version.

Sources: Graph API "Rate Limits" for X-App-Usage and X-Business-Use-Case-Usage (times in minutes), Marketing API
"Rate Limiting" for X-Ad-Account-Usage (times in seconds) and "Versioning" for X-Ad-Api-Version-Warning.
Headers may be absent or anything at all: what cannot be read is left out.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from syncer.capi.answer import Answer
from syncer.capi.untrusted import read_object

LONGEST_WAIT_S = 7 * 86_400.0
"""A stranger's wait is cut here."""
LONGEST_HEADER = 16 * 1024
SHARES = ("call_count", "total_time", "total_cputime", "acc_id_util_pct")
FULL = 100.0
"""Percent of a limit at which it refuses calls."""
VERSION = re.compile(r"\bv[0-9]{1,3}\.[0-9]{1,2}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the headers ask for; None where they say nothing that can be read."""

    retry_after_s: float | None = None
    usage_percent: float | None = None
    date_skew_s: float | None = None
    warning: str = ""


def read_advice(answer: Answer, *, was_let_through: bool = False) -> Advice:
    """Return the longest wait, the highest usage, the server's clock minus ours, and our words on the version.

    The header lists every business the app calls for, and not which one this call counts for. An answer that no
    limit refused (`was_let_through`) asks for the wait of those alone whose limit is used up.
    """
    blocks = list(_usage_blocks(answer))
    date = _date(next(answer.values("date"), ""))
    skew = date - answer.received_at if date is not None and answer.received_at is not None else None
    waits = [*_retry_after(answer, sent_at=date), *_waits(blocks, was_let_through=was_let_through)]
    shares = [share for block in blocks for share in _shares(block)]
    return Advice(
        retry_after_s=min(max(waits), LONGEST_WAIT_S) if waits else None,
        usage_percent=max(shares, default=None),
        date_skew_s=skew,
        warning=_version_warning(answer),
    )


def _usage_blocks(answer: Answer) -> Iterator[dict[str, object]]:
    """Yield every object of the usage headers that holds numbers."""
    for name in ("x-app-usage", "x-ad-account-usage"):
        for text in answer.values(name):
            yield _header_object(text)
    for text in answer.values("x-business-use-case-usage"):
        for entries in _header_object(text).values():
            if isinstance(entries, list):
                yield from (entry for entry in entries if isinstance(entry, dict))


def _header_object(text: str) -> dict[str, object]:
    return read_object(text) or {} if len(text) <= LONGEST_HEADER else {}


def _waits(blocks: list[dict[str, object]], *, was_let_through: bool) -> Iterator[float]:
    for block in blocks:
        minutes = _number(block.get("estimated_time_to_regain_access"))
        if minutes and not (was_let_through and max(_shares(block), default=FULL) < FULL):
            yield minutes * 60.0
        seconds, share = _number(block.get("reset_time_duration")), _number(block.get("acc_id_util_pct"))
        if seconds and share is not None and share >= FULL:
            yield seconds


def _shares(block: dict[str, object]) -> Iterator[float]:
    """Yield the shares of a limit that are used, in percent."""
    return (share for name in SHARES if (share := _number(block.get(name))) is not None)


def _retry_after(answer: Answer, *, sent_at: float | None) -> Iterator[float]:
    now = sent_at if sent_at is not None else answer.received_at
    for text in answer.values("retry-after"):
        if re.fullmatch(r"[0-9]{1,12}", text.strip()):
            yield float(text)
        elif (date := _date(text)) is not None and now is not None:
            yield max(0.0, date - now)


def _number(value: object) -> float | None:
    """Return a finite number from 0 on; True is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _date(text: str) -> float | None:
    """Return the Unix seconds of an HTTP date in any of its three forms."""
    if not 20 <= len(text) <= 48 or not text.isascii():
        return None
    try:
        return parsedate_to_datetime(text.strip()).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _version_warning(answer: Answer) -> str:
    """Return a sentence of ours that names the versions of Meta's warning, and nothing else of it."""
    for text in answer.values("x-ad-api-version-warning"):
        named = ", ".join(dict.fromkeys(VERSION.findall(text[:300])))
        return f"Meta warns that this version of the API ends or has ended ({named or 'naming none'}): set api_version to a current one"
    return ""
